"""Scores as log odds of bona fide, fitted on dev, with their cost (Cllr) before and after."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fasharness.errors import DataError, OptionError
from fasharness.evaluation.checks import check
from fasharness.evaluation.figures import ScoredSplit, scored_split
from fasharness.metrics import calibration
from fasharness.metrics.arrays import Floats
from fasharness.scores import Score

RULES = ("platt", "isotonic")
MEANINGS = ("log-odds", "probability")

# exp(-745) is the smallest float: a correct prediction this certain costs as little as an infinite
# one, which `cllr` refuses.
_FAR = 745.0


class Cost(NamedTuple):
    """Cllr of a split in bits, before and after; infinite if a certain prediction was wrong."""

    split: str
    before: float
    after: float


@dataclass(frozen=True)
class Calibrated:
    """Scores that are natural log odds of bona fide at equal classes.

    Attributes:
        scores: in the order given; failures stay failures.
        rule: its name.
        words: a description of the fit.
        costs: of dev, where it was fitted, and of test if it has both classes.
    """

    scores: tuple[Score, ...]
    rule: str
    words: str
    costs: tuple[Cost, ...]


class _Fit(NamedTuple):
    """Log odds of all scores, and a description of the fit."""

    log_odds: Floats
    words: str


def calibrate(
    scores: Sequence[Score], rule: str = "platt", meaning: str = "log-odds"
) -> Calibrated:
    """Turn scores into log odds, with equal weights of both classes of dev.

    Args:
        scores: with both classes in dev.
        rule: one of `RULES`: ``platt`` is a straight line, ``isotonic`` rising steps.
        meaning: one of `MEANINGS`: how the scores are read for the cost before.

    Returns:
        The log odds; a decision at 0 costs least where both errors cost the same.

    Raises:
        DataError: when rows contradict each other, dev lacks a class, its scores are reversed or
            equal, or a score that should be a probability is none.
        OptionError: for another rule or meaning.
    """
    if rule not in RULES or meaning not in MEANINGS:
        raise OptionError(
            f"rule {rule!r} and meaning {meaning!r}; there are the rules {', '.join(RULES)} and "
            f"the meanings {', '.join(MEANINGS)}"
        )
    check(scores)
    dev = scored_split(scores, "dev")
    values = np.array([score.value for score in scores])
    fit = (_platt if rule == "platt" else _isotonic)(dev, values)
    found = tuple(
        dataclasses.replace(score, value=math.nan if score.failed else value)
        for score, value in zip(scores, fit.log_odds.tolist(), strict=True)
    )
    before = values if meaning == "log-odds" else _from_probabilities(scores, values)
    return Calibrated(found, rule, fit.words, tuple(_costs(scores, before, fit.log_odds)))


def _platt(dev: ScoredSplit, values: Floats) -> _Fit:
    """Fit a straight line."""
    line = calibration.logistic(dev.bona_fide, dev.attack)
    slope = float(line.weights[0])
    # Reversed scores would be calibrated without a trace. A slope of NaN fails this test too.
    if not slope > 0:
        raise DataError(
            f"on dev the log odds fall as scores rise (slope {slope:.4g}); are they reversed?"
        )
    return _Fit(line.log_odds(values), f"log odds = {slope!r} * score + {line.offset!r}")


def _isotonic(dev: ScoredSplit, values: Floats) -> _Fit:
    """Fit rising steps, none of them more certain than the number of dev scores allows."""
    steps = calibration.isotonic(dev.bona_fide, dev.attack)
    # One step means that pooling merged everything: no order in the scores.
    if steps.heights.size < 2:
        raise DataError("on dev higher scores are no likelier bona fide; are they reversed?")
    # Laplace's rule of succession: a class unseen in n scores has the chance 1 / (n + 2).
    least, most = 1 / (dev.bona_fide.size + 2), 1 - 1 / (dev.attack.size + 2)
    chances = np.clip(steps.probability(values), least, most)
    words = f"{steps.heights.size} rising steps, chances kept in [{least:.4g}, {most:.4g}]"
    return _Fit(np.log(chances / (1 - chances)), words)


def _from_probabilities(scores: Sequence[Score], values: Floats) -> Floats:
    """Turn scores that are probabilities into log odds; 0 and 1 are infinite."""
    for score in scores:
        if not score.failed and not 0 <= score.value <= 1:
            what = f"presentation {score.presentation!r} has the score {score.value!r}"
            raise DataError(f"{what}, no probability; leave the meaning at log-odds")
    with np.errstate(divide="ignore"):
        # log1p(-p) and not log(1 - p), which loses the digits of small p.
        return np.asarray(np.log(values) - np.log1p(-values))


def _costs(scores: Sequence[Score], before: Floats, after: Floats) -> Iterator[Cost]:
    """Yield the cost of each split that has both classes."""
    live = np.array([score.bona_fide for score in scores])
    for split in ("dev", "test"):
        mine = np.array([score.split == split and not score.failed for score in scores])
        if (mine & live).any() and (mine & ~live).any():
            yield Cost(split, *(_cost(x[mine & live], x[mine & ~live]) for x in (before, after)))


def _cost(live: Floats, fake: Floats) -> float:
    """Compute Cllr; infinite if a certain prediction was wrong."""
    # A certain but wrong prediction has an infinite cost, which no average reduces.
    if np.isneginf(live).any() or np.isposinf(fake).any():
        return math.inf
    live, fake = (np.where(np.isinf(x), np.sign(x) * _FAR, x) for x in (live, fake))
    return calibration.cllr(live, fake)


class Diagram(NamedTuple):
    """The reliability diagram of a split."""

    split: str
    found: calibration.Reliability


def diagrams(scores: Sequence[Score], bins: int = 10) -> tuple[Diagram, ...]:
    """Compare calibrated probabilities with the true classes, at the split's own class shares.

    Args:
        scores: natural log odds at equal classes, as `calibrate` returns them.
        bins: how many bins.

    Returns:
        A diagram for each of dev and test that has both classes.
    """
    found = []
    for split in ("dev", "test"):
        mine = [score for score in scores if score.split == split and not score.failed]
        live = np.array([score.bona_fide for score in mine])
        if live.any() and not live.all():
            # Calibration assumed equal classes; adding the log of the class ratio (Bayes) gives the
            # log odds at the split's own shares, which the observed shares refer to.
            prior = math.log(live.sum() / (~live).sum())
            odds = np.array([score.value for score in mine]) + prior
            chances = 0.5 * (1 + np.tanh(odds / 2))
            found.append(Diagram(split, calibration.reliability(chances, live, bins)))
    return tuple(found)
