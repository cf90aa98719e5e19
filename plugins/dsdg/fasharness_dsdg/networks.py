"""The generator's networks: two encoders, a decoder of pairs, and a head that tells spoof types."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BASE = 4
"""Side of the coarsest features in pixels."""
_STAGES = 5
"""Residual blocks of an encoder, each after a place where the picture may be halved."""


class Code(NamedTuple):
    """A normal distribution in the latent space.

    Attributes:
        mu: float tensor (N, H), the mean.
        logvar: float tensor (N, H), the logarithm of the variance.
    """

    mu: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Draw from it by reparameterisation.

        Args:
            noise: float tensor (N, H), standard normal.

        Returns:
            float tensor (N, H).
        """
        return noise * torch.exp(self.logvar / 2) + self.mu


def levels(size: int) -> int:
    """How often pictures of a size are halved after the first convolution, which halves them too.

    Args:
        size: side of a picture in pixels.

    Raises:
        ValueError: the size is no power of two from 16 to 256.
    """
    if size not in (16, 32, 64, 128, 256):
        raise ValueError(f"size must be 16, 32, 64, 128 or 256, got {size}")
    # Instance normalisation needs more than one place, so small pictures are halved less often.
    return (size // (2 * BASE)).bit_length() - 1


class ResidualBlock(nn.Module):
    """Two convolutions beside an identity, or beside a 1x1 convolution where channels change."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.expand = (
            nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()
        )
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x: float tensor (N, inputs, H, W).

        Returns:
            float tensor (N, outputs, H, W).
        """
        # As published: the second normalisation and activation come after the addition.
        return _normalised(self.expand(x) + self.conv2(_normalised(self.conv1(x))))


def _normalised(x: Tensor) -> Tensor:
    return F.leaky_relu(F.instance_norm(x, eps=1e-3), 0.2)


class Encoder(nn.Module):
    """Turns pictures of one class into distributions.

    Args:
        codes: distributions of each picture: 1 for bona fide pictures, 2 (identity, spoof type)
            for attacks.
        latent: dimensions of a distribution.
        size: side of a picture in pixels.
        width: factor on all channels.
    """

    def __init__(self, codes: int, latent: int, size: int = 256, width: float = 1.0) -> None:
        super().__init__()
        self.latent, self.halvings = latent, levels(size)
        first, *channels = (wide(c, width) for c in (32, 64, 128, 256, 512, 512))
        self.stem = nn.Conv2d(3, first, 5, 2, 2, bias=False)
        self.blocks = nn.ModuleList(
            ResidualBlock(i, o) for i, o in zip([first, *channels], channels, strict=False)
        )
        self.fc = nn.Linear(channels[-1] * BASE * BASE, 2 * codes * latent)

    def forward(self, pictures: Tensor) -> tuple[Code, ...]:
        """Encode pictures.

        Args:
            pictures: float tensor (N, 3, size, size) in [0, 1].

        Returns:
            The distributions of N pictures, as many as `codes`.
        """
        x = _normalised(self.stem(pictures))
        for number, block in enumerate(self.blocks):
            x = block(F.avg_pool2d(x, 2) if number < self.halvings else x)
        # In the pictures' precision under every other one: losses take differences of near numbers.
        mu_logvars = self.fc(x.flatten(1)).to(pictures.dtype).split(self.latent, dim=1)
        return tuple(map(Code, mu_logvars[::2], mu_logvars[1::2]))


class Decoder(nn.Module):
    """Turns codes into pairs of an attack and a bona fide picture.

    Args:
        latent: dimensions of each of the three codes.
        size: side of a picture in pixels.
        width: factor on all channels.
    """

    def __init__(self, latent: int, size: int = 256, width: float = 1.0) -> None:
        super().__init__()
        doublings = levels(size) + 1
        top, *channels = (wide(c, width) for c in (512, 512, 512, 512, 256, 128, 64))
        self.top = top
        self.fc = nn.Linear(3 * latent, top * BASE * BASE)
        pairs = zip([top, *channels], channels, strict=False)
        self.blocks = nn.ModuleList(ResidualBlock(i, o) for i, o in pairs)
        self.blocks[-1] = nn.Sequential(self.blocks[-1], ResidualBlock(channels[-1], channels[-1]))
        self.doubled_from = len(self.blocks) - doublings
        self.out = nn.Conv2d(channels[-1], 6, 5, padding=2)

    def forward(self, codes: Tensor) -> Tensor:
        """Decode pairs.

        Args:
            codes: float tensor (N, 3 * latent): spoof type, identity of the attack, identity of
                the bona fide picture.

        Returns:
            float tensor (N, 6, size, size) in (0, 1): the attack (RGB), then the bona fide
            picture (RGB).
        """
        x = F.relu(self.fc(codes)).view(-1, self.top, BASE, BASE)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number >= self.doubled_from:
                x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        return torch.sigmoid(self.out(x).to(codes.dtype))


class PairGenerator(nn.Module):
    """All networks that are trained.

    Args:
        types: spoof types, at least 1.
        latent: dimensions of each code.
        size: side of a picture in pixels.
        width: factor on all channels.

    Attributes:
        share: of all losses but the reconstruction, float32 scalar; it is part of the training
            state, so that a resumed training goes on with it.
    """

    share: Tensor

    def __init__(self, types: int, latent: int, size: int = 256, width: float = 1.0) -> None:
        super().__init__()
        self.attack = Encoder(2, latent, size, width)
        self.bona_fide = Encoder(1, latent, size, width)
        self.decoder = Decoder(latent, size, width)
        self.types = nn.Linear(latent, types)
        self.register_buffer("share", torch.tensor(1.0))

    def forward(self, codes: Tensor) -> Tensor:
        """Decode pairs, see `Decoder`."""
        pairs: Tensor = self.decoder(codes)
        return pairs


def wide(channels: int, width: float) -> int:
    """Scale a number of channels, to at least 2."""
    return max(2, round(channels * width))
