"""Aggregators by hand."""

import pytest

from fasharness.metrics.aggregate import AGGREGATORS


def test_aggregators_by_hand() -> None:
    values = [0.9, 0.1, 0.5, 0.4, 0.7]
    expected = {
        "mean": 0.52,
        "median": 0.5,
        "max": 0.9,
        "min": 0.1,
        "trimmed": (0.4 + 0.5 + 0.7) / 3,
        "lowest-3": (0.1 + 0.4 + 0.5) / 3,
    }
    assert {name: rule(values) for name, rule in AGGREGATORS.items()} == pytest.approx(expected)


@pytest.mark.parametrize("name", AGGREGATORS)
def test_one_clip_is_its_own_score_and_none_is_refused(name: str) -> None:
    assert AGGREGATORS[name]([0.25]) == 0.25
    with pytest.raises(ValueError, match="clip scores must be"):
        AGGREGATORS[name]([])
