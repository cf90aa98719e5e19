"""Paired comparison of two runs on the same test presentations: differences, intervals, tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from fasharness.errors import DataError, naming
from fasharness.evaluation.checks import check_runs, check_units
from fasharness.evaluation.differences import DecidedSplit, Difference, chances, of_curve, rates
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.figures import scored_split, smallest_rates
from fasharness.evaluation.folds import DECIDED, decisions
from fasharness.evaluation.outcomes import unshared
from fasharness.result import Evaluation, figures_json
from fasharness.scores import Score

_WORDS = (
    "{:.0%} intervals of second - first, with thresholds fixed, by Zou and Donner: from both runs' "
    "limits (rates: Korn-Graubard; EER and AUC: log odds with the deviation of a bootstrap that "
    "draws the same test subjects for both) and their correlation over the subjects; p-values swap "
    "the runs subject by subject (ACER: at random; McNemar: exactly)"
)
_FOLDS = (
    "the decisions of all folds together, each at its fold's own threshold; no EER or AUC, since "
    "the scores of different folds have no common scale; {}"
)


@dataclass(frozen=True)
class Comparison:
    """The comparison of two runs on the same test presentations.

    Attributes:
        differences: one for each metric.
        acer_p: p-value of the ACER difference: the probability of one at least as large if the runs
            were interchangeable for each subject.
        mcnemar_bona_fide: p-value of McNemar's exact test by subject on bona fide decisions.
        mcnemar_attack: the same on attack decisions.
        shared: how many test presentations both runs scored.
        dropped: test presentations that only one of them scored.
        words: a description of intervals and tests.
        smallest_rate: by class or species group, the smallest error rate that this number of shared
            presentations can support.
        confidence: of the intervals and of these rates.
        simulated: whether any presentation is simulated.
        leaks: whether a threshold was chosen on the test split.
        warnings: those of the evaluation of the first and of the second run.
    """

    differences: tuple[Difference, ...]
    acer_p: float
    mcnemar_bona_fide: float
    mcnemar_attack: float
    shared: int
    dropped: tuple[str, ...]
    words: str
    smallest_rate: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.95
    simulated: bool = False
    leaks: bool = False
    warnings: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def compare(
    first: Sequence[Score],
    second: Sequence[Score],
    options: EvaluationOptions | None = None,
) -> Comparison:
    """Compare two runs on the test presentations that both scored, each at its own threshold.

    Args:
        first: scores of the first run.
        second: scores of the second run.
        options: as for `evaluate`; the same draws are used for both runs.

    Returns:
        The comparison.

    Raises:
        DataError: when the runs contradict each other about a presentation, share none, or cannot
            be evaluated.
    """
    options = options or EvaluationOptions()
    # Both are evaluated on the shared presentations only: a run that fails on the hard ones would
    # otherwise win.
    shared = _shared(first, second)
    pair = (_restrict(first, shared), _restrict(second, shared))
    evaluations = (
        _evaluated("first run", pair[0], options),
        _evaluated("second run", pair[1], options),
    )
    # Each run keeps its own threshold; the scores of two methods have no common scale.
    cuts = (evaluation.threshold.value for evaluation in evaluations)
    one, two = map(DecidedSplit.of, pair, cuts)
    return Comparison(
        (*rates(one, two, options), *of_curve(evaluations, one, two, options)),
        *chances(one, two, options),
        len(shared),
        tuple(sorted(_scored(first) ^ _scored(second))),
        _WORDS.format(options.confidence),
        evaluations[0].smallest_rate,
        options.confidence,
        any(score.simulated for score in (*first, *second)),
        options.leaks,
        (
            (*evaluations[0].warnings, *unshared(first, shared)),
            (*evaluations[1].warnings, *unshared(second, shared)),
        ),
    )


def _evaluated(name: str, scores: Sequence[Score], options: EvaluationOptions) -> Evaluation:
    """Evaluate a run; its own intervals are not shown, so one replicate is enough."""
    with naming(name):
        found = evaluate(scores, replace(options, replicates=1, interval="percentile"))
    acer = found.metric("acer")
    if acer.value is None:
        raise DataError(f"{name}: ACER is absent: {acer.reason}")
    return found


def compare_folds(
    first: Mapping[str, Sequence[Score]],
    second: Mapping[str, Sequence[Score]],
    options: EvaluationOptions | None = None,
) -> Comparison:
    """Compare two runs over the folds of a protocol, each fold at its own threshold.

    Args:
        first: fold to the first run's scores.
        second: fold to the second run's scores.
        options: as for `evaluate`; the same draws are used for both runs.

    Returns:
        The comparison of the decisions of all folds together.

    Raises:
        DataError: when the folds differ, or one of them cannot be compared.
    """
    options = options or EvaluationOptions()
    if set(first) != set(second):
        raise DataError(f"other folds: {', '.join(sorted({*first} ^ {*second}))} are in one run")
    shared = {fold: _shared_in(fold, first[fold], second[fold]) for fold in sorted(first)}
    decided = (
        _all_decisions("first run", first, shared, options),
        _all_decisions("second run", second, shared, options),
    )
    pair = tuple(one.scores for one in decided)
    # Decisions are 0 and 1 by now, so one cut between them serves all folds.
    one, two = (DecidedSplit.of(scores, DECIDED) for scores in pair)
    dropped = (_scored(first[fold]) ^ _scored(second[fold]) for fold in shared)
    return Comparison(
        rates(one, two, options),
        *chances(one, two, options),
        sum(map(len, shared.values())),
        tuple(sorted(set().union(*dropped))),
        _FOLDS.format(_WORDS.format(options.confidence)),
        smallest_rates(scored_split(pair[0], "test"), options.confidence),
        options.confidence,
        any(score.simulated for score in (*pair[0], *pair[1])),
        options.leaks,
        (decided[0].warnings, decided[1].warnings),
    )


def compare_runs(
    first: Mapping[str, Sequence[Score]],
    second: Mapping[str, Sequence[Score]],
    options: EvaluationOptions | None = None,
) -> Comparison:
    """Compare two runs, each of one protocol or of its folds.

    Args:
        first: fold to the first run's scores; the name of a single fold is not used.
        second: the second run's.
        options: as for `evaluate`.

    Returns:
        The comparison, from `compare` or `compare_folds`.

    Raises:
        DataError: as they do.
    """
    if len(first) == len(second) == 1:
        (one,), (two,) = first.values(), second.values()
        return compare(one, two, options)
    return compare_folds(first, second, options)


def with_recipes(
    found: Comparison, first: Mapping[str, Any] | None, second: Mapping[str, Any] | None
) -> Comparison:
    """Add a warning where two runs prepared their clips in different ways.

    Args:
        found: the comparison.
        first: how the first run's clips were made, as its result says; None where nothing does.
        second: the same of the second run.

    Returns:
        The comparison, with a warning of both runs that names what differs.
    """
    if first is None or second is None or first.get("digest") == second.get("digest"):
        return found
    names = sorted(first.keys() | second.keys() - {"digest"})
    apart = [
        f"{name} {first.get(name)} and {second.get(name)}"
        for name in names
        if name != "digest" and first.get(name) != second.get(name)
    ]
    words = f"clips were made in different ways: {'; '.join(apart)}"
    one, other = found.warnings
    return replace(found, warnings=((*one, words), (*other, words)))


def to_json(first: str, found: Mapping[str, Comparison]) -> str:
    """Write comparisons as JSON.

    Args:
        first: name of the run that all others are compared with.
        found: name of each other run to its comparison.

    Returns:
        JSON with sorted keys, the schema number and the kind ``comparisons``.
    """
    pairs = [{"first": first, "second": name, "comparison": one} for name, one in found.items()]
    return figures_json("comparisons", pairs, any(one.simulated for one in found.values()))


def _shared_in(fold: str, first: Sequence[Score], second: Sequence[Score]) -> set[str]:
    """Find what both scored in a fold; errors name the fold."""
    with naming(fold):
        return _shared(first, second)


class _DecidedFolds(NamedTuple):
    """The decisions of all folds of a run, and the folds' warnings."""

    scores: list[Score]
    warnings: tuple[str, ...]


def _all_decisions(
    name: str,
    run: Mapping[str, Sequence[Score]],
    shared: Mapping[str, set[str]],
    options: EvaluationOptions,
) -> _DecidedFolds:
    """Decide on the shared presentations of every fold, in one order for both runs."""
    found, warnings = [], []
    for fold, names in shared.items():
        scores = _restrict(run[fold], names)
        evaluation = _evaluated(f"{name}, {fold}", scores, options)
        found += decisions(scores, evaluation.threshold.value)
        told = (*evaluation.warnings, *unshared(run[fold], names))
        warnings += [f"{fold}: {words}" for words in told]
    return _DecidedFolds(found, tuple(warnings))


def _scored(scores: Sequence[Score]) -> set[str]:
    """Name the test presentations with a score."""
    return {s.presentation for s in scores if s.split == "test" and not s.failed}


def _shared(first: Sequence[Score], second: Sequence[Score]) -> set[str]:
    """Find the test presentations that both runs scored, and refuse contradictions about them."""
    check_units(first, second)
    check_runs((first, second))
    shared = _scored(first) & _scored(second)
    if not shared:
        raise DataError("the two runs share no scored test presentation; same protocol?")
    kinds = [
        # Same names alone are not enough: other groups or subjects change APCER and the clusters.
        {s.presentation: (s.species, s.group, s.subject) for s in scores if s.split == "test"}
        for scores in (first, second)
    ]
    for name in sorted(shared):
        if kinds[0][name] != kinds[1][name]:
            raise DataError(
                f"presentation {name!r} is {kinds[0][name]} in one run and {kinds[1][name]} in "
                "the other (species, group, subject); compare runs of one protocol"
            )
    return shared


def _restrict(scores: Sequence[Score], shared: set[str]) -> list[Score]:
    """Keep dev and the shared part of test, in one order for both runs."""
    kept = [s for s in scores if s.split != "test" or s.presentation in shared]
    # Sorted, so that row i of one run is row i of the other in McNemar's test and in the draws.
    return sorted(kept, key=lambda s: s.presentation)
