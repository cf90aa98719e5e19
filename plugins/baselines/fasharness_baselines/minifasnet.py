"""MiniFASNet of Silent-Face as a method: two networks at two crops, their mean as the score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fasharness.clips import ClipSpec, Crop, Frames, Sampling, Spread, View
from fasharness.common.options import check_counts, check_not_negative, check_positive, option
from fasharness.data import RGB, Batch, Clip, Presentation
from fasharness.engine.published import load_published
from fasharness.method import At, Method, Stage
from fasharness_baselines import MINIFASNET_FAR, MINIFASNET_NEAR
from fasharness_baselines.minifasnet_network import (
    BONA_FIDE,
    SIDE,
    Fusion,
    MiniFASNet,
    TrainedFusion,
    spectrum,
)
from fasharness_baselines.pictures import changed, jittered, mirrored, resized_crop, turned

NEAR, FAR = 2.7, 4.0
"""Published factors of the face box."""
WIDE = View("wide", SIDE, FAR)
PAPER, OTHER = 0, 2
"""Classes of attacks; the authors do not say which kinds their two are."""


@dataclass(frozen=True)
class Options:
    """Options of MiniFASNet; the defaults are the recipe of the authors' code."""

    published: bool = option(False, "the authors' weights (fasharness weights add); none trained")
    frames: int = option(64, "frames of a training video, spread over it")
    score_frames: int = option(8, "frames scored of a video, spread over it")
    epochs: int = option(25, "epochs; each shows every frame")
    batch: int = option(1024, "frames in a batch")
    rate: float = option(0.1, "learning rate (SGD)")
    momentum: float = option(0.9, "momentum")
    weight_decay: float = option(5e-4, "L2 decay of all weights")
    drops: tuple[int, ...] = option((10, 15, 22), "epochs after which the rate drops to a tenth")
    validations: int = option(0, "dev scorings, of which the best chooses the weights")
    balance: bool = option(False, "as many bona fide frames as attacks in an epoch")

    def __post_init__(self) -> None:
        check_counts(self, ("frames", "score_frames", "epochs", "batch"))
        check_positive(self, ("rate",), 1)
        check_not_negative(self, ("momentum", "weight_decay", "validations"))
        if any(epoch < 1 for epoch in self.drops):
            raise ValueError(f"drops must be epochs from 1 on, got {self.drops}")


class MiniFASNetMethod(Method):
    """MiniFASNetV2 at scale 2.7 and MiniFASNetV1SE at scale 4 (Silent-Face, 2020)."""

    name: ClassVar[str] = "minifasnet"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "frames": 8,
                    "score_frames": 4,
                    "epochs": 12,
                    "batch": 32,
                    "rate": 0.03,
                    "drops": (12,),
                    "validations": 2,
                    "balance": True,
                }
            ),
            "paper": MappingProxyType({}),
            "published": MappingProxyType({"published": True}),
        }
    )

    def weights(self) -> tuple[str, ...]:
        """Return the names of the authors' files, if they are asked for."""
        return (MINIFASNET_NEAR.name, MINIFASNET_FAR.name) if self.options.published else ()

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build both networks; with the authors' weights where files are given."""
        if not self.options.published:
            return TrainedFusion()
        network = Fusion()
        if files:
            load_published(network.near, files[MINIFASNET_NEAR.name], "MiniFASNetV2")
            load_published(network.far, files[MINIFASNET_FAR.name], "MiniFASNetV1SE")
        return network

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage, or none for the authors' weights."""
        o = self.options
        if o.published:
            return ()
        cut = self._clips(o.frames)
        balance = Sampling(balance="class" if o.balance else "")
        stage = Stage(
            "both", cut, cut, o.epochs, o.batch, validations=o.validations, sampling=balance
        )
        return (stage,)

    def scoring_clips(self) -> ClipSpec:
        """Return frames over the whole video, each at both scales."""
        return self._clips(self.options.score_frames)

    def _clips(self, frames: int) -> ClipSpec:
        crop = Crop(SIDE, "silent-face", scale=(NEAR, NEAR))
        return ClipSpec(Frames(pick=Spread(frames)), crop, views=(WIDE,))

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Crop, recolour, turn and mirror at random, each picture by itself as published."""
        del stage
        pixels = {
            name: turned(jittered(resized_crop(image, rng), 0.4, 0.1, rng), 10, rng)
            for name, image in clip.images.items()
        }
        return mirrored(changed(clip, pixels), rng)

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Stochastic gradient descent over everything."""
        del stage
        o = self.options
        return [
            torch.optim.SGD(
                network.parameters(), lr=o.rate, momentum=o.momentum, weight_decay=o.weight_decay
            )
        ]

    def rate(self, stage: Stage, at: At) -> float:
        """Return a tenth for each of the drops so far."""
        del stage
        return float(0.1 ** sum(at.epoch >= epoch for epoch in self.options.drops))

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return half the cross entropy and half the spectrum's error, summed over the networks."""
        del stage, companions
        assert isinstance(network, TrainedFusion)
        shown = map(class_of, batch.presentations)
        classes = torch.tensor(list(shown), device=batch.bona_fide.device)
        entropy = spectra = torch.zeros((), device=batch.bona_fide.device)
        for pictures, part, branch in _parts(network, batch):
            features = part.features(pictures)
            entropy = entropy + F.cross_entropy(part.classify(features), classes)
            spectra = spectra + F.mse_loss(branch(features), spectrum(pictures))
        total = 0.5 * entropy + 0.5 * spectra
        return {"total": total, "classification": entropy, "spectrum": spectra}

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by the mean probability of bona fide of both networks, float32 (B,)."""
        del stage
        found: torch.Tensor = network(*_pictures(batch))
        return found[:, BONA_FIDE]


def class_of(shown: Presentation) -> int:
    """Return the class that a presentation is to have: 1 bona fide, 0 on paper, 2 otherwise."""
    if shown.bona_fide:
        return BONA_FIDE
    return PAPER if "print" in (shown.species or "") else OTHER


def _pictures(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """The pictures as the networks take them: BGR, 0 to 255, not divided (published)."""
    near, far = (batch.images[name][:, 0].flip(1).float() for name in (RGB, WIDE.name))
    return near, far


def _parts(
    network: TrainedFusion, batch: Batch
) -> Iterator[tuple[torch.Tensor, MiniFASNet, nn.Module]]:
    near, far = _pictures(batch)
    yield near, network.near, network.near_spectrum
    yield far, network.far, network.far_spectrum
