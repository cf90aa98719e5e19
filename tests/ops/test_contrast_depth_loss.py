"""The contrastive depth loss against convolutions, golden arrays, and itself everywhere."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from fasharness.ops import LOADED, contrast_depth_loss

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def _pair(*shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
        for _ in range(2)
    )


def _by_convolution(pred, target, padding, weight=None):
    """Eight explicit kernels, as the papers write it."""
    kernels = torch.zeros(8, 1, 3, 3, dtype=pred.dtype)
    cells = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    for k, (i, j) in enumerate(cells):
        kernels[k, 0, i, j], kernels[k, 0, 1, 1] = 1, -1
    size = 1 if padding == "same" else 0
    maps = [
        F.conv2d(m.reshape(-1, 1, *m.shape[-2:]), kernels, padding=size) for m in (pred, target)
    ]
    error = (maps[0] - maps[1]).square().reshape(len(pred), -1).mean(1)
    return (error if weight is None else error * weight).mean()


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("shape", [(2, 3, 3), (3, 5, 8), (2, 4, 7, 6), (1, 1, 40, 33)])
def test_it_is_the_papers_eight_convolutions(shape, padding):
    pred, target = _pair(*shape)
    weight = torch.linspace(0.1, 1, shape[0], dtype=torch.float64)
    for w in (None, weight):
        got = contrast_depth_loss(pred, target, padding=padding, weight=w)
        expected = _by_convolution(pred, target, padding, w)
        torch.testing.assert_close(got, expected, rtol=1e-12, atol=0)
        for a, b in zip(
            torch.autograd.grad(got, (pred, target)),
            torch.autograd.grad(expected, (pred, target)),
            strict=True,
        ):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-13)


def test_one_hot_worked_by_hand():
    # Valid: one centre cell with value 1 against eight zeros: eight squared contrasts of 1.
    pred = torch.zeros(1, 3, 3)
    pred[0, 1, 1] = 1
    assert contrast_depth_loss(pred, torch.zeros(1, 3, 3)).item() == 1.0
    # Same: each of the nine cells sees it once more or is it: 8 + 8 of 72 contrasts are 1.
    loss = contrast_depth_loss(pred, torch.zeros(1, 3, 3), padding="same")
    assert loss.item() == pytest.approx(16 / 72)


@pytest.mark.parametrize("case", ["contrast_depth_loss", "contrast_depth_loss_small"])
def test_the_sgtd_authors_loss_and_gradient(golden, case, device):
    data = golden("sgtd_operators")
    pred, target = (
        torch.from_numpy(data[f"{case}/in{i}"]).permute(0, 3, 1, 2).double().to(device)
        for i in range(2)
    )
    pred.requires_grad_()
    loss = contrast_depth_loss(pred, target, padding="same")
    assert loss.item() == pytest.approx(float(data[f"{case}/out_f64"]), rel=1e-12)
    (grad,) = torch.autograd.grad(loss, pred)
    expected = torch.from_numpy(data[f"{case}/grad/in0_f64"]).permute(0, 3, 1, 2).to(device)
    torch.testing.assert_close(grad, expected, rtol=0, atol=1e-14)


def test_the_cdcn_authors_loss_and_gradient(golden, device):
    data = golden("cdcn_contrast_depth_loss")
    pred, target = (torch.from_numpy(data[k]).double().to(device) for k in ("out", "label"))
    pred.requires_grad_()
    loss = contrast_depth_loss(pred, target)
    assert loss.item() == pytest.approx(float(data["contrast_loss_f64"]), rel=1e-12)
    (grad,) = torch.autograd.grad(loss, pred)
    expected = torch.from_numpy(data["grad_contrast_f64"]).to(device)
    torch.testing.assert_close(grad, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("shape", [(2, 2, 4, 5), (2, 4, 5)])
def test_first_and_second_derivatives(shape, padding, device):
    pair = tuple(t.detach().to(device).requires_grad_() for t in _pair(*shape))
    weight = torch.tensor([1, 0.1], dtype=torch.float64, device=device)

    def loss(pred, target):
        return contrast_depth_loss(pred, target, padding=padding, weight=weight)

    assert gradcheck(loss, pair)
    assert gradgradcheck(loss, pair)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    batch=st.integers(1, 4),
    maps=st.sampled_from([(), (1,), (3,)]),
    height=st.sampled_from([1, 2, 3, 5, 32, 70]),
    width=st.sampled_from([1, 2, 3, 6, 32, 65]),
    same=st.booleans(),
    weighted=st.booleans(),
)
def test_native_is_eager(assert_native_is_eager, dtype, batch, maps, height, width, same, weighted):
    if not same and min(height, width) < 3:
        same = True
    weight = torch.linspace(0.5, 1, batch).to(dtype) if weighted else None
    padding = "same" if same else "valid"
    assert_native_is_eager(
        lambda p, t: contrast_depth_loss(p, t, padding=padding, weight=weight),
        *_pair(batch, *maps, height, width, dtype=dtype),
    )


def test_views_give_what_their_copies_give(device):
    pred, target = (t.detach().to(device) for t in _pair(2, 2, 9, 8))
    for view in (lambda t: t.transpose(2, 3), lambda t: t[:, :, ::2, 1:]):
        a = contrast_depth_loss(view(pred), view(target))
        b = contrast_depth_loss(view(pred).contiguous(), view(target).contiguous())
        assert a.item() == b.item()


@pytest.mark.skipif(not LOADED, reason="the eager definition sums as torch does")
def test_the_number_of_threads_changes_no_bit():
    pred, target = _pair(40, 64, 64, dtype=torch.float32)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        loss = contrast_depth_loss(pred, target)
        results.append((loss.detach(), *torch.autograd.grad(loss, (pred, target))))
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("shape", [(2, 2, 4, 5), (2, 4, 5)])
def test_opcheck(opcheck, shape, same, device):
    pred, target = (t.detach().to(device).requires_grad_() for t in _pair(*shape))
    weight = torch.tensor([1, 0.5], dtype=torch.float64, device=device)
    grad = torch.ones((), dtype=torch.float64, device=device).requires_grad_()
    for w in (None, weight):
        opcheck("contrast_depth_loss", pred, target, w, same)
        opcheck("contrast_depth_loss_backward", grad, pred, target, w, same)


def test_compile_export_and_vmap():
    pred, target = (t.detach() for t in _pair(2, 5, 6, dtype=torch.float32))

    class Loss(torch.nn.Module):
        def forward(self, pred, target):
            return contrast_depth_loss(pred, target, padding="same")

    expected = Loss()(pred, target)
    compiled = torch.compile(Loss(), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(pred, target), expected)
    exported = torch.export.export(Loss(), (pred, target)).module()
    torch.testing.assert_close(exported(pred, target), expected)
    each = torch.func.vmap(contrast_depth_loss)(pred[:, None], target[:, None])
    torch.testing.assert_close(each.mean(), contrast_depth_loss(pred, target))


def test_autocast_and_mixed_dtypes_give_float32():
    pred, target = (t.detach() for t in _pair(2, 5, 6, dtype=torch.bfloat16))
    assert contrast_depth_loss(pred, target).dtype == torch.bfloat16
    assert contrast_depth_loss(pred, target.float()).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert contrast_depth_loss(pred, target).dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"pred": torch.zeros(3, 4)}, ValueError, r"pred must be \(N, H, W\) or"),
        ({"target": torch.zeros(2, 5, 5)}, ValueError, r"target must be \(2, 5, 6\), got"),
        ({"pred": torch.zeros(2, 5, 6, dtype=torch.int32)}, TypeError, "pred must be a floating"),
        ({"padding": "full"}, ValueError, "padding must be 'valid' or 'same', got 'full'"),
        ({"weight": torch.zeros(3)}, ValueError, r"weight must be \(2,\), got \(3,\)"),
        ({"weight": torch.zeros(2, requires_grad=True)}, ValueError, "weight must not require"),
        ({"target": torch.zeros(2, 5, 6, device="meta")}, ValueError, "target must be on the dev"),
    ],
)
def test_bad_input(change, error, message):
    good = {"pred": torch.zeros(2, 5, 6), "target": torch.zeros(2, 5, 6)}
    with pytest.raises(error, match=message):
        contrast_depth_loss(**(good | change))


@pytest.mark.parametrize("shape", [(0, 5, 5), (2, 2, 5), (2, 5, 2)])
def test_nothing_to_average_is_refused(shape):
    with pytest.raises(ValueError, match="maps of at least 3x3 for padding 'valid'"):
        contrast_depth_loss(torch.zeros(shape), torch.zeros(shape))
