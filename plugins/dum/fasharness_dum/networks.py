"""The networks that the module is shown on: CDCN, DepthNet, ResNet-18, SGTD's for single frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness_cdcn.network import CDCN, MAP
from fasharness_cdcn.recompute import Run, direct
from fasharness_dum.module import DepthUncertainty
from fasharness_sgtd.network import FaceMapNet

Build: TypeAlias = Callable[[float, float, Run], DepthUncertainty]


def cdcn(theta: float, width: float, run: Run) -> DepthUncertainty:
    """The module on CDCN.

    Args:
        theta: share of the central difference in every convolution of CDCN.
        width: factor on all channels.
        run: runs a part of the network, see `fasharness_cdcn.recompute`.
    """
    network = CDCN(theta, width, run)
    # The head ends in the convolution to the map and its ReLU.
    channels = cast(nn.Conv2d, network.head[-2]).in_channels
    del network.head[-2:]
    return DepthUncertainty(network, channels)


def depthnet(theta: float, width: float, run: Run) -> DepthUncertainty:
    """The module on DepthNet, which is CDCN with plain convolutions; `theta` plays no part."""
    del theta
    return cdcn(0.0, width, run)


def resnet18(theta: float, width: float, run: Run) -> DepthUncertainty:
    """The module on the authors' ResNet-18; `theta` plays no part."""
    del theta
    network = ResNet18(width, run)
    return DepthUncertainty(network, network.channels)


def sgtd(theta: float, width: float, run: Run) -> DepthUncertainty:
    """The module on SGTD's single-frame network; `theta` and `run` play no part."""
    del theta, run
    network = SGTDFeatures(width)
    return DepthUncertainty(network, network.channels)


BUILD: Mapping[str, Build] = MappingProxyType(
    {"cdcn": cdcn, "depthnet": depthnet, "resnet18": resnet18, "sgtd": sgtd}
)


class SGTDFeatures(nn.Module):
    """SGTD's single-frame network without its last convolution.

    Args:
        width: factor on all channels.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        # The share of the other networks: SGTD's 0.001 needs thousands of steps to forget the
        # start.
        self.faces = FaceMapNet(width, momentum=0.1)
        self.channels = self.faces.depth.in_channels
        # Its features are not negative, so the ReLU of the map leaves them as they are.
        self.faces.register_module("depth", nn.Identity())

    def forward(self, frames: Tensor) -> Tensor:
        """Compute features.

        Args:
            frames: float tensor (N, 3, S, S) in [-1, 1), S a multiple of 8.

        Returns:
            float tensor (N, channels, S / 8, S / 8).
        """
        # SGTD's frames are (x - 127.5) / 255.
        features: Tensor = self.faces(frames * (128 / 255)).depth
        return features


class ResidualBlock(nn.Module):
    """Two convolutions beside an identity, or beside a 1x1 convolution where shapes change."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut.append(nn.Conv2d(inputs, outputs, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x: float tensor (N, inputs, H, W).

        Returns:
            float tensor (N, outputs, H', W'), not negative.
        """
        return F.relu_(self.body(x) + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 as published with the module: no pooling, features of three scales fused.

    Args:
        width: factor on all channels.
        run: runs a part of the network, see `fasharness_cdcn.recompute`.

    Attributes:
        channels: of the features.
    """

    def __init__(self, width: float = 1.0, run: Run = direct) -> None:
        super().__init__()

        def wide(channels: int) -> int:
            return max(1, round(channels * width))

        def stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                ResidualBlock(inputs, outputs, stride), ResidualBlock(outputs, outputs, 1)
            )

        # 196 and 256, where the usual ResNet-18 has 256 and 512, as published.
        fine, middle, coarse, last = (wide(c) for c in (64, 128, 196, 256))
        inner, self.channels = wide(128), wide(64)
        self.run = run
        self.stem = _convolution(3, fine)
        self.stage1 = stage(fine, fine, 1)
        self.stage2 = stage(fine, middle, 2)
        self.stage3 = stage(middle, coarse, 2)
        self.stage4 = stage(coarse, last, 2)
        self.head = nn.Sequential(
            *_convolution(middle + coarse + last, inner), *_convolution(inner, self.channels)
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Compute features.

        Args:
            frames: float tensor (N, 3, S, S) in [-1, 1), S at least 8.

        Returns:
            float tensor (N, channels, 32, 32).
        """
        x = self.run(nn.Sequential(self.stem, self.stage1), frames)
        scales = []
        for stage in (self.stage2, self.stage3, self.stage4):
            x = self.run(stage, x)
            # No antialiasing, as published.
            scales.append(F.interpolate(x, (MAP, MAP), mode="bilinear", align_corners=False))
        return self.run(self.head, torch.cat(scales, dim=1))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
