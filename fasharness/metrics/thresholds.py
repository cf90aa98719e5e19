"""Rules that choose a threshold from scores; the decision is always score >= threshold."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fasharness.metrics import arrays, published
from fasharness.metrics.arrays import Floats
from fasharness.metrics.curves import ErrorCurve, crossing, error_curve


@dataclass(frozen=True, eq=False)
class Development:
    """The scores that a rule may use.

    Attributes:
        bona_fide: float64 (N,).
        attacks: species group to float64 (M,).
    """

    bona_fide: Floats
    attacks: Mapping[str, Floats]

    @property
    def curve(self) -> ErrorCurve:
        """The error curve of all attacks together."""
        return error_curve(self.bona_fide, np.concatenate(list(self.attacks.values())))


@dataclass(frozen=True)
class Rule:
    """A way to choose a threshold.

    Attributes:
        name: as the user writes it, e.g. ``apcer=0.05``.
        title: a name for readers, which says which APCER the rule reads.
        words: a description for the result.
        choose: the function from scores to the threshold.
    """

    name: str
    title: str
    words: str
    choose: Callable[[Development], float]


def eer(scores: Development) -> float:
    """Threshold halfway between the two distinct scores around the cut of equal error rates.

    Args:
        scores: the development scores.

    Returns:
        The midpoint of the neighbouring scores at the cut with the smallest |APCER - BPCER| over
        all attacks together; of two such cuts the stricter (higher) one.

    Raises:
        ValueError: when all scores are equal.

    >>> dev = Development(np.array([0.5, 0.875]), {"print": np.array([0.125, 0.25])})
    >>> eer(dev)
    0.375
    """
    return equal_error(scores.curve)


def equal_error(curve: ErrorCurve) -> float:
    """Threshold of the rule `eer` for a curve that is already computed.

    Args:
        curve: the error curve of all attacks together.

    Returns:
        The midpoint of the neighbouring scores at the cut.

    Raises:
        ValueError: when all scores are equal.
    """
    return _midpoint(curve, _eer_cut(curve))


def eer_observed(scores: Development) -> float:
    """Threshold at the lowest score that the cut of equal error rates accepts.

    Args:
        scores: the development scores.

    Returns:
        A development score. An increasing transform of all scores changes no decision, on other
        data either; for the midpoint this holds on dev only.

    Raises:
        ValueError: when all scores are equal.

    >>> dev = Development(np.array([0.5, 0.875]), {"print": np.array([0.125, 0.25])})
    >>> eer_observed(dev)
    0.5
    """
    curve = scores.curve
    return float(curve.values[_eer_cut(curve)])


def _eer_cut(curve: ErrorCurve) -> int:
    """Find the cut with the smallest |APCER - BPCER|, the higher of two."""
    # A collapsed model; FAS-SGTD's code prints an EER of 0 here.
    if curve.values.size == 1:
        raise ValueError(f"all scores are equal ({curve.values[0]!r}); no threshold separates them")
    after = crossing(curve)
    # Of two equally good cuts the higher one, so that fewer attacks are accepted.
    return after if abs(curve.gap(after)) <= abs(curve.gap(after - 1)) else after - 1


def min_hter(scores: Development) -> float:
    """Threshold with the smallest HTER on the development scores.

    Args:
        scores: the development scores.

    Returns:
        The midpoint at the best cut; of several best cuts the one with the smallest
        |APCER - BPCER|, then the highest.
    """
    curve = scores.curve
    return _midpoint(curve, _smallest(curve.apcer, curve.bpcer))


def min_acer(scores: Development) -> float:
    """Threshold with the smallest ACER (largest APCER over groups) on the development scores.

    Args:
        scores: the development scores.

    Returns:
        The midpoint at the best cut; ties as for `min_hter`.
    """
    curve = scores.curve
    worst = np.zeros(curve.values.size + 1)
    for attack in scores.attacks.values():
        below = np.searchsorted(np.sort(attack), curve.values, side="left")
        np.maximum(worst[:-1], 1 - below / attack.size, out=worst[:-1])
    return _midpoint(curve, _smallest(worst, curve.bpcer))


def _smallest(apcer: Floats, bpcer: Floats) -> int:
    """Find the cut with the smallest sum, then the smallest difference, then the highest."""
    # lexsort takes its last key first. The sums are floats, so equal ones can differ in the last
    # digit; then the other keys do not count.
    order = np.lexsort((-np.arange(apcer.size), np.abs(apcer - bpcer), apcer + bpcer))
    return int(order[0])


def at_apcer(scores: Development, limit: float) -> float:
    """Lowest threshold that keeps the largest APCER over groups at or below a limit.

    Args:
        scores: the development scores.
        limit: the APCER allowed, in [0, 1].

    Returns:
        The midpoint at that cut, or a threshold above all scores if no other keeps the limit.
    """
    arrays.share(limit, "limit")
    curve = scores.curve
    cuts = [_first_cut(curve, attack, limit) for attack in scores.attacks.values()]
    return _midpoint(curve, max(cuts))


def _first_cut(curve: ErrorCurve, attack: Floats, limit: float) -> int:
    """Find the lowest cut where a group's APCER is at most the limit."""
    below = np.append(np.searchsorted(np.sort(attack), curve.values, side="left"), attack.size)
    # The first True; there is one, since the last cut refuses all.
    return int(np.argmax((attack.size - below) / attack.size <= limit))


def at_bpcer(scores: Development, limit: float) -> float:
    """Highest threshold that keeps BPCER at or below a limit.

    Args:
        scores: the development scores.
        limit: the BPCER allowed, in [0, 1].

    Returns:
        The midpoint at that cut.
    """
    arrays.share(limit, "limit")
    curve = scores.curve
    return _midpoint(curve, int(np.count_nonzero(curve.bpcer <= limit)) - 1)


def _midpoint(curve: ErrorCurve, cut: int) -> float:
    """Return a threshold between the scores on both sides of a cut."""
    if cut == curve.values.size:
        # Scores at the threshold are accepted, so refusing all takes the next larger float.
        return math.nextafter(float(curve.values[-1]), math.inf)
    above = float(curve.values[cut])
    if cut == 0:
        return above
    below = float(curve.values[cut - 1])
    middle = below / 2 + above / 2
    # Neighbouring floats have no number between them; the upper one still separates them.
    return middle if below < middle <= above else above


def eer_thinned(scores: Development) -> float:
    """Threshold of SGTD's, CDCN's and DUM's codes.

    Args:
        scores: the development scores.

    Returns:
        The first point of the thinned ROC with the smallest |fpr + tpr - 1|; those codes compare
        with it strictly, so only decisions on scores equal to it differ.
    """
    return published.cdcn_threshold(*_labelled(scores))


def eer_grid(scores: Development) -> float:
    """Threshold of LGSC's and SSDG's codes, meant for scores in [0, 1].

    Args:
        scores: the development scores.

    Returns:
        The last of 0, 0.0001, .., 1 and 1.1 with the smallest |FRR - FAR|.
    """
    return published.ssdg(*_labelled(scores)).threshold


def _labelled(scores: Development) -> tuple[Floats, Floats]:
    """Join the scores, with label 1 for bona fide and 0 for attacks."""
    attack = np.concatenate(list(scores.attacks.values()))
    labels = np.append(np.ones(scores.bona_fide.size), np.zeros(attack.size))
    return np.append(scores.bona_fide, attack), labels


_EER = "EER over all attacks pooled"
_WORDS: Mapping[str, tuple[str, str, Callable[[Development], float]]] = {
    "eer": (
        _EER,
        "midpoint of the two distinct scores around the cut with the smallest |APCER - BPCER| "
        "over all attacks together; of two such cuts the stricter",
        eer,
    ),
    "eer-observed": (
        f"{_EER}, at a score",
        "lowest accepted score at the cut with the smallest |APCER - BPCER| over all attacks "
        "together; of two such cuts the stricter",
        eer_observed,
    ),
    "eer-thinned": (
        f"{_EER}, thinned ROC",
        "first point of the thinned ROC with the smallest |fpr + tpr - 1|, as SGTD's, CDCN's and "
        "DUM's codes choose it",
        eer_thinned,
    ),
    "eer-grid": (
        f"{_EER}, on a grid",
        "last of 0, 0.0001, .., 1 and 1.1 with the smallest |FRR - FAR|, as LGSC's and SSDG's "
        "codes choose it",
        eer_grid,
    ),
    "min-hter": (
        "smallest HTER, all attacks pooled",
        "midpoint at the cut with the smallest HTER; of several the one with the smallest "
        "|APCER - BPCER|, then the strictest",
        min_hter,
    ),
    "min-acer": (
        "smallest ACER, worst species group",
        "midpoint at the cut with the smallest ACER (largest APCER over species groups); of "
        "several the one with the smallest |APCER - BPCER|, then the strictest",
        min_acer,
    ),
}
RULES = (*_WORDS, "apcer=SHARE", "bpcer=SHARE", "fixed=NUMBER")


def parse(name: str) -> Rule:
    """Find a rule by the name that the user wrote.

    Args:
        name: one of `RULES` with a number in place of SHARE or NUMBER, e.g. ``apcer=0.05``.

    Returns:
        The rule.

    Raises:
        ValueError: when there is no such rule or its number is impossible.
    """
    if name in _WORDS:
        return Rule(name, *_WORDS[name])
    # A missing or broken number is NaN, which fails every comparison below.
    head, equals, tail = name.partition("=")
    number = _number(tail) if equals else math.nan
    if head == "fixed" and math.isfinite(number):
        return Rule(name, name, "fixed beforehand", lambda _: number)
    if head == "apcer" and 0 <= number <= 1:
        words = f"lowest threshold with APCER at most {number:g} in every species group"
        title = f"APCER {100 * number:g} % of the worst species group"
        return Rule(name, title, words, lambda scores: at_apcer(scores, number))
    if head == "bpcer" and 0 <= number <= 1:
        words = f"highest threshold with BPCER at most {number:g}"
        title = f"BPCER {100 * number:g} %"
        return Rule(name, title, words, lambda scores: at_bpcer(scores, number))
    raise ValueError(f"no threshold rule {name!r}; there are {', '.join(RULES)}")


def _number(text: str) -> float:
    """Read a number; NaN for anything else."""
    try:
        return float(text)
    except ValueError:
        return math.nan
