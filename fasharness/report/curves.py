"""What the plots show, computed once: histograms and DET curves per species group."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.curves import error_curve
from fasharness.scores import Score

BINS = 48
AXIS = (0.0005, 0.995)
TICKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
BONA_FIDE = "bona fide"
ALL_ATTACKS = "all attacks"
# Okabe and Ito's colours, distinct for colour-blind readers; line styles tell them apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8a6d00")
DASHES = ("", "7 3", "2 3", "8 3 2 3", "12 4", "4 2")
_NORMAL = NormalDist()


@dataclass(frozen=True, eq=False)
class Class:
    """The test scores of bona fide presentations or of one species group.

    Attributes:
        name: ``bona fide`` or the group.
        values: float64 (N,), rising.
        colour: of its marks.
        dash: SVG dash pattern of its line.
    """

    name: str
    values: Floats
    colour: str
    dash: str


def classes(scores: Sequence[Score], split: str = "test") -> tuple[Class, ...]:
    """Sort the scores of a split by class.

    Args:
        scores: all scores.
        split: which split.

    Returns:
        Bona fide first, then the species groups in alphabetical order; classes without a score
        are left out.
    """
    mine = [s for s in scores if s.split == split and not s.failed]
    names = [None, *sorted({s.kind for s in mine if s.kind is not None})]
    found = []
    for index, name in enumerate(names):
        values = np.sort(np.array([s.value for s in mine if s.kind == name]))
        if values.size:
            colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
            found.append(Class(name or BONA_FIDE, values, colour, dash))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Histograms:
    """Counts of all classes over the same bins.

    Attributes:
        edges: float64 (B + 1,), rising.
        counts: per class int64 (B,).
    """

    edges: Floats
    counts: tuple[Ints, ...]


def histograms(found: Sequence[Class]) -> Histograms:
    """Count the classes over bins that cover all scores.

    Args:
        found: the classes, at least one.

    Returns:
        The histograms; equal scores get one bin's width of room on either side.
    """
    low = min(float(c.values[0]) for c in found)
    high = max(float(c.values[-1]) for c in found)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    counts = tuple(np.histogram(c.values, edges)[0].astype(np.int64) for c in found)
    return Histograms(edges, counts)


@dataclass(frozen=True, eq=False)
class Line:
    """A DET curve.

    Attributes:
        name: the species group.
        apcer: float64 (P,), falling.
        bpcer: float64 (P,), rising.
        colour: of its line.
        dash: SVG dash pattern.
    """

    name: str
    apcer: Floats
    bpcer: Floats
    colour: str
    dash: str


def det(found: Sequence[Class]) -> tuple[Line, ...]:
    """Trace the DET curve of each species group, and of all attacks where there are several.

    Args:
        found: the classes; without bona fide or without attacks there is no curve.

    Returns:
        The curves; corners of straight runs only, which draws the same line.
    """
    live = [c for c in found if c.name == BONA_FIDE]
    attacks = [c for c in found if c.name != BONA_FIDE]
    if not live or not attacks:
        return ()
    lines = [_line(live[0], c) for c in attacks]
    if len(attacks) > 1:
        pooled = np.concatenate([c.values for c in attacks])
        lines.append(_line(live[0], Class(ALL_ATTACKS, pooled, "currentColor", "")))
    return tuple(lines)


def _line(live: Class, attack: Class) -> Line:
    """Trace one curve and keep its corners."""
    curve = error_curve(live.values, attack.values)
    corner = np.ones(curve.values.size + 1, dtype=np.bool_)
    fake, live_step = np.diff(curve.attack_below) > 0, np.diff(curve.bona_fide_below) > 0
    # A step along both axes is a tie between classes; its ends are always drawn.
    straight = (fake[1:] == fake[:-1]) & (live_step[1:] == live_step[:-1])
    corner[1:-1] = ~(straight & ~(fake[1:] & live_step[1:]))
    return Line(attack.name, curve.apcer[corner], curve.bpcer[corner], attack.colour, attack.dash)


def deviate(rate: float) -> float:
    """Place a rate on a normal-deviate axis that runs from 0.05 % to 99.5 %.

    Args:
        rate: a rate in [0, 1]; what lies beyond the ends is drawn at the ends.

    Returns:
        The position, 0 at the low end and 1 at the high end.
    """
    low, high = _NORMAL.inv_cdf(AXIS[0]), _NORMAL.inv_cdf(AXIS[1])
    return (_NORMAL.inv_cdf(min(max(rate, AXIS[0]), AXIS[1])) - low) / (high - low)


def marks(found: Sequence[Class], threshold: float) -> tuple[tuple[float, float], ...]:
    """Find where the threshold lies on each DET curve.

    Args:
        found: the classes, bona fide first and at least one group of attacks.
        threshold: scores at or above it are called bona fide.

    Returns:
        (APCER, BPCER) for each curve of `det`, in its order.
    """
    live, *attacks = found
    bpcer = float(np.mean(live.values < threshold))
    sets = [one.values for one in attacks]
    if len(sets) > 1:
        sets.append(np.concatenate(sets))
    return tuple((float(np.mean(values >= threshold)), bpcer) for values in sets)
