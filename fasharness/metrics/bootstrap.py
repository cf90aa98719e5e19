"""Bootstrap over clusters: whole clusters are resampled, and every figure is recomputed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.curves import ErrorCurve, worst_below
from fasharness.metrics.points import Point

MOST_CUTS = 4096  # with more distinct scores, neighbours share a cut in the replicates
WeightChunks = Iterator[NDArray[np.int64]]

_CELLS = 4_000_000  # replicates times scores in memory at once: 32 MB per array


@dataclass(frozen=True, eq=False)
class Sample:
    """Scores of a test split with their classes and clusters.

    Attributes:
        scores: float64 (N,), finite.
        species: int64 (N,), 0 for bona fide, else 1 + the position in `groups`.
        groups: the species group (position among groups, from 0) of each species.
        clusters: int64 (N,), the cluster (subject) of each score, 0..C-1, none empty.
    """

    scores: Floats
    species: Ints
    groups: Sequence[int]
    clusters: Ints

    @property
    def cluster_count(self) -> int:
        """Number of clusters."""
        return int(self.clusters.max()) + 1


class Decided(NamedTuple):
    """Decisions at a threshold, counted by cluster.

    Attributes:
        errors: int64 (C, 1 + species), the wrong ones of each cluster: bona fide first.
        totals: int64 (C, 1 + species), all of them.
    """

    errors: Ints
    totals: Ints


def decide(sample: Sample, threshold: float) -> Decided:
    """Count the decisions of each cluster on bona fide presentations and on each species.

    Args:
        sample: the scores.
        threshold: scores at or above it are accepted as bona fide.

    Returns:
        Errors and presentations.
    """
    kinds = len(sample.groups) + 1
    cells = sample.clusters * kinds + sample.species
    # A score at the threshold is accepted: an error for an attack, none for bona fide.
    wrong = (sample.scores >= threshold) == (sample.species > 0)
    shape = (sample.cluster_count, kinds)
    size = shape[0] * kinds
    errors = np.bincount(cells[wrong], minlength=size).reshape(shape)
    return Decided(errors, np.bincount(cells, minlength=size).reshape(shape))


def draw(clusters: int, replicates: int, seed: int) -> WeightChunks:
    """Draw bootstrap weights: how often each cluster is in each replicate.

    Args:
        clusters: how many clusters are drawn, with replacement, from as many.
        replicates: how many times.
        seed: seed of numpy's PCG64; the draws do not depend on how they are split into chunks.

    Yields:
        int64 (r, C) chunks with R rows in total.
    """
    generator = np.random.default_rng(seed)
    chunk = max(1, _CELLS // clusters)
    # Drawing with replacement gives multinomial counts; as weights they make the rates of all
    # replicates one matrix product. Rows are drawn in order, so chunks change no draw.
    shares = np.full(clusters, 1 / clusters)
    for start in range(0, replicates, chunk):
        yield generator.multinomial(clusters, shares, size=min(chunk, replicates - start))


def leave_one_out(clusters: int) -> WeightChunks:
    """Return the weights of the jackknife: each cluster is left out in turn.

    Args:
        clusters: how many clusters there are.

    Yields:
        int64 (r, C) chunks with C rows in total.
    """
    chunk = max(1, _CELLS // clusters)
    for start in range(0, clusters, chunk):
        rows = np.arange(start, min(start + chunk, clusters))
        weights = np.ones((rows.size, clusters), dtype=np.int64)
        weights[np.arange(rows.size), rows] = 0
        yield weights


def figures(
    sample: Sample,
    threshold: float,
    limits: Sequence[float],
    weights: NDArray[np.int64],
    points: Sequence[Point] = (),
) -> dict[str, Floats]:
    """Compute every figure in every replicate.

    Args:
        sample: the scores.
        threshold: scores at or above it are accepted as bona fide.
        limits: APCER limits at which BPCER is computed.
        weights: int64 (R, C), how often each cluster counts.
        points: further figures of the curve; each is computed once per replicate.

    Returns:
        Name to float64 (R,): ``bpcer``, ``species:i``, ``group:i``, ``apcer``, ``apcer_species``,
        ``apcer_pooled``, ``acer``, ``acer_species``, ``hter``, ``accuracy``, ``d_prime``,
        ``eer``, ``auc``, ``bpcer@x`` (of the worst species group), the same with the ending
        ``_pooled``, and the points' names. NaN where a replicate lacks a class or a group.
        Figures of the curve are exact up to `MOST_CUTS` distinct scores; beyond that, one cut
        passes at most one in `MOST_CUTS` of the distinct scores.
    """
    found = _rates(sample, threshold, weights) | {"d_prime": _d_prime(sample, weights)}
    curves = _Curves.of(sample)
    # Several arrays of this size are needed at once.
    chunk = max(1, _CELLS // (4 * (1 + curves.groups) * curves.bins))
    parts = [
        curves.figures(weights[start : start + chunk], limits, points)
        for start in range(0, len(weights), chunk)
    ]
    return found | {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _rates(sample: Sample, threshold: float, weights: NDArray[np.int64]) -> dict[str, Floats]:
    """Compute the rates at the threshold from weighted counts per cluster and species."""
    decided, draws = decide(sample, threshold), weights.astype(np.float64)
    error, total = draws @ decided.errors, draws @ decided.totals
    rates = {"bpcer": _ratio(error[:, 0], total[:, 0])}
    for index in range(len(sample.groups)):
        rates[f"species:{index}"] = _ratio(error[:, index + 1], total[:, index + 1])
    groups = np.asarray(sample.groups)
    for group in range(groups.max() + 1):
        columns = 1 + np.flatnonzero(groups == group)
        rates[f"group:{group}"] = _ratio(error[:, columns].sum(1), total[:, columns].sum(1))
    # Not nanmax: over fewer groups the largest APCER of a replicate would be too small.
    for name, parts in (("apcer", "group:"), ("apcer_species", "species:")):
        rates[name] = np.max([r for key, r in rates.items() if key.startswith(parts)], axis=0)
    rates["apcer_pooled"] = _ratio(error[:, 1:].sum(1), total[:, 1:].sum(1))
    rates["acer"] = (rates["apcer"] + rates["bpcer"]) / 2
    rates["acer_species"] = (rates["apcer_species"] + rates["bpcer"]) / 2
    rates["hter"] = (rates["apcer_pooled"] + rates["bpcer"]) / 2
    rates["accuracy"] = 1 - _ratio(error.sum(1), total.sum(1))
    return rates


def _d_prime(sample: Sample, weights: NDArray[np.int64]) -> Floats:
    """Compute d' as `rates.d_prime` from weighted sums per cluster and class."""
    cells = sample.clusters * 2 + (sample.species > 0)
    size = sample.cluster_count * 2
    # Sums of squares lose digits far from zero and overflow. d' does not change with scale or
    # offset, so both are removed first.
    values = sample.scores / (np.abs(sample.scores).max() or 1.0)
    values -= values.mean()
    draws = weights.astype(np.float64)
    count, total, square = (
        draws @ np.bincount(cells, values**power, minlength=size).reshape(-1, 2)
        for power in range(3)
    )
    mean = _ratio(total, count)
    # Rounding can leave a variance just below 0; n - 1 (Bessel) as in `rates`.
    spread = np.sqrt(_ratio((square - total * mean).clip(0), count - 1).sum(axis=1) / 2)
    # Equal scores leave a tiny spread by rounding; it must give NaN, not a huge d'.
    spread[spread < 1e-7 * np.abs(values).max()] = 0
    return _ratio(mean[:, 0] - mean[:, 1], spread)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where the denominator is not positive."""
    ratio = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


@dataclass(frozen=True, eq=False)
class _Curves:
    """Scores sorted into bins, so that replicates only need weights.

    Attributes:
        clusters: int64 (N,), the cluster of each score.
        cells: int64 (N,), the bin of each score: those of bona fide first, then of each group.
        bins: how many bins a class has.
        groups: how many species groups there are.
    """

    clusters: Ints
    cells: Ints
    bins: int
    groups: int

    @staticmethod
    def of(sample: Sample) -> "_Curves":
        """Sort a sample into one bin per distinct score, or into quantiles if there are many."""
        values = np.unique(sample.scores)
        if values.size > MOST_CUTS:
            values = values[np.linspace(0, values.size - 1, MOST_CUTS).astype(np.int64)]
        bins = np.searchsorted(values, sample.scores, side="left")
        classes = np.append(0, 1 + np.asarray(sample.groups))[sample.species]
        return _Curves(
            sample.clusters, bins + classes * values.size, values.size, int(classes.max())
        )

    def figures(
        self, weights: NDArray[np.int64], limits: Sequence[float], points: Sequence[Point]
    ) -> dict[str, Floats]:
        """Compute the figures of the whole curves, for some replicates."""
        classes = 1 + self.groups
        counts = np.zeros((len(weights), classes, self.bins + 1))
        for row, drawn in zip(counts, weights.astype(np.float64), strict=True):
            cells = np.bincount(self.cells, drawn[self.clusters], minlength=classes * self.bins)
            np.cumsum(cells.reshape(classes, self.bins), axis=1, out=row[:, 1:])
        live, fakes = counts[:, 0], [counts[:, group] for group in range(1, classes)]
        names = [("eer", max), ("auc", min), *((f"bpcer@{x:g}", max) for x in limits)]
        each = [_whole(live, fake, limits) for fake in fakes]
        pooled = _whole(live, sum(fakes[1:], fakes[0]), limits) if len(fakes) > 1 else each[0]
        found = {f"{name}_pooled": values for (name, _), values in zip(names, pooled, strict=True)}
        for place, (name, worst) in enumerate(names):
            # Not over the groups that a replicate happens to have: it would be too good.
            values = np.array([one[place] for one in each])
            found[name] = values.max(axis=0) if worst is max else values.min(axis=0)
        return found | _read(points, live, fakes)


def _whole(live: Floats, fake: Floats, limits: Sequence[float]) -> list[Floats]:
    """Compute EER, AUC and BPCER at each limit, for each row; NaN where a class is missing."""
    # LGSC's and SSDG's codes set such a rate to 1.
    usable = (live[:, -1] > 0) & (fake[:, -1] > 0)
    found = [np.full(len(live), np.nan) for _ in range(2 + len(limits))]
    if usable.any():
        live, fake = live[usable], fake[usable]
        values = (_eer(live, fake), _auc(live, fake), *(_bpcer_at(live, fake, x) for x in limits))
        for row, value in zip(found, values, strict=True):
            row[usable] = value
    return found


def _read(points: Sequence[Point], live: Floats, fakes: Sequence[Floats]) -> dict[str, Floats]:
    """Read the further figures off each row's curves; NaN where a class or group is missing."""
    found = {point.name: np.full(len(live), np.nan) for point in points}
    for place in np.flatnonzero(live[:, -1] > 0) if points else ():
        mine = live[place], [fake[place].astype(np.int64) for fake in fakes]
        for name, value in _read_row(points, *mine):
            found[name][place] = value
    return found


def _read_row(
    points: Sequence[Point], live: Floats, fakes: Sequence[Ints]
) -> Iterator[tuple[str, float]]:
    """Yield the figures of one replicate that has bona fide scores."""
    together = np.sum(fakes, axis=0)
    whole = all(fake[-1] for fake in fakes)
    each = [_curve(live, fake) for fake in fakes] if whole else []
    worst = _curve(live, worst_below(fakes, [int(fake[-1]) for fake in fakes])) if whole else None
    pooled = _curve(live, together) if together[-1] else None
    for point in points:
        if point.pooled and pooled:
            yield point.name, point.read(pooled)
        elif not point.pooled and worst:
            values = map(point.read, each)
            yield point.name, point.worst(values) if point.worst else point.read(worst)


def _curve(live: Floats, fake: Floats | Ints) -> ErrorCurve:
    """Build a replicate's error curve from its counts below each bin, without empty bins."""
    # `ErrorCurve` has cuts between distinct scores only.
    kept = np.append(np.flatnonzero(np.diff(live) + np.diff(fake)), live.size - 1)
    counted = live[kept].astype(np.int64), fake[kept].astype(np.int64)
    return ErrorCurve(kept[:-1].astype(np.float64), *counted)


def _first(rows: int, cuts: int, reached: Callable[[Ints], NDArray[np.bool_]]) -> Ints:
    """Find the first cut of each row where a condition holds that then holds for all further ones.

    Bisection, since arrays of rates over all cuts would take most of the bootstrap's time.
    """
    low, high = np.zeros(rows, np.int64), np.full(rows, cuts - 1)
    while (low < high).any():
        middle = (low + high) // 2
        here = reached(middle)
        low, high = np.where(here, low, middle + 1), np.where(here, middle, high)
        low = np.minimum(low, high)
    return low


def _eer(live: Floats, fake: Floats) -> Floats:
    """Interpolated EER of each row, as `curves.eer`."""
    rows = np.arange(len(live))

    def gap(cut: Ints) -> Floats:
        bpcer, refused = live[rows, cut] / live[:, -1], fake[rows, cut] / fake[:, -1]
        return np.asarray(bpcer + refused - 1)

    # Floats, unlike in `curves.eer`: an exact crossing can round to just below 0. The first gap
    # is -1 (all accepted), so `after` is at least 1.
    after = _first(len(live), live.shape[1], lambda cut: np.asarray(gap(cut) >= -1e-12))
    low, high = gap(after - 1), gap(after)
    share = np.clip(-low / (high - low), 0, 1)
    start, end = live[rows, after - 1] / live[:, -1], live[rows, after] / live[:, -1]
    return np.asarray(start + share * (end - start))


def _auc(live: Floats, fake: Floats) -> Floats:
    """Area under the ROC of each row, as `curves.auc`."""
    above = live[:, -1:] - (live[:, 1:] + live[:, :-1]) / 2
    area = np.einsum("rm,rm->r", np.diff(fake, axis=1), above)
    return np.asarray(area / (live[:, -1] * fake[:, -1]))


def _bpcer_at(live: Floats, fake: Floats, limit: float) -> Floats:
    """Smallest BPCER of each row with APCER at most the limit, as `curves.bpcer_at_apcer`."""
    rows, total = np.arange(len(live)), fake[:, -1]
    # There is such a cut, since the last one refuses all. The quotient is rounded as in `curves`,
    # so both agree at the limit.
    first = _first(len(live), live.shape[1], lambda cut: (total - fake[rows, cut]) / total <= limit)
    return np.asarray(live[rows, first] / live[:, -1])


def gather(chunks: Iterator[dict[str, Floats]]) -> Mapping[str, Floats]:
    """Join the figures of several chunks of replicates.

    Args:
        chunks: what `figures` returns, at least one.

    Returns:
        Name to all replicates in order.
    """
    parts = list(chunks)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
