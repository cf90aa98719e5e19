"""From the scores of frames or clips to the score of a presentation, each way by name."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from fasharness.metrics import arrays

TRIM = 0.2
TOP = 3


def mean(values: ArrayLike) -> float:
    """Mean over all clips.

    Args:
        values: scores (N,).

    Returns:
        Their mean.
    """
    return float(np.mean(arrays.scores(values, "clip")))


def median(values: ArrayLike) -> float:
    """Middle clip, or the mean of the two in the middle.

    Args:
        values: scores (N,).

    Returns:
        Their median.
    """
    return float(np.median(arrays.scores(values, "clip")))


def highest(values: ArrayLike) -> float:
    """Most bona fide clip.

    Args:
        values: scores (N,).

    Returns:
        The largest.
    """
    return float(np.max(arrays.scores(values, "clip")))


def lowest(values: ArrayLike) -> float:
    """Least bona fide clip: one suspicious clip is enough.

    Args:
        values: scores (N,).

    Returns:
        The smallest.
    """
    return float(np.min(arrays.scores(values, "clip")))


def trimmed(values: ArrayLike) -> float:
    """Mean without the lowest and the highest fifth, rounded down.

    Args:
        values: scores (N,).

    Returns:
        The mean of what is left; at least one is, since less than half goes on each side.
    """
    ordered = np.sort(arrays.scores(values, "clip"))
    cut = int(TRIM * ordered.size)
    return float(np.mean(ordered[cut : ordered.size - cut]))


def lowest_few(values: ArrayLike) -> float:
    """Mean of the three least bona fide clips, or of all where there are fewer.

    Args:
        values: scores (N,).

    Returns:
        Their mean.
    """
    return float(np.mean(np.sort(arrays.scores(values, "clip"))[:TOP]))


AGGREGATORS: Mapping[str, Callable[[ArrayLike], float]] = {
    "mean": mean,
    "median": median,
    "max": highest,
    "min": lowest,
    "trimmed": trimmed,
    "lowest-3": lowest_few,
}
