"""The first blocks of DenseNet, and reading their ImageNet weights from torchvision's file."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness.engine.published import load_published

DENSENET161 = (6, 12)
"""Layers of its first two blocks."""
GROWTH = 48
"""Channels that each of its layers adds; the stem has twice as many."""
_INNER = 4
"""Channels between the two convolutions of a layer, in multiples of the growth."""


class DenseLayer(nn.Module):
    """Adds channels to those that it is given, through a narrow 1x1 and a 3x3 convolution."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, _INNER * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(_INNER * growth)
        self.conv2 = nn.Conv2d(_INNER * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return a float tensor (N, inputs + growth, H, W) from (N, inputs, H, W)."""
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(y)))], dim=1)


class DenseTrunk(nn.Module):
    """DenseNet up to a transition, with the names of torchvision's modules.

    Args:
        growth: channels that each layer adds.
        layers: layers of each block; after each the channels and the side are halved.

    Attributes:
        channels: of the features.

    Source: Huang et al., Densely Connected Convolutional Networks, CVPR 2017.
    """

    def __init__(self, growth: int = GROWTH, layers: Sequence[int] = DENSENET161) -> None:
        super().__init__()
        channels = 2 * growth
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(3, channels, 7, 2, 3, bias=False),
            norm0=nn.BatchNorm2d(channels),
            relu0=nn.ReLU(inplace=True),
            pool0=nn.MaxPool2d(3, 2, 1),
        )
        for number, count in enumerate(layers, 1):
            parts[f"denseblock{number}"] = _block(channels, growth, count)
            channels += count * growth
            parts[f"transition{number}"] = _transition(channels, channels // 2)
            channels //= 2
        self.features = nn.Sequential(parts)
        self.channels = channels

    def forward(self, frames: Tensor) -> Tensor:
        """Compute features.

        Args:
            frames: float tensor (N, 3, S, S).

        Returns:
            float tensor (N, channels, S / 16, S / 16) for two blocks.
        """
        found: Tensor = self.features(frames)
        return found


def _block(channels: int, growth: int, count: int) -> nn.Sequential:
    layers = (
        (f"denselayer{at + 1}", DenseLayer(channels + at * growth, growth)) for at in range(count)
    )
    return nn.Sequential(OrderedDict(layers))


def _transition(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(inputs),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(inputs, outputs, 1, bias=False),
            pool=nn.AvgPool2d(2, 2),
        )
    )


def load_trunk(trunk: DenseTrunk, path: Path) -> None:
    """Copy torchvision's DenseNet-161 into a trunk of its size.

    Args:
        trunk: of the default size.
        path: torchvision's file, e.g. ``densenet161-8d451a50.pth``.

    Raises:
        WeightsError: the file is damaged, holds anything but tensors, or is of another network.
    """
    unused = ("features.denseblock3.", "features.denseblock4.", "features.transition3.",
              "features.norm5.", "classifier.")  # fmt: skip
    load_published(trunk, path, "DenseNet-161", _torchvisions, unused)


def _torchvisions(name: str) -> str:
    # The file is older than the rule that names of modules hold no dot.
    return re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name)
