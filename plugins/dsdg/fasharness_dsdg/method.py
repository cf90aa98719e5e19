"""DSDG as a method: learns pairs of attack and bona fide face, and makes new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fasharness.clips import ClipSpec, Crop, Frames, Sampling, Spread
from fasharness.common.options import (
    check_choice,
    check_counts,
    check_not_negative,
    check_positive,
    option,
)
from fasharness.data import Batch, Presentation
from fasharness.generator import Generator, Made
from fasharness.method import At, Stage
from fasharness_dsdg import FACERES, FACERES_GRAPH, LIGHTCNN, faceres, lightcnn, losses
from fasharness_dsdg.losses import Features, Losses
from fasharness_dsdg.networks import PairGenerator, levels

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "lightcnn": "LightCNN-29v2 with its published weights",
        "faceres": "HSE-FaceRes, a MobileNet trained on VGGFace2",
        "simulated": "a narrow LightCNN trained on SIMULATED persons",
    }
)
"""Networks that compare identities, by the option's value."""
UNKNOWN_TYPE = "generated"
"""Species of generated attacks where no trained head tells their type."""


@dataclass(frozen=True)
class Options:
    """Options of DSDG; the defaults are the published recipe."""

    identity: str = option("lightcnn", "compares identities: lightcnn, faceres or simulated")
    compat: bool = option(False, "as the authors' code, leave the type head out of the optimiser")
    species: tuple[str, ...] = option(
        ("print1", "print2", "display1", "display2"), "PAI species, the spoof types to tell apart"
    )
    size: int = option(256, "side of a picture in pixels: 16, 32, 64, 128 or 256")
    width: float = option(1.0, "factor on all channels")
    latent: int = option(128, "dimensions of each code")
    frames: int = option(50, "frames of a training video, spread over it")
    epochs: int = option(200, "epochs; each shows every frame of every attack")
    batch: int = option(240, "pairs in a batch")
    rate: float = option(2e-4, "learning rate (Adam)")
    schedule: str = option("constant", "constant or cosine")
    clip_norm: float = option(0.0, "largest norm of the gradients; 0 leaves them as they are")

    def __post_init__(self) -> None:
        check_choice(self, "identity", tuple(SOURCES))
        check_choice(self, "schedule", ("constant", "cosine"))
        levels(self.size)
        check_counts(self, ("latent", "frames", "epochs", "batch"))
        check_positive(self, ("width",), 4)
        check_positive(self, ("rate",), 1)
        check_not_negative(self, ("clip_norm",))
        names = {*self.species} - {""}
        if not names or len(names) < len(self.species):
            raise ValueError(f"species must be different names, got {self.species}")


class DSDG(Generator):
    """Dual spoof disentanglement generation (Wu et al., 2021)."""

    name: ClassVar[str] = "dsdg"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType(
                {
                    "identity": "simulated",
                    "size": 64,
                    "width": 0.25,
                    "frames": 8,
                    "epochs": 40,
                    "batch": 16,
                    "rate": 1e-3,
                    "schedule": "cosine",
                }
            ),
            "paper": MappingProxyType({}),
        }
    )

    def weights(self) -> tuple[str, ...]:
        """Return the names of the identity network's weights; none for the simulated one."""
        names = {"lightcnn": (LIGHTCNN.name,), "faceres": (FACERES.name, FACERES_GRAPH.name)}
        return names.get(self.options.identity, ())

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build the two encoders, the decoder and the type head."""
        del files
        o = self.options
        network = PairGenerator(len(o.species), o.latent, o.size, o.width)
        network.share.fill_(losses.WARM_UP)
        return network

    def companions(self, files: Mapping[str, Path]) -> Mapping[str, nn.Module]:
        """Build the network that compares identities, or train it on simulated persons."""
        return {"identity": _IDENTITY[self.options.identity](files)}

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage: frames of attacks, each with a bona fide one of its subject."""
        o = self.options
        # Published: the detector's box itself, edges rounded down.
        cut = ClipSpec(Frames(pick=Spread(o.frames)), Crop(o.size, "floor", scale=(1.0, 1.0)))
        pairs = Sampling(classes="attack", partner="bona fide of subject")
        stage = Stage("pairs", cut, cut, o.epochs, o.batch, clip_norm=o.clip_norm, sampling=pairs)
        return (stage,)

    def check_training(self, presentations: Sequence[Presentation]) -> None:
        """Refuse attacks of a species that is none of the spoof types."""
        known = self.options.species
        for shown in presentations:
            if shown.species is not None and shown.species not in known:
                raise ValueError(
                    f"{shown.id}: its species {shown.species!r} is none of dsdg's spoof types "
                    f"({', '.join(known)}); name those of the data: --option species=A,B,..."
                )

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Adam over everything; without the type head, whose weights stay random, if `compat`."""
        del stage
        assert isinstance(network, PairGenerator)
        network.types.requires_grad_(not self.options.compat)
        trained = [p for p in network.parameters() if p.requires_grad]
        return [torch.optim.Adam(trained, lr=self.options.rate)]

    def rate(self, stage: Stage, at: At) -> float:
        """Return 1 as published, or half a cosine down to zero."""
        del stage
        return at.cosine if self.options.schedule == "cosine" else 1.0

    def after_step(self, stage: Stage, network: nn.Module, at: At) -> None:
        """End the warm-up with the first epoch."""
        del stage
        assert isinstance(network, PairGenerator)
        if at.step * at.epochs >= at.steps:
            network.share.fill_(1.0)

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, Tensor]:
        """Return the seven losses with their weights; in the first epoch they count less."""
        del stage
        assert isinstance(network, PairGenerator)
        assert batch.partner is not None
        pictures = [frames.rgb[:, 0].float() / 255 for frames in (batch, batch.partner)]
        found = pair_losses(
            network,
            companions["identity"],
            Features(*pictures),
            self._types(batch),
            torch.randn(3, len(batch), self.options.latent, device=batch.rgb.device),
        )
        return {"total": found.total(network.share), **found._asdict()}

    def _types(self, batch: Batch) -> Tensor:
        known = self.options.species
        types = [known.index(str(shown.species)) for shown in batch.presentations]
        return torch.tensor(types, device=batch.rgb.device)

    def notes(self) -> tuple[str, ...]:
        """Name the network that compared identities in training."""
        return (f"identities were compared by {SOURCES[self.options.identity]}",)

    def generate(self, network: nn.Module, number: int, seed: int) -> Sequence[Made]:
        """Make a bona fide picture and an attack that shows the same made-up person."""
        assert isinstance(network, PairGenerator)
        noise = np.random.default_rng([seed, number]).standard_normal((2, self.options.latent))
        spoof, person = torch.from_numpy(noise).to(network.share)[:, None]
        # As published, one code is the identity of both pictures.
        made = network(torch.cat([spoof, person, person], dim=1))[0]
        attack, bona_fide = pixels(made)
        species = UNKNOWN_TYPE
        if not self.options.compat:
            species = self.options.species[int(network.types(spoof).argmax())]
        name = f"{number:06d}"
        return Made(bona_fide, None, name, name), Made(attack, species, name, name)


def pair_losses(
    network: PairGenerator, identity: nn.Module, pictures: Features, types: Tensor, noise: Tensor
) -> Losses:
    """Encode, draw, decode and compare.

    Args:
        network: the generator.
        identity: turns pictures (N, 3, S, S) into features (N, F) of length 1.
        pictures: float tensors (N, 3, S, S) in [0, 1]: attacks, and bona fide pictures of their
            subjects.
        types: int64 tensor (N,), spoof types from 0.
        noise: float tensor (3, N, H), standard normal: for spoof type, identity of the attack and
            identity of the bona fide picture.
    """
    person, spoof = network.attack(pictures.attack)
    (live,) = network.bona_fide(pictures.bona_fide)
    drawn = [code.sample(e) for code, e in zip((spoof, person, live), noise, strict=True)]
    made = network(torch.cat(drawn, dim=1))
    with torch.no_grad():
        original = Features(*map(identity, pictures))
    remade = Features(*map(identity, made.split(3, dim=1)))
    codes = (person, spoof, live)
    return Losses(
        losses.reconstruction(made, torch.cat(pictures, dim=1)),
        torch.stack([losses.divergence(code) for code in codes]).mean(),
        losses.mmd(drawn[1], drawn[2]),
        losses.spoof_type(network.types(drawn[0]), types),
        losses.orthogonal(drawn[0], drawn[1]),
        losses.identity(remade, original),
        losses.pair(remade),
    )


def pixels(made: Tensor) -> NDArray[np.uint8]:
    """Turn a decoded pair into pictures.

    Args:
        made: float tensor (6, S, S) in [0, 1].

    Returns:
        uint8 (2, S, S, 3), RGB: the attack, the bona fide picture.
    """
    # As published, cut off and not rounded.
    pair = (255 * made).to(torch.uint8).reshape(2, 3, *made.shape[1:])
    values: NDArray[np.uint8] = pair.permute(0, 2, 3, 1).cpu().numpy()
    return values


def _lightcnn(files: Mapping[str, Path]) -> nn.Module:
    return lightcnn.GreyIdentity(lightcnn.load(files[LIGHTCNN.name]))


def _faceres(files: Mapping[str, Path]) -> nn.Module:
    return faceres.load(files[FACERES_GRAPH.name], files[FACERES.name])


def _simulated(files: Mapping[str, Path]) -> nn.Module:
    del files
    # Here: the simulator's pictures are needed by this choice alone.
    from fasharness_dsdg.identities import trained

    return trained()


_IDENTITY = MappingProxyType({"lightcnn": _lightcnn, "faceres": _faceres, "simulated": _simulated})
