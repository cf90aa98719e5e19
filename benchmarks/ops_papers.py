"""The operators as the papers' code computes them: many passes, for comparison only."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from fasharness.nn import CDConv2d

_X = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def sobel_pair(x: Tensor) -> tuple[Tensor, Tensor]:
    """Run two grouped convolutions."""
    channels = x.shape[1]
    kernels = (k.to(x).expand(channels, 1, 3, 3) for k in (_X, -_X.T))
    gx, gy = (F.conv2d(x, k.contiguous(), padding=1, groups=channels) for k in kernels)
    return gx, gy


def magnitude(x: Tensor) -> Tensor:
    """Run two grouped convolutions and five element-wise passes."""
    gx, gy = sobel_pair(x)
    return torch.sqrt(torch.pow(gx, 2) + torch.pow(gy, 2) + 1e-8)


def temporal_features(features: Tensor, reduced: Tensor, frames: int) -> Tensor:
    """Slice, convolve and concatenate."""
    clips = features.shape[0] // frames
    f, r = (t.reshape(clips, frames, *t.shape[1:]) for t in (features, reduced))
    now, after = r[:, :-1].flatten(0, 1), r[:, 1:].flatten(0, 1)
    parts = [f[:, :-1].flatten(0, 1), *sobel_pair(now), *sobel_pair(after), now - after]
    return torch.cat(parts, 1)


def contrast_loss(pred: Tensor, target: Tensor) -> Tensor:
    """Expand both maps eightfold, convolve them in groups, and take the mean squared error."""
    kernels = torch.zeros(8, 1, 3, 3)
    cells = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    for k, (i, j) in enumerate(cells):
        kernels[k, 0, i, j], kernels[k, 0, 1, 1] = 1, -1
    kernels = kernels.to(pred)
    a, b = (F.conv2d(m[:, None].expand(-1, 8, -1, -1), kernels, groups=8) for m in (pred, target))
    return F.mse_loss(a, b)


def cdc(x: Tensor, weight: Tensor, theta: float = 0.7, padding: Any = 1) -> Tensor:
    """Run two convolutions and subtract."""
    plain = F.conv2d(x, weight, padding=padding)
    summed = weight.sum((2, 3))[:, :, None, None]
    return plain - theta * F.conv2d(x, summed)


def cdc_layer(self: CDConv2d, x: Tensor) -> Tensor:
    """Stand in for `CDConv2d.forward`."""
    return cdc(x, self.weight, float(self.theta), self.padding)
