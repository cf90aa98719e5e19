"""The basic types: presentation, protocol, clip specification, clip and batch."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError

if TYPE_CHECKING:
    import torch


class Split(StrEnum):
    """The three parts of a protocol: fit on train, choose on dev, report on test."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Presentation:
    """One capture shown to the sensor: a video or an image of a bona fide face or an attack.

    Attributes:
        id: name that is unique in its data set.
        path: the file; it may be missing, which preparation reports.
        subject: the person shown.
        species: PAI species of an attack presentation, None for a bona fide one.
        device: the capturing device.
        session: the recording session.
    """

    id: str
    path: Path
    subject: str
    species: str | None = None
    device: str = ""
    session: str = ""

    @property
    def bona_fide(self) -> bool:
        """Whether this is a bona fide presentation."""
        return self.species is None


@dataclass(frozen=True)
class Protocol:
    """Which presentations train, tune and test a method, and how attacks are grouped.

    Attributes:
        name: e.g. ``oulu1`` or, for one fold, ``oulu3_2``.
        dataset: name of the data set.
        version: what the lists were built from, e.g. ``files`` or ``facts``.
        train: presentations that a method may fit on.
        dev: presentations that choose the model and the threshold.
        test: presentations that are only reported.
        groups: species group to its species, in the metric's order (APCER is the largest group).
        convention: the benchmark's metric in words.
        simulated: whether the data are simulated; every output is then marked.
        subjects_overlap: allows a subject in two splits.

    Raises:
        DataError: a presentation twice, a subject in two splits, a species without a group, or
            a split that lacks a class.
    """

    name: str
    dataset: str
    version: str
    train: tuple[Presentation, ...]
    dev: tuple[Presentation, ...]
    test: tuple[Presentation, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    convention: str = ""
    simulated: bool = False
    subjects_overlap: bool = False

    def __post_init__(self) -> None:
        self._check_ids()
        if not self.subjects_overlap:
            self._check_subjects()
        for split in Split:
            self._check_classes(split)

    def split(self, split: Split) -> tuple[Presentation, ...]:
        """Presentations of one split."""
        return {Split.TRAIN: self.train, Split.DEV: self.dev, Split.TEST: self.test}[split]

    def items(self) -> Iterator[tuple[Split, Presentation]]:
        """Iterate over every presentation with its split, train first."""
        for split in Split:
            for presentation in self.split(split):
                yield split, presentation

    def group_of(self, species: str | None) -> str | None:
        """Return the species group of a species; None for bona fide."""
        if species is None:
            return None
        return next(group for group, members in self.groups.items() if species in members)

    def limited(self, count: int) -> Protocol:
        """Keep `count` presentations of each split, taken in turn from each class and species.

        Args:
            count: presentations to keep of a split; 0 keeps all.
        """
        if count == 0:
            return self
        parts = {str(split): _in_turn(self.split(split))[:count] for split in Split}
        return dataclasses.replace(self, **parts)  # type: ignore[arg-type]

    def _check_ids(self) -> None:
        counts = Counter(presentation.id for _, presentation in self.items())
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise DataError(f"protocol {self.name}: listed more than once: {', '.join(twice[:5])}")

    def _check_subjects(self) -> None:
        seen: dict[str, Split] = {}
        for split, presentation in self.items():
            first = seen.setdefault(presentation.subject, split)
            if first is not split:
                raise DataError(
                    f"protocol {self.name}: subject {presentation.subject} is in both {first} "
                    f"and {split} ({presentation.id}); a subject belongs to one split"
                )

    def _check_classes(self, split: Split) -> None:
        presentations = self.split(split)
        for wanted, word in ((True, "bona fide"), (False, "attack")):
            if not any(p.bona_fide is wanted for p in presentations):
                raise DataError(f"protocol {self.name}: no {word} presentation in {split}")
        grouped = {species for members in self.groups.values() for species in members}
        for presentation in presentations:
            if presentation.species is not None and presentation.species not in grouped:
                raise DataError(
                    f"protocol {self.name}: species {presentation.species!r} of "
                    f"{presentation.id} belongs to no species group"
                )


def _in_turn(presentations: Sequence[Presentation]) -> tuple[Presentation, ...]:
    """Order presentations so that bona fide and every species take turns."""
    kinds: dict[str | None, list[Presentation]] = {}
    for item in presentations:
        kinds.setdefault(item.species, []).append(item)
    # Lists are often sorted by class: their first N would lack one.
    rounds = itertools.zip_longest(*kinds.values())
    return tuple(item for turn in rounds for item in turn if item is not None)


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Which clips a method needs of a presentation; equal specifications share stored clips.

    Attributes:
        length: frames in a clip.
        step: frames from one frame of a clip to the next.
        stride: frames from the start of one candidate clip to the next.
        keep: of n candidates every max(1, n // keep)-th is kept (SGTD's rule), so that between
            `keep` and 2 * `keep` - 1 remain if there are that many.
        size: side of the square face crop in pixels.
        depth_size: side of the depth map; 0 for no depth.
        scale: the face box is grown by a factor drawn from this range, separately for each side
            and clip (training); equal ends give one fixed factor.
        crop: name of the crop rule (hook ``fasharness_crops``).
        mask: whether the face mask is needed for attacks too (their depth label is zero, so
            only the mask needs a depth source for them).
    """

    length: int = 1
    step: int = 1
    stride: int = 1
    keep: int = 6
    size: int = 256
    depth_size: int = 32
    scale: tuple[float, float] = (1.3, 1.3)
    crop: str = "pillow"
    mask: bool = False

    def __post_init__(self) -> None:
        counts = (self.length, self.step, self.stride, self.keep, self.size)
        if min(counts) < 1 or self.depth_size < 0:
            raise ValueError(f"clip specification needs positive numbers, got {self}")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale must be (low, high) with 0 < low <= high, got {self.scale}")

    def clips(self, frames: int) -> tuple[tuple[int, ...], ...]:
        """Frame numbers (from 0) of every clip of a presentation with `frames` frames."""
        last = frames - (self.length - 1) * self.step
        starts = range(0, last, self.stride)
        # SGTD's rule. Exactly `keep` clips, evenly spaced, would score other frames than the
        # published code.
        kept = starts[:: max(1, len(starts) // self.keep)]
        return tuple(
            tuple(range(start, start + self.length * self.step, self.step)) for start in kept
        )

    @property
    def margin(self) -> float:
        """Ratio of the stored crop's side to the smallest crop that may be drawn from it."""
        return self.scale[1] / self.scale[0]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Neighbouring face crops of one presentation with their label depth.

    Attributes:
        presentation: id of the presentation.
        bona_fide: the class.
        frames: uint8 (T, S, S, 3), RGB.
        depth: float32 (T, D, D) in [0, 1], nearest = 1; all zeros for attacks (the papers'
            label); D = 0 if the method uses no depth.
        mask: bool (T, D, D), where a face is, attacks included.
    """

    presentation: str
    bona_fide: bool
    frames: NDArray[np.uint8]
    depth: NDArray[np.float32]
    mask: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Clips stacked for a network.

    Attributes:
        frames: uint8 (B, T, 3, S, S), RGB.
        depth: float32 (B, T, D, D) in [0, 1].
        mask: bool (B, T, D, D).
        bona_fide: bool (B,).
    """

    frames: torch.Tensor
    depth: torch.Tensor
    mask: torch.Tensor
    bona_fide: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        parts = (self.frames, self.depth, self.mask, self.bona_fide)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))
