"""The networks of CDCN and CDCN++: a depth map from one frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness.nn import CDConv2d
from fasharness_cdcn.recompute import Run, direct

MAP = 32
"""Side of the depth map, whatever the side of the frames (published)."""


def _layers(channels: Sequence[int], theta: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        layers += [
            # No bias: the published layer would add it in both branches.
            CDConv2d(inputs, outputs, 3, padding=1, bias=False, theta=theta),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return layers


class SpatialAttention(nn.Module):
    """Weighs each place by its mean and largest feature.

    Args:
        kernel: side of the convolution.

    Source: Yu et al., CVPR 2020, section 3.3 (multiscale attention fusion).
    """

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Weights of each place.

        Args:
            x: float tensor (N, C, H, W).

        Returns:
            float tensor (N, 1, H, W) in (0, 1).
        """
        both = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(self.conv1(both))


class DepthNet(nn.Module):
    """Three blocks of central-difference convolutions whose features are fused into a map.

    Args:
        blocks: inner channels of each block.
        head: inner channels of the head.
        theta: share of the difference term in every convolution.
        width: factor on all channels; 1 is published.
        attention: kernels of the attention on each block's features; none for CDCN.
        side: side of the depth map.
        run: runs a part of the network; `recompute.recomputed` needs less memory.

    Source: Yu et al., Searching Central Difference Convolutional Networks for Face
    Anti-Spoofing, CVPR 2020, table 1 and figure 4.
    """

    def __init__(
        self,
        blocks: Sequence[Sequence[int]],
        head: Sequence[int],
        theta: float = 0.7,
        width: float = 1.0,
        attention: Sequence[int] = (),
        side: int = MAP,
        run: Run = direct,
    ) -> None:
        super().__init__()

        def wide(channels: int) -> int:
            return max(1, round(channels * width))

        def block(inputs: int, *inner: int) -> nn.Sequential:
            channels = [wide(c) for c in (inputs, *inner, 128)]
            # The published CDCN pools 3x3 with stride 2; C-CDN and DC-CDN pool 2x2.
            return nn.Sequential(*_layers(channels, theta), nn.MaxPool2d(3, 2, 1))

        self.side = side
        self.run = run
        self.stem = nn.Sequential(*_layers((3, wide(64)), theta))
        self.block1 = block(64, *blocks[0])
        self.block2 = block(128, *blocks[1])
        self.block3 = block(128, *blocks[2])
        self.attention = nn.ModuleList(SpatialAttention(kernel) for kernel in attention)
        inner = [wide(c) for c in head]
        self.head = nn.Sequential(
            *_layers((3 * wide(128), *inner), theta),
            # ReLU without normalisation, as published: the map can end up all zero, and then learns
            # nothing.
            CDConv2d(inner[-1], 1, 3, padding=1, bias=False, theta=theta),
            nn.ReLU(inplace=True),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Estimate depth.

        Args:
            frames: float tensor (N, 3, S, S) in [-1, 1], RGB, S at least 8.

        Returns:
            float tensor (N, 32, 32), not negative; the side is that of the network's map.

        Raises:
            ValueError: the frames have another shape.
        """
        if frames.ndim != 4 or frames.shape[1] != 3 or min(frames.shape[2:]) < 8:
            raise ValueError(f"frames must be (N, 3, S, S), S >= 8, got {tuple(frames.shape)}")
        fine = self.run(nn.Sequential(self.stem, self.block1), frames)
        middle = self.run(self.block2, fine)
        coarse = self.run(self.block3, middle)
        scales = [
            # No antialiasing, as published: only the 2x2 pixels around each sample are read.
            F.interpolate(x, (self.side, self.side), mode="bilinear", align_corners=False)
            for x in self._attended(fine, middle, coarse)
        ]
        depth: Tensor = self.run(self.head, torch.cat(scales, dim=1))
        return depth.squeeze(1)

    def _attended(self, *features: Tensor) -> Sequence[Tensor]:
        # The next block receives the features without attention, as published.
        if not self.attention:
            return features
        return [x * weigh(x) for x, weigh in zip(features, self.attention, strict=True)]


class CDCN(DepthNet):
    """Central Difference Convolutional Network (Yu et al., CVPR 2020, table 1)."""

    def __init__(self, theta: float = 0.7, width: float = 1.0, run: Run = direct) -> None:
        super().__init__([(128, 196)] * 3, (128, 64), theta, width, run=run)


class CDCNpp(DepthNet):
    """CDCN++: searched channels and attention on three scales (Yu et al., CVPR 2020, figure 4)."""

    def __init__(self, theta: float = 0.7, width: float = 1.0, run: Run = direct) -> None:
        # The authors write the channels as multiples of 128 by 1.6, 1.2 and 1.4, rounded down.
        blocks = [(128, 204), (153, 128, 179), (128, 153)]
        super().__init__(blocks, (128,), theta, width, attention=(7, 5, 3), run=run)
