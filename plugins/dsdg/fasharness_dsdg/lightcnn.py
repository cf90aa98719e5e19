"""LightCNN-29v2, the face recognition network that compares identities as published."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness.engine.published import load_published
from fasharness_dsdg.networks import wide

SIDE = 128
"""Side of the pictures that the published weights take."""
FEATURES = 256
_LUMA = (0.299, 0.587, 0.114)


class MaxFeatureMap(nn.Module):
    """A convolution to twice the channels, of which the larger of each two is kept."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(inputs, 2 * outputs, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to a float tensor (N, inputs, H, W); returns (N, outputs, H, W)."""
        first, second = self.filter(x).chunk(2, dim=1)
        return torch.maximum(first, second)


class Block(nn.Module):
    """Two of them beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = MaxFeatureMap(channels, channels, 3)
        self.conv2 = MaxFeatureMap(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block to a float tensor (N, C, H, W)."""
        out: Tensor = self.conv2(self.conv1(x)) + x
        return out


class Group(nn.Module):
    """A 1x1 one that keeps the channels, then a 3x3 one that changes them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv_a = MaxFeatureMap(inputs, inputs, 1)
        self.conv = MaxFeatureMap(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the group to a float tensor (N, inputs, H, W)."""
        out: Tensor = self.conv(self.conv_a(x))
        return out


class LightCNN(nn.Module):
    """LightCNN-29v2 without its classifier (Wu et al., A Light CNN for Deep Face Representation).

    Its parameters have the authors' names.

    Args:
        width: factor on all channels.
        side: side of a picture in pixels, a multiple of 16.
    """

    def __init__(self, width: float = 1.0, side: int = SIDE) -> None:
        super().__init__()
        self.side = side
        a, b, c, d = (wide(channels, width) for channels in (48, 96, 192, 128))
        self.conv1 = MaxFeatureMap(1, a, 5)
        self.block1, self.group1 = _blocks(a, 1), Group(a, b)
        self.block2, self.group2 = _blocks(b, 2), Group(b, c)
        self.block3, self.group3 = _blocks(c, 3), Group(c, d)
        self.block4, self.group4 = _blocks(d, 4), Group(d, d)
        self.fc = nn.Linear(d * (side // 16) ** 2, FEATURES)

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute features of grey pictures.

        Args:
            pictures: float tensor (N, 1, side, side) in [0, 1].

        Returns:
            float tensor (N, 256).
        """
        x = _pooled(self.conv1(pictures))
        x = _pooled(self.group1(self.block1(x)))
        x = _pooled(self.group2(self.block2(x)))
        x = self.group4(self.block4(self.group3(self.block3(x))))
        features: Tensor = self.fc(_pooled(x).flatten(1))
        return features


class GreyIdentity(nn.Module):
    """LightCNN on colour pictures of any size.

    Args:
        network: features of grey pictures.
    """

    def __init__(self, network: LightCNN) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute what identifies the persons on pictures.

        Args:
            pictures: float tensor (N, 3, S, S) in [0, 1], RGB, each filled by a face.

        Returns:
            float tensor (N, 256) of length 1.
        """
        features = self.network(grey(pictures, self.network.side))
        return F.normalize(features.to(pictures.dtype))


def grey(pictures: Tensor, side: int) -> Tensor:
    """Turn colour pictures into grey ones of a size.

    Args:
        pictures: float tensor (N, 3, S, S), RGB.
        side: of the result.

    Returns:
        float tensor (N, 1, side, side).
    """
    small = F.interpolate(pictures, (side, side), mode="bilinear", align_corners=False)
    luma = torch.tensor(_LUMA, dtype=small.dtype, device=small.device).view(1, 3, 1, 1)
    return (small * luma).sum(dim=1, keepdim=True)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))


def _pooled(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2) + F.avg_pool2d(x, 2)


def load(path: Path) -> LightCNN:
    """Build LightCNN-29v2 with the weights of a file, without running code in it.

    Args:
        path: the authors' file: weights under ``state_dict``, or the weights alone, with
            DataParallel's prefix or without; its classifier is left out.

    Raises:
        WeightsError: the file is damaged, holds anything but data, or is of another network.
    """
    network = LightCNN()
    load_published(network, path, "LightCNN-29v2", unused=("fc2.",))
    return network
