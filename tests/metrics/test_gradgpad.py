"""gradgpad's rule against its own steps in scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

from fasharness.metrics.gradgpad import equal_error, gradgpad


def steps(values: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The package's own steps, with the functions that it calls; high scores are attacks."""
    scores = (-values).astype(np.float32)
    fpr, tpr, cuts = roc_curve((labels != 1).astype(int), -1.0 * scores, pos_label=0)
    cuts = np.clip(-1.0 * cuts, scores.min(), scores.max())
    rate = brentq(lambda x: 1.0 - x - interp1d(fpr, tpr)(x), 0.0, 1.0)
    return rate, float(interp1d(fpr, cuts)(rate))


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    live, fake = generator.integers(2, 60, 2)
    values = np.append(generator.normal(seed % 3, 1, live), generator.normal(0, 1, fake))
    # Every third set has ties, and some are separable.
    return values.round(1) if seed % 3 == 0 else values, np.append(np.ones(live), np.zeros(fake))


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_rate_and_threshold_are_the_package_s_own(first: int) -> None:
    for seed in range(first, first + 100):
        values, labels = drawn(seed)
        found = equal_error(values, labels)
        assert (found.rate, found.threshold) == steps(values, labels), seed


def test_figures_are_counted_at_its_threshold() -> None:
    dev, dev_labels = drawn(7)
    test, labels = drawn(8)
    kinds = np.where(labels == 1, 1, 2 + np.arange(labels.size) % 3)
    found = gradgpad(dev, dev_labels, test, kinds)
    scores, (rate, cut) = (-test).astype(np.float32), steps(dev, dev_labels)
    assert (found.dev_eer, found.threshold) == (rate, -cut)
    by = [np.mean(scores[kinds == kind] < cut) for kind in (2, 3, 4)]
    assert found.apcer == max(by)
    assert found.bpcer == np.mean(scores[kinds == 1] > cut)
    assert found.acer == (found.apcer + found.bpcer) / 2


def test_an_equal_error_rate_by_hand() -> None:
    # At 1 one attack of three is accepted, and one bona fide of three (0) is refused.
    found = gradgpad([3, 2, 0, 1, -2, -3], [1, 1, 1, 0, 0, 0], [4.0, 5.0, -4.0], [1, 2, 3])
    assert found.dev_eer == pytest.approx(1 / 3, abs=1e-11)
    assert (found.apcer, found.bpcer) == (1, 0)


def test_a_missing_class_is_refused() -> None:
    with pytest.raises(ValueError, match="a class is missing"):
        equal_error([1.0], [1])
