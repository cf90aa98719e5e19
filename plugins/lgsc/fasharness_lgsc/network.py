"""The spoof-cue network: an encoder, a decoder that generates the cue, and a classifier."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fasharness_lgsc.layers import Lift, PaddleBatchNorm2d, PaddleDropout, ResNet18

CHANNELS = (64, 64, 128, 256, 512)
"""Channels of the encoder's maps, from the stem to the deepest (ResNet-18's)."""
_DROPPED = 0.5


class Generated(NamedTuple):
    """What the network makes of frames.

    Attributes:
        cue: float tensor (N, 3, S, S) in (-1, 1); zero where nothing gives an attack away.
        features: the maps that the triplet loss compares, from the deepest: float tensors
            (N, 512, S / 32, S / 32), (N, 256, S / 16, S / 16), (N, 128, S / 8, S / 8),
            (N, 64, S / 4, S / 4) and (N, 64, S / 2, S / 2).
    """

    cue: Tensor
    features: tuple[Tensor, ...]


class SpoofCueNet(nn.Module):
    """Generates the spoof cue of a frame, and classifies the frame with its cue added.

    Args:
        width: factor on all channels; 1 is published.
        compat: Paddle's rules of dropout and of the running variance.

    Source: Feng et al., Learning Generalized Spoof Cues for Face Anti-spoofing, 2020, figure 2.
    """

    def __init__(self, width: float = 1.0, compat: bool = False) -> None:
        super().__init__()
        norm = PaddleBatchNorm2d if compat else nn.BatchNorm2d
        dropout = PaddleDropout if compat else nn.Dropout
        channels = [max(1, round(each * width)) for each in CHANNELS]
        self.encoder = ResNet18(channels, norm)
        deep = channels[::-1]
        stages = [Lift(a, b, b, b) for a, b in pairwise(deep)]
        self.decoder = nn.ModuleList([*stages, Lift(deep[-1], deep[-1], 0, 3)])
        self.classifier = ResNet18(channels, norm)
        self.head = nn.Sequential(dropout(_DROPPED), nn.Linear(channels[-1], 2))
        self._start()

    def _start(self) -> None:
        """Draw weights as the authors' framework does where it is told nothing else."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, frames: Tensor) -> Generated:
        """Generate cues.

        Args:
            frames: float tensor (N, 3, S, S), RGB, S a multiple of 32.

        Raises:
            ValueError: the frames have another shape.
        """
        shape = tuple(frames.shape)
        if len(shape) != 4 or shape[1] != 3 or any(side % 32 or not side for side in shape[2:]):
            raise ValueError(f"frames must be (N, 3, S, S), S a multiple of 32, got {shape}")
        *shallow, deepest = self.encoder(frames)
        found = [deepest]
        for stage, beside in zip(self.decoder, [*shallow[::-1], None], strict=True):
            found.append(stage(found[-1], beside))
        return Generated(torch.tanh(found.pop()), tuple(found))

    def classify(self, frames: Tensor, cue: Tensor) -> Tensor:
        """Classify frames by what they are with their cue added; only training does.

        Args:
            frames: float tensor (N, 3, S, S), the frames of `forward`.
            cue: float tensor (N, 3, S, S), theirs.

        Returns:
            float tensor (N, 2), logits of attack and bona fide.
        """
        deepest = self.classifier(frames + cue)[-1]
        found: Tensor = self.head(deepest.mean(dim=(2, 3)))
        return found
