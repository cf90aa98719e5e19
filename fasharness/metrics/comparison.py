"""Tests of whether two runs differ that decided on the same presentations."""

import numpy as np
from numpy.typing import NDArray

from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.bootstrap import Sample


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_], clusters: Ints) -> float:
    """McNemar's exact test on paired errors, with the presentations of a cluster kept together.

    If the runs do not differ, the difference of their errors in a cluster (subject) is as likely
    to have either sign; the observed sum is compared with all choices of signs. With one
    presentation in each cluster this is the exact test of McNemar (1947).

    Args:
        first: bool (N,), which presentations the first run got wrong.
        second: bool (N,), which the second run got wrong.
        clusters: int64 (N,), the cluster of each.

    Returns:
        The two-sided p-value; 1 when no cluster has more errors of one run.

    Raises:
        ValueError: when the shapes differ.
    """
    if not first.shape == second.shape == clusters.shape:
        shapes = f"{first.shape}, {second.shape} and {clusters.shape}"
        raise ValueError(f"errors must be paired and have clusters, got {shapes}")
    # Videos of one subject are alike: tested as if independent, equal runs would differ too often.
    apart = np.bincount(clusters, first.astype(np.float64) - second).astype(np.int64)
    sizes, counts = np.unique(np.abs(apart[apart != 0]), return_counts=True)
    observed, most = abs(int(apart.sum())), int(sizes @ counts)
    if observed == 0:
        return 1.0
    # The sum's distribution is the transform of a product of cosines, one for each sign.
    length = 1 << (2 * most).bit_length()
    angles = 2 * np.pi / length * np.arange(length // 2 + 1)
    wave = np.prod([np.cos(size * angles) ** n for size, n in zip(sizes, counts, strict=True)], 0)
    tail = 2 * float(np.fft.irfft(wave, length)[observed : most + 1].sum())
    # All signs equal is the rarest outcome; rounding may not go below its probability.
    return min(1.0, max(tail, 2.0 ** (1 - int(counts.sum()))))


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
