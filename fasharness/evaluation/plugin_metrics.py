"""Metrics of plugins: what they are given, their values, and their intervals."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fasharness.common.faults import cause
from fasharness.errors import DataError
from fasharness.evaluation.figures import ScoredSplit, sample_of
from fasharness.evaluation.resampling import Drawn, Resampling, with_interval
from fasharness.metric import MetricFunction, MetricInput, Texts, UndefinedError
from fasharness.metrics import bootstrap
from fasharness.metrics.arrays import Floats, Ints
from fasharness.result import Metric


def measure(
    name: str, function: MetricFunction, test: ScoredSplit, threshold: float, by: Resampling
) -> Metric:
    """Compute a plugin's metric and, from draws of the test subjects, its interval.

    Args:
        name: its name.
        function: computes it.
        test: the test split.
        threshold: scores at or above it are called bona fide.
        by: how intervals are computed.

    Returns:
        The metric; a value that is not finite counts as absent.

    Raises:
        DataError: when the function takes other arguments or returns no number.
    """
    given, clusters = _given(test, threshold), sample_of(test).clusters
    try:
        value, size = _value(name, function, given), int(clusters.max()) + 1
    except UndefinedError as why:
        return Metric(name, None, reason=str(why) or "the metric's plugin gave no reason")
    if not math.isfinite(value):
        return Metric(name, None, reason=f"the metric's plugin returned {value}")

    def over(chunks: bootstrap.WeightChunks) -> Floats:
        rows = (weights for chunk in chunks for weights in chunk)
        return np.array([_weighted(name, function, given, row, clusters) for row in rows])

    draws = bootstrap.draw(size, by.replicates if size > 1 else 1, by.seed)
    drawn = Drawn(size, over(draws), lambda: over(bootstrap.leave_one_out(size)))
    return with_interval(Metric(name, value), drawn, by)


def _given(test: ScoredSplit, threshold: float) -> MetricInput:
    """Collect the scored presentations, each with the weight one."""
    kept = test.scores
    found = MetricInput(
        np.array([score.value for score in kept]),
        np.array([score.bona_fide for score in kept]),
        _texts([score.species for score in kept]),
        _texts([score.kind for score in kept]),
        _texts([score.subject for score in kept]),
        _texts([score.device for score in kept]),
        np.ones(len(kept)),
        threshold,
    )
    # A plugin that sorts in place must not change what it is given the next time.
    for values in vars(found).values():
        if isinstance(values, np.ndarray):
            values.setflags(write=False)
    return found


def _texts(values: Sequence[str | None]) -> Texts:
    """Make an array of texts, empty ones where there is none."""
    return np.array([value or "" for value in values], dtype=np.str_)


def _weighted(
    name: str, function: MetricFunction, given: MetricInput, drawn: Ints, clusters: Ints
) -> float:
    """Compute the metric with the weights of the clusters; NaN where a class has none."""
    weights = drawn[clusters].astype(np.float64)
    if not (weights[given.bona_fide].any() and weights[~given.bona_fide].any()):
        return math.nan
    weights.setflags(write=False)
    try:
        return _value(name, function, replace(given, weights=weights))
    except UndefinedError:
        return math.nan


def _value(name: str, function: MetricFunction, given: MetricInput) -> float:
    """Call a plugin's function; it may raise `UndefinedError`."""
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(function(given))
    except ZeroDivisionError:
        return math.nan
    except UndefinedError:
        raise
    except (Exception, SystemExit) as error:
        raise DataError(
            f"the plugin's metric {name!r} failed: {cause(error)}; it is a function of a "
            "MetricInput that returns a number (see docs/plugins.md)"
        ) from error
