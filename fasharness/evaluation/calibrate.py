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
LINE = "line=SLOPE,CENTRE,OFFSET"
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
        fitted: the split that the rule was fitted on; empty for a given line.
        costs: of dev, where it was fitted, and of test if it has both classes.
    """

    scores: tuple[Score, ...]
    rule: str
    words: str
    fitted: str
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
        scores: with both classes in dev, or of any split for a line that is given.
        rule: one of `RULES`: ``platt`` is a straight line, ``isotonic`` rising steps; or a line
            found elsewhere, ``line=SLOPE,CENTRE,OFFSET``.
        meaning: one of `MEANINGS`: how the scores are read for the cost before.

    Returns:
        The log odds; a decision at 0 costs least where both errors cost the same.

    Raises:
        DataError: when rows contradict each other, dev lacks a class, its scores are reversed or
            equal, or a score that should be a probability is none.
        OptionError: for another rule or meaning.
    """
    line = _given(rule)
    if (rule not in RULES and line is None) or meaning not in MEANINGS:
        rules = f"{', '.join(RULES)} and {LINE}"
        raise OptionError(
            f"rule {rule!r} and meaning {meaning!r}; there are the rules {rules}, and the meanings "
            f"{', '.join(MEANINGS)}"
        )
    check(scores)
    values = np.array([score.value for score in scores])
    if line is not None:
        fit = _Fit(_along(line, values), line.words)
    else:
        dev = scored_split(scores, "dev")
        fit = (_platt if rule == "platt" else _isotonic)(dev, values)
    found = tuple(
        dataclasses.replace(score, value=math.nan if score.failed else value)
        for score, value in zip(scores, fit.log_odds.tolist(), strict=True)
    )
    before = values if meaning == "log-odds" else _from_probabilities(scores, values)
    costs = tuple(_costs(scores, before, fit.log_odds))
    return Calibrated(found, rule, fit.words, "" if line else "dev", costs)


class _Line(NamedTuple):
    """Log odds that rise with the score: ``slope * (score - centre) + offset``.

    With a centre among the scores, those of a large offset keep the digits in which they differ.
    """

    slope: float
    centre: float
    offset: float

    @property
    def words(self) -> str:
        """The line as a formula, and as the rule that uses it again."""
        slope, centre, offset = map(repr, self)
        return (
            f"log odds = {slope} * (score - {centre}) + {offset} "
            f"(for other scores: --rule line={slope},{centre},{offset})"
        )


def _given(rule: str) -> _Line | None:
    """Read a line that the user gives; None for any other rule."""
    head, _, numbers = rule.partition("=")
    if head != "line":
        return None
    try:
        line = _Line(*(float(number) for number in numbers.split(",")))
    except (TypeError, ValueError) as error:
        raise OptionError(f"rule {rule!r}, expected {LINE}") from error
    if not (line.slope > 0 and all(map(math.isfinite, line))):
        raise OptionError(f"rule {rule!r}: expected finite numbers, and a slope above 0")
    return line


def _platt(dev: ScoredSplit, values: Floats) -> _Fit:
    """Fit a straight line."""
    fit = calibration.logistic(dev.bona_fide, dev.attack)
    slope = float(fit.weights[0] / fit.scores.unit[0])
    # Reversed scores would be calibrated without a trace. A slope of NaN fails this test too.
    if not slope > 0:
        raise DataError(
            f"on dev the log odds fall as scores rise (slope {slope:.4g}); are they reversed?"
        )
    line = _Line(slope, float(fit.scores.centre[0]), fit.offset)
    return _Fit(_ordered(values, fit.log_odds(values)), line.words)


def _along(line: _Line, values: Floats) -> Floats:
    """Compute log odds along a line."""
    # A score so far away that the float overflows is as certain as one at the end of the range.
    with np.errstate(over="ignore"):
        odds = line.slope * (values - line.centre) + line.offset
    most = float(np.finfo(np.float64).max)
    return _ordered(values, np.clip(odds, -most, most))


def _ordered(values: Floats, odds: Floats) -> Floats:
    """Keep the order of all scores but the failures, which are NaN."""
    found, there = odds.copy(), ~np.isnan(values)
    # There may be no score at all, only failures.
    if there.any():
        found[there] = calibration.keep_order(values[there], odds[there])
    return found


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
