"""Two trivial scorers; a method must do better than they do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from fasharness.clips import ClipSpec, Crop, Every, Frames
from fasharness.data import Batch
from fasharness.method import Method, Stage

if TYPE_CHECKING:
    import torch
    from torch import nn

BASELINES: Mapping[str, str] = MappingProxyType(
    {
        "constant": "the same score for every presentation",
        "brightness": "mean brightness of the face crops",
    }
)
"""The methods that every result is compared with, and what they do."""


class Constant(Method):
    """Gives every presentation the same score: chance level."""

    name = "constant"
    version = "1"

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Nothing is learnt."""
        del files
        from torch import nn

        return nn.Identity()

    def scoring_clips(self) -> ClipSpec:
        """One small crop."""
        return ClipSpec(Frames(pick=Every(keep=1)), Crop(32))

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """One half for every clip, float32 (B,)."""
        import torch

        del stage, network
        return torch.full((len(batch.bona_fide),), 0.5)


class Brightness(Method):
    """Scores the mean brightness of the face crop: how far light alone separates the classes."""

    name = "brightness"
    version = "1"

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Nothing is learnt."""
        del files
        from torch import nn

        return nn.Identity()

    def scoring_clips(self) -> ClipSpec:
        """A few small crops."""
        return ClipSpec(Frames(pick=Every(keep=4)), Crop(32))

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Mean of all pixels and channels in [0, 1], float32 (B,)."""
        del stage, network
        return batch.rgb.float().mean(dim=(1, 2, 3, 4)) / 255
