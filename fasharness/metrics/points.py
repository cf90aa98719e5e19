"""Figures of an error curve, named with their number, e.g. ``tpr@fpr=0.01``."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fasharness.metrics import curves
from fasharness.metrics.curves import ErrorCurve

STANDARD = (
    "apcer@bpcer=0.1", "apcer@bpcer=0.05", "apcer@bpcer=0.01",
    "tpr@fpr=0.1", "tpr@fpr=0.01", "tpr@fpr=0.001", "tpr@fpr=0.0001", "tpr@fpr=0.00001",
    "pauc=0.1", "pauc=0.01", "log_auc=0.01", "ap",
)  # fmt: skip
# name before the sign: the function, and the class whose size limits what can be measured
_READERS: Mapping[str, tuple[Callable[[ErrorCurve, float], float], str]] = {
    "bpcer@apcer": (curves.bpcer_at_apcer, "attack"),
    "apcer@bpcer": (curves.apcer_at_bpcer, "bona fide"),
    "tpr@fpr": (curves.tpr_at_fpr, "attack"),
    "pauc": (curves.partial_auc, "attack"),
    "log_auc": (curves.log_auc, "attack"),
}
FORMS = ("ap", *(f"{name}=SHARE" for name in _READERS))


@dataclass(frozen=True)
class Point:
    """A figure of an error curve.

    Attributes:
        name: as the user writes it, e.g. ``bpcer@apcer=0.002``.
        read: the function from the curve to the figure.
        needs: how many presentations it needs at least, by class: ``attack``, ``bona fide``.
    """

    name: str
    read: Callable[[ErrorCurve], float]
    needs: Mapping[str, int]

    def lack(self, curve: ErrorCurve) -> str:
        """Explain which class has too few presentations.

        Args:
            curve: the curve of the figure.

        Returns:
            The reason in words, empty if there are enough.
        """
        for word, got in (("attack", curve.attack), ("bona fide", curve.bona_fide)):
            needed = self.needs.get(word, 1)
            if got < needed:
                return (
                    f"needs {needed} {word} presentations to measure {100 / needed:g}%, got {got}"
                )
        return ""


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
        return Point(name, curves.average_precision, {})
    head, _, tail = name.partition("=")
    share = _share(tail)
    if head not in _READERS or not share:
        raise ValueError(f"no figure {name!r}; there are {', '.join(FORMS)} (SHARE in (0, 1))")
    function, word = _READERS[head]
    # One presentation is a share of 1 / n, so smaller shares cannot be measured. The tolerance
    # keeps a quotient just above a whole number from being rounded up by one.
    needs = {word: math.ceil(1 / share - 1e-6)}
    return Point(name, lambda curve: function(curve, share), needs)


def _share(text: str) -> float:
    """Read a number in (0, 1); 0 for anything else, NaN included."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 < number < 1 else 0.0
