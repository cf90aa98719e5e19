"""The validity report as records, written as JSON and shown on a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fasharness.result import Metric

SCHEMA = 1


@dataclass(frozen=True)
class Check:
    """One verdict.

    Attributes:
        name: e.g. ``trivial``.
        title: in a few words.
        holds: whether the data pass.
        rule: what was asked, in words.
        found: what was found, in words.
    """

    name: str
    title: str
    holds: bool
    rule: str
    found: str

    @property
    def verdict(self) -> str:
        """Whether the data pass, in words."""
        return "holds" if self.holds else "DOES NOT HOLD"


@dataclass(frozen=True)
class SplitCounts:
    """How many presentations a part of a protocol's fold has.

    Attributes:
        protocol: the fold's name.
        split: the part.
        bona_fide: bona fide presentations.
        attacks: attack presentations per species.
        subjects: persons in it.
    """

    protocol: str
    split: str
    bona_fide: int
    attacks: Mapping[str, int]
    subjects: int


@dataclass(frozen=True)
class FoldFigure:
    """ACER of one fold's test split."""

    fold: str
    acer: float


@dataclass(frozen=True)
class ScorerRow:
    """What a scorer reaches on a protocol.

    Attributes:
        kind: ``trivial`` (a single number) or ``classic`` (a trained classifier).
        name: the number or the features.
        protocol: the protocol.
        acer: over the test presentations of all folds, each decided at the threshold of its own
            fold's dev EER; the interval is drawn over subjects.
        apcer: likewise.
        bpcer: likewise.
        folds: ACER of each fold by itself.
        other_way: of a trivial scorer, what the direction that dev did not choose would reach;
            choosing it would look at test. None for a classifier.
    """

    kind: str
    name: str
    protocol: str
    acer: Metric
    apcer: Metric
    bpcer: Metric
    folds: tuple[FoldFigure, ...]
    other_way: float | None = None


@dataclass(frozen=True)
class DetectionRow:
    """How often the detector's main face is the true one.

    Attributes:
        species: ``bona fide`` or a PAI species.
        found: share of frames with an overlap of at least 0.6, with an exact interval.
        several: frames with more than one face.
        overlap: median overlap of the frames with a face; None where there is none.
    """

    species: str
    found: Metric
    several: int
    overlap: float | None


@dataclass(frozen=True)
class ParallaxRow:
    """How faces of a species move.

    Attributes:
        species: ``bona fide`` or a PAI species.
        videos: how many were measured.
        unmeasured: how many had too few points to follow.
        residual: quartiles of the residual in per cent of the face's width.
        movement: quartiles of the movement, likewise.
        relative: quartiles of residual over movement.
        auc: chance that a bona fide video's relative residual is larger; None for bona fide.
    """

    species: str
    videos: int
    unmeasured: int
    residual: tuple[float, ...]
    movement: tuple[float, ...]
    relative: tuple[float, ...]
    auc: float | None


@dataclass(frozen=True)
class SpectrumRow:
    """The spectrum of a region of a species' videos.

    Attributes:
        species: ``bona fide`` or a PAI species.
        region: ``face``, or ``wall`` for what is beside the head.
        peak: median of the strongest frequency above its ring, in dB.
        level: median of the mean power, in dB.
        auc_peak: chance that the species' peak is above a bona fide one; None for bona fide.
        auc_level: likewise of the level.
        excess: mean power above bona fide in dB at `frequencies`; empty for bona fide.
    """

    species: str
    region: str
    peak: float
    level: float
    auc_peak: float | None
    auc_level: float | None
    excess: tuple[float, ...]


@dataclass(frozen=True)
class IdentityPair:
    """Two persons of different splits and the distance of their signatures (0 to 2)."""

    first: str
    first_split: str
    second: str
    second_split: str
    distance: float


@dataclass(frozen=True)
class Identity:
    """Persons across splits.

    Attributes:
        persons: how many.
        within: quartiles of the distance between the two halves of a person's videos.
        nearest: the nearest pairs of different splits.
    """

    persons: int
    within: tuple[float, ...]
    nearest: tuple[IdentityPair, ...]


@dataclass(frozen=True)
class Validity:
    """The whole report; `validity.json` is this record with its fields as keys.

    Attributes:
        schema: 1.
        simulated: always true.
        notice: says so in words.
        dataset: the data set that is simulated.
        simulation: what the folder says of itself: size, seed, version, number of videos.
        protocols: the protocols asked for.
        videos: how many were measured.
        seed: of the bootstrap.
        holds: whether every check holds.
        checks: the verdicts.
        counts: presentations of every fold and split.
        scorers: trivial and classic scorers on every protocol.
        detection: per species.
        parallax: per species.
        frequencies: cycles a pixel of the spectra.
        spectra: per species and region.
        identity: persons across splits.
    """

    schema: int
    simulated: bool
    notice: str
    dataset: str
    simulation: Mapping[str, Any]
    protocols: tuple[str, ...]
    videos: int
    seed: int
    holds: bool
    checks: tuple[Check, ...]
    counts: tuple[SplitCounts, ...]
    scorers: tuple[ScorerRow, ...]
    detection: tuple[DetectionRow, ...]
    parallax: tuple[ParallaxRow, ...]
    frequencies: tuple[float, ...]
    spectra: tuple[SpectrumRow, ...]
    identity: Identity
