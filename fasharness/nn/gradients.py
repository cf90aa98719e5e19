"""Gradient layers of spatial-gradient networks, without parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from fasharness import ops


class SpatialGradient(nn.Module):
    """Sobel responses gx, gy of every channel."""

    def forward(self, x: Tensor) -> ops.SpatialGradient:
        """Apply `fasharness.ops.spatial_gradient`.

        Args:
            x: float tensor (N, C, H, W).

        Returns:
            gx, gy: tensors like x.
        """
        return ops.spatial_gradient(x)


class SpatialGradientMagnitude(nn.Module):
    """Sobel magnitude of every channel."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `fasharness.ops.spatial_gradient_magnitude`.

        Args:
            x: float tensor (N, C, H, W).

        Returns:
            A tensor like x.
        """
        return ops.spatial_gradient_magnitude(x)


class SpatialGradientSquared(nn.Module):
    """Squared Sobel magnitude of every channel."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `fasharness.ops.spatial_gradient_squared`.

        Args:
            x: float tensor (N, C, H, W).

        Returns:
            A tensor like x.
        """
        return ops.spatial_gradient_squared(x)


class GradientConv2d(nn.Conv2d):
    """1x1 convolution of the Sobel magnitude that saves only its input for the backward.

    The magnitude is cheaper to compute again than to save: it is as large as the input, which
    neighbouring layers save in any case.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        bias: whether a bias is learnt.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, 1, bias=bias)

    def _convolve(self, x: Tensor) -> Tensor:
        return super().forward(ops.spatial_gradient_magnitude(x))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve the magnitude.

        Args:
            x: float tensor (N, C, H, W).

        Returns:
            float tensor (N, O, H, W).
        """
        if not torch.is_grad_enabled():
            return self._convolve(x)
        # Nothing in here draws random numbers, so their state needs no saving.
        result: Tensor = checkpoint(
            self._convolve, x, use_reentrant=False, preserve_rng_state=False
        )
        return result


class TemporalGradientFeatures(nn.Module):
    """Features, spatial and temporal gradients of neighbouring frames in one tensor.

    Args:
        frames: length of a clip, at least 2.
    """

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames

    def forward(self, features: Tensor, reduced: Tensor) -> Tensor:
        """Apply `fasharness.ops.temporal_gradient_features`.

        Args:
            features: float tensor (N * frames, C, H, W).
            reduced: float tensor (N * frames, R, H, W).

        Returns:
            float tensor (N * (frames - 1), C + 5 R, H, W).
        """
        return ops.temporal_gradient_features(features, reduced, self.frames)
