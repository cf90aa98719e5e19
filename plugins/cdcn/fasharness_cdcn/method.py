"""CDCN and CDCN++ as a method: one frame, its depth map, and the mean of the map as the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fasharness.clips import ClipSpec, Crop, Every, Frames, Label, Sampling, Spread
from fasharness.common.options import (
    check_choice,
    check_counts,
    check_not_negative,
    check_positive,
    option,
)
from fasharness.data import Batch, Clip
from fasharness.method import At, Method, Stage
from fasharness.ops import contrast_depth_loss
from fasharness_cdcn.augment import augment
from fasharness_cdcn.network import CDCN, MAP, CDCNpp
from fasharness_cdcn.recompute import direct, recomputed


@dataclass(frozen=True)
class Options:
    """Options of CDCN; the defaults are the published recipe."""

    network: str = option("cdcn", "cdcn or cdcnpp (CDCN++)")
    theta: float = option(0.7, "share of the central difference in every convolution")
    compat: bool = option(False, "the published score, which needs a depth map of the test video")
    size: int = option(256, "side of a face crop in pixels")
    width: float = option(1.0, "factor on all channels")
    recompute: bool = option(False, "compute features twice in training: less memory, more time")
    frames: int = option(64, "frames of a training video of which each epoch takes one")
    score_frames: int = option(8, "frames scored of a video")
    epochs: int = option(1400, "epochs; each shows one frame of every video")
    batch: int = option(7, "frames in a batch")
    rate: float = option(1e-4, "learning rate (Adam)")
    weight_decay: float = option(5e-5, "L2 decay of all weights")
    schedule: str = option("halving", "halving (every `halve` epochs) or cosine")
    halve: int = option(500, "epochs after which the learning rate is halved")
    validations: int = option(20, "dev scorings, of which the best chooses the weights")
    balance: bool = option(False, "as many bona fide frames as attacks in an epoch")

    NETWORKS: ClassVar[tuple[str, ...]] = ("cdcn", "cdcnpp")
    SCHEDULES: ClassVar[tuple[str, ...]] = ("halving", "cosine")

    def __post_init__(self) -> None:
        check_choice(self, "network", self.NETWORKS)
        check_choice(self, "schedule", self.SCHEDULES)
        check_counts(self, ("size", "frames", "score_frames", "epochs", "batch", "halve"))
        if self.size < 8:
            raise ValueError(f"size must be at least 8, got {self.size}")
        check_positive(self, ("width",), 4)
        check_positive(self, ("rate",), 1)
        if not 0 <= self.theta <= 1:
            raise ValueError(f"theta must be in [0, 1], got {self.theta}")
        check_not_negative(self, ("weight_decay", "validations"))

    @property
    def side(self) -> int:
        """Side of the depth map in pixels."""
        return MAP


class CDCNMethod(Method):
    """Central difference convolutional networks (Yu et al., CVPR 2020)."""

    name: ClassVar[str] = "cdcn"
    version: ClassVar[str] = "1"
    # More frames of a crop no longer fit a processor's cache: 16 take a quarter longer each than 8.
    scoring_batch: ClassVar[int] = 8
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "size": 64,
                    "width": 0.25,
                    "frames": 8,
                    "score_frames": 4,
                    "epochs": 40,
                    "batch": 16,
                    "rate": 3e-3,
                    "schedule": "cosine",
                    "validations": 4,
                    "balance": True,
                }
            ),
            "paper": MappingProxyType({}),
            "paper-pp": MappingProxyType({"network": "cdcnpp"}),
        }
    )

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build CDCN or CDCN++."""
        del files
        o = self.options
        kind = CDCNpp if o.network == "cdcnpp" else CDCN
        return kind(o.theta, o.width, recomputed if o.recompute else direct)

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage: one frame of each video in an epoch, with its depth."""
        o = self.options
        clips = ClipSpec(
            Frames(pick=Spread(o.frames)),
            # Published: randint(12, 15) / 10, one factor for both sides of the box.
            Crop(o.size, "floor", scale=(1.2, 1.4), steps=2, draw="joint"),
            labels=(Label("depth", o.side),),
        )
        stage = Stage(
            "depth",
            clips,
            clips,
            o.epochs,
            o.batch,
            validations=o.validations,
            sampling=Sampling(per_presentation=1, balance="class" if o.balance else ""),
        )
        return (stage,)

    def scoring_clips(self) -> ClipSpec:
        """Return frames over the whole video, box scale 1.3 as published."""
        o = self.options
        return ClipSpec(
            # Published: every (n // 10)-th frame, the first eight of them.
            Frames(pick=Every(keep=o.score_frames * 10 // 8 or 1, most=o.score_frames)),
            Crop(o.size, "floor"),
            # The published score divides by the depth that was estimated of the video, attack or
            # not.
            labels=(Label("raw-depth", o.side),) if o.compat else (),
        )

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Recolour, erase, mirror and cut out at random."""
        del stage
        return augment(clip, rng)

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Adam over everything, with its L2 decay."""
        del stage
        o = self.options
        return [torch.optim.Adam(network.parameters(), lr=o.rate, weight_decay=o.weight_decay)]

    def rate(self, stage: Stage, at: At) -> float:
        """Return the halvings so far, or half a cosine down to zero."""
        del stage
        if self.options.schedule == "cosine":
            return at.cosine
        # The authors step their scheduler at the start of an epoch, which under today's PyTorch
        # comes one epoch early; the paper's rule is kept.
        return float(0.5 ** (at.epoch // self.options.halve))

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return the mean squared error of the map and its contrastive depth loss, equally."""
        del stage, companions
        depth = network(normalise(batch.rgb[:, 0]))
        target = batch.labels["depth"][:, 0]
        square, contrast = F.mse_loss(depth, target), contrast_depth_loss(depth, target)
        return {"total": square + contrast, "square": square, "contrast": contrast}

    def depth(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Return the depth that is shown and scored, float32 (B, D, D)."""
        found: torch.Tensor = network(normalise(batch.rgb[:, 0]))
        return found

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Return the depth, float32 (B, D, D)."""
        return self.depth(network, batch).clamp(0, 1)

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by the mean of the map, float32 (B,), or as published (`compat`)."""
        del stage
        depth = self.depth(network, batch)
        if not self.options.compat:
            return depth.mean(dim=(1, 2))
        # As published: by the sum of the 0..255 map of the test frame, in spite of the comment that
        # calls it binary. A frame without depth gives infinity, which counts as a failure.
        return depth.sum(dim=(1, 2)) / (255 * batch.labels["raw-depth"][:, 0]).sum(dim=(1, 2))


def normalise(frames: torch.Tensor) -> torch.Tensor:
    """Scale pixels to the network's range.

    Args:
        frames: uint8 tensor.

    Returns:
        float32 tensor of the same shape in [-1, 1).
    """
    # Published: (x - 127.5) / 128. SGTD divides by 255.
    return frames.float().sub_(127.5).div_(128)
