"""Aggregators by hand."""

import pytest

from fasharness.metrics.aggregate import find

EXPECTED = {
    "mean": 0.52,
    "median": 0.5,
    "max": 0.9,
    "min": 0.1,
    "trimmed": (0.4 + 0.5 + 0.7) / 3,
    "lowest-3": (0.1 + 0.4 + 0.5) / 3,
    "highest-2": (0.9 + 0.7) / 2,
    "highest-9": 0.52,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_aggregators_by_hand(name: str) -> None:
    assert find(name)([0.9, 0.1, 0.5, 0.4, 0.7]) == pytest.approx(EXPECTED[name])
    assert find(name)([0.25]) == 0.25
    with pytest.raises(ValueError, match="clip scores must be"):
        find(name)([])


@pytest.mark.parametrize("name", ["best", "lowest", "lowest-0", "lowest-x", "highest--1", "mean-3"])
def test_other_names_are_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"no aggregator .* mean, median, max, min, trimmed"):
        find(name)
