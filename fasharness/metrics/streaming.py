"""Error curves of more scores than fit into memory: counts in bins, with bounds of the error."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fasharness.metrics import arrays, curves
from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.curves import ErrorCurve


class Bounded(NamedTuple):
    """A figure and the largest possible distance to the true one."""

    value: float
    error: float


def worst(found: Sequence[Bounded], choose: Callable[[Iterable[float]], float]) -> Bounded:
    """Return the worst of several figures, and how far the true worst can be from it.

    Args:
        found: the figures, at least one.
        choose: ``max`` for errors, ``min`` for areas.

    Returns:
        The worst value; another figure can be the true worst, which the error allows for.

    >>> worst([Bounded(0.25, 0.125), Bounded(0.125, 0.5)], max)
    Bounded(value=0.25, error=0.375)
    """
    value = choose(one.value for one in found)
    ends = (choose(one.value + sign * one.error for one in found) for sign in (-1, 1))
    return Bounded(value, max(abs(end - value) for end in ends))


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """Counts of both classes in bins of equal width; memory does not grow with the scores.

    Attributes:
        low: where the first bin starts; lower scores are counted in a bin of their own.
        high: where the last bin ends; scores at or above it are counted in a bin of their own.
        bona_fide: int64 (B + 2,), filled by `add`.
        attack: int64 (B + 2,), filled by `add`.
    """

    low: float
    high: float
    bona_fide: Ints
    attack: Ints

    @staticmethod
    def empty(low: float, high: float, bins: int = 65_536) -> "ScoreCounts":
        """Create counts of nothing.

        Args:
            low: where the first bin starts.
            high: where the last bin ends.
            bins: how many bins are between them.

        Returns:
            The counts, all 0.

        Raises:
            ValueError: when the range is empty or not finite, or there is no bin.
        """
        if not (np.isfinite(low) and np.isfinite(high) and low < high and bins > 0):
            raise ValueError(f"expected low < high and a bin, got {low}, {high}, {bins}")
        return ScoreCounts(low, high, np.zeros(bins + 2, np.int64), np.zeros(bins + 2, np.int64))

    @property
    def edges(self) -> Floats:
        """The ends of the bins between low and high, float64 (B + 1,)."""
        return np.linspace(self.low, self.high, self.bona_fide.size - 1)

    def add(self, bona_fide: ArrayLike, attack: ArrayLike) -> None:
        """Add scores to the counts.

        Args:
            bona_fide: finite scores (N,), N >= 0.
            attack: finite scores (M,), M >= 0.
        """
        edges = self.edges
        for counts, values in ((self.bona_fide, bona_fide), (self.attack, attack)):
            if np.size(values):
                found = arrays.scores(values, "counted")
                # right: a score at an edge is above it, as in score >= threshold. Not divided
                # by the bin's width, which could round a score over an edge.
                at = np.searchsorted(edges, found, side="right")
                counts += np.bincount(at, minlength=counts.size)

    def curve(self) -> ErrorCurve:
        """Return the error curve at the edges of the bins, where it is exact.

        Returns:
            A curve whose first cut accepts all and whose last refuses all.

        Raises:
            ValueError: when a class has no score.
        """
        if not self.bona_fide.sum() or not self.attack.sum():
            raise ValueError("expected scores of both classes, got none of one of them")
        # The lowest bin has no lower edge; its value is never compared with a score.
        values = np.append(-np.inf, self.edges)
        below = (np.append(0, np.cumsum(counts)) for counts in (self.bona_fide, self.attack))
        return ErrorCurve(values, *below)

    def eer(self) -> Bounded:
        """Compute the equal error rate, interpolated within the bin where the errors cross.

        Returns:
            The rate. The true curve passes through both ends of that bin and is monotonic
            between them, which bounds the error.
        """
        curve = self.curve()
        after = curves.crossing(curve)
        bpcer, apcer = curve.bpcer, curve.apcer
        low = max(bpcer[after - 1], apcer[after])
        high = min(bpcer[after], apcer[after - 1])
        value = curves.eer(curve)
        return Bounded(value, float(max(high - value, value - low, 0.0)))

    def auc(self) -> Bounded:
        """Compute the area under the ROC, with pairs within a bin counted as ties.

        Returns:
            The area; the error is at most half the pairs that share a bin.
        """
        # float64: the number of pairs of a large file can overflow int64.
        pairs = float(self.bona_fide.astype(np.float64) @ self.attack)
        total = float(self.bona_fide.sum()) * float(self.attack.sum())
        return Bounded(curves.auc(self.curve()), pairs / total / 2)
