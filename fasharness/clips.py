"""What a method asks for: which clips of a presentation, and which of them share a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from fasharness.data import RGB


@dataclass(frozen=True, slots=True)
class Every:
    """Candidate clips at a fixed distance, thinned out to about a number of them.

    Attributes:
        stride: frames from the start of one candidate clip to the next.
        keep: of n candidates every max(1, n // keep)-th is kept (SGTD's rule), so that between
            `keep` and 2 * `keep` - 1 remain if there are that many.
        most: of those only so many from the start; 0 takes all.
    """

    stride: int = 1
    keep: int = 6
    most: int = 0

    def starts(self, last: int) -> Sequence[int]:
        """First frames of the clips, of those from 0 up to `last` (exclusive)."""
        starts = range(0, last, self.stride)
        # Exactly `keep` clips, evenly spaced, would score other frames than SGTD's code.
        kept = starts[:: max(1, len(starts) // self.keep)]
        return kept[: self.most] if self.most else kept


@dataclass(frozen=True, slots=True)
class At:
    """Clips that start at given frames; those that do not fit are left out.

    Attributes:
        frames: numbers of the first frames, from 0.
    """

    frames: tuple[int, ...]

    def starts(self, last: int) -> Sequence[int]:
        """First frames of the clips, of those from 0 up to `last` (exclusive)."""
        return [start for start in self.frames if start < last]


@dataclass(frozen=True, slots=True)
class Spread:
    """A number of clips, the middles of equal parts of the presentation.

    Attributes:
        count: clips; fewer where there are fewer candidates.
    """

    count: int

    def starts(self, last: int) -> Sequence[int]:
        """First frames of the clips, of those from 0 up to `last` (exclusive)."""
        count = min(self.count, max(0, last))
        return [(2 * number + 1) * last // (2 * count) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Frames:
    """Which frames of a presentation make its clips.

    Attributes:
        length: frames in a clip.
        step: frames from one frame of a clip to the next.
        pick: which clips.
    """

    length: int = 1
    step: int = 1
    pick: Every | At | Spread = Every()

    def __post_init__(self) -> None:
        counts = [self.length, self.step]
        match self.pick:
            case Every(stride, keep, most):
                counts += [stride, keep, most + 1]
            case Spread(count):
                counts.append(count)
            case At(frames):
                counts += [min(frames, default=-1) + 1]
        if min(counts) < 1:
            raise ValueError(f"frames of a clip need positive numbers, got {self}")

    @property
    def span(self) -> int:
        """Frames from the first to the last of a clip, both counted."""
        return (self.length - 1) * self.step + 1

    def clips(self, frames: int) -> tuple[tuple[int, ...], ...]:
        """Frame numbers (from 0) of every clip of a presentation with `frames` frames."""
        starts = self.pick.starts(frames - self.span + 1)
        return tuple(tuple(range(start, start + self.span, self.step)) for start in starts)


@dataclass(frozen=True, slots=True)
class Crop:
    """What is cut out of a frame.

    Attributes:
        size: side of the square picture in pixels.
        rule: name of the crop rule (hook ``fasharness_crops``).
        faces: ``found`` cuts the face of the clip's first frame, grown by `scale`; ``none`` takes
            the whole frame and looks for no face.
        scale: factors of the face box; equal ends give one fixed factor, else one is drawn from
            the range for each training clip.
        steps: 0 draws any factor of the range; else one of `steps` + 1 evenly spaced ones.
        draw: ``each`` draws a factor for each side of the box, ``joint`` one for both.
    """

    size: int = 256
    rule: str = "pillow"
    faces: Literal["found", "none"] = "found"
    scale: tuple[float, float] = (1.3, 1.3)
    steps: int = 0
    draw: Literal["each", "joint"] = "each"

    def __post_init__(self) -> None:
        if self.size < 1 or self.steps < 0:
            raise ValueError(f"a crop needs positive numbers, got {self}")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale must be (low, high) with 0 < low <= high, got {self.scale}")
        for name, known in (("faces", ("found", "none")), ("draw", ("each", "joint"))):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be {' or '.join(known)}, got {getattr(self, name)!r}"
                )

    @property
    def margin(self) -> float:
        """Ratio of the stored picture's side to the smallest crop that may be drawn from it."""
        return self.scale[1] / self.scale[0] if self.faces == "found" else 1.0

    def factors(self, rng: np.random.Generator | None) -> tuple[float, float]:
        """Draw the factors of width and height; without a generator the middle of the range."""
        low, high = self.scale
        if rng is None:
            return (low + high) / 2, (low + high) / 2
        count = 2 if self.draw == "each" else 1
        if self.steps:
            drawn = low + (high - low) * rng.integers(0, self.steps + 1, count) / self.steps
        else:
            drawn = rng.uniform(low, high, count)
        return float(drawn[0]), float(drawn[-1])


class Label(NamedTuple):
    """A map that belongs to each frame of a clip.

    Attributes:
        name: ``depth``, ``raw-depth``, ``mask``, or a map that the data set brings
            (`Dataset.maps`).
        size: side of the map in pixels.
    """

    name: str
    size: int


class View(NamedTuple):
    """A further picture of each colour frame, cut by the clip's crop rule at a scale of its own.

    Attributes:
        name: under which it stands beside the modalities (`fasharness.data.Clip.images`).
        size: side of the square picture in pixels.
        scale: factor of the face box.
    """

    name: str
    size: int
    scale: float


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Which clips a method needs of a presentation; equal specifications share stored clips.

    Attributes:
        frames: which frames.
        crop: what is cut out of them.
        modalities: the pictures; all are cut like the face of `RGB`.
        labels: the maps; none by default. ``depth`` is the face depth, zero for attacks (the
            papers' label); ``raw-depth`` is that of whatever face is seen, attacks included, and
            ``mask`` is where it is above zero.
        views: the same colour frames at other scales, for methods that look at more than one.
    """

    frames: Frames = Frames()
    crop: Crop = Crop()
    modalities: tuple[str, ...] = (RGB,)
    labels: tuple[Label, ...] = ()
    views: tuple[View, ...] = ()

    def __post_init__(self) -> None:
        names, images = [label.name for label in self.labels], self.images
        if not self.modalities or RGB not in self.modalities:
            raise ValueError(f"modalities must name {RGB!r}, got {self.modalities}")
        if len(set(names)) < len(names) or len(set(images)) < len(images):
            raise ValueError(f"a name is given twice in {self}")
        if any(label.size < 1 for label in self.labels):
            raise ValueError(f"labels need positive sizes, got {self.labels}")
        if any(view.size < 1 or not 0 < view.scale < math.inf for view in self.views):
            raise ValueError(f"views need positive sizes and scales, got {self.views}")
        if self.views and self.crop.faces == "none":
            raise ValueError("views are cut around a face, and the crop looks for none")

    @property
    def images(self) -> tuple[str, ...]:
        """Names of all pictures of a clip: modalities and views."""
        return (*self.modalities, *(view.name for view in self.views))


GROUPS = ("class", "species", "domain", "device", "session")
"""What `Sampling.balance` may group presentations by."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which clips an epoch shows, and which share a batch; `plan_epoch` follows it.

    Attributes:
        per_presentation: clips drawn of each presentation anew for every epoch; 0 takes all.
        classes: of which presentations: ``both``, ``bona fide`` or ``attack``.
        balance: ``class``, ``species`` (bona fide counts as one), ``domain`` (the data set),
            ``device`` or ``session``, or several joined by ``+``, e.g. ``domain+class``: each group
            gets an equal share of the epoch; empty for none.
        length: of a balanced epoch: ``same`` as without balance, or ``largest`` to repeat the
            clips of each group up to the number of the largest group's.
        batches: ``mixed``, or ``even`` to give each group of a balanced epoch an equal share of
            every batch too.
        mix: name of an auxiliary set to its share of each batch; the rest is the protocol's own.
        optional: names in `mix` that a run may leave out; then their share is the protocol's own.
        partner: ``bona fide of subject`` gives each clip a bona fide clip of the same subject.
    """

    per_presentation: int = 0
    classes: Literal["both", "bona fide", "attack"] = "both"
    balance: str = ""
    length: Literal["same", "largest"] = "same"
    batches: Literal["mixed", "even"] = "mixed"
    mix: Mapping[str, float] = field(default_factory=dict, hash=False)
    optional: tuple[str, ...] = ()
    partner: Literal["", "bona fide of subject"] = ""

    def __post_init__(self) -> None:
        known = {
            "classes": ("both", "bona fide", "attack"),
            "length": ("same", "largest"),
            "batches": ("mixed", "even"),
            "partner": ("", "bona fide of subject"),
        }
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} must be one of {values}, got {getattr(self, name)!r}")
        if self.balance and not set(self.balance.split("+")) <= set(GROUPS):
            raise ValueError(f"balance must be some of {GROUPS} joined by +, got {self.balance!r}")
        if self.batches == "even" and not self.balance:
            raise ValueError("even batches need groups: name what to balance")
        if self.per_presentation < 0:
            raise ValueError(f"per_presentation must not be negative, got {self.per_presentation}")
        if any(not 0 < share < 1 for share in self.mix.values()) or sum(self.mix.values()) >= 1:
            raise ValueError(f"mix must hold shares in (0, 1) below 1 in all, got {self.mix}")
        if spare := sorted(set(self.optional) - self.mix.keys()):
            raise ValueError(f"optional must name sets of mix, got {spare[0]!r}")

    @property
    def bona_fide(self) -> tuple[bool, ...]:
        """Values of `Presentation.bona_fide` of the presentations that are shown."""
        return {"both": (True, False), "bona fide": (True,), "attack": (False,)}[self.classes]
