"""Bootstrap over clusters: whole clusters are resampled, and every figure is recomputed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.curves import ErrorCurve
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


class Limits(NamedTuple):
    """Ends of an interval."""

    low: float
    high: float


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
        ``eer``, ``auc``, ``bpcer@x`` and the points' names. NaN where a replicate lacks a class.
        Figures of the curve are exact up to `MOST_CUTS` distinct scores; beyond that, one cut
        passes at most one in `MOST_CUTS` of the distinct scores.
    """
    found = _rates(sample, threshold, weights) | {"d_prime": _d_prime(sample, weights)}
    curves = _Curves.of(sample)
    chunk = max(1, _CELLS // (2 * curves.bins))
    parts = [
        curves.figures(weights[start : start + chunk], limits, points)
        for start in range(0, len(weights), chunk)
    ]
    return found | {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _rates(sample: Sample, threshold: float, weights: NDArray[np.int64]) -> dict[str, Floats]:
    """Compute the rates at the threshold from weighted counts per cluster and species."""
    kinds = len(sample.groups) + 1
    cells = sample.clusters * kinds + sample.species
    # A score at the threshold is accepted: an error for an attack, none for bona fide.
    wrong = (sample.scores >= threshold) == (sample.species > 0)
    shape = (sample.cluster_count, kinds)
    size = shape[0] * kinds
    draws = weights.astype(np.float64)
    total = draws @ np.bincount(cells, minlength=size).reshape(shape)
    error = draws @ np.bincount(cells[wrong], minlength=size).reshape(shape)
    rates = {"bpcer": _ratio(error[:, 0], total[:, 0])}
    for index in range(kinds - 1):
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
        cells: int64 (N,), the bin of each score, those of attacks after those of bona fide.
        bins: how many bins there are.
    """

    clusters: Ints
    cells: Ints
    bins: int

    @staticmethod
    def of(sample: Sample) -> "_Curves":
        """Sort a sample into one bin per distinct score, or into quantiles if there are many."""
        values = np.unique(sample.scores)
        if values.size > MOST_CUTS:
            values = values[np.linspace(0, values.size - 1, MOST_CUTS).astype(np.int64)]
        bins = np.searchsorted(values, sample.scores, side="left")
        attack = (sample.species > 0) * values.size
        return _Curves(sample.clusters, bins + attack, values.size)

    def figures(
        self, weights: NDArray[np.int64], limits: Sequence[float], points: Sequence[Point]
    ) -> dict[str, Floats]:
        """Compute the figures of the whole curve, for some replicates."""
        counts = np.zeros((len(weights), 2, self.bins + 1))
        for row, drawn in zip(counts, weights.astype(np.float64), strict=True):
            cells = np.bincount(self.cells, drawn[self.clusters], minlength=2 * self.bins)
            np.cumsum(cells.reshape(2, self.bins), axis=1, out=row[:, 1:])
        # NaN where a replicate lacks a class; LGSC's and SSDG's codes set such a rate to 1.
        usable = (counts[:, :, -1] > 0).all(axis=1)
        names = ("eer", "auc", *(f"bpcer@{x:g}" for x in limits), *(p.name for p in points))
        found = {name: np.full(len(weights), np.nan) for name in names}
        live, fake = counts[usable, 0], counts[usable, 1]
        if usable.any():
            found["eer"][usable] = _eer(live, fake)
            found["auc"][usable] = _auc(live, fake)
            for limit in limits:
                found[f"bpcer@{limit:g}"][usable] = _bpcer_at(live, fake, limit)
        for place in np.flatnonzero(usable) if points else ():
            curve = _curve(counts[place, 0], counts[place, 1])
            for point in points:
                found[point.name][place] = point.read(curve)
        return found


def _curve(live: Floats, fake: Floats) -> ErrorCurve:
    """Build a replicate's error curve from its counts below each bin, without empty bins."""
    # `ErrorCurve` has cuts between distinct scores only.
    kept = np.append(np.flatnonzero(np.diff(live) + np.diff(fake)), live.size - 1)
    counted = live[kept].astype(np.int64), fake[kept].astype(np.int64)
    return ErrorCurve(kept[:-1].astype(np.float64), *counted)


def _eer(live: Floats, fake: Floats) -> Floats:
    """Interpolated EER of each row, as `curves.eer`."""
    bpcer = live / live[:, -1:]
    gap = bpcer + fake / fake[:, -1:] - 1
    # Floats, unlike in `curves.eer`: an exact crossing can round to just below 0. The first gap
    # is -1 (all accepted), so `after` is at least 1.
    after = np.argmax(gap >= -1e-12, axis=1)
    rows = np.arange(len(live))
    low, high = gap[rows, after - 1], gap[rows, after]
    share = np.clip(-low / (high - low), 0, 1)
    start = bpcer[rows, after - 1]
    return np.asarray(start + share * (bpcer[rows, after] - start))


def _auc(live: Floats, fake: Floats) -> Floats:
    """Area under the ROC of each row, as `curves.auc`."""
    above = live[:, -1:] - (live[:, 1:] + live[:, :-1]) / 2
    area = np.einsum("rm,rm->r", np.diff(fake, axis=1), above)
    return np.asarray(area / (live[:, -1] * fake[:, -1]))


def _bpcer_at(live: Floats, fake: Floats, limit: float) -> Floats:
    """Smallest BPCER of each row with APCER at most the limit, as `curves.bpcer_at_apcer`."""
    total = fake[:, -1:]
    # The first True; there is one, since the last cut refuses all. The quotient is rounded as in
    # `curves`, so both agree at the limit.
    first = np.argmax((total - fake) / total <= limit, axis=1)
    return np.asarray(live[np.arange(len(live)), first] / live[:, -1])


def percentile(replicates: Floats, confidence: float) -> Limits:
    """Percentile interval.

    Args:
        replicates: float64 (R,), finite.
        confidence: e.g. 0.95.

    Returns:
        The quantiles (1 - confidence) / 2 and (1 + confidence) / 2, linearly interpolated.
    """
    low, high = np.quantile(replicates, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Limits(float(low), float(high))


def bca(replicates: Floats, estimate: float, jackknife: Floats, confidence: float) -> Limits:
    """Bias-corrected and accelerated interval (Efron 1987).

    Args:
        replicates: float64 (R,), finite.
        estimate: the figure on the sample itself.
        jackknife: float64 (C,), the figure without each cluster in turn.
        confidence: e.g. 0.95.

    Returns:
        Quantiles of the replicates, corrected for bias and skewness.
    """
    normal = NormalDist()
    # Ties with the estimate count half, which matters for rates that take few values. The clip
    # keeps z finite when all replicates are on one side of the estimate.
    below = np.mean(replicates < estimate) + np.mean(replicates == estimate) / 2
    bias = normal.inv_cdf(float(np.clip(below, 0.5 / replicates.size, 1 - 0.5 / replicates.size)))
    away = jackknife.mean() - jackknife
    spread = np.sum(away**2) ** 1.5
    acceleration = float(np.sum(away**3) / (6 * spread)) if spread > 0 else 0.0
    ends = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + normal.inv_cdf(tail)
        ends.append(normal.cdf(bias + z / (1 - acceleration * z)))
    low, high = np.quantile(replicates, ends)
    return Limits(float(low), float(high))


def gather(chunks: Iterator[dict[str, Floats]]) -> Mapping[str, Floats]:
    """Join the figures of several chunks of replicates.

    Args:
        chunks: what `figures` returns, at least one.

    Returns:
        Name to all replicates in order.
    """
    parts = list(chunks)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
