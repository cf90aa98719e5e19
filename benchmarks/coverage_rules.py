"""Rules for intervals, for many experiments at once: arrays (E, ..) over clusters (.., C).

The form that was chosen is `fasharness.metrics.intervals`; a test compares it with the one here,
which takes its quantiles from SciPy.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]
Intervals = Mapping[str, Floats]  # rule to (E, 2)
LEVEL = 0.95
PRIORS = (0.3, 0.5, 1.0)


class Figure(NamedTuple):
    """A figure in every experiment: (E,), its replicates (E, B), jackknife (E, C), influence."""

    value: Floats
    replicates: Floats
    jackknife: Floats
    influence: Floats


def student(freedom: float, level: float = LEVEL) -> float:
    """Two-sided quantile of Student's distribution."""
    return float(stats.t.ppf((1 + level) / 2, freedom))


def binomial(errors: Floats, count: Floats, level: float = LEVEL) -> Floats:
    """Clopper-Pearson limits (E, 2)."""
    tail = (1 - level) / 2
    low = special.betaincinv(np.maximum(errors, 1e-300), count - errors + 1, tail)
    high = special.betaincinv(errors + 1, np.maximum(count - errors, 1e-300), 1 - tail)
    return np.stack([np.where(errors <= 0, 0, low), np.where(errors >= count, 1, high)], 1)


def rate(errors: Floats, each: int, draws: Floats) -> Figure:
    """A share of errors (E, C) of `each` presentations, in draws (B, C) of the clusters."""
    clusters = errors.shape[1]
    value = errors.mean(1) / each
    replicates = errors @ draws.T / (draws.sum(1) * each)
    jackknife = (errors.sum(1, keepdims=True) - errors) / ((clusters - 1) * each)
    influence = (errors / each - value[:, None]) / clusters
    return Figure(value, replicates, jackknife, influence)


def resampled(figure: Figure, least: float, most: float, other: Floats) -> Intervals:
    """The bootstrap's intervals, and Student's by the jackknife.

    `other` (E, 2) is taken where every draw gives the same figure.
    """
    value, clusters = figure.value[:, None], figure.jackknife.shape[1]
    ordered = np.sort(figure.replicates, axis=1)
    normal, few = student(np.inf), student(clusters - 1)
    wide = few * np.sqrt(clusters / (clusters - 1))
    away = figure.jackknife.mean(1, keepdims=True) - figure.jackknife
    error = np.sqrt((clusters - 1) / clusters * (away**2).sum(1, keepdims=True))
    plain = _quantiles(ordered, special.ndtr(np.array([[-normal, normal]])))
    tails = np.hstack([value - few * error, value + few * error])
    found = {
        "percentile": plain,
        "basic": np.clip(2 * value - plain[:, ::-1], least, most),
        "expanded": _quantiles(ordered, special.ndtr(np.array([[-wide, wide]]))),
        "bca": _accelerated(figure.value, ordered, away, normal),
        "expanded-bca": _accelerated(figure.value, ordered, away, wide),
        "student": np.clip(tails, least, most),
    }
    same = np.ptp(ordered, axis=1, keepdims=True) < 1e-12
    return {rule: np.where(same, other, ends) for rule, ends in found.items()}


def logit_student(figure: Figure, other: Floats) -> Floats:
    """Student's interval of a share's log odds, by the deviation of its replicates."""
    clusters = figure.jackknife.shape[1]
    value = np.clip(figure.value, 1e-9, 1 - 1e-9)[:, None]
    error = figure.replicates.std(1, ddof=1, keepdims=True) * np.sqrt(clusters / (clusters - 1))
    half = student(clusters - 1) * error / (value * (1 - value))
    ends = special.expit(special.logit(value) + half * np.array([[-1, 1]]))
    same = np.ptp(figure.replicates, axis=1, keepdims=True) < 1e-12
    return np.where(same | (value < 1e-8) | (value > 1 - 1e-8), other, ends)


def _quantiles(ordered: Floats, levels: Floats) -> Floats:
    """Quantiles (E, 2) of sorted replicates (E, B)."""
    experiments, size = ordered.shape
    place = np.broadcast_to(levels, (experiments, 2)) * (size - 1)
    below = np.clip(place.astype(np.int64), 0, size - 2)
    rows = np.arange(experiments)[:, None]
    low, high = ordered[rows, below], ordered[rows, below + 1]
    return np.asarray(low + (high - low) * (place - below))


def _accelerated(value: Floats, ordered: Floats, away: Floats, width: float) -> Floats:
    """Efron's bias-corrected and accelerated interval, ties counted by halves."""
    size = ordered.shape[1]
    gap = ordered - value[:, None]
    below = (gap < -1e-12).mean(1) + (np.abs(gap) <= 1e-12).mean(1) / 2
    bias = special.ndtri(np.clip(below, 0.5 / size, 1 - 0.5 / size))
    spread = (away**2).sum(1) ** 1.5
    skew = np.divide((away**3).sum(1), 6 * spread, out=np.zeros_like(spread), where=spread > 0)
    shifted = bias[:, None] + np.array([[-width, width]])
    return _quantiles(
        ordered, special.ndtr(bias[:, None] + shifted / (1 - skew[:, None] * shifted))
    )


class Effective(NamedTuple):
    """Rates (E,) with effective numbers of presentations."""

    value: Floats
    count: Floats  # with the design effect alone
    few: Floats  # also with Student's quantiles
    student: float


def effective(errors: Floats, each: int, prior: float, level: float = LEVEL) -> Effective:
    """Effective numbers of presentations; a prior correlation of 0 is the classical form."""
    clusters = errors.shape[1]
    size, value = clusters * each, errors.mean(1) / each
    spread = ((errors - value[:, None] * each) ** 2).sum(1) * clusters / (clusters - 1)
    edge = (value == 0) | (value == 1)
    chance = np.where(edge, 1, value * (1 - value)) * size**2
    effect = np.where(edge, 1, np.maximum(1, spread * (size - 1) / chance))
    telling = np.minimum((errors > 0).sum(1), (errors < each).sum(1))
    if prior:
        effect += (1 + (each - 1) * prior - effect) / (1 + telling)
    few = (student(size - 1, level) / student(clusters - 1, level)) ** 2
    count = size / effect
    return Effective(value, count, np.where(edge, count, count * few), student(clusters - 1, level))


def korn_graubard(errors: Floats, each: int, prior: float = 0.5, level: float = LEVEL) -> Floats:
    """Clopper-Pearson limits at the effective number of presentations."""
    found = effective(errors, each, prior, level)
    return binomial(found.value * found.few, found.few, level)


def exact(errors: Floats, each: int) -> Floats:
    """Clopper-Pearson limits (E, 2) as if all presentations were independent."""
    return binomial(errors.sum(1), np.full(len(errors), float(errors.shape[1] * each)))


def closed(errors: Floats, each: int) -> Intervals:
    """All rules for a rate that draw nothing."""
    value = errors.mean(1, keepdims=True) / each
    edge = (value == 0) | (value == 1)
    found = {"korn-graubard": korn_graubard(errors, each, 0)}
    for prior in (0.0, 0.5):
        ending = f"+{prior:g}" if prior else ""
        one = effective(errors, each, prior)
        kept = binomial(one.value * one.few, one.few)
        found[f"logit{ending}"] = np.where(edge, kept, _logit(one))
        found[f"wilson{ending}"] = _wilson(one)
    return found | {f"korn-graubard+{p:g}": korn_graubard(errors, each, p) for p in PRIORS}


def _logit(one: Effective) -> Floats:
    """Student's interval of the log odds."""
    value = np.clip(one.value, 1e-9, 1 - 1e-9)
    half = one.student / np.sqrt(one.count * value * (1 - value))
    middle = special.logit(value)
    return np.asarray(special.expit(np.stack([middle - half, middle + half], 1)))


def _wilson(one: Effective) -> Floats:
    """Wilson's score interval with Student's quantile."""
    square = one.student**2
    middle = (one.value + square / (2 * one.count)) / (1 + square / one.count)
    inner = one.value * (1 - one.value) / one.count + square / (4 * one.count**2)
    half = one.student / (1 + square / one.count) * np.sqrt(inner)
    return np.clip(np.stack([middle - half, middle + half], 1), 0, 1)


def largest(parts: list[tuple[Floats, int]], tied: int, rule: str) -> Floats:
    """Limits of the largest of several rates: ``own``, ``largest`` or ``bonferroni``.

    `tied` is how many parts there are; `parts` holds errors and presentations of each.
    """
    limits = np.stack([korn_graubard(*part) for part in parts], 2)
    if rule == "own":
        values = np.stack([errors.mean(1) / each for errors, each in parts], 1)
        return limits[np.arange(len(values)), :, values.argmax(1)]
    level = 1 - (1 - LEVEL) / tied if rule == "bonferroni" else LEVEL
    lows = np.stack([korn_graubard(*part, level=level)[:, 0] for part in parts], 1)
    return np.stack([lows.max(1), limits[:, 1].max(1)], 1)


def correlation(first: Floats, second: Floats) -> Floats:
    """Correlation of two figures' influences (E, C); 0 where one does not vary."""
    scale = np.sqrt((first**2).sum(1) * (second**2).sum(1))
    product = (first * second).sum(1)
    return np.divide(product, scale, out=np.zeros_like(scale), where=scale > 0)


def added(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], correlated: Floats
) -> Floats:
    """Zou and Donner's limits of a sum of two figures, each (value, limits)."""
    (one, ends), (other, limits) = first, second
    down, lower = one - ends[:, 0], other - limits[:, 0]
    up, upper = ends[:, 1] - one, limits[:, 1] - other
    low = np.sqrt((down**2 + lower**2 + 2 * correlated * down * lower).clip(0))
    high = np.sqrt((up**2 + upper**2 + 2 * correlated * up * upper).clip(0))
    return np.stack([one + other - low, one + other + high], 1)
