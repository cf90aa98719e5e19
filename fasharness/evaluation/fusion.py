"""One score from several runs: mean, weighted mean, or log odds fitted on dev."""

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fasharness.errors import DataError, OptionError
from fasharness.evaluation.checks import check_runs
from fasharness.metrics.arrays import Floats
from fasharness.metrics.calibration import Deviations, logistic
from fasharness.scores import Score

RULES = ("mean", "weighted", "logistic", "plain")


class Fused(NamedTuple):
    """The fused scores, and a description of the rule."""

    scores: tuple[Score, ...]
    words: str


class _Aligned(NamedTuple):
    """Presentations of all runs, with their values (presentations, runs); NaN where one failed."""

    scores: tuple[Score, ...]
    values: Floats
    failures: tuple[str, ...]


def fuse(
    runs: Sequence[Sequence[Score]], rule: str = "mean", weights: Sequence[float] | None = None
) -> Fused:
    """Fuse runs by a named rule.

    Args:
        runs: scores of two or more runs on the same presentations.
        rule: one of `RULES`.
        weights: one for each run: needed by the rule ``weighted``, possible with ``plain``.

    Returns:
        The fused scores; a presentation that one run failed on is a failure.

    Raises:
        DataError: as `fuse_mean`, `fuse_logistic` and `fuse_plain`.
        OptionError: for an unknown rule, or weights that do not fit the rule.
    """
    if rule not in RULES:
        raise OptionError(f"no fusion rule {rule!r}; there are {', '.join(RULES)}")
    if rule == "plain":
        return fuse_plain(runs, weights)
    if (weights is None) is (rule == "weighted"):
        raise OptionError(
            "weights go with the rules weighted and plain, and the rule weighted with weights"
        )
    return fuse_logistic(runs) if rule == "logistic" else fuse_mean(runs, weights)


def fuse_plain(runs: Sequence[Sequence[Score]], weights: Sequence[float] | None = None) -> Fused:
    """Average the scores as they are, for runs of one scale; this needs no dev split.

    Args:
        runs: scores of two or more runs on the same presentations.
        weights: one for each run, equal ones if None.

    Returns:
        The fused scores; a presentation that one run failed on is a failure.

    Raises:
        DataError: when the runs differ in their presentations.
        OptionError: when there is not one weight for each run, none negative and one positive.
    """
    aligned = _align(runs)
    shares = _shares(weights, len(runs))
    # Divided first: the sum of large scores could overflow.
    values = aligned.values @ (shares / shares.sum())
    return _fused(aligned, values, f"mean with weights {shares.tolist()} of the scores as they are")


def fuse_mean(runs: Sequence[Sequence[Score]], weights: Sequence[float] | None = None) -> Fused:
    """Average the runs after standardising each by its mean and deviation on dev.

    Args:
        runs: scores of two or more runs on the same presentations.
        weights: one for each run, equal ones if None.

    Returns:
        The fused scores; a presentation that one run failed on is a failure.

    Raises:
        DataError: when the runs differ in their presentations, or one does not vary on dev.
        OptionError: when there is not one weight for each run, none negative and one positive.
    """
    aligned = _align(runs)
    shares = _shares(weights, len(runs))
    dev = _dev(aligned)
    scores = Deviations.around(dev)
    centre, spread = scores.of(dev).mean(axis=0), scores.of(dev).std(axis=0)
    # Dividing by a deviation of 0 would turn all fused scores into NaN, that is, into failures.
    if not spread.all():
        raise DataError(
            f"run {int(np.argmin(spread)) + 1} has equal scores on dev; nothing to fuse"
        )
    values = (scores.of(aligned.values) - centre) / spread @ (shares / shares.sum())
    words = f"mean with weights {shares.tolist()} of scores standardised on dev"
    return _fused(aligned, values, words)


def fuse_logistic(runs: Sequence[Sequence[Score]]) -> Fused:
    """Weight the runs by logistic regression on dev, with equal class weights.

    Args:
        runs: scores of two or more runs on the same presentations.

    Returns:
        Natural log odds of bona fide; a presentation that one run failed on is a failure.

    Raises:
        DataError: when the runs differ in their presentations or dev lacks a class.
    """
    aligned = _align(runs)
    live = np.array([s.bona_fide for s in aligned.scores])
    # Fitted on dev alone; a fit on test would leak its labels.
    usable = np.array([s.split == "dev" for s in aligned.scores])
    usable &= np.isfinite(aligned.values).all(axis=1)
    if not (live & usable).any() or not (~live & usable).any():
        raise DataError(
            "dev lacks a class that all runs scored, so no weights can be fitted; the rule plain "
            "needs no dev split"
        )
    fit = logistic(aligned.values[usable & live], aligned.values[usable & ~live])
    slopes, centre = (fit.weights / fit.scores.unit).tolist(), fit.scores.centre.tolist()
    words = f"log odds fitted on dev: weights {slopes} of score - {centre}, offset {fit.offset}"
    return _fused(aligned, fit.log_odds(aligned.values), words)


def _shares(weights: Sequence[float] | None, runs: int) -> Floats:
    """Check the weights; equal ones if None."""
    shares = np.ones(runs) if weights is None else np.asarray(weights, dtype=np.float64)
    if shares.shape != (runs,) or not (np.isfinite(shares) & (shares >= 0)).all():
        raise OptionError(f"weights {shares.tolist()}: expected {runs}, none of them negative")
    if not shares.any():
        raise OptionError(f"weights {shares.tolist()}: expected one that is not 0")
    return shares


def _align(runs: Sequence[Sequence[Score]]) -> _Aligned:
    """Arrange the runs in the order of the first one."""
    if len(runs) < 2:
        raise DataError("fusion needs two runs or more")
    check_runs(runs)
    first = {score.presentation: score for score in runs[0]}
    columns = []
    named = [{score.presentation: score for score in run} for run in runs]
    for number, (run, mine) in enumerate(zip(runs, named, strict=True), start=1):
        if len(mine) < len(run):
            raise DataError(f"run {number} scores a presentation twice")
        if mine.keys() != first.keys():
            odd = min(mine.keys() ^ first.keys())
            raise DataError(f"run {number} and run 1 differ in their presentations, e.g. {odd!r}")
        for name, score in mine.items():
            if _facts(score) != _facts(first[name]):
                raise DataError(
                    f"presentation {name!r} is {_facts(score)} in run {number}, but "
                    f"{_facts(first[name])} in run 1; fuse runs of one protocol"
                )
        columns.append([mine[name].value for name in first])
    failures = tuple(_failure([run[name] for run in named]) for name in first)
    return _Aligned(tuple(first.values()), np.array(columns).T, failures)


def _facts(score: Score) -> str:
    """Describe what all runs must agree on about a presentation."""
    data = "simulated" if score.simulated else "real"
    return f"{score.split}, {score.species or 'bona fide'}, {data}, {score.unit}"


def _failure(scores: Sequence[Score]) -> str:
    """List which runs failed on a presentation, and why; empty if none did."""
    return "; ".join(f"run {n}: {s.failure}" for n, s in enumerate(scores, start=1) if s.failed)


def _dev(aligned: _Aligned) -> Floats:
    """Return the dev rows that all runs scored."""
    rows = np.array([s.split == "dev" for s in aligned.scores])
    rows &= np.isfinite(aligned.values).all(axis=1)
    if not rows.any():
        raise DataError(
            "no dev presentation was scored by all runs; the rule plain needs no dev split"
        )
    return np.asarray(aligned.values[rows])


def _fused(aligned: _Aligned, values: Floats, words: str) -> Fused:
    """Put fused values into the scores."""
    scores = []
    for score, value, failure in zip(
        aligned.scores, values.tolist(), aligned.failures, strict=True
    ):
        # A score fused from fewer runs would be on another scale than the others.
        value = math.nan if failure else value
        scores.append(dataclasses.replace(score, value=value, failure=failure))
    return Fused(tuple(scores), words)
