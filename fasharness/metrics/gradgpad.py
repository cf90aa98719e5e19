"""The rule of the package gradgpad, reproduced exactly: an EER threshold between ROC points."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fasharness.metrics.arrays import Floats
from fasharness.metrics.published import Roc, labelled, roc

_XTOL = 2e-12
_RTOL = 4 * float(np.finfo(np.float64).eps)
_ROUNDS = 100


class Gradgpad(NamedTuple):
    """What gradgpad prints, as shares; the threshold is in the harness's direction."""

    dev_eer: float
    threshold: float
    apcer: float
    bpcer: float
    acer: float
    hter: float


class EqualError(NamedTuple):
    """An equal error rate, and the threshold in gradgpad's direction (high scores are attacks)."""

    rate: float
    threshold: float


def gradgpad(
    dev: ArrayLike, dev_labels: ArrayLike, test: ArrayLike, test_labels: ArrayLike
) -> Gradgpad:
    """Compute gradgpad's figures: the EER threshold of dev, and the worst PAI species.

    Args:
        dev: finite scores (N,), higher is bona fide.
        dev_labels: 1 for bona fide, anything else for attacks.
        test: finite scores (M,), likewise.
        test_labels: 1 for bona fide, another number for each PAI species.

    Returns:
        The threshold is interpolated between points of the thinned dev ROC, so it is at no
        score; where few scores are there, it can be far from any cut with equal errors.

    Raises:
        ValueError: when a class is missing.
    """
    cut = equal_error(dev, dev_labels)
    values, kinds = labelled(test, test_labels)
    # The package keeps its scores in single precision, where high ones mean attack.
    scores, live = np.asarray(-values, dtype=np.float32), kinds == 1
    accepted = [float(np.mean(scores[kinds == kind] < cut.threshold)) for kind in set(kinds) - {1}]
    bpcer = float(np.mean(scores[live] > cut.threshold))
    curve = roc(-scores.astype(np.float64), live)
    # HTER is read off the nearest point of the thinned test ROC, not counted at the threshold.
    nearest = int(np.argmin(np.abs(_thresholds(curve, scores) - cut.threshold)))
    hter = (curve.fpr[nearest] + (1 - curve.tpr[nearest])) / 2
    apcer = max(accepted)
    return Gradgpad(cut.rate, -cut.threshold, apcer, bpcer, (apcer + bpcer) / 2, float(hter))


def equal_error(values: ArrayLike, labels: ArrayLike) -> EqualError:
    """Compute gradgpad's equal error rate.

    Args:
        values: finite scores (N,), higher is bona fide.
        labels: 1 for bona fide, anything else for attacks.

    Returns:
        Where a root finder meets the straight lines of the thinned ROC with 1 - tpr = fpr, to
        2e-12. At a vertical step either end may be taken, by the finder's last step.

    Raises:
        ValueError: when a class is missing.
    """
    found, kinds = labelled(values, labels)
    scores = np.asarray(-found, dtype=np.float32)
    curve = roc(-scores.astype(np.float64), kinds == 1)
    rate = _root(lambda x: float(1.0 - x - np.interp(x, curve.fpr, curve.tpr)))
    return EqualError(rate, float(np.interp(rate, curve.fpr, _thresholds(curve, scores))))


def _thresholds(curve: Roc, scores: NDArray[np.float32]) -> Floats:
    """Return the ROC's thresholds in gradgpad's direction, the infinite one cut to the scores."""
    return np.asarray(np.clip(-curve.thresholds, scores.min(), scores.max()), dtype=np.float64)


class _Point(NamedTuple):
    """A place and the function's value there."""

    x: float
    y: float


def _root(function: Callable[[float], float]) -> float:
    """Find where a falling function is 0 in [0, 1], by Brent's method (1973), as SciPy ends it.

    Which side of a jump the last step is on decides the threshold, so the steps are the same.
    """
    before, now = _Point(0.0, function(0.0)), _Point(1.0, function(1.0))
    if before.y == 0:
        return before.x
    across, last, step = before, 0.0, 0.0
    for _ in range(_ROUNDS):
        if now.y == 0:
            return now.x
        if before.y != 0 and (before.y < 0) != (now.y < 0):
            across, last, step = before, now.x - before.x, now.x - before.x
        if abs(across.y) < abs(now.y):
            before, now, across = now, across, now
        least, half = (_XTOL + _RTOL * abs(now.x)) / 2, (across.x - now.x) / 2
        if abs(half) < least:
            return now.x
        last, step = _step(before, now, across, last, step, least)
        before = now
        x = now.x + (step if abs(step) > least else np.copysign(least, half))
        now = _Point(float(x), function(float(x)))
    return now.x


def _step(
    before: _Point, now: _Point, across: _Point, last: float, step: float, least: float
) -> tuple[float, float]:
    """Choose the next step: interpolation where it is short enough, else bisection."""
    half = (across.x - now.x) / 2
    if abs(last) > least and abs(now.y) < abs(before.y):
        if before.x == across.x:
            tried = -now.y * (now.x - before.x) / (now.y - before.y)
        else:
            one = (before.y - now.y) / (before.x - now.x)
            other = (across.y - now.y) / (across.x - now.x)
            rise = across.y * other - before.y * one
            tried = -now.y * rise / (other * one * (across.y - before.y))
        if 2 * abs(tried) < min(abs(last), 3 * abs(half) - least):
            return step, tried
    return half, half
