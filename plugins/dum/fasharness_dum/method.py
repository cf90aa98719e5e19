"""The depth uncertainty module as a method: one frame, a distribution of its depth, its mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Frames, Spread
from fasharness.common.options import option
from fasharness.data import Batch
from fasharness.method import Method, Stage
from fasharness_cdcn import method as cdcn
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


@dataclass(frozen=True)
class Options(cdcn.Options):
    """Options of DUM; the defaults are the published recipe."""

    network: str = option("cdcn", "what the module is on: cdcn, depthnet, resnet18 or sgtd")
    theta: float = option(0.7, "share of the central difference in every convolution of cdcn")
    size: int = option(256, "side of a face crop in pixels; for sgtd a multiple of 8")
    score_frames: int = option(1000, "frames scored of a video, evenly spread; at most all")
    epochs: int = option(1600, "epochs; each shows one frame of every video")
    batch: int = option(64, "frames in a batch, generated ones among them")

    NETWORKS: ClassVar[tuple[str, ...]] = tuple(BUILD)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.network == "sgtd" and (self.size % 8 or self.recompute):
            raise ValueError("network sgtd needs a size that is a multiple of 8, and no recompute")
        # Less leaves one channel, which is taken for the axis of the map.
        if self.width < 1 / 32:
            raise ValueError(f"width must be in [0.03125, 4], got {self.width}")

    @property
    def side(self) -> int:
        """Side of the depth map in pixels."""
        return self.size // 8 if self.network == "sgtd" else MAP


class DUM(cdcn.CDCNMethod):
    """Depth uncertainty module (Wu et al., 2021), on CDCN's recipe."""

    name: ClassVar[str] = "dum"
    version: ClassVar[str] = "1"
    scoring_batch: ClassVar[int] = Method.scoring_batch
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
        """Return CDCN's stage, with generated pictures in its batches where a run has some."""
        (stage,) = super().stages()
        return (
            replace(
                stage,
                sampling=replace(stage.sampling, mix={GENERATED: SHARE}, optional=(GENERATED,)),
                # Generated pictures are faces already, and single ones.
                auxiliary=ClipSpec(
                    Frames(pick=Spread(1)),
                    Crop(self.options.size, "floor", faces="none"),
                    labels=stage.bona_fide.labels,
                ),
            ),
        )

    def scoring_clips(self) -> ClipSpec:
        """Return frames over the whole video at a box scale of 1.3."""
        frames = Frames(pick=Spread(self.options.score_frames))
        return replace(super().scoring_clips(), frames=frames)

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

    def depth(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Return the mean depth, float32 (B, D, D): nothing is drawn for a score."""
        depth: Depth = network(normalise(batch.rgb[:, 0]))
        return depth.mu
