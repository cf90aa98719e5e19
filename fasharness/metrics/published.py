"""Rules of published evaluation codes, reproduced exactly, quirks included.

Each function documents one published rule so that its numbers can be reproduced and kept apart from
the harness's own. None of them is recommended. Some choose their threshold on the test split;
`result.Published` marks those figures with `leaks`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fasharness.metrics.arrays import Floats, Ints


class Roc(NamedTuple):
    """Points of a ROC as scikit-learn's ``roc_curve`` gives them by default.

    ``fpr``, ``tpr`` and ``thresholds`` are float64 (P,), thresholds falling from infinity.
    """

    fpr: Floats
    tpr: Floats
    thresholds: Floats


def roc(values: Floats, live: NDArray[np.bool_]) -> Roc:
    """Compute a ROC without the points that are between two others on a straight line.

    Args:
        values: finite scores (N,).
        live: which of them are bona fide, both classes present.

    Returns:
        The points. Points are chosen by second differences of the counts, as in scikit-learn, so
        some points that do matter for an equal error rate are dropped as well.
    """
    distinct = np.unique(values)[::-1]
    above = _at_least(values[live], distinct), _at_least(values[~live], distinct)
    # drop_intermediate=True of scikit-learn's roc_curve, the default that the codes use.
    bends = (np.diff(above[0], 2) != 0) | (np.diff(above[1], 2) != 0)
    kept = np.concatenate([[True], bends, [True]]) if distinct.size > 1 else np.array([True])
    tps, fps = (np.append(0, counts[kept]) for counts in above)
    return Roc(fps / fps[-1], tps / tps[-1], np.append(np.inf, distinct[kept]))


def _at_least(values: Floats, cuts: Floats) -> Ints:
    """Count the scores that are at least each cut."""
    return values.size - np.searchsorted(np.sort(values), cuts, side="left").astype(np.int64)


def _eer_point(curve: Roc) -> int:
    """Find the first point with the smallest |fpr + tpr - 1|."""
    # The first of equal points; if all scores tie, the threshold is infinity and the EER 0.
    return int(np.argmin(np.abs(curve.fpr + curve.tpr - 1)))


def _eer(curve: Roc) -> float:
    """False positive rate at the chosen point, which the codes call the EER."""
    return float(curve.fpr[_eer_point(curve)])


def labelled(values: ArrayLike, labels: ArrayLike) -> tuple[Floats, Ints]:
    """Check scores with labels.

    Args:
        values: scores (N,).
        labels: 1 for bona fide, anything else for attacks.

    Returns:
        Both as arrays.

    Raises:
        ValueError: when the shapes differ or a class is missing.
    """
    found, kinds = np.asarray(values, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if found.shape != kinds.shape or found.ndim != 1:
        raise ValueError(f"scores and labels must be (N,), got {found.shape} and {kinds.shape}")
    if not (kinds == 1).any() or not (kinds != 1).any():
        raise ValueError("expected bona fide (label 1) and attack scores, a class is missing")
    return found, kinds


class Sgtd(NamedTuple):
    """What SGTD's evaluation prints, all in per cent.

    ``apcer_low`` belongs to the smaller label (replay, -2, where both are there), ``apcer_high``
    to the larger one; the latter is 0 when the test split has only one kind of attack.
    """

    dev_eer: float
    test_eer: float
    apcer_low: float
    apcer_high: float
    apcer: float
    bpcer: float
    acer: float


def sgtd(dev: ArrayLike, dev_labels: ArrayLike, test: ArrayLike, test_labels: ArrayLike) -> Sgtd:
    """FAS-SGTD's figures: EER point of dev, strict errors on both sides, worst of two attack kinds.

    Args:
        dev: scores (N,); what is not finite becomes 0, so a failed attack counts
            as a correct decision.
        dev_labels: 1 for bona fide, anything else for attacks.
        test: scores (M,), likewise.
        test_labels: 1 for bona fide, -1 for print, -2 for replay.

    Returns:
        The threshold is the first point of the thinned dev ROC with the smallest
        |fpr + tpr - 1| and the EER its fpr; a score equal to it is an error on neither side.

    Raises:
        ValueError: when a class is missing or there are more than two kinds of attack.
    """
    # The multi-frame code of FAS-SGTD turns NaN and infinity into 0, a score like an attack's.
    dev_scores, dev_kinds = labelled(np.nan_to_num(dev, nan=0, posinf=0, neginf=0), dev_labels)
    scored, kinds = labelled(np.nan_to_num(test, nan=0, posinf=0, neginf=0), test_labels)
    attacks = np.unique(kinds[kinds != 1])
    if attacks.size > 2:
        raise ValueError(f"the published code handles two kinds of attack, got {attacks.tolist()}")
    curve, own = roc(dev_scores, dev_kinds == 1), roc(scored, kinds == 1)
    cut = curve.thresholds[_eer_point(curve)]
    # Strict on both sides. np.unique sorts -2 (replay) before -1 (print).
    apcer = [_float32_mean(scored[kinds == kind] > cut) for kind in attacks]
    bpcer = _float32_mean(scored[kinds == 1] < cut)
    return Sgtd(
        _eer(curve) * 100,
        _eer(own) * 100,
        apcer[0] * 100,
        (apcer[1] if attacks.size == 2 else 0.0) * 100,
        max(apcer) * 100,
        bpcer * 100,
        (max(apcer) + bpcer) / 2 * 100,
    )


def _float32_mean(errors: NDArray[np.bool_]) -> float:
    """Average in single precision, as the published code does."""
    return float(np.mean(errors.astype(np.float32)))


class Pooled(NamedTuple):
    """Rates of CDCN's and DUM's codes at a threshold, as shares."""

    threshold: float
    accuracy: float
    apcer: float
    bpcer: float
    acer: float


def cdcn_at(values: ArrayLike, labels: ArrayLike, threshold: float) -> Pooled:
    """CDCN's and DUM's rates: attacks pooled, a bona fide score at the threshold is refused.

    Args:
        values: scores (N,).
        labels: 1 for bona fide, 0 for attacks; other labels count as attacks that never err.
        threshold: scores above it are called bona fide.

    Returns:
        The rates.
    """
    found, kinds = labelled(values, labels)
    live = int(np.count_nonzero(kinds == 1))
    # <=, although roc_curve accepts at the threshold: even separable classes get an error.
    refused = int(np.count_nonzero((found <= threshold) & (kinds == 1)))
    accepted = int(np.count_nonzero((found > threshold) & (kinds == 0)))
    # All that is not bona fide; OULU-NPU's labels -1 and -2 are in it but never err above.
    apcer, bpcer = accepted / (found.size - live), refused / live
    accuracy = 1 - (refused + accepted) / found.size
    return Pooled(float(threshold), accuracy, apcer, bpcer, (apcer + bpcer) / 2)


class Cdcn(NamedTuple):
    """Results of CDCN's and DUM's function ``performances``.

    ``dev`` and ``test`` are at the dev threshold, ``test_own`` at the test's own, which leaks.
    """

    dev: Pooled
    test: Pooled
    test_own: Pooled


def cdcn(dev: ArrayLike, dev_labels: ArrayLike, test: ArrayLike, test_labels: ArrayLike) -> Cdcn:
    """CDCN's and DUM's OULU-NPU figures.

    Args:
        dev: scores (N,).
        dev_labels: 1 for bona fide, 0 for attacks.
        test: scores (M,).
        test_labels: likewise.

    Returns:
        Rates at the first point of the thinned ROC with the smallest |fpr + tpr - 1|. Refusing
        the bona fide score that sets the threshold makes separable classes err.
    """
    cut, own = cdcn_threshold(dev, dev_labels), cdcn_threshold(test, test_labels)
    return Cdcn(
        cdcn_at(dev, dev_labels, cut),
        cdcn_at(test, test_labels, cut),
        cdcn_at(test, test_labels, own),
    )


def cdcn_threshold(values: ArrayLike, labels: ArrayLike) -> float:
    """Threshold at the first thinned ROC point with the smallest |fpr + tpr - 1|.

    Args:
        values: scores (N,).
        labels: 1 for bona fide, anything else for attacks.

    Returns:
        The threshold; infinity when all scores are equal.
    """
    found, kinds = labelled(values, labels)
    curve = roc(found, kinds == 1)
    return float(curve.thresholds[_eer_point(curve)])


class Cross(NamedTuple):
    """Results of CDCN's and DUM's cross-data-set and zero-shot evaluations; all of them leak."""

    threshold: float
    accuracy: float
    fpr: float
    frr: float
    hter: float
    auc: float


def cdcn_cross(values: ArrayLike, labels: ArrayLike) -> Cross:
    """CDCN's and DUM's figures where the evaluated split chooses its own threshold.

    Args:
        values: scores (N,).
        labels: 1 for bona fide, 0 for attacks.

    Returns:
        ``fpr`` and ``frr`` of the ROC point itself (a score equal to the threshold is accepted),
        beside an accuracy that refuses it; SiW's and SiW-M's variants print ``fpr`` as the error.
    """
    found, kinds = labelled(values, labels)
    curve = roc(found, kinds == 1)
    point = _eer_point(curve)
    fpr, frr = float(curve.fpr[point]), float(1 - curve.tpr[point])
    rates = cdcn_at(found, kinds, float(curve.thresholds[point]))
    area = float(np.trapezoid(curve.tpr, curve.fpr))
    return Cross(rates.threshold, rates.accuracy, fpr, frr, (fpr + frr) / 2, area)


def cdcn_best(values: ArrayLike, labels: ArrayLike) -> Pooled:
    """CDCN's and DUM's ``get_threshold``: the score with the smallest ACER on the same split.

    Args:
        values: scores (N,); of equally good ones the first in the given order is taken.
        labels: 1 for bona fide, 0 for attacks.

    Returns:
        The rates there, except that the published code always reports a BPCER of 0.
    """
    found, _ = labelled(values, labels)
    # dict.fromkeys removes repeated scores but keeps their order, which decides ties.
    rows = [cdcn_at(found, labels, float(cut)) for cut in dict.fromkeys(found.tolist())]
    return min(rows, key=lambda row: row.acer)._replace(bpcer=0.0)


class Lgsc(NamedTuple):
    """What LGSC's evaluation prints, in per cent, with the threshold it used.

    ``accepted`` counts the presentations called bona fide.
    """

    threshold: float
    accuracy: float
    apcer: float
    bpcer: float
    acer: float
    accepted: int


def lgsc_at(values: ArrayLike, labels: ArrayLike, threshold: float) -> Lgsc:
    """LGSC's rates at a threshold: attacks pooled, a score equal to the threshold is refused.

    Args:
        values: scores (N,).
        labels: 1 for bona fide, 0 for attacks.
        threshold: scores above it are called bona fide.

    Returns:
        The rates.
    """
    found, kinds = labelled(values, labels)
    called, live = found > threshold, kinds == 1
    apcer, bpcer = (float(np.mean(wrong)) * 100 for wrong in (called[~live], ~called[live]))
    accuracy = float(np.mean(called == live)) * 100
    acer = (apcer + bpcer) / 2
    return Lgsc(threshold, accuracy, apcer, bpcer, acer, int(np.count_nonzero(called)))


def lgsc_mid(values: ArrayLike, labels: ArrayLike) -> Lgsc:
    """LGSC's ``mid``: the median score of the evaluated split, so that half are accepted.

    Args:
        values: scores (N,), N >= 2.
        labels: 1 for bona fide, 0 for attacks.

    Returns:
        The rates there; they cannot be good unless half of the split is bona fide.
    """
    found, _ = labelled(values, labels)
    return lgsc_at(found, labels, float(np.sort(found)[found.size // 2 - 1]))


def lgsc_auto(values: ArrayLike, labels: ArrayLike, by_acer: bool) -> Lgsc:
    """LGSC's ``auto``: the best of 1000 thresholds on the evaluated split itself.

    Args:
        values: scores (N,).
        labels: 1 for bona fide, 0 for attacks.
        by_acer: whether the best has the smallest ACER; else the largest accuracy.

    Returns:
        The rates at the first best of min + i (max - min) / 1000, i = 0..999.
    """
    found, kinds = labelled(values, labels)
    low, high = float(found.min()), float(found.max())
    steps = (lgsc_at(found, kinds, low + i * (high - low) / 1000) for i in range(1000))
    return max(steps, key=lambda row: -row.acer if by_acer else row.accuracy)


class Ssdg(NamedTuple):
    """An EER and HTER found on a grid of thresholds, as shares, with the AUC."""

    threshold: float
    eer: float
    hter: float
    auc: float


def ssdg(values: ArrayLike, labels: ArrayLike) -> Ssdg:
    """LGSC's ``hter`` and SSDG's OCIM protocol: EER threshold and HTER on the target itself.

    Args:
        values: scores (N,), expected in [0, 1].
        labels: 1 for bona fide, anything else for attacks.

    Returns:
        Figures at the last point of 0, 0.0001, .., 1 and 1.1 with the smallest |FRR - FAR|;
        scores at or above it are accepted, and the EER is the mean of both errors there.
    """
    thresholds, frr, far = grid_errors(values, labels)
    gap = np.abs(frr - far)
    # The codes compare with <=, so the last of equal points wins.
    point = int(gap.size - 1 - np.argmin(gap[::-1]))
    error = float((frr[point] + far[point]) / 2)
    found, kinds = labelled(values, labels)
    curve = roc(found, kinds == 1)
    area = float(np.trapezoid(curve.tpr, curve.fpr))
    return Ssdg(float(thresholds[point]), error, error, area)


class GridErrors(NamedTuple):
    """Both errors at every threshold of a grid, float64 (10002,) each."""

    thresholds: Floats
    frr: Floats
    far: Floats


def grid_errors(values: ArrayLike, labels: ArrayLike) -> GridErrors:
    """Compute the error curve of LGSC's and SSDG's codes.

    Args:
        values: scores (N,), expected in [0, 1].
        labels: 1 for bona fide, anything else for attacks.

    Returns:
        FRR and FAR at 0, 0.0001, .., 1 and 1.1; scores at or above a threshold are accepted.
    """
    found, kinds = labelled(values, labels)
    live, fake = np.sort(found[kinds == 1]), np.sort(found[kinds != 1])
    grid = np.append(np.arange(10_001) / 10_000, 1.1)
    frr = np.searchsorted(live, grid, side="left") / live.size
    far = (fake.size - np.searchsorted(fake, grid, side="left")) / fake.size
    return GridErrors(grid, frr, far)
