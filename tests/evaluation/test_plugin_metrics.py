"""Metrics of plugins: what they see, their intervals, and functions that go wrong."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fasharness.errors import DataError
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.metric import MetricFunction, MetricInput, UndefinedError
from fasharness.result import Metric
from fasharness.scores import Score


def refused(given: MetricInput) -> float:
    """BPCER, as a plugin would write it."""
    live = given.bona_fide
    return float(np.average(given.scores[live] < given.threshold, weights=given.weights[live]))


def area(given: MetricInput) -> float:
    """AUC by scikit-learn."""
    return float(roc_auc_score(given.bona_fide, given.scores, sample_weight=given.weights))


def found(scores: tuple[Score, ...], function: MetricFunction, **rules: object) -> Metric:
    options = EvaluationOptions(replicates=100, **rules)  # type: ignore[arg-type]
    return evaluate(scores, options, {"mine": function}).metric("mine")


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_a_plugin_s_rate_has_the_interval_of_the_built_in_one(oulu_like, interval: str) -> None:
    scores = oulu_like(2)
    mine = found(scores, refused, interval=interval)
    options = EvaluationOptions(replicates=100, interval=interval)
    assert mine.low is not None
    bpcer = evaluate(scores, options).metric("bpcer")
    assert (mine.value, mine.low, mine.high) == pytest.approx((bpcer.value, bpcer.low, bpcer.high))


def test_scikit_learn_s_auc_has_the_interval_of_the_built_in_one(oulu_like) -> None:
    scores = oulu_like(2)
    mine = found(scores, area, interval="percentile")
    options = EvaluationOptions(replicates=100, interval="percentile")
    built_in = evaluate(scores, options).metric("auc_pooled")
    expected = pytest.approx((built_in.value, built_in.low, built_in.high))
    assert (mine.value, mine.low, mine.high) == expected


def test_a_metric_sees_species_group_subject_and_device(oulu_like) -> None:
    scores = tuple(dataclasses.replace(s, device=f"phone {s.subject}") for s in oulu_like())
    seen: list[MetricInput] = []

    def look(given: MetricInput) -> float:
        seen.append(given)
        return float(given.weights[given.species == "print1"].sum())

    assert found(scores, look).value == sum(
        s.species == "print1" for s in scores if s.split == "test"
    )
    first, *drawn = seen
    test = [s for s in scores if s.split == "test"]
    for name, texts in (
        ("species", [s.species or "" for s in test]),
        ("group", [s.kind or "" for s in test]),
        ("subject", [s.subject for s in test]),
        ("device", [s.device for s in test]),
        ("bona_fide", [s.bona_fide for s in test]),
        ("scores", [s.value for s in test]),
    ):
        assert getattr(first, name).tolist() == texts
        with pytest.raises(ValueError, match="read-only"):
            getattr(first, name)[0] = getattr(first, name)[1]
    for given in drawn:  # all presentations of a subject come together
        for subject in set(given.subject):
            assert len(set(given.weights[given.subject == subject])) == 1
        with pytest.raises(ValueError, match="read-only"):
            given.weights[0] = 1


def test_metrics_that_go_wrong_say_so(oulu_like) -> None:
    scores = oulu_like()
    careless = found(scores, lambda given: float(given.scores.mean()))
    assert careless.reason == "no interval: the figure is the same in every drawn sample"
    absent = found(scores, lambda given: 1 / 0)
    assert (absent.value, absent.reason) == (None, "the metric's plugin returned nan")
    with pytest.raises(DataError, match=r"metric 'mine' failed.*docs/plugins.md"):
        found(scores, lambda live, attacks, threshold: 0.0)  # type: ignore[arg-type,misc]
    with pytest.raises(DataError, match="returns a number"):
        found(scores, lambda given: given.scores)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("words", ["no masks", ""])
def test_a_metric_says_why_it_has_no_figure(words: str, oulu_like) -> None:
    def undefined(given: MetricInput) -> float:
        raise UndefinedError(words)

    absent = found(oulu_like(), undefined)
    assert absent.value is None
    assert absent.reason == (words or "the metric's plugin gave no reason")


def test_draws_without_a_figure_count_as_undefined(oulu_like) -> None:
    """As NaN does: the interval has the value of the other draws."""

    def at(given: MetricInput, otherwise: Callable[[], float]) -> float:
        first = given.weights[given.subject == given.subject[0]]
        return float(np.average(given.scores, weights=given.weights)) if first[0] else otherwise()

    def undefined() -> float:
        raise UndefinedError("not drawn")

    scores = oulu_like()
    words = found(scores, lambda given: at(given, undefined))
    assert words == found(scores, lambda given: at(given, lambda: math.nan))
    assert words.value is not None


def test_draws_in_which_a_metric_is_undefined_are_few_or_no_interval_is_given(oulu_like) -> None:
    def of_one_subject(given: MetricInput) -> float:
        kept = given.subject == given.subject[0]
        return float(np.average(given.scores[kept], weights=given.weights[kept]))

    mine = found(oulu_like(), of_one_subject)
    assert mine.value is not None
    assert "too many of the drawn samples" in mine.reason
