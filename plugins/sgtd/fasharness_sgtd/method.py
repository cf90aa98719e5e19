"""SGTD as a method of the harness: options and presets, the two stages, scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Every, Frames, Label
from fasharness.common.options import (
    check_choice,
    check_counts,
    check_not_negative,
    check_positive,
    option,
)
from fasharness.data import Batch, Clip
from fasharness.method import At, Method, Stage
from fasharness_sgtd.augment import augment, compat_augment
from fasharness_sgtd.losses import decayed, multi_losses, single_losses
from fasharness_sgtd.network import FaceMapNet, SGTDNet
from fasharness_sgtd.quirks import CompatScorer, CompatSGTDNet, depth_scale
from fasharness_sgtd.scoring import Scorer

SINGLE, MULTI = "single", "multi"
_COUNTS = (
    "step",
    "bona_fide_clips",
    "bona_fide_stride",
    "attack_clips",
    "attack_stride",
    "score_clips",
    "single_epochs",
    "single_batch",
    "multi_epochs",
    "multi_batch",
)


@dataclass(frozen=True)
class Options:
    """Options of SGTD; the defaults are the published recipe."""

    frames: str = option(MULTI, "multi: both networks; single: the single-frame network alone")
    compat: bool = option(False, "follow the published code where it departs from the paper")
    size: int = option(256, "side of a face crop in pixels, a multiple of 8")
    width: float = option(1.0, "factor on all channels")
    momentum: float = option(1e-3, "share of a batch in the normalisations' running statistics")
    recalibrate: int = option(
        0, "training batches that estimate these statistics anew before they are used; 0: none"
    )
    weight_decay: float = option(5e-4, "L2 decay of convolution and linear weights")
    length: int = option(5, "frames in a clip of the multi-frame network")
    step: int = option(3, "frames from one frame of a clip to the next")
    bona_fide_stride: int = option(10, "frames between candidate clips of a bona fide video")
    attack_stride: int = option(80, "frames between candidate clips of an attack video")
    bona_fide_clips: int = option(16, "training clips kept of a bona fide video, at least")
    attack_clips: int = option(4, "training clips kept of an attack video, at least")
    score_clips: int = option(6, "clips scored of a video, at least")
    single_epochs: int = option(45, "epochs of the single-frame stage")
    single_batch: int = option(42, "frames in a batch of the single-frame stage")
    single_rate: float = option(1e-4, "learning rate of the single-frame stage (Adam)")
    single_validations: int = option(0, "dev scorings in the single-frame stage")
    multi_epochs: int = option(4, "epochs of the multi-frame stage")
    multi_batch: int = option(2, "clips in a batch of the multi-frame stage")
    multi_rate: float = option(0.01, "learning rate of the multi-frame stage")
    multi_optimizer: str = option("adadelta", "adadelta or adam, for the multi-frame stage")
    multi_validations: int = option(4, "dev scorings in the multi-frame stage")
    schedule: str = option("constant", "learning rates over a stage: constant or cosine")

    def __post_init__(self) -> None:
        check_choice(self, "frames", (SINGLE, MULTI))
        check_choice(self, "multi_optimizer", ("adadelta", "adam"))
        check_choice(self, "schedule", ("constant", "cosine"))
        if self.size < 8 or self.size % 8:
            raise ValueError(f"size must be a positive multiple of 8, got {self.size}")
        if self.length < 2:
            raise ValueError(f"length must be at least 2, got {self.length}")
        check_positive(self, ("width",), 4)
        check_counts(self, _COUNTS)
        check_not_negative(
            self, ("weight_decay", "recalibrate", "single_validations", "multi_validations")
        )
        check_positive(self, ("single_rate", "multi_rate", "momentum"), 1)


class SGTD(Method):
    """Spatial gradient and temporal depth learning (Wang et al., CVPR 2020)."""

    name: ClassVar[str] = "sgtd"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "size": 96,
                    "width": 0.25,
                    "momentum": 0.05,
                    "bona_fide_stride": 3,
                    "attack_stride": 6,
                    "attack_clips": 4,
                    "score_clips": 4,
                    "single_epochs": 5,
                    "single_batch": 8,
                    # The network ends in a ReLU: at 3e-3 Adam's first steps push it below zero,
                    # from where hardly any gradient returns.
                    "single_rate": 1.5e-3,
                    "multi_epochs": 2,
                    "multi_batch": 8,
                    "multi_rate": 2e-3,
                    "multi_optimizer": "adam",
                    "multi_validations": 1,
                    "schedule": "cosine",
                }
            ),
            "paper": MappingProxyType({}),
        }
    )

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build both networks, or the single-frame network alone."""
        del files
        o = self.options
        if o.frames == SINGLE:
            return FaceMapNet(o.width, o.momentum)
        return (CompatSGTDNet if o.compat else SGTDNet)(o.size, o.width, o.momentum)

    def stages(self) -> tuple[Stage, ...]:
        """Return the single-frame stage, then the multi-frame stage on the frozen first network."""
        o = self.options
        single = Stage(
            SINGLE,
            # More clips of bona fide videos, about 4 : 1 for each video, as attack videos are 4
            # times as many.
            bona_fide=self._training(1, 1, o.bona_fide_clips),
            attack=self._training(1, 1, o.attack_clips),
            epochs=o.single_epochs,
            batch_size=o.single_batch,
            validations=o.single_validations,
            recalibrate=o.recalibrate,
        )
        multi = Stage(
            MULTI,
            bona_fide=self._training(o.length, o.bona_fide_stride, o.bona_fide_clips),
            attack=self._training(o.length, o.attack_stride, o.attack_clips),
            epochs=o.multi_epochs,
            batch_size=o.multi_batch,
            # As published: the multi-frame code drops an incomplete batch, the single-frame code
            # keeps it.
            drop_last=True,
            validations=o.multi_validations,
            recalibrate=o.recalibrate,
        )
        return (single,) if o.frames == SINGLE else (single, multi)

    def scoring_clips(self) -> ClipSpec:
        """Return clips over the whole video, box scale 1.3 as published; a mask for `compat`."""
        o = self.options
        length = 1 if o.frames == SINGLE else o.length
        return ClipSpec(
            Frames(length, o.step, Every(keep=o.score_clips)),
            Crop(o.size),
            # Only the published score needs depth at test time, for its face mask.
            labels=(Label("mask", o.size // 8),) if o.compat else (),
        )

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Mirror, recolour and black out a square at random."""
        del stage
        return compat_augment(clip, rng) if self.options.compat else augment(clip, rng)

    def optimizers(self, stage: Stage, network: nn.Module) -> list[torch.optim.Optimizer]:
        """Unfreeze the stage's part of the network: Adam for single frames, Adadelta for clips."""
        o = self.options
        # Everything first: parameters freed by the stage before would otherwise go on training.
        network.requires_grad_(False)
        for part in _trained(stage, network):
            part.requires_grad_(True)
        groups = _groups(network, o.weight_decay)
        if stage.name == SINGLE:
            return [torch.optim.Adam(groups, lr=o.single_rate)]
        if o.multi_optimizer == "adam":
            return [torch.optim.Adam(groups, lr=o.multi_rate)]
        # TensorFlow's defaults (rho 0.95, eps 1e-8); torch's (0.9, 1e-6) take other steps.
        return [torch.optim.Adadelta(groups, lr=o.multi_rate, rho=0.95, eps=1e-8)]

    def rate(self, stage: Stage, at: At) -> float:
        """Return 1, or half a cosine down to zero (Loshchilov and Hutter, 2017)."""
        del stage
        return 1.0 if self.options.schedule == "constant" else at.cosine

    def train_mode(self, stage: Stage, network: nn.Module) -> None:
        """Train only the stage's part; the frozen part normalises by its running statistics."""
        # The frozen network must not update its statistics: the code runs it in inference mode.
        network.eval()
        for part in _trained(stage, network):
            part.train()

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return depth losses of single frames, or depth and class losses of clips."""
        del companions
        frames = normalise(batch.rgb)
        if stage.name == SINGLE:
            depth = _faces(network)(frames.flatten(0, 1)).depth
            return single_losses(depth, batch.labels["depth"].flatten(0, 1))._asdict()
        scale = depth_scale(frames.shape[1]) if self.options.compat else 1.0
        return multi_losses(
            network(frames), batch.labels["depth"], batch.bona_fide, scale
        )._asdict()

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips, float32 (B,); the single-frame network scores the first frame of each."""
        scorer = CompatScorer() if self.options.compat else Scorer()
        mask = batch.labels.get("mask")
        if self.options.frames == SINGLE or (stage is not None and stage.name == SINGLE):
            depth = _faces(network)(normalise(batch.rgb[:, 0])).depth
            return scorer.frames(depth, None if mask is None else mask[:, 0])
        maps = network(normalise(batch.rgb))
        return scorer.clips(maps.fused, maps.classes, mask)

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Return the depth, float32 (B, D, D): of the first frame, or the mean over a clip."""
        if self.options.frames == SINGLE:
            depth: torch.Tensor = _faces(network)(normalise(batch.rgb[:, 0])).depth
            return depth
        fused: torch.Tensor = network(normalise(batch.rgb)).fused
        return fused.mean(dim=1)

    def _training(self, length: int, stride: int, keep: int) -> ClipSpec:
        o = self.options
        # Each side of the box grows by its own factor of 1.1 to 1.4; the test uses 1.3.
        return ClipSpec(
            Frames(length, o.step, Every(stride, keep)),
            Crop(o.size, scale=(1.1, 1.4)),
            labels=(Label("depth", o.size // 8),),
        )


def normalise(frames: torch.Tensor) -> torch.Tensor:
    """Scale pixels to the networks' range.

    Args:
        frames: uint8 tensor.

    Returns:
        float32 tensor of the same shape in [-0.5, 0.5].
    """
    # Published: (x - 127.5) / 255, so [-0.5, 0.5]. CDCN divides by 128.
    return frames.float().sub_(127.5).div_(255)


def _faces(network: nn.Module) -> FaceMapNet:
    return network if isinstance(network, FaceMapNet) else _net(network).faces


def _net(network: nn.Module) -> SGTDNet:
    if not isinstance(network, SGTDNet):
        raise TypeError(f"network must be an SGTDNet, got {type(network).__name__}")
    return network


def _trained(stage: Stage, network: nn.Module) -> tuple[nn.Module, ...]:
    if stage.name == SINGLE:
        return (_faces(network),)
    net = _net(network)
    return net.motion, net.recurrence, net.classifier


def _groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    free = [p for p in network.parameters() if p.requires_grad]
    # By identity: comparing parameters would compare their values element by element.
    heavy = {id(p) for p in decayed(network)}
    return [
        {"params": [p for p in free if id(p) in heavy], "weight_decay": decay},
        {"params": [p for p in free if id(p) not in heavy], "weight_decay": 0.0},
    ]
