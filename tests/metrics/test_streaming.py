"""Counts in bins: chunks do not matter, and the true figures lie within the stated error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from fasharness.metrics import curves
from fasharness.metrics.streaming import ScoreCounts

arrays = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-2, 2, width=16))


@given(arrays, arrays, st.integers(1, 40))
def test_the_truth_lies_within_the_error(
    live: NDArray[np.float64], fake: NDArray[np.float64], bins: int
) -> None:
    counts = ScoreCounts.empty(-1.0, 1.0, bins)
    counts.add(live, fake)
    exact = curves.error_curve(live, fake)
    for found, true in (
        (counts.eer(), curves.eer(exact)),
        (counts.auc(), curves.auc(exact)),
    ):
        assert abs(found.value - true) <= found.error + 1e-12


def test_chunks_do_not_matter_and_fine_bins_are_close() -> None:
    generator = np.random.default_rng(0)
    live, fake = generator.normal(1, 1, 20_000), generator.normal(0, 1, 80_000)
    whole, chunks = (ScoreCounts.empty(-6.0, 7.0) for _ in range(2))
    whole.add(live, fake)
    for part in range(10):
        chunks.add(live[part::10], fake[part::10])
    assert chunks.eer() == whole.eer()
    assert chunks.auc() == whole.auc()
    assert whole.eer().error < 1e-4
    assert whole.auc().error < 1e-4
    chunks.add([], [])
    assert chunks.eer() == whole.eer()


def test_edges_belong_to_the_bin_above_and_outliers_are_kept() -> None:
    counts = ScoreCounts.empty(0.0, 2.0, 2)
    counts.add([0.0, 1.0, 2.0, 9.0], [-9.0, 0.5, 1.5, 1.9])
    assert counts.bona_fide.tolist() == [0, 1, 1, 2]
    assert counts.attack.tolist() == [1, 1, 2, 0]
    assert counts.curve().bona_fide_below.tolist() == [0, 0, 1, 2, 4]


def test_impossible_counts_are_refused() -> None:
    for low, high, bins in ((1.0, 1.0, 4), (0.0, float("inf"), 4), (0.0, 1.0, 0)):
        with pytest.raises(ValueError, match="expected low < high"):
            ScoreCounts.empty(low, high, bins)
    counts = ScoreCounts.empty(0.0, 1.0)
    with pytest.raises(ValueError, match="both classes"):
        counts.eer()
    with pytest.raises(ValueError, match="must be finite"):
        counts.add([np.nan], [])
