"""Several runs beside each other: figures, paired differences, error curves in one plot."""

from collections.abc import Iterator, Sequence

from fasharness.errors import DataError
from fasharness.evaluation.compare import compare
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.report import grid
from fasharness.report.comparison import comparison
from fasharness.report.curves import Line, classes, marks, pooled
from fasharness.report.drawing import inline, plots
from fasharness.report.drawing.model import Heading
from fasharness.report.html import Html, Place, join, table, tag
from fasharness.report.numbers import figure, interval, label
from fasharness.report.runs import Run
from fasharness.report.tables import HEADLINE
from fasharness.result import FoldsResult


def section(runs: Sequence[Run], place: Place) -> Html:
    """Compare runs.

    Args:
        runs: at least two; the others are compared with the first.
        place: where on the page the section stands.

    Returns:
        The section.
    """
    pairs = [_paired(runs[0], other) for other in runs[1:]]
    return join(
        [
            place.section("Side by side", _figures(runs), anchor="comparison"),
            place.section("Differences on the same presentations", *pairs, anchor="paired"),
            place.section("Error curves", _curves(runs), anchor="overlay"),
        ]
    )


def _figures(runs: Sequence[Run]) -> Html:
    """Put the headline figures of the runs side by side."""
    rows = [
        (
            run.name if run.file else join([run.name, tag("small", run.title)]),
            *_cells(run),
            join([_threshold(run)]),
            str(_scored(run)),
            "SIMULATED" if run.simulated else "real",
        )
        for run in runs
    ]
    head = ("run", *map(label, HEADLINE), "threshold", "scored on test", "data")
    words = "Intervals over subjects below each figure; over folds, ± one standard deviation"
    return table(words, head, rows, class_="sortable")


def _cells(run: Run) -> Iterator[Html]:
    """Print the headline metrics of a run."""
    if isinstance(run.result, FoldsResult):
        means = {m.name: m for m in run.result.metrics}
        for name in HEADLINE:
            mean = means.get(name)
            spread = f"± {figure(name, mean.std)}" if mean and mean.std is not None else ""
            yield join([figure(name, mean.mean if mean else None), tag("small", spread)])
        return
    metrics = {m.name: m for m in run.first.evaluation.metrics}
    for name in HEADLINE:
        metric = metrics.get(name)
        under = interval(metric) or metric.reason if metric else ""
        yield join([figure(name, metric.value if metric else None), tag("small", under)])


def _scored(run: Run) -> int:
    """Count the test presentations behind a run's figures, in all folds."""
    counts = (c for part in run.parts for c in part.result.evaluation.counts)
    return sum(c.scored for c in counts if c.split == "test")


def _threshold(run: Run) -> Html:
    """Print where a run's threshold came from."""
    threshold = run.first.evaluation.threshold
    if len(run.parts) > 1:
        return join(["one for each fold", tag("small", threshold.rule)])
    source = f"{threshold.rule} on {threshold.split}" if threshold.split else threshold.rule
    leak = " (LEAKS)" if threshold.leaks else ""
    return join([repr(threshold.value), tag("small", source + leak)])


def _paired(first: Run, second: Run) -> Html:
    """Compare two runs, or return the reason why they cannot be compared."""
    reason = _incomparable(first, second)
    if not reason:
        try:
            found = compare(first.scores, second.scores, _options(first))
        except DataError as error:
            reason = str(error)
        else:
            shown = Html(grid.page(comparison(first.name, second.name, found)))
            if not found.dropped:
                return shown
            words = (
                f"The two runs did not score the same presentations: {len(found.dropped)} that "
                "only one scored are left out here, so these figures differ from those above."
            )
            return join([tag("p", words, class_="warning"), shown])
    words = f"{second.name} is not compared with {first.name} pair by pair: {reason}."
    return tag("p", words, class_="warning")


def _incomparable(first: Run, second: Run) -> str:
    """Return why two runs were not tested on the same presentations; empty when they may be."""
    for run in (first, second):
        if not run.scores:
            return f"{run.file} holds figures without the scores behind them"
    if first.simulated != second.simulated:
        return "one of them is on simulated data, the other on real ones"
    # A score file does not say where its presentations are from; their names must do.
    known = not (first.file or second.file)
    if known and first.first.dataset != second.first.dataset:
        return f"their data sets are {first.first.dataset} and {second.first.dataset}"
    simulations = {str(run.first.provenance.get("simulation", "")) for run in (first, second)}
    if known and len(simulations) > 1:
        return f"their simulated data differ ({', '.join(sorted(filter(None, simulations)))})"
    if len(first.parts) > 1 or len(second.parts) > 1:
        return "the folds of a run have each its own model and threshold; compare them one by one"
    rules = {run.first.evaluation.threshold.rule for run in (first, second)}
    if len(rules) > 1:
        return f"their thresholds follow different rules ({', '.join(sorted(rules))})"
    return ""


def _options(run: Run) -> EvaluationOptions:
    """Evaluate as the run was evaluated."""
    evaluation = run.first.evaluation
    rule = evaluation.intervals
    return EvaluationOptions(
        threshold_rule=evaluation.threshold.rule,
        replicates=rule.replicates,
        seed=rule.seed,
        confidence=rule.confidence,
        allow_leaks=evaluation.threshold.leaks,
    )


def run_curves(runs: Sequence[Run]) -> tuple[Line, ...]:
    """Trace the error curve of each run, all attacks and all folds together.

    Args:
        runs: the runs.

    Returns:
        The curves in the runs' order, each in the style of its run's number; a run without
        scores of both classes has none.
    """
    found = (pooled(run.name, classes(run.scores), number) for number, run in enumerate(runs))
    return tuple(line for line in found if line is not None)


def _mark(run: Run) -> plots.Place:
    """Find the threshold of a run on its curve."""
    return marks(classes(run.scores), run.first.evaluation.threshold.value)[-1]


def _curves(runs: Sequence[Run]) -> Html:
    """Draw the error curves of the runs in one plot."""
    lines = run_curves(runs)
    if not lines:
        return tag("p", "No run has scores of both classes.")
    alone = all(len(run.parts) == 1 for run in runs)
    heading = Heading(any(run.simulated for run in runs))
    # A run without both classes has no line; the style is the number of the run that has.
    places = [_mark(runs[line.style]) for line in lines] if alone else []
    words = "All attacks together, one line a run. " + (
        "A circle is the run's own threshold."
        if alone
        else "The scores of all folds of a run are drawn together, though each has its own model."
    )
    shown = inline.pair(*plots.det_and_roc(lines, heading, places))
    return join([tag("p", words), shown])
