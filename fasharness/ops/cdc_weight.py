"""Merging a central difference into the weight of one plain convolution."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from fasharness.ops._check import accumulator, require_float, require_same_device
from fasharness.ops._native import operator

Form = Literal["all", "adjacent", "temporal"]
Direction = Literal["hv", "diagonal"]
Theta = float | Tensor

MOST_TAPS = 343
"""Taps of the largest kernel, which the CUDA kernel has room for."""
# Numbers of the taps in a flat 3x3 kernel, in the published order of the five weights.
_CROSS_TAPS = {"hv": (1, 3, 4, 5, 7), "diagonal": (0, 2, 4, 6, 8)}


class _Taps(NamedTuple):
    """Which taps are summed, and how the sum is spread over the taps it is subtracted from."""

    sample: list[float]
    spread: list[float]


def _positions(kernel: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return product(*(range(k) for k in kernel))


def _taps(kernel: tuple[int, ...], form: Form) -> _Taps:
    count, centre = math.prod(kernel), tuple(k // 2 for k in kernel)
    sample = [1.0] * count
    if form != "all":
        # T: the taps of the neighbouring frames only, not of the frame itself.
        sample = [float(p[0] != centre[0]) for p in _positions(kernel)]
    # Kernel sizes are odd, so the middle tap of all is the centre.
    spread = [0.0] * count
    spread[count // 2] = 1.0
    if form == "temporal":
        # TR: the centre pixel of every frame, each with an equal share.
        spread = [float(p[1:] == centre[1:]) / kernel[0] for p in _positions(kernel)]
    return _Taps(sample, spread)


def _mask(values: Sequence[float], weight: Tensor) -> Tensor:
    return torch.tensor(values, dtype=accumulator(weight.dtype), device=weight.device)


def _rows(weight: Tensor, taps: int) -> Tensor:
    return weight.to(accumulator(weight.dtype)).reshape(-1, taps)


@operator("cdc_weight")
def _op(
    weight: Tensor,
    scale: float,
    theta: Tensor | None,
    sample: Sequence[float],
    spread: Sequence[float],
) -> Tensor:
    rows = _rows(weight, len(sample))
    total = scale * (rows @ _mask(sample, weight))
    if theta is not None:
        total = total * theta.to(total.dtype)
    # Sums in float32 and one rounding at the end: bfloat16 sums of nine taps would drift.
    merged = rows - total[:, None] * _mask(spread, weight)
    # Contiguous, as the fake promises, for a weight of any memory format.
    return merged.to(weight.dtype).reshape(weight.shape).contiguous()


# An operator of its own: torch.autograd.grad fails inside a custom operator, so every backward here
# is written out, and a kernel can replace it.
@operator("cdc_theta_grad")
def _theta_grad(
    weight: Tensor, grad: Tensor, sample: Sequence[float], spread: Sequence[float]
) -> Tensor:
    sampled = _rows(weight, len(sample)) @ _mask(sample, weight)
    spreaded = _rows(grad, len(sample)) @ _mask(spread, weight)
    return -(sampled * spreaded).sum().to(weight.dtype)


@_op.fake
def _(
    weight: Tensor,
    scale: float,
    theta: Tensor | None,
    sample: Sequence[float],
    spread: Sequence[float],
) -> Tensor:
    return torch.empty_like(weight, memory_format=torch.contiguous_format)


@_theta_grad.fake
def _(weight: Tensor, grad: Tensor, sample: Sequence[float], spread: Sequence[float]) -> Tensor:
    return weight.new_empty(())


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    weight, ctx.scale, theta, ctx.sample, ctx.spread = inputs
    # Without a learnable theta the merge is linear, and its derivative needs no saved tensor.
    ctx.save_for_backward(None if theta is None else weight, theta)


def _vjp(ctx: Any, grad: Tensor) -> tuple[Tensor, None, Tensor | None, None, None]:
    weight, theta = ctx.saved_tensors
    # The transpose of the merge is the merge with `sample` and `spread` exchanged.
    grad_weight = _op(grad, ctx.scale, theta, ctx.spread, ctx.sample)
    grad_theta = None
    if ctx.needs_input_grad[2]:
        slope = _theta_grad(weight, grad, ctx.sample, ctx.spread)
        grad_theta = (ctx.scale * slope).reshape(theta.shape)
    return grad_weight, None, grad_theta, None, None


def _setup_theta(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    weight, grad, ctx.sample, ctx.spread = inputs
    ctx.save_for_backward(weight, grad)


# theta_grad is the difference part D of the merge, -<grad, D weight>, bilinear in both.
def _vjp_theta(ctx: Any, v: Tensor) -> tuple[Tensor, Tensor, None, None]:
    weight, grad = ctx.saved_tensors
    to_weight = _op(grad, 1.0, None, ctx.spread, ctx.sample) - grad
    to_grad = _op(weight, 1.0, None, ctx.sample, ctx.spread) - weight
    return v * to_weight, v * to_grad, None, None


_op.autograd(_vjp, _setup)
_theta_grad.autograd(_vjp_theta, _setup_theta)


def check_theta(theta: Theta, weight: Tensor) -> None:
    """Refuse a theta that is neither a number nor one learnable number.

    Args:
        theta: the argument; only numbers are checked for being finite, as reading a tensor would
            make the device wait.
        weight: the tensor that theta goes with.

    Raises:
        TypeError: theta is a tensor of another dtype than weight.
        ValueError: theta is not finite, not one number, or on another device.
    """
    if not isinstance(theta, Tensor):
        if not math.isfinite(theta):
            raise ValueError(f"theta must be a finite number, got {theta}")
        return
    if theta.dtype != weight.dtype:
        raise TypeError(f"theta must have weight's dtype {weight.dtype}, got {theta.dtype}")
    if theta.numel() != 1:
        raise ValueError(f"theta must hold one number, got {tuple(theta.shape)}")
    require_same_device("weight", weight, "theta", theta)


def _check(weight: Tensor, theta: Theta, form: str) -> None:
    require_float("weight", weight)
    if weight.ndim not in (4, 5):
        raise ValueError(
            f"weight must be (O, I, kH, kW) or (O, I, kT, kH, kW), got {tuple(weight.shape)}"
        )
    if any(k % 2 == 0 for k in weight.shape[2:]):
        raise ValueError(f"weight must have odd kernel sizes, got {tuple(weight.shape[2:])}")
    if math.prod(weight.shape[2:]) > MOST_TAPS:
        raise ValueError(
            f"weight must have at most {MOST_TAPS} taps (7x7x7), got {tuple(weight.shape[2:])}"
        )
    forms = ("all",) if weight.ndim == 4 else ("all", "adjacent", "temporal")
    if form not in forms:
        raise ValueError(
            f"form must be one of {forms} for a rank {weight.ndim} weight, got {form!r}"
        )
    check_theta(theta, weight)


def cdc_weight(weight: Tensor, theta: Theta, form: Form = "all") -> Tensor:
    """Merge a central difference into a convolution weight.

    conv(x, w) - theta * conv(x at the centre, sum w) is one convolution, as the second term
    is a convolution whose kernel is zero except at its centre.

    Args:
        weight: float tensor (O, I, kH, kW) or (O, I, kT, kH, kW), kernel sizes odd.
        theta: share of the difference term; a number or a tensor of one element, which may
            be learnable.
        form: 'all' sums every tap; for video also 'adjacent', which sums the taps of the other
            frames, and 'temporal', which sums the same taps and subtracts the sum from the centre
            pixel averaged over the frames.

    Returns:
        The weight of the plain convolution, like weight, contiguous.

    Raises:
        TypeError: weight is not floating point, or theta is of another dtype.
        ValueError: rank, kernel size, theta or form do not fit.

    Source: Yu et al., Searching Central Difference Convolutional Networks for Face
    Anti-Spoofing, CVPR 2020, equation 4; for video Yu et al., Searching Multi-Rate and
    Multi-Modal Temporal Enhanced Networks for Gesture Recognition, 2020 (ST, T and TR).
    """
    _check(weight, theta, form)
    taps = _taps(tuple(weight.shape[2:]), form)
    # Of any shape, as the published layers have (1,), but one number.
    scale, learnable = (1.0, theta.reshape(())) if isinstance(theta, Tensor) else (theta, None)
    return _op(weight, float(scale), learnable, taps.sample, taps.spread)


def cross_weight(weight: Tensor, direction: Direction) -> Tensor:
    """Place the five weights of a directional kernel in a 3x3 kernel; the rest is zero.

    Args:
        weight: float tensor (O, I, 1, 5).
        direction: 'hv' puts them on top, left, centre, right, bottom; 'diagonal' on top left,
            top right, centre, bottom left, bottom right.

    Returns:
        Tensor (O, I, 3, 3); `cdc_weight` of it is the cross central difference convolution.

    Raises:
        TypeError: weight is not floating point.
        ValueError: shape or direction do not fit.

    Source: Yu et al., Dual-Cross Central Difference Network for Face Anti-Spoofing,
    IJCAI 2021, equation 3.
    """
    require_float("weight", weight)
    if weight.ndim != 4 or tuple(weight.shape[2:]) != (1, 5):
        raise ValueError(f"weight must be (O, I, 1, 5), got {tuple(weight.shape)}")
    if direction not in _CROSS_TAPS:
        raise ValueError(f"direction must be one of {tuple(_CROSS_TAPS)}, got {direction!r}")
    taps = torch.tensor(_CROSS_TAPS[direction], device=weight.device)
    full = weight.new_zeros((*weight.shape[:2], 9)).index_copy(2, taps, weight.flatten(2))
    return full.reshape(*weight.shape[:2], 3, 3)
