"""Intervals of figures by drawing subjects again, and the reasons why there are none."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fasharness.metrics import resampled
from fasharness.metrics.arrays import Floats
from fasharness.result import Metric

METHODS = ("korn-graubard", "percentile", "bca", "exact")


@dataclass(frozen=True)
class Resampling:
    """How intervals are computed.

    Attributes:
        method: one of `METHODS`.
        confidence: e.g. 0.95.
        replicates: bootstrap replicates.
        seed: seed of the draws.
    """

    method: str
    confidence: float
    replicates: int
    seed: int


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure over draws of the clusters.

    Attributes:
        clusters: how many clusters there are.
        replicates: float64 (R,), the figure in each draw; NaN where it is undefined.
        jackknife: returns the figure without each cluster in turn; called if the rule needs it.
        share: whether the figure lies between 0 and 1.
    """

    clusters: int
    replicates: Floats
    jackknife: Callable[[], Floats]
    share: bool = False


def with_interval(metric: Metric, drawn: Drawn, by: Resampling) -> Metric:
    """Give a figure its bootstrap interval, or the reason why it has none.

    Args:
        metric: the figure, with a value.
        drawn: the figure over the draws.
        by: how the interval is computed.

    Returns:
        The figure with its interval or the reason.
    """
    usable = drawn.replicates[np.isfinite(drawn.replicates)]
    # Drawing the only cluster gives the sample itself every time.
    if drawn.clusters < 2:
        return replace(metric, reason="one subject cannot be resampled")
    # The remaining replicates would describe another test set, where no class is ever missing.
    if usable.size < 0.9 * drawn.replicates.size:
        reason = "no interval: too many of the drawn samples lack a class or a species"
        return replace(metric, reason=reason)
    if np.ptp(usable) == 0:
        return replace(metric, reason="no interval: the figure is the same in every drawn sample")
    limits = _limits(metric.value or 0.0, usable, drawn, by)
    return replace(metric, low=limits.low, high=limits.high)


def _limits(value: float, usable: Floats, drawn: Drawn, by: Resampling) -> resampled.Limits:
    """Compute the interval by the rule."""
    if by.method == "bca":
        jackknife = drawn.jackknife()
        # Leaving out the only subject of a species leaves no rate for it.
        return resampled.bca(usable, value, jackknife[np.isfinite(jackknife)], by.confidence)
    if by.method != "korn-graubard":
        return resampled.percentile(usable, by.confidence)
    if drawn.share and 0 < value < 1:
        return resampled.log_odds(usable, value, drawn.clusters, by.confidence)
    return resampled.expanded(usable, drawn.clusters, by.confidence)
