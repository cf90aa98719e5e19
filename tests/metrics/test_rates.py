"""Rates at a threshold, against a table worked by hand."""

import doctest
import importlib
import math
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fasharness.metrics
from fasharness.metrics import rates

# Ten presentations; scores at or above 0.5 are accepted.
LIVE = [0.9, 0.8, 0.5, 0.4]  # the tie at 0.5 is accepted: 1 of 4 refused
PRINT = [0.1, 0.5, 0.6]  # 2 of 3 accepted
DISPLAY = [0.2, 0.3, 0.7]  # 1 of 3 accepted
ATTACKS = {"print": PRINT, "display": DISPLAY}


def test_rates_by_hand() -> None:
    assert rates.bpcer(LIVE, 0.5) == 1 / 4
    assert rates.apcer_by(ATTACKS, 0.5) == {"print": 2 / 3, "display": 1 / 3}
    assert rates.apcer_max(ATTACKS, 0.5) == 2 / 3
    assert rates.apcer(PRINT + DISPLAY, 0.5) == 3 / 6
    assert rates.acer(LIVE, ATTACKS, 0.5) == pytest.approx((2 / 3 + 1 / 4) / 2)
    assert rates.hter(LIVE, PRINT + DISPLAY, 0.5) == pytest.approx((3 / 6 + 1 / 4) / 2)
    assert rates.accuracy(LIVE, PRINT + DISPLAY, 0.5) == 6 / 10
    assert rates.non_response(1, 8) == 1 / 8


def test_d_prime_by_hand() -> None:
    # Means 3 and 1, both sample variances 2.
    assert rates.d_prime([2.0, 4.0], [0.0, 2.0]) == pytest.approx(2 / math.sqrt(2))
    huge = rates.d_prime([2e307, 4e307], [0.0, 2e307])
    assert huge == pytest.approx(2 / math.sqrt(2))
    with pytest.raises(ValueError, match="two scores"):
        rates.d_prime([1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="vary"):
        rates.d_prime([1.0, 1.0], [0.0, 0.0])


floats = st.lists(st.floats(-4, 4, width=16), min_size=1, max_size=30)


@given(floats, floats, floats, st.floats(-5, 5))
def test_invariants(live: list[float], one: list[float], two: list[float], cut: float) -> None:
    attacks = {"one": one, "two": two}
    worst = rates.apcer_max(attacks, cut)
    pooled = rates.apcer(one + two, cut)
    assert 0 <= pooled <= worst <= 1
    assert rates.hter(live, one + two, cut) <= rates.acer(live, attacks, cut)
    assert rates.acer(live * 3, {n: a * 3 for n, a in attacks.items()}, cut) == pytest.approx(
        rates.acer(live, attacks, cut)
    )
    # Mirroring scores and classes mirrors the errors, but for ties at the threshold.
    if cut not in live:
        assert rates.apcer([-x for x in live], -cut) == rates.bpcer(live, cut)


@pytest.mark.parametrize("bad", [[], [[0.1]], [math.nan], [math.inf, -math.inf]])
def test_impossible_scores_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="attack scores must be"):
        rates.apcer(bad, 0.5)
    with pytest.raises(ValueError, match="bona fide scores must be"):
        rates.bpcer(bad, 0.5)


def test_large_finite_scores_are_not_taken_for_infinite_ones() -> None:
    assert rates.bpcer(np.full(4, 1.7e308), 0.0) == 0.0


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="one species"):
        rates.apcer_max({}, 0.5)
    with pytest.raises(ValueError, match="2 of 1"):
        rates.non_response(2, 1)
    with pytest.raises(ValueError, match="0 of 0"):
        rates.non_response(0, 0)


def test_examples_in_docstrings() -> None:
    names = [m.name for m in pkgutil.iter_modules(fasharness.metrics.__path__)]
    attempted = 0
    for name in ["metrics." + name for name in names] + [
        "evaluation.grouping",
        "scorefiles.official_lists",
        "report.numbers",
    ]:
        found = doctest.testmod(importlib.import_module(f"fasharness.{name}"))
        assert not found.failed, name
        attempted += found.attempted
    assert attempted > 20
