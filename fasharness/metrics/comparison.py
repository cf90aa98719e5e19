"""Tests of whether two runs differ that decided on the same presentations."""

import numpy as np
from numpy.typing import NDArray

from fasharness.metrics import binomial
from fasharness.metrics.arrays import Floats
from fasharness.metrics.bootstrap import Sample


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """McNemar's exact test on paired errors (McNemar 1947), for independent presentations.

    Args:
        first: bool (N,), which presentations the first run got wrong.
        second: bool (N,), which the second run got wrong.

    Returns:
        The two-sided p-value; 1 when the runs never disagree.

    Raises:
        ValueError: when the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"errors must be paired, got {first.shape} and {second.shape}")
    only_first = int(np.count_nonzero(first & ~second))
    only_second = int(np.count_nonzero(second & ~first))
    apart = only_first + only_second
    if apart == 0:
        return 1.0
    # Exact, since the chi-squared form needs many disagreements. Where both counts are equal the
    # tails overlap and their sum exceeds 1.
    return min(1.0, 2 * binomial.at_most(min(only_first, only_second), apart, 0.5))


def swap_test(
    sample: Sample, first: NDArray[np.bool_], second: NDArray[np.bool_], replicates: int, seed: int
) -> float:
    """Permutation test of an ACER difference: the two runs are swapped at random for each cluster.

    Args:
        sample: what the presentations are; its scores are not used.
        first: bool (N,), which presentations the first run got wrong.
        second: bool (N,), which the second run got wrong.
        replicates: how many random swaps.
        seed: of the swaps.

    Returns:
        The share of swaps, the observed one included, whose |ACER difference| is at least the
        observed one.
    """
    kinds = max(sample.groups) + 2
    groups = np.append(0, 1 + np.asarray(sample.groups))[sample.species]
    total = np.bincount(groups, minlength=kinds)
    cells = sample.clusters * kinds + groups
    size = sample.cluster_count * kinds
    counts = [np.bincount(cells[wrong], minlength=size) for wrong in (first, second)]
    one, two = (c.reshape(-1, kinds).astype(np.float64) for c in counts)
    # Videos of one subject are alike: swapping each by itself would make p too small.
    swap = np.random.default_rng(seed).integers(0, 2, (replicates, sample.cluster_count))
    moved = swap @ (two - one)
    apart = np.abs(_acer(one.sum(0) + moved, total) - _acer(two.sum(0) - moved, total))
    observed = np.abs(_acer(one.sum(0), total) - _acer(two.sum(0), total))
    # The observed arrangement counts too, so p is never 0. The tolerance is for equal differences
    # that were rounded differently.
    return float((1 + np.count_nonzero(apart >= observed - 1e-12)) / (1 + replicates))


def _acer(errors: Floats, total: NDArray[np.int64]) -> Floats:
    """ACER from error counts (.., 1 + groups), bona fide first."""
    rates = errors / total
    return np.asarray((rates[..., 0] + rates[..., 1:].max(axis=-1)) / 2)
