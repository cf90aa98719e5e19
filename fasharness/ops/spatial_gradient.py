"""The Sobel gradient of every channel: the pair, its magnitude, or its squared magnitude."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fasharness.ops._check import accumulator, memory_format, require_float, require_rank
from fasharness.ops._native import operator

# Published value. Under the root, so that the derivative is finite where the image is flat.
MAGNITUDE_EPS = 1e-8


class SpatialGradient(NamedTuple):
    """The two Sobel responses, each of the shape and dtype of the input."""

    gx: Tensor
    gy: Tensor


def sobel(x: Tensor) -> SpatialGradient:
    """Cross-correlate each channel with Sobel x and y, zero-padded; the definition of the operator.

    Args:
        x: float tensor (N, C, H, W), already in the dtype of the sums.

    Returns:
        gx for [[-1,0,1],[-2,0,2],[-1,0,1]], gy for [[1,2,1],[0,0,0],[-1,-2,-1]].
    """
    # Zero padding gives a response along the border, as in the published code: part of the trained
    # features, so do not replicate the edge.
    p = F.pad(x, (1, 1, 1, 1))
    across = p[..., 2:] - p[..., :-2]
    down = p[..., :-2, :] - p[..., 2:, :]
    gx = across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]
    gy = down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]
    return SpatialGradient(gx, gy)


def sobel_adjoint(gx: Tensor, gy: Tensor) -> Tensor:
    """Apply the transpose of `sobel`.

    Args:
        gx: float tensor (N, C, H, W), already in the dtype of the sums.
        gy: as gx.

    Returns:
        float tensor (N, C, H, W). With zero padding the transpose of a correlation uses the
        kernel turned by 180 degrees, and both kernels change sign when turned.
    """
    return -(sobel(gx).gx + sobel(gy).gy)


def _like(result: Tensor, x: Tensor) -> Tensor:
    # clone: a custom operator may not return a view or an alias of its input.
    return result.to(x.dtype).clone(memory_format=memory_format(x))


def _empty_like(x: Tensor) -> Tensor:
    return torch.empty_like(x, memory_format=memory_format(x))


def _wide(x: Tensor) -> Tensor:
    return x.to(accumulator(x.dtype))


@operator("spatial_gradient")
def _pair(x: Tensor) -> tuple[Tensor, Tensor]:
    gx, gy = sobel(_wide(x))
    return _like(gx, x), _like(gy, x)


# The backward passes are operators too: torch.autograd.grad fails inside a custom operator, and
# each has a kernel of its own.
@operator("spatial_gradient_backward")
def _pair_backward(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    return _like(sobel_adjoint(_wide(grad_x), _wide(grad_y)), grad_x)


@operator("spatial_gradient_magnitude")
def _magnitude(x: Tensor) -> Tensor:
    gx, gy = sobel(_wide(x))
    return _like((gx * gx + gy * gy + MAGNITUDE_EPS).sqrt(), x)


@operator("spatial_gradient_magnitude_backward")
def _magnitude_backward(grad: Tensor, x: Tensor) -> Tensor:
    gx, gy = sobel(_wide(x))
    # gx and gy again from x, which the convolution beside this operator keeps in any case; saving
    # them would take twice the memory of x.
    scale = _wide(grad) * (gx * gx + gy * gy + MAGNITUDE_EPS).rsqrt()
    return _like(sobel_adjoint(scale * gx, scale * gy), x)


@operator("spatial_gradient_squared")
def _squared(x: Tensor) -> Tensor:
    gx, gy = sobel(_wide(x))
    return _like(gx * gx + gy * gy, x)


@operator("spatial_gradient_squared_backward")
def _squared_backward(grad: Tensor, x: Tensor) -> Tensor:
    gx, gy = sobel(_wide(x))
    scale = 2 * _wide(grad)
    return _like(sobel_adjoint(scale * gx, scale * gy), x)


@_pair.fake
def _(x: Tensor) -> tuple[Tensor, Tensor]:
    return _empty_like(x), _empty_like(x)


@_magnitude.fake
@_squared.fake
def _(x: Tensor) -> Tensor:
    return _empty_like(x)


@_pair_backward.fake
def _(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    return _empty_like(grad_x)


@_magnitude_backward.fake
@_squared_backward.fake
def _(grad: Tensor, x: Tensor) -> Tensor:
    return _empty_like(x)


def _save_inputs(ctx: Any, inputs: tuple[Tensor, ...], output: object) -> None:
    ctx.save_for_backward(*inputs)


# Every second derivative below combines differentiable operators, so derivatives of any order
# exist without further kernels.
def _pair_vjp(ctx: Any, grad_x: Tensor, grad_y: Tensor) -> Tensor:
    return _pair_backward(grad_x, grad_y)


def _pair_backward_vjp(ctx: Any, v: Tensor) -> SpatialGradient:
    return SpatialGradient(*_pair(v))


def _magnitude_vjp(ctx: Any, grad: Tensor) -> Tensor:
    return _magnitude_backward(grad, *ctx.saved_tensors)


def _magnitude_backward_vjp(ctx: Any, v: Tensor) -> tuple[Tensor, Tensor]:
    grad, x = ctx.saved_tensors
    (gx, gy), (vx, vy) = _pair(x), _pair(v)
    inverse = (gx * gx + gy * gy + MAGNITUDE_EPS).rsqrt()
    along = (vx * gx + vy * gy) * inverse
    scale = grad * inverse
    x_grad = _pair_backward(
        scale * (vx - gx * along * inverse), scale * (vy - gy * along * inverse)
    )
    return along, x_grad


def _squared_vjp(ctx: Any, grad: Tensor) -> Tensor:
    return _squared_backward(grad, *ctx.saved_tensors)


def _squared_backward_vjp(ctx: Any, v: Tensor) -> tuple[Tensor, Tensor]:
    grad, x = ctx.saved_tensors
    (gx, gy), (vx, vy) = _pair(x), _pair(v)
    return 2 * (vx * gx + vy * gy), _pair_backward(2 * grad * vx, 2 * grad * vy)


_pair.autograd(_pair_vjp)
_pair_backward.autograd(_pair_backward_vjp)
_magnitude.autograd(_magnitude_vjp, _save_inputs)
_magnitude_backward.autograd(_magnitude_backward_vjp, _save_inputs)
_squared.autograd(_squared_vjp, _save_inputs)
_squared_backward.autograd(_squared_backward_vjp, _save_inputs)


def _check(x: Tensor) -> None:
    require_float("x", x)
    require_rank("x", x, "(N, C, H, W)")


def spatial_gradient(x: Tensor) -> SpatialGradient:
    """Sobel responses of every channel, zero-padded to the size of the input.

    Args:
        x: float tensor (N, C, H, W), contiguous or channels_last, any range.

    Returns:
        gx, gy: tensors like x; gx grows to the right, gy upwards.

    Raises:
        TypeError: x is not a floating point tensor.
        ValueError: x is not of rank 4.

    Source: Wang et al., Deep Spatial Gradient and Temporal Depth Learning for Face
    Anti-spoofing, CVPR 2020, section 3.1.
    """
    _check(x)
    return SpatialGradient(*_pair(x))


def spatial_gradient_magnitude(x: Tensor) -> Tensor:
    """Sobel magnitude sqrt(gx^2 + gy^2 + 1e-8) of every channel.

    Args:
        x: float tensor (N, C, H, W), contiguous or channels_last, any range.

    Returns:
        A tensor like x, at least 1e-4.

    Raises:
        TypeError: x is not a floating point tensor.
        ValueError: x is not of rank 4.

    Source: as `spatial_gradient`, the residual spatial gradient block.
    """
    _check(x)
    return _magnitude(x)


def spatial_gradient_squared(x: Tensor) -> Tensor:
    """Squared Sobel magnitude gx^2 + gy^2 of every channel.

    Args:
        x: float tensor (N, C, H, W), contiguous or channels_last, any range.

    Returns:
        A tensor like x, at least 0.

    Raises:
        TypeError: x is not a floating point tensor.
        ValueError: x is not of rank 4.

    Source: as `spatial_gradient`.
    """
    _check(x)
    return _squared(x)
