"""Scores as log odds of bona fide, fitted on dev, with what they cost before and after."""

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

# exp(-745) is the smallest float: right and infinitely certain costs as little.
_FAR = 745.0


class Cost(NamedTuple):
    """Cllr of a split in bits, before and after; infinite where certainty was wrong."""

    split: str
    before: float
    after: float


@dataclass(frozen=True)
class Calibrated:
    """Scores that are natural log odds of bona fide at equal classes.

    Attributes:
        scores: in the order given; what failed has failed.
        rule: its name.
        words: what was fitted, in words.
        costs: of dev, where it was fitted, and of test if it has both classes.
    """

    scores: tuple[Score, ...]
    rule: str
    words: str
    costs: tuple[Cost, ...]


class _Fit(NamedTuple):
    """Log odds of all scores, and how they came about."""

    log_odds: Floats
    words: str


def calibrate(
    scores: Sequence[Score], rule: str = "platt", meaning: str = "log-odds"
) -> Calibrated:
    """Turn scores into log odds, both classes of dev weighing the same.

    Args:
        scores: with both classes in dev.
        rule: one of `RULES`: ``platt`` is a straight line, ``isotonic`` rising steps.
        meaning: one of `MEANINGS`: what the scores are taken for in the cost before.

    Returns:
        The log odds; a decision at 0 costs least where both errors cost the same.

    Raises:
        DataError: when rows contradict each other, dev lacks a class, its scores are reversed or
            equal, or a score is no probability though it should be one.
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
    if not slope > 0:
        raise DataError(
            f"on dev the log odds fall as scores rise (slope {slope:.4g}); are they reversed?"
        )
    return _Fit(line.log_odds(values), f"log odds = {slope!r} * score + {line.offset!r}")


def _isotonic(dev: ScoredSplit, values: Floats) -> _Fit:
    """Fit rising steps, none of them more certain than the number of dev scores allows."""
    steps = calibration.isotonic(dev.bona_fide, dev.attack)
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
        return np.asarray(np.log(values) - np.log1p(-values))


def _costs(scores: Sequence[Score], before: Floats, after: Floats) -> Iterator[Cost]:
    """Cost of the splits that have both classes."""
    live = np.array([score.bona_fide for score in scores])
    for split in ("dev", "test"):
        mine = np.array([score.split == split and not score.failed for score in scores])
        if (mine & live).any() and (mine & ~live).any():
            yield Cost(split, *(_cost(x[mine & live], x[mine & ~live]) for x in (before, after)))


def _cost(live: Floats, fake: Floats) -> float:
    """Cllr, infinite where certainty was wrong."""
    if np.isneginf(live).any() or np.isposinf(fake).any():
        return math.inf
    live, fake = (np.where(np.isinf(x), np.sign(x) * _FAR, x) for x in (live, fake))
    return calibration.cllr(live, fake)


class Diagram(NamedTuple):
    """Reliability of a split: what was said in bins of equal width, and how often it was so."""

    split: str
    found: calibration.Reliability


def diagrams(scores: Sequence[Score], bins: int = 10) -> tuple[Diagram, ...]:
    """Compare calibrated scores with what came true, at the classes' real shares.

    Args:
        scores: natural log odds at equal classes, as `calibrate` gives them.
        bins: how many bins.

    Returns:
        A diagram for dev and for test, where they have both classes.
    """
    found = []
    for split in ("dev", "test"):
        mine = [score for score in scores if score.split == split and not score.failed]
        live = np.array([score.bona_fide for score in mine])
        if live.any() and not live.all():
            # Log odds at equal classes become those at the split's own shares by adding these.
            prior = math.log(live.sum() / (~live).sum())
            odds = np.array([score.value for score in mine]) + prior
            chances = 0.5 * (1 + np.tanh(odds / 2))
            found.append(Diagram(split, calibration.reliability(chances, live, bins)))
    return tuple(found)
