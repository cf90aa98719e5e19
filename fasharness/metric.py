"""The interface of metrics: what a plugin's metric is given and what it returns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class MetricInput:
    """The scored presentations of a test split; all arrays are (N,), in one order, and read-only.

    Attributes:
        scores: float64, finite; higher means more bona fide.
        bona_fide: bool, False for attack presentations.
        species: the PAI species; empty for bona fide.
        group: the species group, or the species if there are no groups; empty for bona fide.
        subject: the person shown; empty if unknown.
        device: the capture device; empty if unknown.
        weights: float64, how often each presentation counts. One for the figure itself; for its
            interval the metric is computed again and again with the subjects that were drawn, whose
            weights are 0, 1, 2, ...; for a slice, weights outside it are 0.
        threshold: scores at or above it are accepted as bona fide.
    """

    scores: NDArray[np.float64]
    bona_fide: NDArray[np.bool_]
    species: Texts
    group: Texts
    subject: Texts
    device: Texts
    weights: NDArray[np.float64]
    threshold: float


class UndefinedError(Exception):
    """A metric raises it where its presentations give no figure; the result prints its words."""


# NaN, or a ZeroDivisionError, says so without words.
MetricFunction = Callable[[MetricInput], float]
