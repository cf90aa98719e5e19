"""EfficientNet-Lite0 without its classifier, for the published ImageNet weights.

Source: Tan and Le, "EfficientNet", ICML 2019, and the Lite variant that Google published with its
TPU models (2020): B0 without squeeze-and-excitation, with ReLU6 and stem and head unscaled.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 1280
"""Length of an embedding."""
MEAN, DEVIATION = 127 / 255, 128 / 255
"""What pixels in [0, 1] were standardised with when the published weights were trained."""
_EPSILON = 1e-3


class _Group(NamedTuple):
    """Blocks of one kind: how many, kernel, stride of the first, expansion, channels out."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_GROUPS = (
    _Group(1, 3, 1, 1, 16),
    _Group(2, 3, 2, 6, 24),
    _Group(2, 5, 2, 6, 40),
    _Group(3, 3, 2, 6, 80),
    _Group(3, 5, 1, 6, 112),
    _Group(4, 5, 2, 6, 192),
    _Group(1, 3, 1, 6, 320),
)


class Same(nn.Module):
    """A convolution padded as TensorFlow does (``SAME``), and its batch normalisation."""

    def __init__(self, into: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(out, eps=_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H / stride rounded up, W / stride rounded up)."""
        (kernel, _), (stride, _) = self.conv.kernel_size, self.conv.stride
        width, height = (max((-(-n // stride) - 1) * stride + kernel - n, 0)
                         for n in (x.shape[3], x.shape[2]))  # fmt: skip
        # The odd pixel of padding is at the end.
        sides = (width // 2, width - width // 2, height // 2, height - height // 2)
        found: Tensor = self.norm(self.conv(F.pad(x, sides)))
        return found


class Block(nn.Module):
    """An inverted residual: expand, filter each channel, project; added where shapes allow."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = into * expansion
        self.expand = Same(into, inner, 1) if expansion > 1 else None
        self.depthwise = Same(inner, inner, kernel, stride, groups=inner)
        self.project = Same(inner, out, 1)
        self.residual = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W')."""
        inner = x if self.expand is None else F.relu6(self.expand(x))
        found: Tensor = self.project(F.relu6(self.depthwise(inner)))
        return found + x if self.residual else found


class EfficientNetLite0(nn.Module):
    """The encoder: 3 413 073 numbers, statistics among them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Same(3, 32, 3, 2)
        blocks, into = [], 32
        for group in _GROUPS:
            for number in range(group.repeats):
                stride = group.stride if number == 0 else 1
                blocks.append(Block(into, group.channels, group.kernel, stride, group.expansion))
                into = group.channels
        self.blocks = nn.ModuleList(blocks)
        self.head = Same(into, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Embed pictures.

        Args:
            x: float tensor (N, 3, H, W), see `MEAN` and `DEVIATION`.

        Returns:
            float tensor (N, 1280).
        """
        x = F.relu6(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return torch.mean(F.relu6(self.head(x)), dim=(2, 3))


_PUBLISHED = {
    "stem": ("_conv_stem", "_bn0"),
    "head": ("_conv_head", "_bn1"),
    "expand": ("_expand_conv", "_bn0"),
    "depthwise": ("_depthwise_conv", "_bn1"),
    "project": ("_project_conv", "_bn2"),
}


def published_name(name: str) -> str:
    """Return the name in the published file of a tensor of the encoder.

    >>> published_name("blocks.3.project.norm.weight"), published_name("stem.conv.weight")
    ('_blocks.3._bn2.weight', '_conv_stem.weight')
    """
    *block, part, kind, entry = name.split(".")
    conv, norm = _PUBLISHED[part]
    before = f"_blocks.{block[1]}." if block else ""
    return f"{before}{conv if kind == 'conv' else norm}.{entry}"
