"""The depth branch of auxiliary supervision as a method, on CDCN's plain DepthNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fasharness.common.options import option
from fasharness.data import Batch, Clip
from fasharness.method import At, Stage
from fasharness_baselines.pictures import mirrored
from fasharness_cdcn import method as cdcn
from fasharness_cdcn.method import normalise


@dataclass(frozen=True)
class Options(cdcn.Options):
    """Options of the depth branch; the defaults are the published recipe."""

    theta: float = option(0.0, "0: the convolutions are plain; others are CDCN's")
    schedule: str = option("constant", "of the learning rate: constant or cosine")
    frames: int = option(64, "frames of a training video, all shown in each epoch")
    epochs: int = option(10, "epochs; each shows all frames")
    batch: int = option(10, "frames in a batch")
    rate: float = option(3e-3, "learning rate (Adam)")
    weight_decay: float = option(0.0, "L2 decay of all weights")
    validations: int = option(10, "dev scorings, of which the best chooses the weights")

    NETWORKS: ClassVar[tuple[str, ...]] = ("cdcn",)
    SCHEDULES: ClassVar[tuple[str, ...]] = ("constant", "cosine")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.theta or self.compat:
            raise ValueError("theta and compat belong to CDCN: fasharness run --plugin cdcn")


class AuxiliaryDepth(cdcn.CDCNMethod):
    """Depth regression of Liu, Jourabloo and Liu (CVPR 2018), without the pulse branch."""

    name: ClassVar[str] = "auxiliary-depth"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "size": 64,
                    "width": 0.25,
                    "frames": 8,
                    "score_frames": 4,
                    "epochs": 6,
                    "batch": 16,
                    "schedule": "cosine",
                    "validations": 3,
                    "balance": True,
                }
            ),
            "paper": MappingProxyType({}),
        }
    )

    def stages(self) -> tuple[Stage, ...]:
        """Return CDCN's stage with every frame in each epoch."""
        (stage,) = super().stages()
        return (replace(stage, sampling=replace(stage.sampling, per_presentation=0)),)

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Mirror at random."""
        del stage
        return mirrored(clip, rng)

    def rate(self, stage: Stage, at: At) -> float:
        """Return 1, or half a cosine down to zero."""
        del stage
        return at.cosine if self.options.schedule == "cosine" else 1.0

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return the mean squared error of the map."""
        del stage, companions
        depth = network(normalise(batch.rgb[:, 0]))
        return {"total": F.mse_loss(depth, batch.labels["depth"][:, 0])}

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by the mean square of the map, float32 (B,): its squared norm, scaled."""
        del stage
        return self.depth(network, batch).square().mean(dim=(1, 2))
