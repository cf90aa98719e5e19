"""Folds: averages by hand, decisions pooled at each fold's own threshold, subjects kept whole."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.folds import RATES, decisions, evaluate_folds, over_folds, pool
from fasharness.result import FoldMetric, Metric
from fasharness.scores import Score

Draw = Callable[..., tuple[Score, ...]]
OPTIONS = EvaluationOptions(replicates=200)


def fold(cut: float, live: list[float], fake: list[float]) -> tuple[Score, ...]:
    """A fold whose dev scores part at `cut`; two test subjects, one species."""
    found = [
        Score("dev-1", "dev", "x", None, None, cut + 1),
        Score("dev-2", "dev", "y", "print1", "print", cut - 1),
    ]
    for word, values in (("live", live), ("fake", fake)):
        species = None if word == "live" else "print1"
        group = None if word == "live" else "print"
        for number, value in enumerate(values):
            name = f"{word}-{number}"
            found.append(Score(name, "test", f"s{number % 2}", species, group, cut + value))
    return tuple(found)


# Errors: 1 of 4 bona fide and 0 of 2 attacks, then 1 of 2 and 3 of 6.
TWO = {
    "one": fold(100.0, [1, 1, 1, -1], [-1, -1]),
    "two": fold(-7.0, [1, -1], [1, 1, 1, -1, -1, -1]),
}


def test_pooled_rates_by_hand() -> None:
    found = evaluate_folds(TWO, OPTIONS)
    assert [e.threshold.value for e in found.evaluations.values()] == [100.0, -7.0]
    pooled = {m.name: m.value for m in found.pooled}
    assert pooled["bpcer"] == 2 / 6
    assert pooled["apcer"] == 3 / 8
    assert pooled["acer"] == (2 / 6 + 3 / 8) / 2
    assert pooled["accuracy"] == pytest.approx(9 / 14)
    assert set(pooled) <= set(RATES)  # no EER, no AUC: the scores have no common scale
    means = {m.name: (m.mean, m.std) for m in found.metrics}
    assert means["bpcer"] == pytest.approx((3 / 8, math.sqrt(2) / 8))
    assert means["apcer"] == pytest.approx((1 / 4, math.sqrt(2) / 4))


def test_one_fold_pooled_is_the_fold_itself(oulu_like: Draw) -> None:
    scores = oulu_like()
    alone = evaluate_folds({"only": scores}, OPTIONS)
    assert alone.pooled
    for metric in alone.pooled:
        assert metric == evaluate(scores, OPTIONS).metric(metric.name)


def test_a_subject_of_several_folds_is_drawn_whole(oulu_like: Draw) -> None:
    """The same fold twice says nothing new: the pooled interval does not narrow."""
    scores = oulu_like()
    drawn = dataclasses.replace(OPTIONS, interval="percentile")
    for options, tolerance in ((drawn, 1e-12), (OPTIONS, 0.03)):
        twice, once = evaluate_folds({"a": scores, "b": scores}, options), evaluate(scores, options)
        for metric in twice.pooled:
            same = once.metric(metric.name)
            assert metric.value == same.value
            # The closed form asks how alike a subject's presentations are; copies are more so.
            expected = pytest.approx((same.low, same.high), abs=tolerance)
            assert (metric.low, metric.high) == expected
    # With a name of its own in each fold it would be two subjects.
    renamed = tuple(dataclasses.replace(s, subject=f"other {s.subject}") for s in scores)
    apart = {m.name: m for m in evaluate_folds({"a": scores, "b": renamed}, OPTIONS).pooled}
    wide, narrow = once.metric("hter"), apart["hter"]
    assert narrow.value == wide.value
    assert narrow.high - narrow.low < wide.high - wide.low


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=4))
@settings(max_examples=25, deadline=None)
def test_pooled_rates_lie_between_those_of_the_folds(wrong: list[tuple[int, int]]) -> None:
    folds = {
        str(i): fold(
            float(i), [-1.0] * live + [1.0] * (6 - live), [1.0] * fake + [-1.0] * (6 - fake)
        )
        for i, (live, fake) in enumerate(wrong)
    }
    found = evaluate_folds(folds, EvaluationOptions(replicates=2))
    means = {m.name: m.mean for m in found.metrics}
    for metric in found.pooled:
        # Folds of one size and one group: the pooled rate is the mean of the folds' rates.
        assert metric.value == pytest.approx(means[metric.name])


def test_a_fold_without_figures_leaves_none_of_all_together() -> None:
    lost = tuple(
        dataclasses.replace(s, value=math.nan, failure="no face")
        if s.presentation in ("live-0", "live-1")
        else s
        for s in TWO["one"]
    )
    found = evaluate_folds({**TWO, "one": lost}, OPTIONS)
    assert {(m.value, m.reason) for m in found.pooled} == {(None, "absent in one")}
    assert found.metrics[0] == FoldMetric("acer", None, None, "absent in one")


def test_failed_presentations_are_in_no_pooled_rate() -> None:
    lost = dataclasses.replace(TWO["two"][-1], value=math.nan, failure="no face")
    two = (*TWO["two"][:-1], lost)
    scores = {**TWO, "two": two}
    found = {name: evaluate(each, OPTIONS) for name, each in scores.items()}
    assert {m.name: m.value for m in pool(found, scores, OPTIONS)}["apcer"] == 3 / 7


def test_scores_are_decided_where_differences_would_overflow() -> None:
    huge = tuple(
        dataclasses.replace(s, value=math.copysign(1.7e308, s.value - 100)) for s in TWO["one"]
    )
    pooled = {m.name: m.value for m in evaluate_folds({"huge": huge}, OPTIONS).pooled}
    assert pooled["bpcer"] == 1 / 4


def test_a_score_at_the_threshold_is_accepted() -> None:
    decided = decisions(TWO["one"], TWO["one"][2].value)
    assert [s.value for s in decided] == [1, 0, 1, 1, 1, 0, 0, 0]


def test_an_error_names_its_fold() -> None:
    with pytest.raises(DataError, match=r"^two: the dev split has no bona fide score"):
        evaluate_folds({**TWO, "two": TWO["two"][1:]}, OPTIONS)
    with pytest.raises(ValueError, match="at least one fold"):
        over_folds({})


def test_averages_name_the_folds_that_lack_a_metric() -> None:
    full, empty = (Metric("x", 0.5),), (Metric("x", None, reason="few"),)
    assert over_folds({"a": full, "b": empty, "c": ()}) == (
        FoldMetric("x", None, None, "absent in b, c"),
    )
    (alone,) = over_folds({"a": full})
    assert (alone.mean, alone.std) == (0.5, None)
    values = np.array([0.1, 0.4, 0.7])
    (three,) = over_folds({str(v): (Metric("x", float(v)),) for v in values})
    assert three.std == pytest.approx(values.std(ddof=1))
