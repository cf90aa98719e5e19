"""The contrastive depth loss: mean squared difference of the eight neighbour contrasts."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from fasharness.ops._check import accumulator, require_float, require_same_device, under_autocast
from fasharness.ops._native import operator

Padding = Literal["valid", "same"]

_NEIGHBOURS = tuple((i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1))


def _difference(pred: Tensor, target: Tensor, same: bool) -> Tensor:
    dtype = accumulator(pred.dtype)
    # Contrast is linear: the contrast of the difference replaces the difference of two eightfold
    # sets of maps, as in the published code.
    d = pred.to(dtype) - target.to(dtype)
    # SGTD's TensorFlow code pads the contrast convolution (SAME), CDCN's PyTorch code does not.
    return F.pad(d, (1, 1, 1, 1)) if same else d


def _window(d: Tensor, i: int, j: int) -> Tensor:
    return d[..., i : d.shape[-2] - 2 + i, j : d.shape[-1] - 2 + j]


def _sample_factor(weight: Tensor | None, d: Tensor) -> Tensor:
    # 1 / (number of contrasts), times the weight of each sample
    count = 8 * _window(d, 1, 1).numel()
    ones = d.new_ones(d.shape[0]) if weight is None else weight.to(d.dtype)
    return (ones / count).view(-1, *[1] * (d.ndim - 1))


@operator("contrast_depth_loss")
def _op(pred: Tensor, target: Tensor, weight: Tensor | None, same: bool) -> Tensor:
    d = _difference(pred, target, same)
    centre = _window(d, 1, 1)
    total = torch.stack([(_window(d, i, j) - centre).square() for i, j in _NEIGHBOURS]).sum(0)
    return (total * _sample_factor(weight, d)).sum().to(pred.dtype)


@operator("contrast_depth_loss_backward")
def _op_backward(
    grad: Tensor, pred: Tensor, target: Tensor, weight: Tensor | None, same: bool
) -> Tensor:
    d = _difference(pred, target, same)
    centre = _window(d, 1, 1)
    slope = torch.zeros_like(d)
    for i, j in _NEIGHBOURS:
        contrast = _window(d, i, j) - centre
        _window(slope, i, j).add_(contrast)
        _window(slope, 1, 1).sub_(contrast)
    inner = _window(slope, 1, 1) if same else slope
    return (2 * grad.to(d.dtype) * _sample_factor(weight, d) * inner).to(pred.dtype).contiguous()


@_op.fake
def _(pred: Tensor, target: Tensor, weight: Tensor | None, same: bool) -> Tensor:
    return pred.new_empty(())


@_op_backward.fake
def _(grad: Tensor, pred: Tensor, target: Tensor, weight: Tensor | None, same: bool) -> Tensor:
    return torch.empty_like(pred, memory_format=torch.contiguous_format)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tensors, ctx.same = inputs
    ctx.save_for_backward(*tensors)


def _vjp(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
    pred, target, weight = ctx.saved_tensors
    slope = _op_backward(grad, pred, target, weight, ctx.same)
    # The loss depends on pred - target only. The weight has no derivative (`_check_weight`).
    return slope, -slope if ctx.needs_input_grad[1] else None, None, None


# The loss is quadratic in d, so its derivative is a linear map of d that is its own transpose.
def _vjp_backward(ctx: Any, v: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
    grad, pred, target, weight = ctx.saved_tensors
    unit = _op_backward(torch.ones_like(grad), pred, target, weight, ctx.same)
    slope = _op_backward(grad, v, torch.zeros_like(v), weight, ctx.same)
    return (v * unit).sum(), slope, -slope, None, None


_op.autograd(_vjp, _setup)
_op_backward.autograd(_vjp_backward, _setup)


def _check(pred: Tensor, target: Tensor, padding: str) -> None:
    require_float("pred", pred)
    require_float("target", target)
    require_same_device("pred", pred, "target", target)
    if pred.ndim not in (3, 4):
        raise ValueError(f"pred must be (N, H, W) or (N, C, H, W), got {tuple(pred.shape)}")
    if target.shape != pred.shape:
        raise ValueError(f"target must be {tuple(pred.shape)}, got {tuple(target.shape)}")
    if padding not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid' or 'same', got {padding!r}")
    least = 3 if padding == "valid" else 1
    if pred.numel() == 0 or min(pred.shape[-2:]) < least:
        raise ValueError(
            f"pred must hold maps of at least {least}x{least} for padding {padding!r}, "
            f"got {tuple(pred.shape)}"
        )


def _check_weight(pred: Tensor, weight: Tensor) -> None:
    require_float("weight", weight)
    require_same_device("pred", pred, "weight", weight)
    if tuple(weight.shape) != (pred.shape[0],):
        raise ValueError(f"weight must be ({pred.shape[0]},), got {tuple(weight.shape)}")
    if weight.requires_grad:
        raise ValueError("weight must not require a gradient, got one that does: detach it")


def contrast_depth_loss(
    pred: Tensor,
    target: Tensor,
    *,
    padding: Padding = "valid",
    weight: Tensor | None = None,
) -> Tensor:
    """Mean squared difference of the eight neighbour contrasts of two depth maps.

    Args:
        pred: float tensor (N, H, W) or (N, C, H, W).
        target: float tensor of the shape of pred.
        padding: 'valid' leaves border cells out (CDCN); 'same' pads the maps with zeros
            (SGTD).
        weight: float tensor (N,) of any float dtype, the weight of each sample in the mean, used
            in the dtype of the maps; None means all 1. The mean is over the samples, not over the
            sum of the weights.

    Returns:
        Tensor () of the dtype of pred; sums are kept in float32, in float64 for float64.
        Under autocast the loss is float32.

    Raises:
        TypeError: a tensor is not floating point.
        ValueError: shapes, devices or padding do not fit, or the maps are empty.

    Source: Wang et al., CVPR 2020, equation 8; Yu et al., Searching Central Difference
    Convolutional Networks for Face Anti-Spoofing, CVPR 2020, equation 5.
    """
    _check(pred, target, padding)
    if weight is not None:
        _check_weight(pred, weight)
    dtype = torch.promote_types(pred.dtype, target.dtype)
    if under_autocast(pred):
        dtype = torch.promote_types(dtype, torch.float32)
    # Kernels read the weight in the dtype of the maps.
    weight = None if weight is None else weight.to(dtype)
    return _op(pred.to(dtype), target.to(dtype), weight, padding == "same")
