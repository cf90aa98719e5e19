"""The Sobel gradient against scipy, golden arrays, and itself in every implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch.autograd import gradcheck, gradgradcheck

from fasharness import ops

FUNCTIONS = (
    ops.spatial_gradient,
    ops.spatial_gradient_magnitude,
    ops.spatial_gradient_squared,
)
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def _scipy(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gx = ndimage.sobel(x, axis=-1, mode="constant")
    gy = -ndimage.sobel(x, axis=-2, mode="constant")
    return gx, gy


def _sample(shape, dtype=torch.float64, seed=0, channels_last=False):
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    return x.requires_grad_()


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 9, 11), (1, 1, 1, 1), (1, 2, 1, 70), (2, 5, 66, 3)])
def test_it_is_scipys_sobel(shape, channels_last):
    x = _sample(shape, channels_last=channels_last)
    planes = [_scipy(p) for p in x.detach().flatten(0, 1).numpy()]
    gx, gy = (np.stack([p[i] for p in planes]) for i in (0, 1))
    got = ops.spatial_gradient(x)
    np.testing.assert_allclose(got.gx.detach().flatten(0, 1), gx, atol=1e-12)
    np.testing.assert_allclose(got.gy.detach().flatten(0, 1), gy, atol=1e-12)
    magnitude = ops.spatial_gradient_magnitude(x).detach().flatten(0, 1)
    np.testing.assert_allclose(magnitude, np.sqrt(gx**2 + gy**2 + 1e-8), atol=1e-12)
    squared = ops.spatial_gradient_squared(x).detach().flatten(0, 1)
    np.testing.assert_allclose(squared, gx**2 + gy**2, atol=1e-12)


def test_a_step_worked_by_hand(device):
    x = torch.zeros(1, 1, 3, 3, device=device)
    x[0, 0, :, 2] = 1
    gx, gy = ops.spatial_gradient(x)
    assert gx[0, 0].tolist() == [[0, 3, 0], [0, 4, 0], [0, 3, 0]]
    assert gy[0, 0].tolist() == [[0, -1, -2], [0, 0, 0], [0, 1, 2]]


@pytest.mark.parametrize(("case", "part"), [("spatial_gradient_x", 0), ("spatial_gradient_y", 1)])
def test_the_authors_values_and_gradients(golden, case, part, device):
    data = golden("sgtd_operators")

    def array(key):
        return torch.from_numpy(data[f"{case}/{key}"]).permute(0, 3, 1, 2).double().to(device)

    x = array("in0").requires_grad_()
    y = ops.spatial_gradient(x)[part]
    torch.testing.assert_close(y, array("out_f64"), rtol=0, atol=1e-12)
    (grad,) = torch.autograd.grad(y, x, array("grad_out"))
    torch.testing.assert_close(grad, array("grad/in0_f64"), rtol=0, atol=1e-12)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_first_and_second_derivatives(function, channels_last, device):
    x = _sample((2, 2, 4, 5), channels_last=channels_last).detach().to(device).requires_grad_()
    assert gradcheck(function, (x,))
    assert gradgradcheck(function, (x,))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", FUNCTIONS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    batch=st.integers(0, 3),
    channels=st.sampled_from([1, 2, 5, 33]),
    height=st.sampled_from([1, 2, 3, 8, 67]),
    width=st.sampled_from([1, 2, 3, 9, 70]),
    channels_last=st.booleans(),
)
def test_native_is_eager(
    assert_native_is_eager, function, dtype, batch, channels, height, width, channels_last
):
    x = _sample((batch, channels, height, width), dtype, 3, channels_last)
    assert_native_is_eager(function, x)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wide_images_are_cut_without_a_seam(assert_native_is_eager, function):
    assert_native_is_eager(function, _sample((1, 2, 3, 9001), torch.float32))
    assert_native_is_eager(function, _sample((1, 40, 70, 250), torch.float32, channels_last=True))


def _transposed(x):
    return x.transpose(2, 3)


def _sliced(x):
    return x[:, ::2, 1:, ::3]


def _expanded(x):
    return x[:1].expand(4, -1, -1, -1)


@pytest.mark.parametrize("view", [_transposed, _sliced, _expanded])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_views_give_what_their_copies_give(function, view, device):
    x = view(_sample((2, 4, 7, 9)).detach().to(device))
    got, expected = function(x), function(x.contiguous())
    torch.testing.assert_close(got, expected, rtol=0, atol=0)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_number_of_threads_changes_no_bit(function):
    x = _sample((2, 3, 130, 257), torch.float32)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        out = function(x)
        out = out if isinstance(out, tuple) else (out,)
        results.append([*out, *torch.autograd.grad(out, x, [torch.ones_like(o) for o in out])])
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("channels_last", [False, True])
def test_opcheck(opcheck, channels_last, device):
    x = _sample((2, 3, 4, 5), channels_last=channels_last).detach().to(device).requires_grad_()
    grad = torch.randn_like(x).requires_grad_()
    opcheck("spatial_gradient", x)
    opcheck("spatial_gradient_backward", grad, x)
    for name in ("spatial_gradient_magnitude", "spatial_gradient_squared"):
        opcheck(name, x)
        opcheck(f"{name}_backward", grad, x)


def test_compile_and_export(device):
    class Energy(torch.nn.Module):
        def forward(self, x):
            return ops.spatial_gradient_magnitude(x) + ops.spatial_gradient(x).gx

    x = _sample((2, 3, 8, 9), torch.float32).detach().to(device)
    model = Energy()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), model(x))
    torch.testing.assert_close(torch.export.export(model, (x,)).module()(x), model(x))


def test_autocast_keeps_the_dtype_it_is_given():
    x = torch.randn(1, 2, 4, 4, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        assert ops.spatial_gradient_magnitude(x).dtype == torch.bfloat16


def test_low_precision_sums_in_float32():
    # 1000 + 1 is not a bfloat16; a sum kept in bfloat16 would lose the 1.
    x = torch.tensor([[1000.0, 0, 1000], [1, 0, 2], [0, 0, 0]], dtype=torch.bfloat16)[None, None]
    assert ops.spatial_gradient(x).gx[0, 0, 1, 1] == 2


def test_vmap_is_a_loop():
    x = _sample((3, 2, 2, 4, 5)).detach()
    got = torch.func.vmap(ops.spatial_gradient_magnitude)(x)
    torch.testing.assert_close(got, torch.stack([ops.spatial_gradient_magnitude(s) for s in x]))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_bad_input(function):
    with pytest.raises(ValueError, match=r"x must be \(N, C, H, W\), got \(3, 4\)"):
        function(torch.zeros(3, 4))
    with pytest.raises(TypeError, match=r"x must be a floating point tensor, got torch\.int64"):
        function(torch.zeros(1, 1, 3, 4, dtype=torch.int64))
    with pytest.raises(TypeError, match="x must be a tensor, got list"):
        function([1.0])
