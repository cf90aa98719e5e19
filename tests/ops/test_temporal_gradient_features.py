"""The spatio-temporal features against the papers' separate steps, and native against eager."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from fasharness.ops import temporal_gradient_features

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def _inputs(clips, frames, channels, narrow, height, width, dtype=torch.float64, last=False):
    generator = torch.Generator().manual_seed(0)
    result = []
    for c in (channels, narrow):
        shape = (clips * frames, c, height, width)
        x = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
        if last:
            x = x.contiguous(memory_format=torch.channels_last)
        result.append(x.requires_grad_())
    return result


def _step_by_step(features, reduced, frames):
    """Grouped convolutions, slices, one concatenation, as the method is published."""
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=reduced.dtype)
    narrow = reduced.shape[1]
    sobel = [
        F.conv2d(reduced, k.expand(narrow, 1, 3, 3), padding=1, groups=narrow)
        for k in (kernel, -kernel.T)
    ]
    rows = []
    for start in range(0, len(features), frames):
        for t in range(start, start + frames - 1):
            parts = [features[t]]
            parts += [s[t + step] for step in (0, 1) for s in sobel]
            rows.append(torch.cat([*parts, reduced[t] - reduced[t + 1]]))
    return torch.stack(rows)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("sizes", [(2, 3, 4, 2, 5, 6), (1, 2, 1, 1, 1, 1), (3, 5, 2, 3, 7, 2)])
def test_it_is_the_published_steps(sizes, last):
    features, reduced = _inputs(*sizes, last=last)
    got = temporal_gradient_features(features, reduced, sizes[1])
    expected = _step_by_step(features, reduced, sizes[1])
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)
    direction = torch.randn_like(expected)
    for a, b in zip(
        torch.autograd.grad(got, (features, reduced), direction),
        torch.autograd.grad(expected, (features, reduced), direction),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_clips_do_not_mix():
    features, reduced = _inputs(2, 3, 2, 1, 4, 4)
    both = temporal_gradient_features(features, reduced, 3)
    alone = temporal_gradient_features(features[3:], reduced[3:], 3)
    torch.testing.assert_close(both[2:], alone, rtol=0, atol=0)


@pytest.mark.parametrize("last", [False, True])
def test_first_and_second_derivatives(last, device):
    inputs = [t.detach().to(device).requires_grad_() for t in _inputs(1, 3, 1, 2, 2, 3, last=last)]

    def function(features, reduced):
        return temporal_gradient_features(features, reduced, 3)

    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    clips=st.integers(0, 2),
    frames=st.integers(2, 5),
    channels=st.sampled_from([1, 3, 16]),
    narrow=st.sampled_from([1, 2, 32]),
    height=st.sampled_from([1, 2, 9]),
    width=st.sampled_from([1, 3, 34]),
    last=st.booleans(),
)
def test_native_is_eager(
    assert_native_is_eager, dtype, clips, frames, channels, narrow, height, width, last
):
    features, reduced = _inputs(clips, frames, channels, narrow, height, width, dtype, last)
    assert_native_is_eager(temporal_gradient_features, features, reduced, frames)


def test_the_layouts_may_differ(assert_native_is_eager):
    features, _ = _inputs(1, 3, 4, 2, 5, 6, last=True)
    _, reduced = _inputs(1, 3, 4, 2, 5, 6)
    assert_native_is_eager(temporal_gradient_features, features, reduced, 3)


def test_the_number_of_threads_changes_no_bit():
    features, reduced = _inputs(2, 3, 4, 8, 33, 65, torch.float32)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        out = temporal_gradient_features(features, reduced, 3)
        results.append([out, *torch.autograd.grad(out.square().sum(), (features, reduced))])
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("last", [False, True])
def test_opcheck(opcheck, last, device):
    features, reduced = (
        t.detach().to(device).requires_grad_() for t in _inputs(2, 3, 4, 2, 5, 6, last=last)
    )
    opcheck("temporal_gradient_features", features, reduced, 3)
    grad = temporal_gradient_features(features, reduced, 3).detach().requires_grad_()
    opcheck("temporal_gradient_features_backward", grad, 3, 4)


def test_compile_and_export():
    class Join(torch.nn.Module):
        def forward(self, features, reduced):
            return temporal_gradient_features(features, reduced, 3)

    inputs = tuple(t.detach() for t in _inputs(2, 3, 4, 2, 5, 6, torch.float32))
    expected = Join()(*inputs)
    compiled = torch.compile(Join(), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*inputs), expected)
    torch.testing.assert_close(torch.export.export(Join(), inputs).module()(*inputs), expected)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"features": torch.zeros(6, 2)}, ValueError, r"features must be \(N \* frames, C, H, W\)"),
        ({"reduced": torch.zeros(6, 1, 4, 6)}, ValueError, r"reduced must be \(6, 1, 4, 5\)"),
        ({"reduced": torch.zeros(6, 1, 4, 5).double()}, TypeError, "reduced must have features'"),
        ({"reduced": torch.zeros(6, 1, 4, 5).int()}, TypeError, "reduced must be a floating"),
        ({"reduced": torch.zeros(6, 1, 4, 5, device="meta")}, ValueError, "reduced must be on"),
        ({"frames": 1}, ValueError, "frames must be at least 2, got 1"),
        ({"frames": 4}, ValueError, "features must hold whole clips of 4, got 6"),
    ],
)
def test_bad_input(change, error, message):
    good = {"features": torch.zeros(6, 2, 4, 5), "reduced": torch.zeros(6, 1, 4, 5), "frames": 3}
    with pytest.raises(error, match=message):
        temporal_gradient_features(**(good | change))
