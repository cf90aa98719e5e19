"""The error curve of two sets of scores, and its figures: EER, areas, working points."""

import bisect
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fasharness.metrics import arrays
from fasharness.metrics.arrays import Floats, Ints

_CHUNK = 100_000
_FINEST = 2**52


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """All possible decisions on two sets of scores: cut k accepts the scores >= values[k].

    Attributes:
        values: float64 (M,), the distinct scores of both classes, rising.
        bona_fide_below: int64 (M + 1,), bona fide scores below each cut; the last cut refuses all.
        attack_below: int64 (M + 1,), attack scores below each cut.
    """

    values: Floats
    bona_fide_below: Ints
    attack_below: Ints

    @property
    def bona_fide(self) -> int:
        """Number of bona fide scores."""
        return int(self.bona_fide_below[-1])

    @property
    def attack(self) -> int:
        """Number of attack scores."""
        return int(self.attack_below[-1])

    def gap(self, cut: int) -> int:
        """BPCER - APCER at a cut, times the number of pairs, so that it is a whole number."""
        # Cross-multiplied: as floats, 1/3 and 1 - 2/3 differ, and a tie would not be found.
        accepted = self.attack - int(self.attack_below[cut])
        return int(self.bona_fide_below[cut]) * self.attack - accepted * self.bona_fide

    @property
    def bpcer(self) -> Floats:
        """BPCER (M + 1,) of each cut, rising from 0 to 1."""
        return self.bona_fide_below / self.bona_fide

    @property
    def apcer(self) -> Floats:
        """APCER (M + 1,) of each cut, falling from 1 to 0."""
        return (self.attack - self.attack_below) / self.attack


def error_curve(bona_fide: ArrayLike, attack: ArrayLike) -> ErrorCurve:
    """Count both kinds of error at every cut between distinct scores.

    Args:
        bona_fide: scores (N,).
        attack: scores (M,) of all attacks together.

    Returns:
        The whole curve; no point is dropped.

    >>> error_curve([0.3, 0.8], [0.1, 0.3]).values.tolist()
    [0.1, 0.3, 0.8]
    """
    return of_sorted(
        np.sort(arrays.scores(bona_fide, "bona fide")), np.sort(arrays.scores(attack, "attack"))
    )


def of_sorted(bona_fide: Floats, attack: Floats) -> ErrorCurve:
    """Count both kinds of error for scores that are checked and sorted, without copies of them.

    Args:
        bona_fide: float64 (N,), rising.
        attack: float64 (M,), rising.

    Returns:
        What `error_curve` returns.
    """
    values = _distinct(bona_fide, attack)
    return ErrorCurve(values, _below(bona_fide, values), _below(attack, values))


def _distinct(*parts: Floats) -> Floats:
    """Merge the distinct values of sorted parts."""
    # Not scikit-learn's roc_curve: it drops points by default, which moved the EER threshold in
    # half of 2000 Gaussian draws (180 bona fide, 720 attacks) and the EER by up to 1.9 points.
    # A stable sort merges the sorted parts in linear time.
    merged = np.concatenate(parts)
    merged.sort(kind="stable")
    first = np.empty(merged.size, dtype=np.bool_)
    first[0] = True
    np.not_equal(merged[1:], merged[:-1], out=first[1:])
    return np.asarray(merged[first])


def worst_curve(bona_fide: ArrayLike, attacks: Mapping[str, ArrayLike]) -> ErrorCurve:
    """Count errors at every cut, with the APCER of the species group that is worst at that cut.

    Args:
        bona_fide: scores (N,).
        attacks: species group to scores (M,), at least one.

    Returns:
        A curve for areas; its attacks are counted in parts of one common size of the groups.

    >>> worst_curve([0.3, 0.8], {"mask": [0.5], "print": [0.1, 0.2]}).apcer.tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """
    live = np.sort(arrays.scores(bona_fide, "bona fide"))
    groups = [np.sort(arrays.scores(fake, name)) for name, fake in attacks.items()]
    values = _distinct(live, *groups)
    below = (_below(fake, values) for fake in groups)
    worst = worst_below(below, [fake.size for fake in groups])
    return ErrorCurve(values, _below(live, values), worst)


def worst_below(groups: Iterable[Ints], sizes: Sequence[int]) -> Ints:
    """Combine the attacks below each cut of several groups into those of the worst group.

    Args:
        groups: int64 (M + 1,) of each group on the same cuts, one after the other.
        sizes: the number of attacks of each group.

    Returns:
        int64 (M + 1,): the counts of the group with the largest APCER at each cut, in parts of
        the groups' common size.
    """
    whole = math.lcm(*sizes)
    # Beyond float64's digits the parts are rounded, which moves a rate by 1e-16.
    exact, whole = whole <= _FINEST, min(whole, _FINEST)
    worst = np.zeros(0, np.int64)
    for below, size in zip(groups, sizes, strict=True):
        if exact:
            scaled = below * (whole // size)
        else:
            parts = below * (whole / size)
            scaled = np.rint(parts, out=parts).astype(np.int64)
            del parts
        del below  # each array is as large as the scores
        worst = np.minimum(worst, scaled, out=scaled) if worst.size else scaled
    return worst


def _below(ordered: Floats, values: Floats) -> Ints:
    """Count the scores below each value and, at the end, all of them."""
    counts = np.empty(values.size + 1, dtype=np.int64)
    # left: a score equal to the cut is not below it, since the cut accepts it.
    counts[:-1] = np.searchsorted(ordered, values, side="left")
    counts[-1] = ordered.size
    return counts


def eer(curve: ErrorCurve) -> float:
    """Equal error rate: where the straight line between two cuts meets APCER = BPCER.

    Args:
        curve: the error curve.

    Returns:
        The rate in [0, 1]. Scores of both classes that tie are one step of the curve; the line is
        exact for a random decision between them. This is not the EER of the convex hull.

    >>> eer(error_curve([0.3, 0.8, 0.9, 0.7], [0.1, 0.2, 0.25, 0.75]))
    0.25
    """
    after = crossing(curve)
    gap = curve.gap(after)
    bpcer = curve.bona_fide_below[after] / curve.bona_fide
    if gap == 0:
        return float(bpcer)
    before = curve.bona_fide_below[after - 1] / curve.bona_fide
    share = -curve.gap(after - 1) / (gap - curve.gap(after - 1))
    return float(before + share * (bpcer - before))


def crossing(curve: ErrorCurve) -> int:
    """Find the first cut where BPCER is at least APCER; the last cut always is one.

    Args:
        curve: the error curve.

    Returns:
        The cut, 1..M.
    """
    # The gap rises strictly, so bisection finds it without an array of rates.
    return bisect.bisect_left(range(curve.values.size + 1), 0, key=curve.gap)


def auc(curve: ErrorCurve) -> float:
    """Area under the ROC: the chance that a bona fide score is above an attack score.

    Args:
        curve: the error curve.

    Returns:
        A share in [0, 1]; a tie counts as one half (Mann-Whitney).

    >>> auc(error_curve([0.3, 0.8], [0.1, 0.3]))
    0.875
    """
    area = 0.0
    for rows in _chunks(curve):
        fake = np.diff(curve.attack_below[rows]).astype(np.float64)
        # The mean of both ends counts bona fide scores of the same value as one half (a tie).
        below = curve.bona_fide_below[rows]
        area += float(fake @ (curve.bona_fide - (below[1:] + below[:-1]) / 2))
    return area / (curve.bona_fide * curve.attack)


def _chunks(curve: ErrorCurve) -> Iterator[slice]:
    """Yield overlapping ranges of cuts, so that no array of all rates is needed."""
    for start in range(0, curve.values.size, _CHUNK):
        yield slice(start, start + _CHUNK + 1)


def partial_auc(curve: ErrorCurve, limit: float) -> float:
    """Area under the ROC up to an APCER, divided by that APCER.

    Args:
        curve: the error curve.
        limit: the largest APCER that counts, in (0, 1].

    Returns:
        The mean of 1 - BPCER over APCER in [0, limit]; 1 is perfect, limit / 2 is chance.

    Raises:
        ValueError: when the limit is outside (0, 1].

    >>> round(partial_auc(error_curve([0.9, 0.8], [0.1, 0.3]), 0.1), 6)
    1.0
    """
    # Not roc_auc_score(max_fpr=...), which rescales the area (McClish) to [0.5, 1].
    if not 0 < limit <= 1:
        raise ValueError(f"limit must lie in (0, 1], got {limit}")
    # APCER falls over the cuts, so bisection finds the first one below the limit.
    first = bisect.bisect_left(
        range(curve.values.size + 1), True, key=lambda c: _at(curve, c) < limit
    )
    fake, live = (below[first - 1 :] for below in (curve.attack_below, curve.bona_fide_below))
    x, y = (1 - fake / curve.attack)[::-1], (1 - live / curve.bona_fide)[::-1]
    # The limit can be between two cuts; the last trapezoid ends there.
    edge = np.interp(limit, x[-2:], y[-2:])
    return float(np.trapezoid(np.append(y[:-1], edge), np.append(x[:-1], limit)) / limit)


def _at(curve: ErrorCurve, cut: int) -> float:
    """APCER at a cut."""
    return (curve.attack - int(curve.attack_below[cut])) / curve.attack


def log_auc(curve: ErrorCurve, smallest: float = 1e-3) -> float:
    """Area under the ROC with a logarithmic APCER axis, which gives each decade the same weight.

    Args:
        curve: the error curve.
        smallest: the APCER where the axis starts, in (0, 1).

    Returns:
        The mean of 1 - BPCER over log APCER in [log smallest, 0], in [0, 1]; the curve is a
        step function: between two cuts, BPCER is that of the better cut that keeps the APCER.

    Raises:
        ValueError: when the start is outside (0, 1).
    """
    if not 0 < smallest < 1:
        raise ValueError(f"smallest must lie in (0, 1), got {smallest}")
    area = 0.0
    for rows in _chunks(curve):
        apcer = (curve.attack - curve.attack_below[rows]) / curve.attack
        # Clipped, so that APCER 0 has a logarithm. Steps, not trapezoids: a straight line of the
        # ROC is not straight over a logarithmic axis.
        axis = np.log(np.maximum(apcer, smallest))
        area += float(
            (axis[:-1] - axis[1:]) @ (1 - curve.bona_fide_below[rows][1:] / curve.bona_fide)
        )
    return area / -math.log(smallest)


def average_precision(curve: ErrorCurve) -> float:
    """Average precision with bona fide as the positive class.

    Args:
        curve: the error curve.

    Returns:
        The sum of precision times the rise of recall over falling cuts, in (0, 1]; it depends on
        the class sizes.

    >>> round(average_precision(error_curve([0.9, 0.4], [0.5, 0.3])), 4)
    0.8333
    """
    total = 0.0
    for rows in _chunks(curve):
        live = curve.bona_fide - curve.bona_fide_below[rows]
        # Steps: trapezoids are too optimistic here. The last cut accepts nothing (0 / 0).
        accepted = live + (curve.attack - curve.attack_below[rows])
        total += float(-np.diff(live) @ (live[:-1] / accepted[:-1]))
    return total / curve.bona_fide


def bpcer_at_apcer(curve: ErrorCurve, limit: float) -> float:
    """Smallest BPCER of the cuts whose APCER is at most a limit (BPCER20: limit 0.05).

    Args:
        curve: the error curve.
        limit: the APCER allowed, in [0, 1].

    Returns:
        The BPCER in [0, 1]; 1 when only refusing everything keeps the limit.

    >>> bpcer_at_apcer(error_curve([0.3, 0.8], [0.1, 0.4]), 0.0)
    0.5
    """
    allowed = _floor_count(arrays.share(limit, "limit"), curve.attack)
    # left: of the cuts with the same APCER, the first has the smallest BPCER.
    cut = int(np.searchsorted(curve.attack_below, curve.attack - allowed, side="left"))
    return float(curve.bona_fide_below[cut] / curve.bona_fide)


def apcer_at_bpcer(curve: ErrorCurve, limit: float) -> float:
    """Smallest APCER of the cuts whose BPCER is at most a limit.

    Args:
        curve: the error curve.
        limit: the BPCER allowed, in [0, 1].

    Returns:
        The APCER in [0, 1].

    >>> apcer_at_bpcer(error_curve([0.3, 0.8], [0.1, 0.4]), 0.0)
    0.5
    """
    allowed = _floor_count(arrays.share(limit, "limit"), curve.bona_fide)
    # right, minus 1: of the cuts with the same BPCER, the last has the smallest APCER.
    cut = int(np.searchsorted(curve.bona_fide_below, allowed, side="right")) - 1
    return float((curve.attack - curve.attack_below[cut]) / curve.attack)


def tpr_at_fpr(curve: ErrorCurve, limit: float) -> float:
    """Share of bona fide accepted while at most a share of attacks is (1 - BPCER at APCER).

    Args:
        curve: the error curve.
        limit: the false positive rate allowed, in [0, 1].

    Returns:
        A share in [0, 1].

    >>> tpr_at_fpr(error_curve([0.3, 0.8], [0.1, 0.4]), 0.0)
    0.5
    """
    return 1.0 - bpcer_at_apcer(curve, limit)


def _floor_count(limit: float, total: int) -> int:
    """Find the largest count whose share is at most the limit."""
    # 0.29 * 100 is 28.999999999999996, although 29 of 100 keep the limit 0.29.
    count = int(limit * total) + 1
    while count / total > limit:
        count -= 1
    return count
