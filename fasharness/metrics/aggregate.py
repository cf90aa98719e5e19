"""Named aggregators from the scores of frames or clips to the score of a presentation."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from fasharness.metrics import arrays

TRIM = 0.2
Aggregator = Callable[[ArrayLike], float]


def mean(values: ArrayLike) -> float:
    """Mean over all clips.

    Args:
        values: scores (N,).

    Returns:
        Their mean.
    """
    return float(np.mean(arrays.scores(values, "clip")))


def median(values: ArrayLike) -> float:
    """Median clip, or the mean of the two middle ones.

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
        The mean of the remaining scores; at least one remains, since less than half is cut on
        each side.
    """
    ordered = np.sort(arrays.scores(values, "clip"))
    cut = int(TRIM * ordered.size)
    return float(np.mean(ordered[cut : ordered.size - cut]))


def lowest_few(values: ArrayLike, count: int) -> float:
    """Mean of the least bona fide clips, or of all where there are fewer.

    Args:
        values: scores (N,).
        count: how many.

    Returns:
        Their mean.
    """
    return float(np.mean(np.sort(arrays.scores(values, "clip"))[:count]))


def highest_few(values: ArrayLike, count: int) -> float:
    """Mean of the most bona fide clips (top-k), or of all where there are fewer.

    Args:
        values: scores (N,).
        count: how many.

    Returns:
        Their mean.
    """
    return float(np.mean(np.sort(arrays.scores(values, "clip"))[-count:]))


_PLAIN: Mapping[str, Aggregator] = {
    "mean": mean,
    "median": median,
    "max": highest,
    "min": lowest,
    "trimmed": trimmed,
}
_FEW: Mapping[str, Callable[[ArrayLike, int], float]] = {
    "lowest": lowest_few,
    "highest": highest_few,
}
NAMES = (*_PLAIN, *(f"{name}-K" for name in _FEW))


def find(name: str) -> Aggregator:
    """Find an aggregator by its name.

    Args:
        name: one of `NAMES` with a number of clips in place of K, e.g. ``lowest-3``.

    Returns:
        The function from scores to a score.

    Raises:
        ValueError: when there is no such aggregator.

    >>> find("highest-2")([0.1, 0.6, 0.8])
    0.7
    """
    head, _, tail = name.partition("-")
    if name in _PLAIN:
        return _PLAIN[name]
    # isdigit alone accepts a superscript 2, which int refuses. Not 0: [-0:] is the whole array.
    if head in _FEW and tail.isascii() and tail.isdigit() and int(tail):
        return lambda values: _FEW[head](values, int(tail))
    raise ValueError(f"no aggregator {name!r}; there are {', '.join(NAMES)}")
