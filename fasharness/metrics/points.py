"""Figures of error curves: of the worst species group, or of all attacks pooled."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fasharness.metrics import curves
from fasharness.metrics.arrays import Floats
from fasharness.metrics.curves import ErrorCurve, of_sorted, worst_curve

STANDARD = (
    "apcer@bpcer=0.1", "apcer_pooled@bpcer=0.1", "apcer@bpcer=0.05", "apcer_pooled@bpcer=0.05",
    "apcer@bpcer=0.01", "apcer_pooled@bpcer=0.01", "tpr@fpr=0.1", "tpr@fpr_pooled=0.1",
    "tpr@fpr=0.01", "tpr@fpr_pooled=0.01", "tpr@fpr=0.001", "tpr@fpr_pooled=0.001",
    "tpr@fpr=0.0001", "tpr@fpr_pooled=0.0001", "tpr@fpr=0.00001", "tpr@fpr_pooled=0.00001",
    "pauc=0.1", "pauc_pooled=0.1", "pauc=0.01", "pauc_pooled=0.01",
    "log_auc=0.01", "log_auc_pooled=0.01", "ap",
)  # fmt: skip


class _Reader(NamedTuple):
    """How a figure is read off a curve.

    Attributes:
        read: the function from the curve and a share to the figure.
        limits: the class whose size limits what can be measured.
        worst: which of two groups' figures is worse: the larger of errors. None for an area over
            APCER: another group can be worst at each cut, so it is of the curve of the worst.
    """

    read: Callable[[ErrorCurve, float], float]
    limits: str
    worst: Callable[[Iterable[float]], float] | None


# name before the sign: of the worst species group, then of all attacks pooled
_READERS: Mapping[tuple[str, str], _Reader] = {
    ("bpcer@apcer", "bpcer@apcer_pooled"): _Reader(curves.bpcer_at_apcer, "attack", max),
    ("apcer@bpcer", "apcer_pooled@bpcer"): _Reader(curves.apcer_at_bpcer, "bona fide", max),
    ("tpr@fpr", "tpr@fpr_pooled"): _Reader(curves.tpr_at_fpr, "attack", min),
    ("pauc", "pauc_pooled"): _Reader(curves.partial_auc, "attack", None),
    ("log_auc", "log_auc_pooled"): _Reader(curves.log_auc, "attack", None),
}
FORMS = ("ap", *(f"{name}=SHARE" for names in _READERS for name in names))


@dataclass(frozen=True)
class Point:
    """A figure of error curves.

    Attributes:
        name: as the user writes it, e.g. ``bpcer@apcer=0.002``.
        read: the function from the curve to the figure.
        needs: how many presentations it needs at least, by class: ``attack``, ``bona fide``.
        pooled: whether it is of the curve of all attacks together; otherwise it is of the worst
            species group.
        worst: function that chooses the worst of the groups' figures; None for a figure of
            `curves.worst_curve`.
    """

    name: str
    read: Callable[[ErrorCurve], float]
    needs: Mapping[str, int]
    pooled: bool
    worst: Callable[[Iterable[float]], float] | None = max

    def lack(self, bona_fide: int, attack: int) -> str:
        """Explain which class has too few presentations.

        Args:
            bona_fide: how many bona fide presentations there are.
            attack: how many attacks, of a group or all.

        Returns:
            The reason in words, empty if there are enough.
        """
        for word, got in (("attack", attack), ("bona fide", bona_fide)):
            needed = self.needs.get(word, 1)
            if got < needed:
                return (
                    f"needs {needed} {word} presentations to measure {100 / needed:g}%, got {got}"
                )
        return ""


# The figures of whole curves, which every evaluation has.
WHOLE = (
    Point("eer", curves.eer, {}, pooled=False, worst=max),
    Point("eer_pooled", curves.eer, {}, pooled=True),
    Point("auc", curves.auc, {}, pooled=False, worst=min),
    Point("auc_pooled", curves.auc, {}, pooled=True),
)


def parse(name: str) -> Point:
    """Find a figure by the name that the user wrote.

    Args:
        name: one of `FORMS` with a number in (0, 1) in place of SHARE.

    Returns:
        The figure.

    Raises:
        ValueError: when there is no such figure or its number is impossible.

    >>> from fasharness.metrics.curves import error_curve
    >>> parse("bpcer@apcer=0.5").read(error_curve([0.3, 0.8], [0.1, 0.4]))
    0.0
    """
    if name == "ap":
        return Point(name, curves.average_precision, {}, pooled=True)
    head, _, tail = name.partition("=")
    share = _share(tail)
    names = next((names for names in _READERS if head in names), None)
    if names is None or not share:
        raise ValueError(f"no figure {name!r}; there are {', '.join(FORMS)} (SHARE in (0, 1))")
    reader = _READERS[names]
    # One presentation is a share of 1 / n, so smaller shares cannot be measured. The tolerance
    # keeps a quotient just above a whole number from being rounded up by one.
    needs = {reader.limits: math.ceil(1 / share - 1e-6)}
    pooled = head == names[1]
    return Point(name, lambda curve: reader.read(curve, share), needs, pooled, reader.worst)


def _share(text: str) -> float:
    """Read a number in (0, 1); 0 for anything else, NaN included."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 < number < 1 else 0.0


class Reading(NamedTuple):
    """A figure, or the reason why there is none; the other is None or empty."""

    value: float | None
    reason: str = ""


def read_all(
    points: Sequence[Point], bona_fide: Floats, attacks: Mapping[str, Floats]
) -> tuple[Reading, ...]:
    """Read figures off the error curves of a test split.

    Args:
        points: the figures.
        bona_fide: float64 (N,).
        attacks: species group to float64 (M,), at least one.

    Returns:
        The figures in the order given. A figure of the worst group is absent if a group has too
        few presentations for it: that group could be the worst.

    >>> points, live = (parse("bpcer@apcer=0.5"), parse("bpcer@apcer_pooled=0.5")), [0.3, 0.6]
    >>> attacks = {"print": np.array([0.1, 0.1]), "mask": np.array([0.4, 0.5])}
    >>> [r.value for r in read_all(points, np.array(live), attacks)]
    [0.5, 0.0]
    """
    found: dict[str, float] = {}
    reasons = {point.name: _lack(point, bona_fide, attacks) for point in points}
    wanted = [point for point in points if not reasons[point.name]]
    live = np.sort(bona_fide)
    # One curve at a time: each is as large as the scores.
    merged = np.concatenate(list(attacks.values()))
    merged.sort()
    together = of_sorted(live, merged)
    for point in wanted:
        # With one group, the curve of all attacks is that of the group.
        if point.pooled or len(attacks) == 1:
            found[point.name] = point.read(together)
    del merged, together
    for attack in attacks.values() if len(attacks) > 1 else ():
        curve = of_sorted(live, np.sort(attack))
        for point in wanted:
            if point.worst and not point.pooled:
                value = point.read(curve)
                found[point.name] = point.worst((value, found.get(point.name, value)))
        del curve
    areas = [point for point in wanted if point.name not in found]
    worst = worst_curve(live, attacks) if areas else None
    found |= {point.name: point.read(worst) for point in areas if worst}
    return tuple(Reading(found.get(point.name), reasons[point.name]) for point in points)


def _lack(point: Point, bona_fide: Floats, attacks: Mapping[str, Floats]) -> str:
    """Explain why a figure is absent; of the worst group, if any group is too small for it."""
    if point.pooled or len(attacks) == 1:
        return point.lack(bona_fide.size, sum(attack.size for attack in attacks.values()))
    for group, attack in attacks.items():
        if lack := point.lack(bona_fide.size, attack.size):
            return f"{lack} of the species group {group}" if "attack" in point.needs else lack
    return ""
