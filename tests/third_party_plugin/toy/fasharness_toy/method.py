"""Two convolutions that learn a depth map first and the class from it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fasharness.clips import ClipSpec, Crop, Every, Frames, Label
from fasharness.data import Batch, Clip
from fasharness.method import Method, Stage


@dataclass(frozen=True)
class Options:
    """Options of the toy method."""

    epochs: int = field(default=2, metadata={"help": "epochs of each stage"})
    rate: float = field(default=0.02, metadata={"help": "learning rate"})
    flip: bool = field(default=True, metadata={"help": "mirror half of the training clips"})

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {self.epochs}")


class Toy(Method):
    """Scores the mean of a depth map."""

    name = "toy"
    version = "1"
    Options = Options
    presets = {"default": {}, "short": {"epochs": 1}}  # noqa: RUF012

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Crops (N, 3, 16, 16) in [0, 1] to depth logits (N, 1, 8, 8)."""
        layers = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU()
        return nn.Sequential(*layers, nn.Conv2d(8, 1, 3, padding=1))

    def stages(self) -> tuple[Stage, ...]:
        """Depth with a drawn scale, then the class on the clips that are also scored."""
        frames, crop = Frames(2, 2, Every(stride=4, keep=2)), Crop(16, scale=(1.1, 1.5))
        drawn = ClipSpec(frames, crop, labels=(Label("depth", 8),))
        fixed = self.scoring_clips()
        return (
            Stage("depth", drawn, drawn, self.options.epochs, batch_size=8),
            Stage("class", fixed, fixed, self.options.epochs, batch_size=8, validations=2),
        )

    def scoring_clips(self) -> ClipSpec:
        """Three pairs of frames at most five, and no depth."""
        return ClipSpec(Frames(2, 2, Every(stride=4, keep=3)), Crop(16))

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Mirror the clip at random."""
        if not self.options.flip or rng.random() < 0.5:
            return clip
        return clip.mapped(lambda array: array[:, :, ::-1])

    def optimizers(self, stage: Stage, network: nn.Module) -> list[torch.optim.Optimizer]:
        """Adam over everything."""
        return [torch.optim.Adam(network.parameters(), lr=self.options.rate)]

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """The depth error, or the cross entropy of the mean depth."""
        maps = _maps(network, batch)
        if stage.name == "depth":
            return {"total": F.mse_loss(maps.sigmoid(), batch.labels["depth"])}
        truth = batch.bona_fide.float()
        return {"total": F.binary_cross_entropy_with_logits(maps.mean((1, 2, 3)), truth)}

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """The mean of the depth map, float32 (B,)."""
        return _maps(network, batch).sigmoid().mean((1, 2, 3))


def _maps(network: nn.Module, batch: Batch) -> torch.Tensor:
    """Depth logits (B, T, 8, 8)."""
    maps: torch.Tensor = network(batch.rgb.flatten(0, 1).float() / 255)
    return maps.reshape(*batch.rgb.shape[:2], 8, 8)
