"""Stored clips of eight presentations and a tiny method that draws at random wherever it can."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Frames, Label
from fasharness.data import RGB, Batch, Clip, Presentation, rgb
from fasharness.engine.clips import ClipSource
from fasharness.method import At, Method, Stage, make
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.store import ClipArrays, ClipStore, stored_side

LABELS = (Label("depth", 4), Label("mask", 4))
DRAWN = ClipSpec(Frames(2), Crop(8, scale=(1.0, 1.5)), labels=LABELS)
FIXED = ClipSpec(Frames(1), Crop(8), labels=LABELS)


@dataclass(frozen=True)
class Options:
    epochs: int = 2
    validations: int = 0
    rate: float = 0.05


class Tiny(Method):
    """Batch norm, dropout, noise and Adam: whatever could differ after resuming does."""

    name = "tiny"
    version = "1"
    Options = Options
    presets: ClassVar = {"default": {}}

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.3), nn.Flatten(), nn.Linear(144, 1)
        )

    def stages(self) -> tuple[Stage, ...]:
        first = Stage("first", DRAWN, DRAWN, self.options.epochs, 4)
        return first, Stage(
            "second", FIXED, FIXED, self.options.epochs, 4, True, self.options.validations
        )

    def scoring_clips(self) -> ClipSpec:
        return FIXED

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        noise = rng.integers(0, 9, clip.rgb.shape, np.uint8)
        return dataclasses.replace(clip, images={RGB: clip.rgb // 2 + noise})

    def optimizers(self, stage: Stage, network: nn.Module) -> list[torch.optim.Optimizer]:
        return [torch.optim.Adam(network.parameters(), lr=self.options.rate)]

    def rate(self, stage: Stage, at: At) -> float:
        return 1 - at.step / at.steps

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        error = self.score(stage, network, batch) - batch.bona_fide.float() + torch.randn(()) / 9
        return {"total": error.square().mean(), "size": error.abs().mean()}

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        return network(batch.rgb[:, 0].float() / 255)[:, 0]


@pytest.fixture
def tiny() -> Callable[..., Method]:
    """Builds the method from options."""
    return lambda **options: make(Tiny, "", {k: str(v) for k, v in options.items()})


@pytest.fixture
def sources(tmp_path: Path) -> Callable[..., list[ClipSource]]:
    """Builds sources of (number of presentations) with two clips each, bona fide first and last."""

    def build(spec: ClipSpec, count: int = 6, clips: int = 2) -> list[ClipSource]:
        store = ClipStore(tmp_path / "store")
        found = []
        for number in range(count):
            rng = np.random.default_rng(number)
            length, side = spec.frames.length, stored_side(spec.crop.size, spec.crop)
            depth = stored_side(4, spec.crop)
            image = rng.integers(0, 256, (clips, length, side, side, 3), np.uint8)
            deep = rng.integers(0, 256, (clips, length, depth, depth), np.uint8)
            live = number % 5 == 0
            arrays = ClipArrays(
                {RGB: image},
                {"depth": deep * live, "mask": deep},
                np.tile(np.float32([200, 200, 200, 200]), (clips, 1)),
                np.tile(np.int32([150, 150, 450, 450]), (clips, 1)),
                np.int32([600, 600]),
                np.zeros((clips, length), np.int32),
            )
            name = f"p{number}"
            item = Presentation(
                name, rgb(Path(name)), subject=name, species=None if live else "print"
            )
            key = f"{number:02d}{length}{spec.crop.size}{count}{clips}"
            found.append(ClipSource(item, store.write(key, name, arrays, 0), spec, PILLOW))
        return found

    return build
