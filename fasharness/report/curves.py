"""What the plots show, computed once: histograms, densities and error curves of each class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.curves import error_curve
from fasharness.report.drawing.model import INK
from fasharness.scores import Score

BINS = 48
BONA_FIDE = "bona fide"
ALL_ATTACKS = "all attacks pooled"
_DENSITY_CELLS = 400


@dataclass(frozen=True, eq=False)
class Class:
    """The test scores of bona fide presentations or of one species group.

    Attributes:
        name: ``bona fide`` or the group.
        values: float64 (N,), rising.
        style: number of its style, or `INK`.
    """

    name: str
    values: Floats
    style: int


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
    return _by_kind([(s.kind, s.value) for s in mine])


def species(scores: Sequence[Score], split: str = "test") -> tuple[Class, ...]:
    """Sort the scores of a split by PAI species; the rest as for `classes`."""
    mine = [s for s in scores if s.split == split and not s.failed]
    return _by_kind([(s.species, s.value) for s in mine])


def _by_kind(pairs: Sequence[tuple[str | None, float]]) -> tuple[Class, ...]:
    """Collect values under their names, None being bona fide and first."""
    names = [None, *sorted({name for name, _ in pairs if name is not None})]
    found = []
    for index, wanted in enumerate(names):
        values = np.sort(np.array([value for name, value in pairs if name == wanted]))
        if values.size:
            found.append(Class(wanted or BONA_FIDE, values, index))
    return tuple(found)


class Histograms(NamedTuple):
    """Counts of all classes, each int64 (B,), over the same bins; edges: float64 (B + 1,)."""

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
    # Bins of no width cannot be counted.
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    counts = tuple(np.histogram(c.values, edges)[0].astype(np.int64) for c in found)
    return Histograms(edges, counts)


def density(values: Floats, points: Floats) -> Floats:
    """Estimate a density with Gaussian kernels of Silverman's width (1986, equation 3.31).

    Args:
        values: float64 (N,), N >= 1.
        points: float64 (P,), rising in equal steps, P >= 2.

    Returns:
        float64 (P,); scores are counted in cells of the points' steps first. Scores that are all
        equal get a width of two steps.
    """
    step = float(points[1] - points[0])
    quartiles = np.subtract(*np.quantile(values, (0.75, 0.25)))
    # The smaller of both widths (Silverman); quartiles that coincide would give a width of 0.
    spread = min(float(values.std()), float(quartiles) / 1.34) or float(values.std())
    width = max(0.9 * spread * values.size ** (-0.2), 2 * step)
    edges = np.append(points - step / 2, points[-1] + step / 2)
    counts = np.histogram(values, edges)[0]
    reach = np.arange(1 - points.size, points.size) * step / width
    kernel = np.exp(-(reach**2) / 2) / (width * math.sqrt(2 * math.pi))
    return np.asarray(
        # The middle part of the convolution, one value for each point.
        np.convolve(counts, kernel)[points.size - 1 : 2 * points.size - 1] / values.size
    )


def density_points(found: Sequence[Class]) -> Floats:
    """Choose where densities are drawn: over all scores, with a tenth of room on either side."""
    low, high = histograms(found).edges[[0, -1]]
    room = 0.1 * (high - low)
    return np.linspace(low - room, high + room, _DENSITY_CELLS)


@dataclass(frozen=True, eq=False)
class Line:
    """An error curve.

    Attributes:
        name: the species group, or the run.
        apcer: float64 (P,), falling.
        bpcer: float64 (P,), rising.
        style: number of its style, or `INK`.
    """

    name: str
    apcer: Floats
    bpcer: Floats
    style: int


def pooled(name: str, found: Sequence[Class], style: int) -> Line | None:
    """Trace the error curve of all attacks together.

    Args:
        name: of the curve.
        found: the classes; without bona fide or without attacks there is no curve.
        style: number of its style, or `INK`.

    Returns:
        The curve, None where there is none.
    """
    live = [c for c in found if c.name == BONA_FIDE]
    attacks = [c.values for c in found if c.name != BONA_FIDE]
    if not live or not attacks:
        return None
    return _line(live[0], Class(name, np.concatenate(attacks), style))


def det(found: Sequence[Class]) -> tuple[Line, ...]:
    """Trace the DET curve of each species group, and of all attacks where there are several.

    Args:
        found: the classes; without bona fide or without attacks there is no curve.

    Returns:
        The curves; corners of straight runs only, which draws the same line.
    """
    live = [c for c in found if c.name == BONA_FIDE]
    attacks = [c for c in found if c.name != BONA_FIDE]
    lines = [_line(live[0], c) for c in attacks] if live else []
    together = pooled(ALL_ATTACKS, found, INK) if len(lines) > 1 else None
    return (*lines, together) if together else tuple(lines)


def _line(live: Class, attack: Class) -> Line:
    """Trace one curve and keep its corners."""
    curve = error_curve(live.values, attack.values)
    corner = np.ones(curve.values.size + 1, dtype=np.bool_)
    fake, live_step = np.diff(curve.attack_below) > 0, np.diff(curve.bona_fide_below) > 0
    # A step along both axes is a tie between classes; its ends are always drawn.
    straight = (fake[1:] == fake[:-1]) & (live_step[1:] == live_step[:-1])
    corner[1:-1] = ~(straight & ~(fake[1:] & live_step[1:]))
    return Line(attack.name, curve.apcer[corner], curve.bpcer[corner], attack.style)


def marks(found: Sequence[Class], threshold: float) -> tuple[tuple[float, float], ...]:
    """Find where the threshold is on each DET curve.

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
