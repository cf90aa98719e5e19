"""LGSC as a method: the cue that gives an attack away is generated; its absence is the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import nn

from fasharness import clips
from fasharness.clips import ClipSpec, Crop, Every, Frames, Sampling, Spread
from fasharness.common.options import check_counts, check_not_negative, check_positive, option
from fasharness.data import Batch, Clip
from fasharness.method import At, Method, Stage
from fasharness_lgsc import RESNET18, losses
from fasharness_lgsc.augment import augment
from fasharness_lgsc.imagenet import load_encoder
from fasharness_lgsc.network import SpoofCueNet

_ALL = 1_000_000
"""More frames than any video has."""
_DROP = 0.3
"""Published factor on the learning rate at each of `drops`."""


@dataclass(frozen=True)
class Options:
    """Options of LGSC; the defaults are the published recipe."""

    compat: bool = option(False, "Paddle's rules of dropout and of the running variance")
    pretrained: bool = option(True, "start the encoder from ImageNet (weights resnet18-imagenet)")
    size: int = option(224, "side of a face crop in pixels, a multiple of 32")
    whole: bool = option(False, "whole frames instead of faces, as the authors on OULU-NPU")
    width: float = option(1.0, "factor on all channels")
    frames: int = option(0, "frames of a training video, spread over it; 0 takes all")
    score_frames: int = option(0, "frames scored of a video; 0 takes the sixth, as published")
    epochs: int = option(15, "epochs; each shows every frame and repeats the smaller class")
    batch: int = option(96, "frames in a batch")
    rate: float = option(5e-4, "learning rate (Adam)")
    weight_decay: float = option(5e-4, "L2 decay of all weights")
    warmup: int = option(1000, "steps in which the learning rate grows from zero")
    drops: tuple[int, ...] = option((5, 8, 12), "epochs after which the rate drops to 0.3 of it")
    validations: int = option(15, "dev scorings, of which the best chooses the weights")

    def __post_init__(self) -> None:
        check_counts(self, ("size", "epochs", "batch"))
        if self.size % 32:
            raise ValueError(f"size must be a multiple of 32, got {self.size}")
        check_positive(self, ("width",), 4)
        if self.pretrained and self.width != 1:
            raise ValueError(f"ImageNet's weights have width 1, got {self.width}: pretrained=false")
        check_positive(self, ("rate",), 1)
        check_not_negative(
            self, ("frames", "score_frames", "weight_decay", "warmup", "validations")
        )
        if any(epoch < 1 for epoch in self.drops):
            raise ValueError(f"drops must be epochs from 1 on, got {self.drops}")


class LGSCMethod(Method):
    """Learning generalized spoof cues (Feng et al., 2020)."""

    name: ClassVar[str] = "lgsc"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "pretrained": False,
                    "size": 64,
                    "width": 0.25,
                    "frames": 6,
                    "score_frames": 4,
                    "epochs": 20,
                    "batch": 32,
                    "rate": 2e-3,
                    "warmup": 50,
                    "drops": (10, 15, 18),
                    "validations": 4,
                }
            ),
            "paper": MappingProxyType({}),
        }
    )

    def weights(self) -> tuple[str, ...]:
        """Return the name of ImageNet's weights, unless the encoder starts from fresh ones."""
        return (RESNET18.name,) if self.options.pretrained else ()

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build the network; its encoder starts from ImageNet where files are given."""
        network = SpoofCueNet(self.options.width, self.options.compat)
        if files:
            load_encoder(network.encoder, files[RESNET18.name])
        return network

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage: frames of both classes in equal shares."""
        o = self.options
        frames = Frames(pick=Spread(o.frames) if o.frames else Every(keep=_ALL))
        cut = ClipSpec(frames, self._crop())
        stage = Stage(
            "cue",
            cut,
            cut,
            o.epochs,
            o.batch,
            drop_last=True,
            validations=o.validations,
            sampling=Sampling(balance="class", length="largest"),
        )
        return (stage,)

    def scoring_clips(self) -> ClipSpec:
        """Return the sixth frame, as published, or frames over the whole video."""
        count = self.options.score_frames
        return ClipSpec(Frames(pick=Spread(count) if count else clips.At((5,))), self._crop())

    def _crop(self) -> Crop:
        faces: Literal["found", "none"] = "none" if self.options.whole else "found"
        return Crop(self.options.size, "floor", faces=faces)

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Recolour, erase, cut out, rotate, crop and mirror at random."""
        del stage
        return augment(clip, rng)

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Adam over everything, with its L2 decay."""
        del stage
        o = self.options
        return [torch.optim.Adam(network.parameters(), lr=o.rate, weight_decay=o.weight_decay)]

    def rate(self, stage: Stage, at: At) -> float:
        """Return the share of the warm-up, afterwards the drops so far."""
        del stage
        o: Options = self.options
        if at.step < o.warmup:
            return (at.step + 1) / o.warmup
        drops = sum(at.epoch >= epoch for epoch in o.drops)
        return float(_DROP**drops)

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return triplet, regression and classification loss, weighted as published."""
        del stage, companions
        assert isinstance(network, SpoofCueNet)
        frames = normalise(batch.rgb[:, 0])
        found = network(frames)
        triplet = losses.triplets(found.features, batch.bona_fide)
        regression = losses.REGRESSION * losses.regression(found.cue, batch.bona_fide)
        logits = network.classify(frames, found.cue)
        classification = losses.CLASSIFICATION * losses.classification(logits, batch.bona_fide)
        return {
            "total": classification + regression + triplet,
            "classification": classification,
            "regression": regression,
            "triplet": triplet,
        }

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Return where the cue is absent, float32 (B, S, S)."""
        cue: torch.Tensor = network(normalise(batch.rgb[:, 0])).cue
        return 1 - cue.abs().mean(dim=1)

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by one minus the mean absolute cue, float32 (B,); no classifier is run."""
        del stage
        return 1 - losses.strength(network(normalise(batch.rgb[:, 0])).cue)


def normalise(frames: torch.Tensor) -> torch.Tensor:
    """Scale pixels to the network's range.

    Args:
        frames: uint8 tensor.

    Returns:
        float32 tensor of the same shape in [-1.25, 1.9375].
    """
    # Published, also before weights of ImageNet, which were trained on another range.
    return frames.float().sub_(100).div_(80)
