"""The error curve against scikit-learn, a table worked by hand and invariants."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.optimize import brentq
from sklearn import metrics as sklearn

from fasharness.metrics import curves
from fasharness.metrics.curves import ErrorCurve, error_curve

Floats = NDArray[np.float64]
LIVE = [0.9, 0.8, 0.5, 0.4]
FAKE = [0.1, 0.5, 0.6, 0.2, 0.3]


def test_every_cut_by_hand() -> None:
    curve = error_curve(LIVE, FAKE)
    assert curve.values.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9]
    assert curve.bona_fide_below.tolist() == [0, 0, 0, 0, 1, 2, 2, 3, 4]
    assert curve.attack_below.tolist() == [0, 1, 2, 3, 3, 4, 5, 5, 5]
    assert curve.apcer.tolist() == [1.0, 0.8, 0.6, 0.4, 0.4, 0.2, 0.0, 0.0, 0.0]
    assert curve.bpcer.tolist() == [0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 0.5, 0.75, 1.0]


def test_figures_by_hand() -> None:
    curve = error_curve(LIVE, FAKE)
    # From (0.4, 0.25) to (0.2, 0.5): APCER = BPCER after a third of the way.
    assert curves.eer(curve) == pytest.approx(1 / 3)
    # 0.9 and 0.8 beat all 5; 0.5 beats 3 and ties 1; 0.4 beats 3.
    assert curves.auc(curve) == pytest.approx((5 + 5 + 3.5 + 3) / 20)
    assert curves.bpcer_at_apcer(curve, 0.4) == 0.0
    assert curves.bpcer_at_apcer(curve, 0.39) == 0.5
    assert curves.bpcer_at_apcer(curve, 0.0) == 0.5
    assert curves.apcer_at_bpcer(curve, 0.25) == 0.4
    assert curves.apcer_at_bpcer(curve, 0.0) == 0.4
    assert curves.tpr_at_fpr(curve, 0.2) == 0.5
    assert curves.bpcer_at_apcer(curve, 1.0) == 0.0


def test_extremes() -> None:
    perfect, reversed_ = error_curve([1.0], [0.0]), error_curve([0.0], [1.0])
    assert (curves.eer(perfect), curves.auc(perfect)) == (0.0, 1.0)
    assert (curves.eer(reversed_), curves.auc(reversed_)) == (1.0, 0.0)
    tied = error_curve([0.5, 0.5], [0.5])
    assert (curves.eer(tied), curves.auc(tied)) == (0.5, 0.5)
    assert curves.bpcer_at_apcer(tied, 0.1) == 1.0


def draws(seed: int, digits: int) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    live, fake = generator.normal(1, 1, 180), generator.normal(0, 1.4, 720)
    return live.round(digits), fake.round(digits)


@pytest.mark.parametrize("digits", [0, 1, 9])
@pytest.mark.parametrize("seed", range(5))
def test_against_scikit_learn(seed: int, digits: int) -> None:
    live, fake = draws(seed, digits)
    labels = np.r_[np.ones(live.size), np.zeros(fake.size)]
    scores = np.r_[live, fake]
    curve = error_curve(live, fake)
    fpr, tpr, cuts = sklearn.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.apcer[::-1], fpr, atol=1e-12)
    np.testing.assert_allclose(1 - curve.bpcer[::-1], tpr, atol=1e-12)
    np.testing.assert_array_equal(curve.values[::-1], cuts[1:])
    assert curves.auc(curve) == pytest.approx(sklearn.roc_auc_score(labels, scores), abs=1e-12)
    eer = brentq(lambda x: 1 - x - np.interp(x, fpr, tpr), 0, 1, xtol=1e-12)
    assert curves.eer(curve) == pytest.approx(eer, abs=1e-9)
    precision = sklearn.average_precision_score(labels, scores)
    assert curves.average_precision(curve) == pytest.approx(precision, abs=1e-12)


@pytest.mark.parametrize("limit", [0.001, 0.01, 0.1, 0.5, 1.0])
def test_partial_area_against_scikit_learn(limit: float) -> None:
    live, fake = draws(3, 2)
    fpr, tpr, _ = sklearn.roc_curve(
        np.r_[np.ones(live.size), np.zeros(fake.size)], np.r_[live, fake], drop_intermediate=False
    )
    x = np.r_[fpr[fpr < limit], limit]
    expected = sklearn.auc(x, np.r_[tpr[fpr < limit], np.interp(limit, fpr, tpr)]) / limit
    found = curves.partial_auc(error_curve(live, fake), limit)
    assert found == pytest.approx(expected, abs=1e-12)
    # scikit-learn's own figure is moved so that chance is 1/2.
    labels, scores = np.r_[np.ones(live.size), np.zeros(fake.size)], np.r_[live, fake]
    moved = sklearn.roc_auc_score(labels, scores, max_fpr=limit)
    chance = limit / 2
    assert moved == pytest.approx((1 + (found - chance) / (1 - chance)) / 2, abs=1e-9)


def test_partial_area_ends_at_the_first_point_of_a_vertical_step() -> None:
    # ROC: up to (0, 2/3), right to (1/2, 2/3), up to (1/2, 1): the last step adds no area.
    curve = error_curve([0.5, 1.5, 2.0], [0.0, 1.0])
    assert curves.partial_auc(curve, 0.5) == pytest.approx(2 / 3)


def test_log_area_by_hand() -> None:
    # One live score above all but one of ten attacks: accepted from APCER 0.1 on.
    curve = error_curve([5.0], [9.0, *range(-4, 5)])
    assert curves.log_auc(curve, 0.001) == pytest.approx(1 / 3)
    assert curves.log_auc(error_curve([1.0], [0.0])) == pytest.approx(1.0)
    assert curves.log_auc(error_curve([0.0], [1.0])) == pytest.approx(0.0)


arrays = hnp.arrays(np.float64, st.integers(1, 25), elements=st.integers(-6, 6).map(float))


@given(arrays, arrays, st.sampled_from([np.exp, np.arctan, lambda x: 3 * x - 7]))
def test_increasing_transforms_change_nothing(
    live: Floats, fake: Floats, transform: Callable[[Floats], Floats]
) -> None:
    before, after = error_curve(live, fake), error_curve(transform(live), transform(fake))
    for figure in (curves.eer, curves.auc, curves.average_precision):
        assert figure(after) == figure(before)
    assert curves.bpcer_at_apcer(after, 0.2) == curves.bpcer_at_apcer(before, 0.2)


@given(arrays, arrays)
def test_symmetries(live: Floats, fake: Floats) -> None:
    curve, mirrored = error_curve(live, fake), error_curve(-fake, -live)
    assert curves.eer(mirrored) == pytest.approx(curves.eer(curve))
    assert curves.auc(mirrored) == pytest.approx(curves.auc(curve))
    swapped = error_curve(fake, live)
    assert curves.auc(swapped) == pytest.approx(1 - curves.auc(curve))
    assert curves.eer(swapped) == pytest.approx(1 - curves.eer(curve))
    doubled = error_curve(np.tile(live, 2), np.tile(fake, 2))
    assert curves.eer(doubled) == pytest.approx(curves.eer(curve))
    assert curves.auc(doubled) == pytest.approx(curves.auc(curve))


@given(arrays, arrays, st.floats(0, 1))
def test_working_points_are_the_best_that_keep_the_limit(
    live: Floats, fake: Floats, limit: float
) -> None:
    curve = error_curve(live, fake)
    keeps = curve.apcer <= limit
    assert curves.bpcer_at_apcer(curve, limit) == curve.bpcer[keeps].min()
    keeps = curve.bpcer <= limit
    assert curves.apcer_at_bpcer(curve, limit) == curve.apcer[keeps].min()


def test_areas_do_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    curve = error_curve(*draws(0, 1))
    figures = (curves.auc, curves.average_precision, curves.log_auc)
    whole = [figure(curve) for figure in figures]
    monkeypatch.setattr(curves, "_CHUNK", 7)
    assert [figure(curve) for figure in figures] == pytest.approx(whole)


def test_impossible_arguments_are_refused() -> None:
    curve: ErrorCurve = error_curve([1.0], [0.0])
    for limit in (-0.1, 1.1):
        with pytest.raises(ValueError, match="limit must lie"):
            curves.bpcer_at_apcer(curve, limit)
    with pytest.raises(ValueError, match="limit must lie"):
        curves.partial_auc(curve, 0.0)
    with pytest.raises(ValueError, match="smallest must lie"):
        curves.log_auc(curve, 1.0)


@pytest.mark.parametrize(
    "values", [[1j, 2], np.array([0.1, 0.2], np.float16), [True, False], ["0.5"], [None, 1.0]]
)
def test_scores_of_another_type_are_refused(values: object) -> None:
    with pytest.raises(ValueError, match="must be real numbers of at least 32 bits"):
        error_curve(values, [0.5])  # type: ignore[arg-type]
