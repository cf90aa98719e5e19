"""Fusing runs: aligned by name, fitted on dev alone, failures kept."""

import dataclasses
import math

import numpy as np
import pytest

from fasharness.errors import DataError, OptionError
from fasharness.evaluation.evaluate import evaluate
from fasharness.evaluation.fusion import fuse, fuse_logistic, fuse_mean
from fasharness.scores import Score


def run(seed: int, noise: float, scale: float = 1.0) -> list[Score]:
    generator = np.random.default_rng(seed)
    return [
        Score(
            f"{split}{i}", split, f"{split}{i % 10}", None if i % 3 == 0 else "print1", None,
            float(scale * ((i % 3 == 0) + generator.normal(0, noise))),
        )
        for split in ("dev", "test")
        for i in range(120)
    ]  # fmt: skip


def auc(scores: tuple[Score, ...] | list[Score]) -> float:
    value = evaluate(scores).metric("auc").value
    assert value is not None
    return value


def test_two_independent_runs_are_better_together() -> None:
    one, two = run(1, 0.8), run(2, 0.8, scale=1000.0)
    best = max(auc(one), auc(two))
    assert auc(fuse_mean([one, two]).scores) > best
    assert auc(fuse_logistic([one, list(reversed(two))]).scores) > best


def test_fitted_weights_leave_noise_out_and_given_weights_are_taken() -> None:
    good, noise = run(1, 0.5), run(2, 50.0)
    assert auc(fuse_logistic([good, noise]).scores) == pytest.approx(auc(good), abs=0.02)
    only = fuse_mean([good, noise], weights=[1, 0])
    assert auc(only.scores) == pytest.approx(auc(good))
    assert "[1.0, 0.0]" in only.words


def test_test_scores_have_no_hand_in_the_fit() -> None:
    one, two = run(1, 0.8), run(2, 0.8)
    spoilt = [dataclasses.replace(s, value=-9 * s.value) if s.split == "test" else s for s in two]
    for join in (fuse_mean, fuse_logistic):
        before, after = join([one, two]).scores, join([one, spoilt]).scores
        pairs = zip(before, after, strict=True)
        assert all(a.value == b.value for a, b in pairs if a.split == "dev")


def test_what_one_run_failed_on_has_failed() -> None:
    one, two = run(1, 0.8), run(2, 0.8)
    two[-1] = dataclasses.replace(two[-1], value=math.nan, failure="no face")
    for join in (fuse_mean, fuse_logistic):
        last = join([one, two]).scores[-1]
        assert last.failed
        assert last.failure == "run 2: no face"


def test_contradictions_are_refused() -> None:
    one, two = run(1, 0.8), run(2, 0.8)
    with pytest.raises(DataError, match="two runs or more"):
        fuse_mean([one])
    with pytest.raises(DataError, match=r"differ in their presentations, e\.g\. 'test119'"):
        fuse_mean([one, two[:-1]])
    other = [*two[:-1], dataclasses.replace(two[-1], species=None)]
    with pytest.raises(
        DataError, match="presentation 'test119' is test, bona fide, real, video in run 2"
    ):
        fuse_mean([one, other])
    with pytest.raises(DataError, match="run 2 scores a presentation twice"):
        fuse_mean([one, [*two, two[0]]])
    with pytest.raises(DataError, match="run 2 has equal scores"):
        fuse_mean([one, [dataclasses.replace(s, value=0.5) for s in two]])
    simulated = [*two[:-1], dataclasses.replace(two[-1], simulated=True)]
    with pytest.raises(DataError, match=r"presentation 'test119' is .*simulated, video in run 2"):
        fuse_mean([one, simulated])
    for weights, message in {
        (1.0,): "expected 2, none",
        (1.0, -1.0): "expected 2, none of them negative",
        (1.0, math.nan): "expected 2, none of them negative",
        (0.0, 0.0): "expected one that is not 0",
    }.items():
        with pytest.raises(OptionError, match=message):
            fuse_mean([one, two], weights=weights)


def test_the_plain_mean_needs_no_dev() -> None:
    test = [s for s in run(1, 0.8) if s.split == "test"]
    other = [dataclasses.replace(s, value=s.value + 4) for s in test]
    found = fuse([test, other], "plain").scores
    assert [s.value for s in found] == pytest.approx([s.value + 2 for s in test])
    weighted = fuse([test, other], "plain", [3, 1]).scores
    assert [s.value for s in weighted] == pytest.approx([s.value + 1 for s in test])
    for rule in ("mean", "logistic"):
        with pytest.raises(DataError, match="the rule plain needs no dev split"):
            fuse([test, other], rule)


def test_runs_of_any_magnitude_are_standardised() -> None:
    one, two = run(1, 0.8), run(2, 0.8)
    plain = [s.value for s in fuse_mean([one, two]).scores]
    huge = [dataclasses.replace(s, value=s.value * 2e306) for s in one]
    far = [dataclasses.replace(s, value=s.value * 1e-3 + 1e9) for s in two]
    found = [s.value for s in fuse_mean([huge, far]).scores]
    assert found == pytest.approx(plain, abs=1e-3)
