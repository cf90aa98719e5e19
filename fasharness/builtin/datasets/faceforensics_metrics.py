"""Figures that FaceForensics++'s papers give: accuracy and AUC of each forgery method."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fasharness.builtin.datasets.faceforensics_names import SPECIES
from fasharness.metric import MetricFunction, MetricInput, UndefinedError

PRISTINE = ""
"""Stands for the bona fide presentations."""


def accuracy(given: MetricInput, species: str) -> float:
    """Share of a method's presentations that are decided rightly, as on the benchmark's page.

    Args:
        given: scores, weights and threshold.
        species: the method's; `PRISTINE` for bona fide presentations.

    Returns:
        In [0, 1].

    Raises:
        UndefinedError: there is no such presentation.
    """
    mine = given.species == species
    right = (given.scores >= given.threshold) == given.bona_fide
    total = float(given.weights[mine].sum())
    if not total:
        raise UndefinedError(_none(species))
    return float(given.weights[mine & right].sum()) / total


def auc(given: MetricInput, species: str) -> float:
    """Chance that a bona fide score is above one of a method's; ties count half.

    Args:
        given: scores and weights.
        species: the method's.

    Returns:
        In [0, 1].

    Raises:
        UndefinedError: there is no presentation of either.
    """
    fake = given.species == species
    live, order = given.bona_fide, np.argsort(given.scores[fake])
    ranked, weights = given.scores[fake][order], given.weights[fake][order]
    below = np.concatenate([[0.0], np.cumsum(weights)])
    scores = given.scores[live]
    beaten = _reached(ranked, scores, below, "left") + _reached(ranked, scores, below, "right")
    total = below[-1] * given.weights[live].sum()
    if not total:
        raise UndefinedError(_none(species if not below[-1] else PRISTINE))
    return float(given.weights[live] @ beaten / 2 / total)


def _none(species: str) -> str:
    return f"no scored test presentation of {species}" if species else "no bona fide one is scored"


def _reached(
    ranked: NDArray[np.float64],
    scores: NDArray[np.float64],
    below: NDArray[np.float64],
    side: Literal["left", "right"],
) -> NDArray[np.float64]:
    """Weight of the ranked scores below each score; with the side ``right``, of equal ones too."""
    return below[np.searchsorted(ranked, scores, side)]


METRICS: Mapping[str, MetricFunction] = MappingProxyType(
    {
        "accuracy_pristine": partial(accuracy, species=PRISTINE),
        **{f"accuracy_{name}": partial(accuracy, species=name) for name in SPECIES.values()},
        **{f"auc_{name}": partial(auc, species=name) for name in SPECIES.values()},
    }
)
