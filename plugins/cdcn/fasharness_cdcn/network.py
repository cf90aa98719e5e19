"""The network of CDCN: a depth map from one frame, through central-difference convolutions."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness.nn import CDConv2d


def _layers(channels: tuple[int, ...], theta: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        layers += [
            # No bias: the published layer would add it in both branches.
            CDConv2d(inputs, outputs, 3, padding=1, bias=False, theta=theta),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return layers


class CDCN(nn.Module):
    """Central Difference Convolutional Network.

    Args:
        theta: share of the difference term in every convolution.

    Source: Yu et al., Searching Central Difference Convolutional Networks for Face
    Anti-Spoofing, CVPR 2020, table 1 (left column).
    """

    def __init__(self, theta: float = 0.7) -> None:
        super().__init__()

        def block(*channels: int) -> nn.Sequential:
            # The published CDCN pools 3x3 with stride 2; C-CDN and DC-CDN pool 2x2.
            return nn.Sequential(*_layers(channels, theta), nn.MaxPool2d(3, 2, 1))

        self.stem = nn.Sequential(*_layers((3, 64), theta))
        self.block1 = block(64, 128, 196, 128)
        self.block2 = block(128, 128, 196, 128)
        self.block3 = block(128, 128, 196, 128)
        self.head = nn.Sequential(
            *_layers((384, 128, 64), theta),
            # ReLU without normalisation, as published: the map can end up all zero, and then learns
            # nothing.
            CDConv2d(64, 1, 3, padding=1, bias=False, theta=theta),
            nn.ReLU(inplace=True),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Estimate depth.

        Args:
            frames: float tensor (N, 3, S, S) in [-1, 1], RGB, S a multiple of 8.

        Returns:
            float tensor (N, S / 8, S / 8), not negative.

        Raises:
            ValueError: the frames have another shape.
        """
        if frames.ndim != 4 or frames.shape[1] != 3 or frames.shape[2] % 8 or frames.shape[3] % 8:
            raise ValueError(
                f"frames must be (N, 3, S, S), S a multiple of 8, got {tuple(frames.shape)}"
            )
        fine = self.block1(self.stem(frames))
        middle = self.block2(fine)
        coarse = self.block3(middle)
        size = coarse.shape[2:]
        scales = [
            # No antialiasing, as published: only the 2x2 pixels around each sample are read.
            F.interpolate(x, size, mode="bilinear", align_corners=False)
            for x in (fine, middle, coarse)
        ]
        depth: Tensor = self.head(torch.cat(scales, dim=1))
        return depth.squeeze(1)
