"""Scores as probabilities: Platt's and isotonic calibration, Cllr and reliability."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fasharness.metrics import arrays
from fasharness.metrics.arrays import Floats, Ints

_ROUNDS = 100


@dataclass(frozen=True, eq=False)
class Deviations:
    """Scores as deviations from one of them, in units of a power of two.

    Both steps are exact for scores near that one, so large scores neither overflow nor, by a
    common offset, lose the digits in which they differ.

    Attributes:
        centre: float64 (D,), a middle score.
        unit: float64 (D,), at most twice below the largest magnitude.
    """

    centre: Floats
    unit: Floats

    @staticmethod
    def around(rows: Floats) -> "Deviations":
        """Choose the middle score and the unit of each feature.

        Args:
            rows: float64 (N, D), N >= 1, finite.

        Returns:
            The deviations.
        """
        centre = np.sort(rows, axis=0)[len(rows) // 2]
        _, exponents = np.frexp(np.abs(rows).max(axis=0))
        # One less: the power above the largest float would be infinite.
        return Deviations(centre, np.ldexp(1.0, exponents - 1))

    def of(self, rows: Floats) -> Floats:
        """Compute deviations.

        Args:
            rows: float64 (N, D).

        Returns:
            float64 (N, D).
        """
        return np.asarray(rows / self.unit - self.centre / self.unit)


@dataclass(frozen=True, eq=False)
class Logistic:
    """Log odds that are linear in the scores.

    Attributes:
        scores: how scores become deviations.
        weights: float64 (D,), of the deviations.
        offset: added to the weighted sum.
    """

    scores: Deviations
    weights: Floats
    offset: float

    def log_odds(self, features: ArrayLike) -> Floats:
        """Compute natural log odds of bona fide.

        Args:
            features: float (N, D), or (N,) where D is 1.

        Returns:
            float64 (N,).
        """
        rows = np.asarray(features, dtype=np.float64).reshape(-1, self.weights.size)
        return np.asarray(self.scores.of(rows) @ self.weights + self.offset)


def logistic(bona_fide: ArrayLike, attack: ArrayLike, ridge: float = 1e-3) -> Logistic:
    """Fit log odds with equal class weights; on single scores this is Platt's calibration.

    Args:
        bona_fide: float (N,) or (N, D).
        attack: float (M,) or (M, D).
        ridge: penalty on the squared weights of standardised features per unit of class weight,
            which keeps separable classes finite.

    Returns:
        The fit (Newton's method to 1e-10; both classes weigh the same, so the prior is 1/2).

    Raises:
        ValueError: when the shapes do not fit together.
    """
    live, fake = (np.asarray(x, dtype=np.float64) for x in (bona_fide, attack))
    live, fake = (x[:, None] if x.ndim == 1 else x for x in (live, fake))
    if live.ndim != 2 or fake.ndim != 2 or live.shape[1] != fake.shape[1] or not ridge > 0:
        raise ValueError(f"expected (N, D) and (M, D), got {live.shape} and {fake.shape}")
    scores = Deviations.around(np.concatenate([live, fake]))
    rows = scores.of(np.concatenate([live, fake]))
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    # A constant feature has no deviation.
    scale[scale == 0] = 1.0
    design = np.column_stack([(rows - centre) / scale, np.ones(len(rows))])
    target = np.append(np.ones(len(live)), np.zeros(len(fake)))
    # Equal class weights, so the prior is 1/2 and the log odds are log likelihood ratios.
    weight = np.append(np.full(len(live), 0.5 / len(live)), np.full(len(fake), 0.5 / len(fake)))
    found = _newton(design, target, weight, ridge)
    weights = found[:-1] / scale
    return Logistic(scores, weights, float(found[-1] - weights @ centre))


def keep_order(scores: ArrayLike, mapped: ArrayLike) -> Floats:
    """Separate what a rising function tied in rounding, by the smallest steps between floats.

    Args:
        scores: finite (N,).
        mapped: finite (N,), not falling as the scores rise.

    Returns:
        float64 (N,): equal where the scores are equal, and rising where they rise.
    """
    values, where, which = np.unique(
        np.asarray(scores, dtype=np.float64), return_index=True, return_inverse=True
    )
    bits = np.asarray(mapped, dtype=np.float64)[where].view(np.int64)
    # The bits of floats of one sign are in their order, those of negative ones in the reverse.
    ranks = np.where(bits < 0, np.iinfo(np.int64).min - bits, bits)
    steps = np.arange(values.size)
    ranks = np.maximum.accumulate(ranks - steps) + steps
    bits = np.where(ranks < 0, np.iinfo(np.int64).min - ranks, ranks)
    return np.asarray(bits.view(np.float64)[which])


def _newton(design: Floats, target: Floats, weight: Floats, ridge: float) -> Floats:
    """Minimise the weighted logistic loss with a ridge on all but the offset."""
    found = np.zeros(design.shape[1])
    # Without a ridge, the weights of separable classes grow without end.
    penalty = np.append(np.full(found.size - 1, ridge), 0.0)
    for _ in range(_ROUNDS):
        chance = _sigmoid(design @ found)
        slope = design.T @ (weight * (chance - target)) + penalty * found
        bend = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        # A little more curvature than there is keeps Newton's method from overshooting.
        step = np.linalg.solve(bend + np.diag(penalty + 1e-9), slope)
        found = found - step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-10:
            break
    return found


def _sigmoid(x: Floats) -> Floats:
    """Compute the logistic function."""
    # 1 / (1 + exp(-x)), but exp overflows where tanh does not.
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


@dataclass(frozen=True, eq=False)
class Steps:
    """A rising step function from scores to probabilities.

    Attributes:
        edges: float64 (K,), the lowest score of each step, rising.
        heights: float64 (K,), the probability of each step, rising.
    """

    edges: Floats
    heights: Floats

    def probability(self, scores: ArrayLike) -> Floats:
        """Compute probabilities of bona fide.

        Args:
            scores: float (N,).

        Returns:
            float64 (N,); a score below all steps gets the lowest.
        """
        at = np.searchsorted(self.edges, np.asarray(scores, dtype=np.float64), side="right") - 1
        return np.asarray(self.heights[np.maximum(at, 0)])


def isotonic(bona_fide: ArrayLike, attack: ArrayLike) -> Steps:
    """Fit a rising step function by pooling adjacent violators, with equal class weights.

    Args:
        bona_fide: scores (N,).
        attack: scores (M,).

    Returns:
        The steps of the least squares fit.
    """
    live, fake = arrays.scores(bona_fide, "bona fide"), arrays.scores(attack, "attack")
    # Tied scores must share a step; else their order in the input would decide.
    values, where = np.unique(np.append(live, fake), return_inverse=True)
    good = np.bincount(where[: live.size], minlength=values.size) / live.size
    both = good + np.bincount(where[live.size :], minlength=values.size) / fake.size
    blocks: list[tuple[float, float, float]] = []
    for edge, part, whole in zip(values.tolist(), good.tolist(), both.tolist(), strict=True):
        blocks.append((edge, part, whole))
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
            _, part, whole = blocks.pop()
            start, before, total = blocks.pop()
            blocks.append((start, before + part, total + whole))
    edges, parts, wholes = (np.array(column) for column in zip(*blocks, strict=True))
    return Steps(edges, parts / wholes)


def cllr(bona_fide_log_odds: ArrayLike, attack_log_odds: ArrayLike) -> float:
    """Cost of log likelihood ratios (Brummer and du Preez 2006).

    Args:
        bona_fide_log_odds: natural log likelihood ratios (N,) of bona fide presentations.
        attack_log_odds: the same of attacks (M,).

    Returns:
        Bits; 0 is perfect, 1 is the cost of log odds that are always 0.

    >>> cllr([0.0], [0.0])
    1.0
    """
    live = arrays.scores(bona_fide_log_odds, "bona fide")
    fake = arrays.scores(attack_log_odds, "attack")
    # logaddexp(0, x) is log(1 + exp(x)) without overflow.
    cost = np.logaddexp(0, -live).mean() + np.logaddexp(0, fake).mean()
    return float(cost / (2 * np.log(2)))


class Reliability(NamedTuple):
    """A reliability diagram.

    ``edges`` is float64 (B + 1,), ``counts`` int64 (B,), ``said`` and ``was`` float64 (B,): the
    mean predicted probability and the share of bona fide in each bin, NaN where a bin is empty.
    ``error`` is the expected calibration error.
    """

    edges: Floats
    counts: Ints
    said: Floats
    was: Floats
    error: float


def reliability(probabilities: ArrayLike, bona_fide: ArrayLike, bins: int = 10) -> Reliability:
    """Compare predicted probabilities with the true classes, in bins of equal width.

    Args:
        probabilities: of bona fide, (N,) in [0, 1].
        bona_fide: bool (N,).
        bins: how many bins.

    Returns:
        The diagram.

    Raises:
        ValueError: when a probability is outside [0, 1] or the shapes differ.
    """
    said = arrays.scores(probabilities, "probability")
    true = np.asarray(bona_fide, dtype=np.float64)
    if said.shape != true.shape or said.min() < 0 or said.max() > 1:
        raise ValueError("expected probabilities in [0, 1], one for each presentation")
    # Bins are half-open, [low, high), but for the last, which also holds the probability 1.
    at = np.minimum((said * bins).astype(np.int64), bins - 1)
    counts = np.bincount(at, minlength=bins)
    sums = [np.bincount(at, values, minlength=bins) for values in (said, true)]
    means = [np.full(bins, np.nan), np.full(bins, np.nan)]
    for mean, total in zip(means, sums, strict=True):
        np.divide(total, counts, out=mean, where=counts > 0)
    # Empty bins are NaN, and 0 * NaN is NaN.
    error = float(np.nansum(counts * np.abs(means[0] - means[1])) / said.size)
    return Reliability(np.linspace(0, 1, bins + 1), counts, means[0], means[1], error)
