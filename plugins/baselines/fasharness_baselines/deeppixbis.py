"""DeepPixBiS as a method: a map of bona fide places, all of which have the label of the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness.clips import ClipSpec, Crop, Frames, Sampling, Spread
from fasharness.common.options import check_counts, check_not_negative, check_positive, option
from fasharness.data import RGB, Batch, Clip
from fasharness.method import Method, Stage
from fasharness_baselines import DENSENET161
from fasharness_baselines.densenet import DENSENET161 as LAYERS
from fasharness_baselines.densenet import GROWTH, DenseTrunk, load_trunk
from fasharness_baselines.pictures import changed, imagenet, jittered, mirrored

STRIDE = 16
"""Pixels of a frame for a place of the map."""
JITTER = 0.2
"""Largest change of brightness, contrast and saturation; the paper gives no number."""


@dataclass(frozen=True)
class Options:
    """Options of DeepPixBiS; the defaults are the published recipe."""

    pretrained: bool = option(True, "start from ImageNet (weights densenet161-imagenet)")
    size: int = option(224, "side of a face crop in pixels, a multiple of 16")
    growth: int = option(GROWTH, "channels that each layer adds")
    layers: tuple[int, ...] = option(LAYERS, "layers of both blocks")
    pixels: float = option(0.5, "weight of the loss of the map; the rest is the whole frame's")
    frames: int = option(20, "frames of a training video, spread over it")
    score_frames: int = option(20, "frames scored of a video, spread over it")
    epochs: int = option(50, "epochs; each shows every frame")
    batch: int = option(32, "frames in a batch")
    rate: float = option(1e-4, "learning rate (Adam)")
    weight_decay: float = option(1e-5, "L2 decay of all weights")
    validations: int = option(50, "dev scorings, of which the best chooses the weights")
    balance: bool = option(False, "as many bona fide frames as attacks in an epoch")

    def __post_init__(self) -> None:
        check_counts(self, ("size", "growth", "frames", "score_frames", "epochs", "batch"))
        if self.size % STRIDE:
            raise ValueError(f"size must be a multiple of {STRIDE}, got {self.size}")
        if len(self.layers) != len(LAYERS) or min(self.layers) < 1:
            raise ValueError(f"layers must be {len(LAYERS)} positive numbers, got {self.layers}")
        if self.pretrained and (self.growth, self.layers) != (GROWTH, LAYERS):
            raise ValueError(
                f"ImageNet's weights have growth {GROWTH} and layers {LAYERS}: pretrained=false"
            )
        if not 0 <= self.pixels <= 1:
            raise ValueError(f"pixels must be in [0, 1], got {self.pixels}")
        check_positive(self, ("rate",), 1)
        check_not_negative(self, ("weight_decay", "validations"))


class Found(NamedTuple):
    """What the network makes of frames, before the sigmoid.

    Attributes:
        places: float tensor (N, S / 16, S / 16).
        whole: float tensor (N,).
    """

    places: Tensor
    whole: Tensor


class DeepPixBiS(nn.Module):
    """A map of bona fide places from the first blocks of DenseNet, and a decision from the map.

    Args:
        size: side of the frames in pixels.
        growth: channels that each layer adds.
        layers: layers of both blocks.

    Source: George and Marcel, ICB 2019.
    """

    def __init__(
        self, size: int = 224, growth: int = GROWTH, layers: Sequence[int] = LAYERS
    ) -> None:
        super().__init__()
        self.trunk = DenseTrunk(growth, layers)
        self.places = nn.Conv2d(self.trunk.channels, 1, 1)
        self.whole = nn.Linear((size // STRIDE) ** 2, 1)

    def forward(self, frames: Tensor) -> Found:
        """Judge frames, float tensor (N, 3, S, S) of ImageNet's scale."""
        places = self.places(self.trunk(frames)).squeeze(1)
        # The decision sees the map after its sigmoid, as published.
        whole = self.whole(torch.sigmoid(places).flatten(1)).squeeze(1)
        return Found(places, whole)


class DeepPixBiSMethod(Method):
    """Deep pixel-wise binary supervision (George and Marcel, ICB 2019)."""

    name: ClassVar[str] = "deeppixbis"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "pretrained": False,
                    "size": 96,
                    "growth": 12,
                    "layers": (3, 6),
                    "frames": 8,
                    "score_frames": 4,
                    "epochs": 16,
                    "batch": 32,
                    "rate": 2e-3,
                    "validations": 4,
                    "balance": True,
                }
            ),
            "paper": MappingProxyType({}),
        }
    )

    def weights(self) -> tuple[str, ...]:
        """Return the name of ImageNet's weights, unless training starts from fresh ones."""
        return (DENSENET161.name,) if self.options.pretrained else ()

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build the network; its trunk starts from ImageNet where files are given."""
        o = self.options
        network = DeepPixBiS(o.size, o.growth, o.layers)
        if files:
            load_trunk(network.trunk, files[DENSENET161.name])
        return network

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage."""
        o = self.options
        cut = self._clips(o.frames)
        balance = Sampling(balance="class" if o.balance else "")
        stage = Stage(
            "map", cut, cut, o.epochs, o.batch, validations=o.validations, sampling=balance
        )
        return (stage,)

    def scoring_clips(self) -> ClipSpec:
        """Return frames over the whole video."""
        return self._clips(self.options.score_frames)

    def _clips(self, frames: int) -> ClipSpec:
        return ClipSpec(Frames(pick=Spread(frames)), Crop(self.options.size, "floor"))

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Recolour and mirror at random."""
        del stage
        return mirrored(changed(clip, {RGB: jittered(clip.rgb, JITTER, 0.0, rng)}), rng)

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Adam over everything, with its L2 decay."""
        del stage
        o = self.options
        return [torch.optim.Adam(network.parameters(), lr=o.rate, weight_decay=o.weight_decay)]

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return the cross entropy of all places and of the whole, weighted."""
        del stage, companions
        found: Found = network(imagenet(batch.rgb[:, 0]))
        truth = batch.bona_fide.to(found.whole.dtype)
        everywhere = truth.view(-1, 1, 1).expand_as(found.places)
        places = F.binary_cross_entropy_with_logits(found.places, everywhere)
        whole = F.binary_cross_entropy_with_logits(found.whole, truth)
        share = self.options.pixels
        return {"total": share * places + (1 - share) * whole, "places": places, "whole": whole}

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Return the probability of bona fide at each place, float32 (B, S / 16, S / 16)."""
        found: Found = network(imagenet(batch.rgb[:, 0]))
        return torch.sigmoid(found.places)

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by the mean of the map, float32 (B,)."""
        del stage
        found: Found = network(imagenet(batch.rgb[:, 0]))
        return torch.sigmoid(found.places).mean(dim=(1, 2))
