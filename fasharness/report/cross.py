"""The table of cross-data-set tasks, with notes on the conventions behind its figures."""

from collections.abc import Iterator, Sequence

from fasharness.evaluation.cross import FIGURES, Crossed, OverTasks, over_tasks
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.report.grid import Grid
from fasharness.report.numbers import (
    data_words,
    digits,
    figure,
    floor,
    label,
    plain_cells,
    plain_columns,
    with_interval,
    with_spread,
)
from fasharness.result import Metric

SOURCE = (
    "Threshold from the dev scores of the training data (rule {rule}); the target is only tested "
    "on, as in practice."
)
TARGET = (
    "HTER at target EER: LEAKS: the threshold is the target test set's own EER threshold, the "
    "usual convention of leave-one-domain-out (O, C, I, M) papers; not comparable with the other."
)


def table(found: Sequence[Crossed], options: EvaluationOptions) -> Grid:
    """Format tasks as a table, with the mean over the cross-data-set tasks of each method.

    Args:
        found: what `fasharness.evaluation.cross.cross` returns.
        options: the rules of their evaluation.

    Returns:
        A table in per cent; the leaking column exists only if leaks are allowed.
    """
    leak = ("HTER at target EER (LEAKS)",) if options.allow_leaks else ()
    header = ("trained on", "tested on", "method", *map(label, FIGURES), *leak, "floor", "data")
    rows = [
        (
            *(one.task.train, one.task.test, one.task.method or "–"),
            *_cells(one, options.allow_leaks),
            *(figure("acer", floor([one.source or one.target])), data_words(one.simulated)),
        )
        for one in found
    ]
    rows += [_mean_row(one, options.allow_leaks) for one in over_tasks(found)]
    return Grid("Trained on one, tested on another", header, rows, tuple(_notes(found, options)))


def numbers(found: Sequence[Crossed], options: EvaluationOptions) -> Grid:
    """Format tasks as plain numbers, for a CSV that programs read.

    Args:
        found: what `fasharness.evaluation.cross.cross` returns.
        options: the rules of their evaluation.

    Returns:
        As `table`, with each figure as a number with all its digits (shares, not per cent), the
        ends of its interval and its standard deviation over tasks in columns of their own, and
        the averages in rows whose ``tasks`` is not 1.
    """
    leak = ("hter_at_target_eer_LEAKS",) if options.allow_leaks else ()
    columns = plain_columns((*FIGURES, *leak))
    header = ("train", "test", "method", "tasks", *columns, "floor", "data")
    rows = []
    for one in found:
        metrics = [_metric(one, name) for name in FIGURES]
        metrics += [one.target.metric("hter") if one.target else None] if leak else []
        cells = [cell for metric in metrics for cell in plain_cells(metric)]
        ends = (digits(floor([one.source or one.target])), data_words(one.simulated))
        rows.append((one.task.train, one.task.test, one.task.method, "1", *cells, *ends))
    for mean in over_tasks(found):
        means = [mean.source.get(name) for name in FIGURES]
        means += [mean.target.get("hter")] if leak else []
        cells = [cell for metric in means for cell in plain_cells(metric)]
        ends = ("", data_words(mean.simulated))
        rows.append(("other data", "", mean.method, str(mean.count), *cells, *ends))
    shown = table(found, options)
    return Grid(shown.title, header, rows, shown.notes)


def _metric(one: Crossed, name: str) -> Metric | None:
    """Find a figure of a task; None if it has none at a threshold of the training data."""
    # AUC and working points need no threshold, so both conventions give the same figure. HTER,
    # APCER and BPCER at the leaking threshold must not appear in the columns of the other.
    found = one.source or (None if name in FIGURES[:3] else one.target)
    return found.metric(name) if found else None


def _cells(one: Crossed, leak: bool) -> Iterator[str]:
    """Yield the figures of a task, HTER with its interval."""
    for name in FIGURES:
        metric = _metric(one, name)
        if metric and name == "hter":
            yield with_interval(metric)
        else:
            yield figure(name, metric.value if metric else None)
    if leak:
        yield figure("hter", one.target.metric("hter").value if one.target else None)


def _mean_row(one: OverTasks, leak: bool) -> tuple[str, ...]:
    """Return the row with the averages of a method."""
    cells = [with_spread(name, one.source.get(name)) for name in FIGURES]
    cells += [with_spread("hter", one.target.get("hter"))] if leak else []
    data = data_words(one.simulated)
    return (f"mean of {one.count}", "other data", one.method or "–", *cells, "–", data)


def _notes(found: Sequence[Crossed], options: EvaluationOptions) -> Iterator[str]:
    """Yield the conventions behind the figures, and the warnings."""
    if any(one.simulated for one in found):
        yield "SIMULATED rows say nothing of real attacks."
    yield SOURCE.format(rule=options.threshold_rule)
    if options.allow_leaks:
        yield TARGET
    yield (
        f"floor: the smallest error rate that so few test presentations can support "
        f"({options.confidence:.0%}, none wrong); mean ± sample standard deviation over tasks."
    )
    for one in found:
        evaluation, where = one.source or one.target, f"{one.task.train} to {one.task.test}"
        if one.source is None:
            yield f"warning: {where}: {one.task.dev.name} has no dev scores of the training data."
        yield from (
            f"warning: {where}: {words}" for words in (evaluation.warnings if evaluation else ())
        )
