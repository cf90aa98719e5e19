"""Calibration against scikit-learn, and costs by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from fasharness.metrics import calibration


def draw(features: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(features)
    live = generator.normal(1, 2, (90, features))
    return live, generator.normal(0, 1, (300, features)) * 3 - 1


@pytest.mark.parametrize("features", [1, 3])
def test_logistic_against_scikit_learn(features: int) -> None:
    live, fake = draw(features)
    rows = np.concatenate([live, fake])
    scaled = (rows - rows.mean(0)) / rows.std(0)
    labels = np.append(np.ones(90), np.zeros(300))
    weight = np.append(np.full(90, 0.5 / 90), np.full(300, 0.5 / 300))
    ridge = 1e-2
    outside = LogisticRegression(C=1 / ridge, tol=1e-12, max_iter=10_000)
    outside.fit(scaled, labels, sample_weight=weight)
    found = calibration.logistic(live, fake, ridge).log_odds(rows)
    np.testing.assert_allclose(found, outside.decision_function(scaled), atol=1e-5)


def test_separable_and_constant_features_stay_finite() -> None:
    far = calibration.logistic([10.0, 11.0], [-1000.0, -900.0])
    odds = far.log_odds([10.0, -1000.0])
    assert np.isfinite(odds).all()
    assert odds[0] > 0 > odds[1]
    assert calibration.logistic([1.0, 1.0], [1.0]).log_odds([1.0])[0] == pytest.approx(0)
    with pytest.raises(ValueError, match="expected"):
        calibration.logistic(np.ones((2, 2)), np.ones((2, 3)))


def test_isotonic_against_scikit_learn() -> None:
    live, fake = (x[:, 0].round(1) for x in draw(1))
    scores = np.append(live, fake)
    labels = np.append(np.ones(live.size), np.zeros(fake.size))
    weight = np.append(np.full(live.size, 1 / live.size), np.full(fake.size, 1 / fake.size))
    outside = IsotonicRegression().fit_transform(scores, labels, sample_weight=weight)
    steps = calibration.isotonic(live, fake)
    np.testing.assert_allclose(steps.probability(scores), outside, atol=1e-9)
    assert (np.diff(steps.heights) > 0).all()
    assert steps.probability([-1e9, 1e9]).tolist() == [steps.heights[0], steps.heights[-1]]


def test_cllr_by_hand() -> None:
    # Odds of 3 for bona fide and 1/3 for attacks: log2(4/3) bits each.
    assert calibration.cllr([math.log(3)], [-math.log(3)]) == pytest.approx(math.log2(4 / 3))
    assert calibration.cllr([60.0], [-60.0]) == pytest.approx(0, abs=1e-12)
    assert calibration.cllr([-2000.0], [0.0]) > 1000


def test_calibrating_lowers_the_cost() -> None:
    live, fake = (x[:, 0] for x in draw(1))
    fit = calibration.logistic(live, fake)
    cost = calibration.cllr(fit.log_odds(live), fit.log_odds(fake))
    assert cost < min(1, calibration.cllr(live * 5, fake * 5))


def test_reliability_against_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    said = np.append(generator.random(500) * 0.75, 0.0)
    true = generator.random(501) < said
    found = calibration.reliability(said, true)
    was, mean = calibration_curve(true, said, n_bins=10)
    used = found.counts > 0
    np.testing.assert_allclose(found.was[used], was)
    np.testing.assert_allclose(found.said[used], mean)
    assert np.isnan(found.said[~used]).all()
    assert 0 < found.error < 0.1
    with pytest.raises(ValueError, match="probabilities in"):
        calibration.reliability([1.2], [True])


SCALES = {
    "as drawn": (1.0, 0.0), "offset": (1e-5, 1e9), "huge": (2e306, 0.0), "tiny": (1e-300, 0.0),
    "offset below": (1e-3, -1e12),
}  # fmt: skip


@pytest.mark.parametrize("scale", SCALES)
def test_log_odds_do_not_depend_on_the_scale_of_the_scores(scale: str) -> None:
    factor, offset = SCALES[scale]
    live, fake = (x[:, 0] / 8 for x in draw(1))
    plain = calibration.logistic(live, fake).log_odds(np.append(live, fake))
    live, fake = live * factor + offset, fake * factor + offset
    found = calibration.logistic(live, fake).log_odds(np.append(live, fake))
    # With an offset the scores themselves have fewer digits.
    np.testing.assert_allclose(found, plain, atol=1e-9 if offset == 0 else 0.5)
    order = np.argsort(np.append(live, fake), kind="stable")
    assert (np.diff(found[order]) >= 0).all()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_order_is_kept_where_rounding_ties(scores: list[float]) -> None:
    mapped = 1.0 + np.array(scores) * 1e-320
    found = calibration.keep_order(scores, mapped)
    for a, one in zip(scores, found, strict=True):
        for b, other in zip(scores, found, strict=True):
            assert (a < b) == (one < other)
    np.testing.assert_allclose(found, mapped, rtol=1e-12, atol=1e-12)
