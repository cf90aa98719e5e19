"""Folds of a protocol: mean and standard deviation of their figures, and pooled decisions."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fasharness.counts import Outcome
from fasharness.errors import naming
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.figures import Figures, scored_split
from fasharness.evaluation.outcomes import added
from fasharness.metric import MetricFunction
from fasharness.result import Evaluation, FoldMetric, FoldsResult, Metric, Result
from fasharness.scores import Score

DECIDED = 0.5
RATES = (
    "acer", "apcer", "bpcer", "acer_species", "apcer_species", "apcer_pooled", "hter", "accuracy",
)  # fmt: skip


@dataclass(frozen=True)
class Folds:
    """The evaluations of several folds, their averages and pooled rates.

    Attributes:
        evaluations: fold to its evaluation.
        metrics: mean and standard deviation of each metric; `result.SPREAD` describes them.
        more: those of the further metrics.
        pooled: rates over the decisions of all folds; `result.POOLED` describes them.
        outcomes: what became of the test presentations of all folds.
    """

    evaluations: Mapping[str, Evaluation]
    metrics: tuple[FoldMetric, ...]
    more: tuple[FoldMetric, ...]
    pooled: tuple[Metric, ...]
    outcomes: tuple[Outcome, ...]


def evaluate_folds(
    folds: Mapping[str, Sequence[Score]],
    options: EvaluationOptions,
    extra: Mapping[str, MetricFunction] | None = None,
) -> Folds:
    """Evaluate each fold at its own threshold, and all folds together.

    Args:
        folds: fold to its scores of dev and test.
        options: as for `evaluate`.
        extra: as for `evaluate`.

    Returns:
        The folds' evaluations, their averages and the pooled rates.

    Raises:
        DataError: as `evaluate`, naming the fold.
        ValueError: when there is no fold.
    """
    found = {}
    for fold, scores in folds.items():
        with naming(fold):
            found[fold] = evaluate(scores, options, extra)
    metrics = over_folds({fold: one.metrics for fold, one in found.items()})
    more = over_folds({fold: one.more for fold, one in found.items()})
    together = added(one.outcomes for one in found.values())
    return Folds(found, metrics, more, pool(found, folds, options), together)


def pool(
    evaluations: Mapping[str, Evaluation],
    scores: Mapping[str, Sequence[Score]],
    options: EvaluationOptions,
) -> tuple[Metric, ...]:
    """Count the test decisions of all folds together, each at its fold's own threshold.

    Args:
        evaluations: fold to its evaluation, which holds the threshold.
        scores: fold to its scores.
        options: how intervals are made.

    Returns:
        The rates with intervals; a subject of several folds is drawn with all its presentations.
        If a fold has no figure, there is no pooled one.
    """
    lost = [fold for fold, one in evaluations.items() if one.metric("acer").value is None]
    if lost:
        reason = f"absent in {', '.join(lost)}"
        return tuple(Metric(name, None, reason=reason) for name in RATES)
    decided = [
        score
        for fold, one in evaluations.items()
        for score in decisions(scores[fold], one.threshold.value)
    ]
    figures = Figures(scored_split(decided, "test"), DECIDED, options.resampling())
    # No EER, AUC or BPCER at APCER: on decisions of 0 and 1 they would be numbers without meaning.
    return tuple(metric for metric in figures.metrics if metric.name in RATES)


def decisions(scores: Sequence[Score], threshold: float) -> list[Score]:
    """Replace scores by decisions, since scores of different models have no common scale.

    Args:
        scores: scores of a fold.
        threshold: its threshold.

    Returns:
        The same presentations, accepted ones with the score 1, others with 0; `DECIDED` is a
        threshold between them.
    """
    return [s if s.failed else replace(s, value=float(s.value >= threshold)) for s in scores]


def combine_folds(
    protocol: str, folds: Sequence[Result], pooled: tuple[Metric, ...] = ()
) -> FoldsResult:
    """Combine the results of the folds of a protocol.

    Args:
        protocol: the protocol's name.
        folds: one result per fold, in order.
        pooled: rates over the decisions of all folds, if the scores are available.

    Returns:
        The folds with mean and sample standard deviation of each metric that they report.

    Raises:
        ValueError: when there is no fold.
    """
    names = [fold.fold or str(number) for number, fold in enumerate(folds, start=1)]
    metrics = over_folds(dict(zip(names, (f.evaluation.metrics for f in folds), strict=True)))
    more = over_folds(dict(zip(names, (f.evaluation.more for f in folds), strict=True)))
    together = added(fold.evaluation.outcomes for fold in folds)
    return FoldsResult(protocol, tuple(folds), metrics, more=more, pooled=pooled, outcomes=together)


def over_folds(folds: Mapping[str, Sequence[Metric]]) -> tuple[FoldMetric, ...]:
    """Average the metrics of folds.

    Args:
        folds: fold to its metrics.

    Returns:
        Mean and sample standard deviation of each; there is no average if a fold lacks the metric.

    Raises:
        ValueError: when there is no fold.
    """
    if not folds:
        raise ValueError("expected at least one fold, got none")
    values = {fold: {m.name: m.value for m in metrics} for fold, metrics in folds.items()}
    names = dict.fromkeys(m.name for metrics in folds.values() for m in metrics)
    return tuple(
        _over_folds(name, {fold: v.get(name) for fold, v in values.items()}) for name in names
    )


def _over_folds(name: str, folds: Mapping[str, float | None]) -> FoldMetric:
    """Average one metric."""
    values = [value for value in folds.values() if value is not None]
    # A mean over the folds that happen to have a figure would compare different folds.
    if len(values) < len(folds):
        absent = ", ".join(fold for fold, value in folds.items() if value is None)
        return FoldMetric(name, None, None, f"absent in {absent if values else 'every fold'}")
    mean = statistics.fmean(values)
    if len(values) == 1:
        # stdev divides by n - 1 and raises for one value; numpy's std divides by n.
        return FoldMetric(name, mean, None, "one fold has no standard deviation")
    return FoldMetric(name, mean, statistics.stdev(values, mean))
