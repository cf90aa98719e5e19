"""The depth uncertainty module as a method: one frame, a distribution of its depth, its mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Frames, Label, Sampling, Spread
from fasharness.data import Batch, Clip
from fasharness.method import At, Method, Stage
from fasharness_cdcn.augment import augment
from fasharness_cdcn.method import normalise
from fasharness_cdcn.network import MAP
from fasharness_cdcn.recompute import direct, recomputed
from fasharness_dum.losses import mixed_losses
from fasharness_dum.module import Depth
from fasharness_dum.networks import BUILD

GENERATED = "generated"
"""Name of the auxiliary set of generated presentations."""
SHARE = 0.25
"""Of generated presentations in a batch (published: 0.75 original ones)."""
_COUNTS = ("size", "frames", "score_frames", "epochs", "batch", "halve")


def _option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Options:
    """Options of DUM; the defaults are the published recipe without generated presentations."""

    network: str = _option("cdcn", "what the module is on: cdcn, depthnet, resnet18 or sgtd")
    generated: bool = _option(False, "a quarter of each batch is of --auxiliary generated=DIR")
    compat: bool = _option(False, "the published score, which needs a depth map of the test video")
    theta: float = _option(0.7, "share of the central difference in every convolution of cdcn")
    size: int = _option(256, "side of a face crop in pixels; for sgtd a multiple of 8")
    width: float = _option(1.0, "factor on all channels")
    recompute: bool = _option(False, "compute features twice in training: less memory, more time")
    frames: int = _option(64, "frames of a training video of which each epoch takes one")
    score_frames: int = _option(1000, "frames scored of a video, evenly spread; at most all")
    epochs: int = _option(1600, "epochs; each shows one frame of every video")
    batch: int = _option(64, "frames in a batch, generated ones among them")
    rate: float = _option(1e-4, "learning rate (Adam)")
    weight_decay: float = _option(5e-5, "L2 decay of all weights")
    schedule: str = _option("halving", "halving (every `halve` epochs) or cosine")
    halve: int = _option(500, "epochs after which the learning rate is halved")
    validations: int = _option(20, "dev scorings, of which the best chooses the weights")
    balance: bool = _option(False, "as many bona fide frames as attacks in an epoch")

    def __post_init__(self) -> None:
        self._one_of("network", tuple(BUILD))
        self._one_of("schedule", ("halving", "cosine"))
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.size < 8:
            raise ValueError(f"size must be at least 8, got {self.size}")
        if self.network == "sgtd" and (self.size % 8 or self.recompute):
            raise ValueError("network sgtd needs a size that is a multiple of 8, and no recompute")
        # Less leaves one channel, which is taken for the axis of the map.
        if not 1 / 32 <= self.width <= 4:
            raise ValueError(f"width must be in [0.03125, 4], got {self.width}")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must be in (0, 1], got {self.rate}")
        if not 0 <= self.theta <= 1:
            raise ValueError(f"theta must be in [0, 1], got {self.theta}")
        for name in ("weight_decay", "validations"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")

    def _one_of(self, name: str, known: tuple[str, ...]) -> None:
        if getattr(self, name) not in known:
            raise ValueError(f"{name} must be {' or '.join(known)}, got {getattr(self, name)!r}")

    @property
    def side(self) -> int:
        """Side of the depth map in pixels."""
        return self.size // 8 if self.network == "sgtd" else MAP


class DUM(Method):
    """Depth uncertainty module (Wu et al., 2021)."""

    name: ClassVar[str] = "dum"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "size": 96,
                    "width": 0.25,
                    "frames": 16,
                    "score_frames": 8,
                    "epochs": 120,
                    "batch": 16,
                    "rate": 3e-3,
                    "schedule": "cosine",
                    "validations": 4,
                    "balance": True,
                }
            ),
            "paper": MappingProxyType({}),
        }
    )

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build the module on the network that the options name."""
        del files
        o = self.options
        return BUILD[o.network](o.theta, o.width, recomputed if o.recompute else direct)

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage: one frame of each video in an epoch, with its depth."""
        o = self.options
        labels = (Label("depth", o.side),)
        # Published: randint(12, 15) / 10, one factor for both sides of the box.
        crop = Crop(o.size, "floor", scale=(1.2, 1.4), steps=2, draw="joint")
        clips = ClipSpec(Frames(pick=Spread(o.frames)), crop, labels=labels)
        stage = Stage(
            "depth",
            clips,
            clips,
            o.epochs,
            o.batch,
            validations=o.validations,
            sampling=Sampling(
                per_presentation=1,
                balance="class" if o.balance else "",
                mix={GENERATED: SHARE} if o.generated else {},
            ),
            # Generated pictures are faces already, and single ones.
            auxiliary=ClipSpec(
                Frames(pick=Spread(1)), Crop(o.size, "floor", faces="none"), labels=labels
            ),
        )
        return (stage,)

    def scoring_clips(self) -> ClipSpec:
        """Return frames over the whole video at a box scale of 1.3."""
        o = self.options
        return ClipSpec(
            Frames(pick=Spread(o.score_frames)),
            Crop(o.size, "floor"),
            # The published score divides by the depth that was estimated of the video, attack or
            # not.
            labels=(Label("raw-depth", o.side),) if o.compat else (),
        )

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Recolour, erase, mirror and cut out at random, as CDCN does."""
        del stage
        return augment(clip, rng)

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Adam over everything, with its L2 decay."""
        del stage
        o = self.options
        return [torch.optim.Adam(network.parameters(), lr=o.rate, weight_decay=o.weight_decay)]

    def rate(self, stage: Stage, at: At) -> float:
        """Return the halvings so far, or half a cosine down to zero (Loshchilov, Hutter, 2017)."""
        del stage
        if self.options.schedule == "cosine":
            return (1 + math.cos(math.pi * at.step / at.steps)) / 2
        return float(0.5 ** (at.epoch // self.options.halve))

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return the losses of maps drawn from the estimated distribution, and its divergence."""
        del stage, companions
        # In float32 under every precision: the divergence is a difference of near numbers.
        depth = Depth(*(each.float() for each in network(normalise(batch.rgb[:, 0]))))
        noise = torch.randn_like(depth.mu)
        return mixed_losses(depth, batch.labels["depth"][:, 0], noise, batch.own)._asdict()

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Return the mean depth, float32 (B, D, D)."""
        return _mean(network, batch).clamp(0, 1)

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by the mean of the mean depth, float32 (B,), or as published (`compat`)."""
        del stage
        mu = _mean(network, batch)
        if not self.options.compat:
            return mu.mean(dim=(1, 2))
        # As published: by the sum of the 0..255 map of the test frame, in spite of the comment that
        # calls it binary. A frame without depth gives infinity, which counts as a failure.
        return mu.sum(dim=(1, 2)) / (255 * batch.labels["raw-depth"][:, 0]).sum(dim=(1, 2))


def _mean(network: nn.Module, batch: Batch) -> torch.Tensor:
    """The mean of the distribution, float32 (B, D, D): nothing is drawn for a score."""
    depth: Depth = network(normalise(batch.rgb[:, 0]))
    return depth.mu
