"""Exact binomial limits against scipy."""

import pytest
from scipy import stats

from fasharness.metrics import binomial


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    ("errors", "count"), [(0, 1), (1, 1), (0, 120), (120, 120), (3, 40), (37, 40), (480, 960)]
)
def test_clopper_pearson_against_scipy(errors: int, count: int, confidence: float) -> None:
    exact = stats.binomtest(errors, count).proportion_ci(confidence, method="exact")
    found = binomial.clopper_pearson(errors, count, confidence)
    assert found == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_smallest_rate_is_the_rule_of_three() -> None:
    for count in (20, 300, 5000):
        # The chance of no error at this rate is exactly one in twenty.
        assert (1 - binomial.smallest_rate(count)) ** count == pytest.approx(0.05)
    assert binomial.smallest_rate(5000) == pytest.approx(3 / 5000, rel=2e-3)


def test_impossible_counts_are_refused() -> None:
    for errors, count in ((2, 1), (-1, 4), (0, 0)):
        with pytest.raises(ValueError, match="expected 0 <= errors <= count"):
            binomial.clopper_pearson(errors, count)
    with pytest.raises(ValueError, match="at least one"):
        binomial.smallest_rate(0)
