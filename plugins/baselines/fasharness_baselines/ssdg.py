"""SSDG-R as a method: bona fide features alike over all domains, attacks apart by domain."""

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

from fasharness import clips
from fasharness.clips import ClipSpec, Crop, Frames, Sampling, Spread
from fasharness.common.options import (
    check_choice,
    check_counts,
    check_not_negative,
    check_positive,
    option,
)
from fasharness.data import Batch, Clip, Presentation
from fasharness.method import At, Method, Stage
from fasharness_baselines.pictures import imagenet, mirrored
from fasharness_baselines.ssdg_network import SSDG, strength_at, triplets
from fasharness_lgsc import RESNET18
from fasharness_lgsc.imagenet import load_encoder

MARGIN = 0.1
BONA_FIDE = 1
DOMAINS = ("domain", "device", "session")
"""What a domain may be: the data set (published), the capturing device or the session."""


@dataclass(frozen=True)
class Options:
    """Options of SSDG-R; the defaults are the published recipe."""

    compat: bool = option(False, "the authors' normalisations and start, see the README")
    pretrained: bool = option(True, "start from ImageNet (weights resnet18-imagenet)")
    domain: str = option("domain", "what a domain is: domain (the data set), device or session")
    domains: int = option(3, "domains in training, at most")
    size: int = option(256, "side of a face crop in pixels, at least 32")
    width: float = option(1.0, "factor on all channels")
    triplet: float = option(1.0, "weight of the asymmetric triplet loss (2 on I, C, M to O)")
    adversarial: float = option(0.5, "weight of the domain loss (0.1 on I, C, M to O)")
    frames: int = option(0, "frames of a video, of which an epoch takes one; 0: the seventh")
    score_frames: int = option(2, "frames scored of a video, spread over it")
    epochs: int = option(14, "epochs; each repeats smaller groups up to the largest")
    batch: int = option(60, "frames in a batch: as many of each domain and class")
    rate: float = option(0.01, "learning rate (SGD)")
    momentum: float = option(0.9, "momentum")
    weight_decay: float = option(5e-4, "L2 decay of all weights")
    drops: tuple[int, ...] = option((0, 1500), "steps after which the rate drops to a tenth")
    validations: int = option(14, "dev scorings, of which the best chooses the weights")

    def __post_init__(self) -> None:
        check_choice(self, "domain", DOMAINS)
        check_counts(self, ("domains", "score_frames", "epochs", "batch"))
        check_positive(self, ("width",), 4)
        check_positive(self, ("rate",), 1)
        check_not_negative(
            self,
            ("frames", "triplet", "adversarial", "momentum", "weight_decay", "validations"),
        )
        if self.size < 32:
            raise ValueError(f"size must be at least 32, got {self.size}")
        if self.pretrained and self.width != 1:
            raise ValueError(f"ImageNet's weights have width 1, got {self.width}: pretrained=false")
        if any(step < 0 for step in self.drops):
            raise ValueError(f"drops must be steps from 0 on, got {self.drops}")

    def domain_of(self, shown: Presentation) -> str:
        """Return the domain of a presentation."""
        names = {"domain": shown.dataset, "device": shown.device, "session": shown.session}
        return names[self.domain]


class SSDGMethod(Method):
    """Single-side domain generalisation on ResNet-18 (Jia et al., CVPR 2020)."""

    name: ClassVar[str] = "ssdg"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "pretrained": False,
                    "domain": "device",
                    "domains": 6,
                    "size": 96,
                    "width": 0.25,
                    "frames": 8,
                    "score_frames": 4,
                    "epochs": 40,
                    "batch": 48,
                    "rate": 0.02,
                    "drops": (200,),
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
        o = self.options
        network = SSDG(o.domains, o.width, o.compat)
        if files:
            fresh = {k: v.clone() for k, v in network.encoder.layer4.state_dict().items()}
            load_encoder(network.encoder, files[RESNET18.name])
            if o.compat:
                # The authors' last layer is part of a second ResNet, which starts fresh.
                network.encoder.layer4.load_state_dict(fresh)
        return network

    def check_training(self, presentations: Sequence[Presentation]) -> None:
        """Refuse fewer than two domains, more than the network has, and domains of one class."""
        o: Options = self.options
        classes: dict[str, set[bool]] = {}
        for shown in presentations:
            classes.setdefault(o.domain_of(shown), set()).add(shown.bona_fide)
        names = ", ".join(sorted(classes))
        kind = "data set" if o.domain == "domain" else o.domain
        if len(classes) < 2:
            others = " or ".join(f"--option domain={name}" for name in DOMAINS if name != o.domain)
            raise ValueError(
                f"ssdg learns what {kind}s have in common, and training has one ({names}); "
                f"take a protocol over several, or {others}"
            )
        if len(classes) > o.domains or o.batch < 2 * len(classes):
            raise ValueError(
                f"training has {len(classes)} {kind}s ({names}): ssdg needs --option "
                f"domains={len(classes)} and a batch of at least {2 * len(classes)}"
            )
        for name, found in sorted(classes.items()):
            if len(found) < 2:
                lacks = "attack" if True in found else "bona fide"
                raise ValueError(f"{kind} {name} has no {lacks} presentation in training")

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage: in each batch as many frames of each domain and class."""
        o = self.options
        pick = Spread(o.frames) if o.frames else clips.At((6,))
        cut = ClipSpec(Frames(pick=pick), Crop(o.size, "floor"))
        sampling = Sampling(1, balance=f"{o.domain}+class", length="largest", batches="even")
        stage = Stage(
            "domains",
            cut,
            cut,
            o.epochs,
            o.batch,
            drop_last=True,
            validations=o.validations,
            sampling=sampling,
        )
        return (stage,)

    def scoring_clips(self) -> ClipSpec:
        """Return frames over the whole video."""
        o = self.options
        return ClipSpec(Frames(pick=Spread(o.score_frames)), Crop(o.size, "floor"))

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Mirror at random."""
        del stage
        return mirrored(clip, rng)

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Stochastic gradient descent over everything, the discriminator too."""
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
        return float(0.1 ** sum(at.step >= step for step in self.options.drops))

    def after_step(self, stage: Stage, network: nn.Module, at: At) -> None:
        """Raise the weight of the reversed gradient."""
        del stage
        assert isinstance(network, SSDG)
        network.strength.fill_(strength_at(at.step / at.steps))

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return classification, asymmetric triplet and single-side domain loss."""
        del stage, companions
        assert isinstance(network, SSDG)
        o: Options = self.options
        live, domains = batch.bona_fide, self.domains(batch)
        features = network.embed(imagenet(batch.rgb[:, 0]))
        classification = F.cross_entropy(network.classify(features), live.long())
        # Bona fide frames are one group, attacks one for each domain.
        triplet = triplets(features, torch.where(live, 0, 1 + domains), MARGIN)
        # Of bona fide frames alone; the mean of none would be NaN.
        told = F.cross_entropy(network.discriminate(features[live]), domains[live], reduction="sum")
        domain = told / live.sum().clamp(min=1)
        return {
            "total": classification + o.triplet * triplet + o.adversarial * domain,
            "classification": classification,
            "triplet": triplet,
            "domain": domain,
        }

    def domains(self, batch: Batch) -> torch.Tensor:
        """Return the number of each clip's domain, int64 (B,).

        A batch of the stage holds every domain, so the order of the names in it numbers them.
        """
        names = [self.options.domain_of(shown) for shown in batch.presentations]
        known = sorted(set(names))
        return torch.tensor([known.index(name) for name in names], device=batch.bona_fide.device)

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by the probability of bona fide, float32 (B,)."""
        del stage
        return F.softmax(network(imagenet(batch.rgb[:, 0])), dim=1)[:, BONA_FIDE]
