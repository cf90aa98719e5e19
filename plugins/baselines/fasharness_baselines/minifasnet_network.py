"""MiniFASNet: a small network for one crop of a face, and its auxiliary branch for training."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 3
"""Attack, bona fide, attack."""
BONA_FIDE = 1
SIDE = 80
"""Side of the pictures in pixels (published)."""
SPECTRUM = 10
"""Side of the spectrum that the auxiliary branch learns, and of the map that it starts from."""


class Shape(NamedTuple):
    """What tells the published variants apart.

    Attributes:
        inner: inner channels of the residual blocks at sides 20, 10 and 5.
        squeezed: whether the last block of each side weighs its channels (squeeze, excitation).
        dropped: share of the embedding that training drops.
    """

    inner: Sequence[Sequence[int]]
    squeezed: bool
    dropped: float


# Pruned by the authors: the odd numbers are theirs.
V2 = Shape(((13, 13, 13, 13), (231, 52, 26, 77, 26, 26), (26, 26)), False, 0.2)
V1SE = Shape(((13, 26, 13, 52), (154, 52, 26, 52, 26, 26), (26, 26)), True, 0.75)


class MiniFASNet(nn.Module):
    """Classifies a crop of a face as bona fide or one of two kinds of attack.

    Modules have the names of the published files.

    Args:
        shape: the variant.

    Source: Silent-Face-Anti-Spoofing (Minivision, 2020); there is no paper.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        at20, at10, at5 = shape.inner
        self.conv1 = _active(3, 32, kernel=3, stride=2)
        self.conv2_dw = _active(32, 32, kernel=3, groups=32)
        self.conv_23 = Bottleneck(32, 103, 64, stride=2)
        self.conv_3 = _residual(64, at20, shape.squeezed)
        self.conv_34 = Bottleneck(64, 231, 128, stride=2)
        self.conv_4 = _residual(128, at10, shape.squeezed)
        self.conv_45 = Bottleneck(128, 308, 128, stride=2)
        self.conv_5 = _residual(128, at5, shape.squeezed)
        self.conv_6_sep = _active(128, 512)
        # As large as the map, without padding: one value for each channel is left.
        self.conv_6_dw = _filter(512, 512, kernel=5, groups=512)
        self.linear = nn.Linear(512, 128, bias=False)
        self.bn = nn.BatchNorm1d(128)
        self.prob = nn.Linear(128, CLASSES, bias=False)
        self.dropped = shape.dropped

    def features(self, pictures: Tensor) -> Tensor:
        """Compute the map that classification and the auxiliary branch share.

        Args:
            pictures: float tensor (N, 3, 80, 80), BGR, 0 to 255.

        Returns:
            float tensor (N, 128, 10, 10).

        Raises:
            ValueError: the pictures have another shape.
        """
        if pictures.shape[1:] != (3, SIDE, SIDE):
            shape = tuple(pictures.shape)
            raise ValueError(f"pictures must be (N, 3, {SIDE}, {SIDE}), got {shape}")
        x = pictures
        for part in (self.conv1, self.conv2_dw, self.conv_23, self.conv_3, self.conv_34):
            x = part(x)
        found: Tensor = self.conv_4(x)
        return found

    def classify(self, features: Tensor) -> Tensor:
        """Return logits, float tensor (N, 3), from the map of `features`."""
        x = features
        for part in (self.conv_45, self.conv_5, self.conv_6_sep, self.conv_6_dw):
            x = part(x)
        embedding = self.bn(self.linear(x.flatten(1)))
        found: Tensor = self.prob(F.dropout(embedding, self.dropped, self.training))
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits, float tensor (N, 3), from pictures as in `features`."""
        return self.classify(self.features(pictures))


class Bottleneck(nn.Module):
    """Widen, filter each channel, narrow; beside an identity where `residual`.

    Args:
        inputs: channels before.
        inner: channels between.
        outputs: channels after.
        stride: of the filter.
        residual: whether the input is added.
        squeezed: whether channels are weighed before that.
    """

    def __init__(
        self,
        inputs: int,
        inner: int,
        outputs: int,
        stride: int = 1,
        residual: bool = False,
        squeezed: bool = False,
    ) -> None:
        super().__init__()
        self.conv = _active(inputs, inner)
        self.conv_dw = _active(inner, inner, kernel=3, stride=stride, groups=inner)
        self.project = _filter(inner, outputs)
        self.se_module = Squeeze(outputs) if squeezed else nn.Identity()
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block to a float tensor (N, inputs, H, W)."""
        y: Tensor = self.se_module(self.project(self.conv_dw(self.conv(x))))
        return x + y if self.residual else y


class Squeeze(nn.Module):
    """Weighs channels by their means (Hu et al., CVPR 2018), normalising twice on the way."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels // reduction)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the channels of a float tensor (N, C, H, W)."""
        y = F.relu(self.bn1(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(self.bn2(self.fc2(y)))


def _filter(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, padding: int = 0, groups: int = 1
) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    return nn.Sequential(OrderedDict(conv=convolution, bn=nn.BatchNorm2d(outputs)))


def _active(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    found = _filter(inputs, outputs, kernel, stride, kernel // 2, groups)
    found.add_module("prelu", nn.PReLU(outputs))
    return found


def _residual(channels: int, inner: Sequence[int], squeezed: bool) -> nn.Sequential:
    last = len(inner) - 1
    blocks = [
        Bottleneck(channels, wide, channels, residual=True, squeezed=squeezed and at == last)
        for at, wide in enumerate(inner)
    ]
    return nn.Sequential(OrderedDict(model=nn.Sequential(*blocks)))


class Spectrum(nn.Sequential):
    """The auxiliary branch: the Fourier spectrum of the picture from the shared map."""

    def __init__(self) -> None:
        widths, parts = (128, 128, 64, 1), []
        for inputs, outputs in pairwise(widths):
            parts += [
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*parts)


class Fusion(nn.Module):
    """Both published networks, each for a crop of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.near, self.far = MiniFASNet(V2), MiniFASNet(V1SE)

    def forward(self, near: Tensor, far: Tensor) -> Tensor:
        """Return the mean of both networks' class probabilities, float tensor (N, 3).

        Args:
            near: float tensor (N, 3, 80, 80), BGR, 0 to 255: the crop at scale 2.7.
            far: the same of the crop at scale 4.
        """
        return (F.softmax(self.near(near), dim=1) + F.softmax(self.far(far), dim=1)) / 2


class TrainedFusion(Fusion):
    """Both networks with their auxiliary branches, which only training uses."""

    def __init__(self) -> None:
        super().__init__()
        self.near_spectrum, self.far_spectrum = Spectrum(), Spectrum()
        self._start()

    def _start(self) -> None:
        """Draw weights as the authors' training code does."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.001)


def spectrum(pictures: Tensor) -> Tensor:
    """What the auxiliary branch learns: the logarithmic amplitude spectrum in grey, scaled.

    Args:
        pictures: float tensor (N, 3, S, S), BGR, 0 to 255.

    Returns:
        float tensor (N, 1, 10, 10) in (0, 1], the zero frequency in the middle.
    """
    weights = torch.tensor([0.114, 0.587, 0.299], device=pictures.device).view(1, 3, 1, 1)
    # Whole grey levels, as published: the lowest amplitude, and with it the scale, depends on it.
    grey = (pictures.float() * weights).sum(dim=1).round()
    amplitude = torch.fft.fftshift(torch.fft.fft2(grey), dim=(1, 2)).abs().log1p()
    low, high = amplitude.amin((1, 2), keepdim=True), amplitude.amax((1, 2), keepdim=True)
    scaled = (amplitude - low + 1) / (high - low + 1)
    # No antialiasing, as published: only the 2x2 values around each sample are read.
    return F.interpolate(scaled[:, None], (SPECTRUM, SPECTRUM), mode="bilinear")
