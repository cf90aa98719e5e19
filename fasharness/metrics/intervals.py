"""Intervals of rates over clusters, and of their largest, mean and difference, in closed form.

`benchmarks/coverage.py` compares them with the bootstrap's: they were the shortest of those that
kept their confidence for few subjects and small rates.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.binomial import clopper_pearson
from fasharness.metrics.bootstrap import Sample, decide
from fasharness.metrics.resampled import Limits
from fasharness.metrics.special import student_quantile

PRIOR_CORRELATION = 0.5


class Counts(NamedTuple):
    """Errors and presentations of each cluster (subject), by which a rate is formed.

    Attributes:
        errors: int64 (C,), the wrong decisions.
        totals: int64 (C,), the presentations; 0 where the cluster has none.
    """

    errors: Ints
    totals: Ints


class Estimate(NamedTuple):
    """A figure with its interval and what each cluster contributes to its error.

    Attributes:
        value: the figure.
        limits: its interval; None where one cluster says nothing about others.
        influence: float64 (C,), by how much each cluster moves the figure, to first order.
    """

    value: float
    limits: Limits | None
    influence: Floats


def of_decisions(sample: Sample, threshold: float, confidence: float) -> dict[str, Estimate]:
    """Estimate every rate of the decisions at a threshold.

    Args:
        sample: the scores.
        threshold: scores at or above it are accepted as bona fide.
        confidence: e.g. 0.95.

    Returns:
        Name to estimate, with the names of `bootstrap.figures` for all rates at the threshold.
    """
    errors, totals = decide(sample, threshold)
    groups = np.asarray(sample.groups)
    species = [Counts(errors[:, k], totals[:, k]) for k in range(1, 1 + groups.size)]
    parts = {
        "group": [_joined(species, groups == g) for g in range(groups.max() + 1)],
        "species": species,
    }
    single = {
        "bpcer": Counts(errors[:, 0], totals[:, 0]),
        "apcer_pooled": _joined(species, groups >= 0),
        **{f"{word}:{i}": one for word, all_ in parts.items() for i, one in enumerate(all_)},
    }
    found = {name: rate(one, confidence) for name, one in single.items()}
    for ending, word in (("", "group"), ("_species", "species")):
        found[f"apcer{ending}"] = largest(parts[word], confidence)
        found[f"acer{ending}"] = mean(found[f"apcer{ending}"], found["bpcer"])
    found["hter"] = mean(found["apcer_pooled"], found["bpcer"])
    right = Counts((totals - errors).sum(axis=1), totals.sum(axis=1))
    return found | {"accuracy": rate(right, confidence)}


def _joined(species: Sequence[Counts], kept: NDArray[np.bool_]) -> Counts:
    """Count several species together."""
    chosen = [one for one, keep in zip(species, kept, strict=True) if keep]
    errors, totals = (np.sum(arrays, axis=0) for arrays in zip(*chosen, strict=True))
    return Counts(errors, totals)


def rate(counts: Counts, confidence: float) -> Estimate:
    """Estimate a rate.

    Args:
        counts: errors and presentations of each cluster, at least one presentation.
        confidence: e.g. 0.95.

    Returns:
        The rate with its Korn-Graubard interval.
    """
    value = counts.errors.sum() / counts.totals.sum()
    influence = (counts.errors - value * counts.totals) / counts.totals.sum()
    return Estimate(float(value), korn_graubard(counts, confidence), influence)


def korn_graubard(counts: Counts, confidence: float) -> Limits | None:
    """Clopper-Pearson interval of a rate at the effective number of presentations.

    The design effect (how much the clusters vary more than independent presentations would)
    divides the number of presentations, and Student's quantiles allow for few clusters (Korn and
    Graubard 1998). Where few clusters have an error, their variation says little: the design effect
    is pulled to that of a correlation of `PRIOR_CORRELATION`, as if one more cluster had shown it.

    Args:
        counts: errors and presentations of each cluster, at least one presentation.
        confidence: e.g. 0.95.

    Returns:
        The limits: those of Clopper and Pearson if each cluster has one presentation. None if a
        single cluster has both right and wrong decisions.
    """
    kept = counts.totals > 0
    errors, totals = counts.errors[kept], counts.totals[kept]
    clusters, size, wrong = totals.size, int(totals.sum()), int(errors.sum())
    share = wrong / size
    # What a correlation between the presentations of a cluster costs, for clusters of any size.
    prior = 1 + (float(np.square(totals, dtype=np.float64).sum()) / size - 1) * PRIOR_CORRELATION
    if wrong in (0, size):
        return clopper_pearson(share * size / prior, size / prior, confidence)
    if clusters < 2:
        return None
    spread = float(np.square(errors - share * totals).sum()) * clusters / (clusters - 1)
    effect = max(1.0, spread * (size - 1) / (size**2 * share * (1 - share)))
    telling = min(np.count_nonzero(errors), np.count_nonzero(errors < totals))
    effect += (prior - effect) / (1 + telling)
    tail = (1 + confidence) / 2
    few = student_quantile(tail, size - 1) / student_quantile(tail, clusters - 1)
    effective = size / effect * few**2
    return clopper_pearson(share * effective, effective, confidence)


def largest(parts: Sequence[Counts], confidence: float) -> Estimate:
    """Estimate the largest of several rates, e.g. the APCER of the worst species.

    Args:
        parts: counts of each rate, over the same clusters.
        confidence: e.g. 0.95.

    Returns:
        The largest rate. Its upper limit is the largest of the parts' upper limits: the worst part
        lies below its own. Its lower limit is the largest of their lower limits, each at a tail
        divided by the number of parts (Bonferroni), since one too high among them is enough.
    """
    found = [rate(part, confidence) for part in parts]
    worst = max(found, key=lambda one: one.value)
    strict = [korn_graubard(part, 1 - (1 - confidence) / len(parts)) for part in parts]
    lows = [limits.low for limits in strict if limits]
    highs = [one.limits.high for one in found if one.limits]
    full = len(lows) == len(highs) == len(parts)
    return worst._replace(limits=Limits(max(lows), max(highs)) if full else None)


def mean(first: Estimate, second: Estimate) -> Estimate:
    """Estimate the mean of two figures over the same clusters, e.g. ACER.

    Args:
        first: a figure.
        second: another one.

    Returns:
        The mean, with the interval of Zou and Donner (2008). A correlation of the two counts only
        where it widens the interval.
    """
    return _sum(_half(first), _half(second), max(0.0, _correlation(first, second)))


def _half(one: Estimate) -> Estimate:
    """Halve a figure."""
    limits = one.limits and Limits(one.limits.low / 2, one.limits.high / 2)
    return Estimate(one.value / 2, limits, one.influence / 2)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Estimate second - first of two figures over the same clusters, e.g. of two runs.

    Args:
        first: a figure.
        second: another one.

    Returns:
        The difference, with the interval of Zou and Donner (2008) for figures that are correlated.
    """
    turned = first.limits and Limits(-first.limits.high, -first.limits.low)
    less = Estimate(-first.value, turned, -first.influence)
    return _sum(less, second, _correlation(less, second))


def _sum(first: Estimate, second: Estimate, correlation: float) -> Estimate:
    """Add two figures: the distances to their limits add as standard deviations do."""
    value, influence = first.value + second.value, first.influence + second.influence
    if first.limits is None or second.limits is None:
        return Estimate(value, None, influence)
    down, lower = first.value - first.limits.low, second.value - second.limits.low
    up, upper = first.limits.high - first.value, second.limits.high - second.value
    low = value - math.sqrt(max(0.0, down**2 + lower**2 + 2 * correlation * down * lower))
    high = value + math.sqrt(max(0.0, up**2 + upper**2 + 2 * correlation * up * upper))
    return Estimate(value, Limits(low, high), influence)


def _correlation(first: Estimate, second: Estimate) -> float:
    """Estimate the correlation of two figures' errors; 0 where one shows no variation."""
    one, two = first.influence, second.influence
    scale = math.sqrt(float(one @ one) * float(two @ two))
    return float(one @ two) / scale if scale > 0 else 0.0
