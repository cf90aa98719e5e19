"""The basic types: presentation, clip and batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from fasharness.common import keys

if TYPE_CHECKING:
    import torch

RGB = "rgb"
"""The modality of colour pictures, which every presentation has."""


KEYS = ("id", "subject", "species", "device", "session")
"""The fields of a presentation that are compared with those of others."""


class Split(StrEnum):
    """The three parts of a protocol: fit on train, choose on dev, report on test."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


class Source(NamedTuple):
    """Where the pictures of one modality are.

    Attributes:
        path: a video, a picture, or a folder of pictures in the natural order of their names.
        item: name of an array inside the file, for containers that hold several; else empty.
    """

    path: Path
    item: str = ""


def rgb(path: Path) -> Mapping[str, Source]:
    """Files of a presentation that has colour pictures only."""
    return {RGB: Source(path)}


@dataclass(frozen=True, slots=True)
class Presentation:
    """One capture shown to the sensor: a video or pictures of a bona fide face or an attack.

    Its texts are keys: outer blanks are dropped and Unicode has one form (NFC), as in a `Score`.

    Attributes:
        id: name that is unique in its protocol.
        files: modality, e.g. `RGB`, to its file; it may be missing, which preparation reports.
        dataset: name of the data set that it comes from, which reads its faces and labels.
        subject: the person shown; empty if unknown, which is nobody else's subject.
        others: further persons whose face takes part, e.g. the source of a swap.
        species: PAI species of an attack presentation, None for a bona fide one.
        known: whether the class is known; what is unknown is scored, never counted.
        window: first frame and the one after the last that may be used; None for all.
        orientation: degrees clockwise (0, 90, 180 or 270) by which decoded frames must be turned.
        device: the capturing device.
        session: the recording session.
        attributes: further facts, e.g. light or skin tone, by names of `Dataset.attributes`.
    """

    id: str
    files: Mapping[str, Source] = field(hash=False)
    dataset: str = ""
    subject: str = ""
    others: tuple[str, ...] = ()
    species: str | None = None
    known: bool = True
    window: tuple[int, int] | None = None
    orientation: int = 0
    device: str = ""
    session: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        keys.clean_fields(self, KEYS)
        object.__setattr__(self, "others", tuple(map(keys.clean, self.others)))
        if not isinstance(self.attributes, dict):
            # A view of a mapping cannot be sent to the processes that prepare clips.
            object.__setattr__(self, "attributes", dict(self.attributes))
        if RGB not in self.files:
            raise ValueError(f"{self.id}: files must name the modality {RGB!r}")
        if self.species is not None and not self.known:
            raise ValueError(f"{self.id}: an unknown class has no species, got {self.species!r}")
        if self.orientation not in (0, 90, 180, 270):
            raise ValueError(
                f"{self.id}: orientation must be 0, 90, 180 or 270, got {self.orientation}"
            )
        if self.window is not None and not 0 <= self.window[0] < self.window[1]:
            raise ValueError(
                f"{self.id}: window must be (first, after last) with 0 <= first < after last, "
                f"got {self.window}"
            )

    @property
    def path(self) -> Path:
        """The file of the colour pictures."""
        return self.files[RGB].path

    @property
    def bona_fide(self) -> bool:
        """Whether this is known to be a bona fide presentation."""
        return self.known and self.species is None

    @property
    def person(self) -> str:
        """The subject; where it is unknown, a name that is nobody else's."""
        # No subject's name starts with this character.
        return self.subject or f"\0{self.id}"

    def prefixed(self) -> Presentation:
        """Return it for a protocol of several data sets, whose names may coincide.

        Ids, persons, devices and sessions get the name of the data set; species are those of all.
        """
        return dataclasses.replace(
            self,
            id=self._prefix + self.id,
            subject=self.subject and self._prefix + self.subject,
            others=tuple(self._prefix + person for person in self.others),
            device=self.device and self._prefix + self.device,
            session=self.session and self._prefix + self.session,
        )

    def own(self) -> Presentation:
        """Return it as its data set made it, without the prefix of `prefixed`."""
        if not self.dataset or not self.id.startswith(self._prefix):
            return self
        return dataclasses.replace(
            self,
            id=self.id.removeprefix(self._prefix),
            subject=self.subject.removeprefix(self._prefix),
            others=tuple(person.removeprefix(self._prefix) for person in self.others),
            device=self.device.removeprefix(self._prefix),
            session=self.session.removeprefix(self._prefix),
        )

    @property
    def _prefix(self) -> str:
        return f"{self.dataset}:"


Maps = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Crops of one presentation's frames with their label maps.

    Attributes:
        presentation: what is shown.
        images: modality, or view (`fasharness.clips.View`), to uint8 (T, S, S, 3), RGB.
        labels: label to its maps (T, D, D): ``depth`` float32 in [0, 1], nearest = 1, all zeros
            for attacks; ``mask`` bool; others float32 in [0, 1].
        origin: name of the auxiliary set that it comes from; empty for the protocol's own.
    """

    presentation: Presentation
    images: Maps
    labels: Maps = field(default_factory=dict)
    origin: str = ""

    @property
    def bona_fide(self) -> bool:
        """Whether it shows a bona fide presentation."""
        return self.presentation.bona_fide

    @property
    def rgb(self) -> NDArray[Any]:
        """The colour pictures, uint8 (T, S, S, 3)."""
        return self.images[RGB]

    def mapped(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Clip:
        """Change the geometry of all images and maps alike.

        Args:
            change: keeps the type of an array (T, H, W) or (T, H, W, C), e.g. mirrors axis 2.
        """
        return dataclasses.replace(
            self,
            images={name: change(image) for name, image in self.images.items()},
            labels={name: change(label) for name, label in self.labels.items()},
        )


class Batch:
    """Clips stacked for a network.

    Attributes:
        images: modality, or view, to uint8 (B, T, 3, S, S), RGB.
        labels: label to its maps (B, T, D, D), see `Clip.labels`.
        bona_fide: bool (B,).
        presentations: what each clip shows: id, species, subject, data set (the domain), device.
        origins: for each clip the auxiliary set that it comes from; empty for the protocol's own.
        partner: for each clip its partner (`Sampling.partner`), as a batch; None without.
    """

    # No dataclass: Fabric takes dataclasses apart and refuses frozen ones.
    __slots__ = ("bona_fide", "images", "labels", "origins", "partner", "presentations")

    def __init__(
        self,
        images: Mapping[str, torch.Tensor],
        labels: Mapping[str, torch.Tensor],
        bona_fide: torch.Tensor,
        presentations: Sequence[Presentation],
        origins: Sequence[str],
        partner: Batch | None = None,
    ) -> None:
        self.images = images
        self.labels = labels
        self.bona_fide = bona_fide
        self.presentations = tuple(presentations)
        self.origins = tuple(origins)
        self.partner = partner

    def __len__(self) -> int:
        return len(self.presentations)

    @property
    def rgb(self) -> torch.Tensor:
        """The colour pictures, uint8 (B, T, 3, S, S)."""
        return self.images[RGB]

    @property
    def own(self) -> int:
        """How many of the clips, the first ones, are the protocol's own."""
        return sum(not origin for origin in self.origins)

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of the presentations."""
        return (presentation.id for presentation in self.presentations)

    def to(self, device: torch.device, non_blocking: bool = True) -> Batch:
        """The same batch on another device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory, which is copied to a GPU faster."""
        return self._each(lambda tensor: tensor.pin_memory())

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        return Batch(
            {name: change(image) for name, image in self.images.items()},
            {name: change(label) for name, label in self.labels.items()},
            change(self.bona_fide),
            self.presentations,
            self.origins,
            self.partner._each(change) if self.partner is not None else None,
        )
