"""Ends of an interval from the bootstrap replicates of a figure."""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from fasharness.metrics.arrays import Floats
from fasharness.metrics.special import student_quantile


class Limits(NamedTuple):
    """Ends of an interval."""

    low: float
    high: float


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


def expanded(replicates: Floats, clusters: int, confidence: float) -> Limits:
    """Percentile interval with Student's quantiles, for few clusters (Hesterberg 2015).

    Args:
        replicates: float64 (R,), finite.
        clusters: how many clusters were drawn from, at least 2.
        confidence: e.g. 0.95.

    Returns:
        The percentile interval at a confidence that is raised as if by Student's quantile and by
        C / (C - 1), the share by which resampling makes variances too small.
    """
    wide = student_quantile((1 + confidence) / 2, clusters - 1)
    tail = NormalDist().cdf(-wide * (clusters / (clusters - 1)) ** 0.5)
    return percentile(replicates, 1 - 2 * tail)


def log_odds(replicates: Floats, estimate: float, clusters: int, confidence: float) -> Limits:
    """Student's interval of a share's log odds, by the standard deviation of its replicates.

    Args:
        replicates: float64 (R,), finite.
        estimate: the share on the sample itself, above 0 and below 1.
        clusters: how many clusters were drawn from, at least 2.
        confidence: e.g. 0.95.

    Returns:
        The limits, between 0 and 1; they need no replicates in the tails.
    """
    error = float(replicates.std(ddof=1)) * (clusters / (clusters - 1)) ** 0.5
    wide = student_quantile((1 + confidence) / 2, clusters - 1)
    half = wide * error / (estimate * (1 - estimate))
    odds = math.log(estimate) - math.log1p(-estimate)
    # tanh, since the exponential of large log odds overflows
    low, high = (0.5 + math.tanh(end / 2) / 2 for end in (odds - half, odds + half))
    return Limits(low, high)


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
