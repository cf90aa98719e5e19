"""The input of the short-term spatio-temporal block, written into one tensor."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fasharness.ops._check import (
    accumulator,
    memory_format,
    require_float,
    require_rank,
    require_same_device,
    under_autocast,
)
from fasharness.ops._native import operator
from fasharness.ops.spatial_gradient import sobel, sobel_adjoint


def _clips(x: Tensor, frames: int) -> Tensor:
    return x.reshape(x.shape[0] // frames, frames, *x.shape[1:])


@operator("temporal_gradient_features")
def _op(features: Tensor, reduced: Tensor, frames: int) -> Tensor:
    r = reduced.to(accumulator(reduced.dtype))
    gx, gy = (_clips(g, frames) for g in sobel(r))
    f, r = _clips(features, frames), _clips(r, frames)
    # The published order of channels and sign of the difference: released weights depend on it.
    # Clips are split before pairing; the published code takes consecutive rows of a frame-major
    # batch, which mixes clips above batch 1.
    parts = (f[:, :-1], gx[:, :-1], gy[:, :-1], gx[:, 1:], gy[:, 1:], r[:, :-1] - r[:, 1:])
    # Sums in float32 for bfloat16, rounded once here.
    joined = torch.cat([p.to(features.dtype) for p in parts], 2).flatten(0, 1)
    return joined.clone(memory_format=memory_format(features))


@operator("temporal_gradient_features_backward")
def _op_backward(grad: Tensor, frames: int, channels: int) -> tuple[Tensor, Tensor]:
    g = _clips(grad, frames - 1)
    narrow = (grad.shape[1] - channels) // 5
    grad_f, *rest = torch.split(g, [channels] + [narrow] * 5, 2)
    gx0, gy0, gx1, gy1, diff = (p.to(accumulator(grad.dtype)) for p in rest)
    empty = diff[:, :1] * 0
    # Frame t is the first of pair t and the second of pair t - 1; the ends have only one pair.
    first, second = (torch.cat(p, 1) for p in ((diff, empty), (empty, diff)))
    gx = torch.cat((gx0, empty), 1) + torch.cat((empty, gx1), 1)
    gy = torch.cat((gy0, empty), 1) + torch.cat((empty, gy1), 1)
    grad_r = sobel_adjoint(gx.flatten(0, 1), gy.flatten(0, 1)) + (first - second).flatten(0, 1)
    # The features of the last frame enter no pair.
    grad_f = torch.cat((grad_f, torch.zeros_like(grad_f[:, :1])), 1).flatten(0, 1)
    layout = memory_format(grad)
    return grad_f.clone(memory_format=layout), grad_r.to(grad.dtype).clone(memory_format=layout)


@_op.fake
def _(features: Tensor, reduced: Tensor, frames: int) -> Tensor:
    rows, channels, height, width = features.shape
    shape = (rows // frames * (frames - 1), channels + 5 * reduced.shape[1], height, width)
    return torch.empty(
        shape,
        dtype=features.dtype,
        device=features.device,
        memory_format=memory_format(features),
    )


@_op_backward.fake
def _(grad: Tensor, frames: int, channels: int) -> tuple[Tensor, Tensor]:
    rows, total, height, width = grad.shape
    rows = rows // (frames - 1) * frames
    return tuple(  # type: ignore[return-value]
        torch.empty(
            (rows, c, height, width),
            dtype=grad.dtype,
            device=grad.device,
            memory_format=memory_format(grad),
        )
        for c in (channels, (total - channels) // 5)
    )


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor, int], output: Tensor) -> None:
    features, _, ctx.frames = inputs
    ctx.channels = features.shape[1]


def _vjp(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
    grad_f, grad_r = _op_backward(grad, ctx.frames, ctx.channels)
    return grad_f, grad_r, None


def _setup_backward(ctx: Any, inputs: tuple[Tensor, int, int], output: object) -> None:
    ctx.frames = inputs[1]


# The operator is linear, so the derivative of its transpose is the operator itself; nothing
# is saved for the backward.
def _vjp_backward(ctx: Any, v_f: Tensor, v_r: Tensor) -> tuple[Tensor, None, None]:
    return _op(v_f, v_r, ctx.frames), None, None


_op.autograd(_vjp, _setup)
_op_backward.autograd(_vjp_backward, _setup_backward)


def _check(features: Tensor, reduced: Tensor, frames: int) -> None:
    for name, value in (("features", features), ("reduced", reduced)):
        require_float(name, value)
        require_rank(name, value, "(N * frames, C, H, W)")
    require_same_device("features", features, "reduced", reduced)
    if reduced.dtype != features.dtype and not under_autocast(features):
        raise TypeError(f"reduced must have features' dtype {features.dtype}, got {reduced.dtype}")
    if frames < 2:
        raise ValueError(f"frames must be at least 2, got {frames}")
    if features.shape[0] % frames:
        raise ValueError(f"features must hold whole clips of {frames}, got {features.shape[0]}")
    expected = (features.shape[0], reduced.shape[1], *features.shape[2:])
    if tuple(reduced.shape) != expected:
        raise ValueError(f"reduced must be {expected}, got {tuple(reduced.shape)}")


def temporal_gradient_features(features: Tensor, reduced: Tensor, frames: int) -> Tensor:
    """Join, for each pair of neighbouring frames, features, spatial and temporal gradients.

    Args:
        features: float tensor (N * frames, C, H, W); row n * frames + t is frame t of clip n.
        reduced: tensor (N * frames, R, H, W) of the same dtype, the features in few channels.
            Under autocast the dtypes may differ; the wider one is used.
        frames: length of a clip, at least 2.

    Returns:
        Tensor (N * (frames - 1), C + 5 R, H, W), rows again clip by clip. Channels of row t:
        features_t, gx(reduced_t), gy(reduced_t), gx(reduced_t+1), gy(reduced_t+1),
        reduced_t - reduced_t+1. Memory format as features.

    Raises:
        TypeError: a tensor is not floating point, or the dtypes differ.
        ValueError: ranks, shapes, devices or frames do not fit.

    Source: Wang et al., Deep Spatial Gradient and Temporal Depth Learning for Face
    Anti-spoofing, CVPR 2020, section 3.2 (STSTB).
    """
    _check(features, reduced, frames)
    # As torch.cat under autocast: layers before these may give different dtypes.
    dtype = torch.promote_types(features.dtype, reduced.dtype)
    return _op(features.to(dtype), reduced.to(dtype), frames)
