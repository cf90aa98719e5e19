"""The result as lines for a terminal, and an evaluation of a bare score file as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fasharness.evaluation.folds import Folds
from fasharness.report.grid import Grid
from fasharness.report.numbers import data_words, figure, interval, label, percent
from fasharness.result import (
    POOLED,
    SPREAD,
    Baseline,
    Counts,
    Evaluation,
    FoldMetric,
    FoldsResult,
    Metric,
    Result,
    figures_json,
)

SIMULATED = "SIMULATED data: these figures say nothing of real attacks."
Row = Sequence[str]


def table(result: Result | FoldsResult) -> str:
    """Lay a result out for a terminal.

    Args:
        result: of one protocol or of its folds.

    Returns:
        Lines of text; simulated data are named as such in the first.
    """
    lines = [SIMULATED] if result.simulated else []
    if isinstance(result, FoldsResult):
        first = result.folds[0]
        lines += [f"{first.method}{_preset(first)} on {result.protocol}, {len(result.folds)} folds"]
        folds = {fold.fold: fold.evaluation for fold in result.folds}
        lines += _folds_lines(folds, result.metrics, result.pooled)
        return "\n".join(lines)
    where = result.fold or result.protocol
    lines += [f"{result.method}{_preset(result)} on {where}"]
    lines += _evaluation_lines(result.evaluation)
    lines += map(_baseline_line, result.baselines)
    return "\n".join(lines)


def evaluation_table(evaluation: Evaluation, simulated: bool) -> str:
    """Lay an evaluation out for a terminal.

    Args:
        evaluation: what a score file says.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        Lines of text, with whatever further metrics and published codes' figures it holds.
    """
    lines = [SIMULATED] if simulated else []
    lines += _evaluation_lines(evaluation, (*evaluation.metrics, *evaluation.more))
    if evaluation.published:
        lines += ["the same scores by published codes' rules:", *_columns(_published(evaluation))]
    return "\n".join(lines)


def evaluation_grid(evaluation: Evaluation, simulated: bool) -> Grid:
    """Lay an evaluation out as a table for any format.

    Args:
        evaluation: what a score file says.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        A row for the threshold and for each figure; counts, intervals and warnings as notes.
    """
    confidence = evaluation.intervals.confidence
    chosen, metrics = evaluation.threshold, (*evaluation.metrics, *evaluation.more)
    source = "LEAKS: chosen on test" if chosen.leaks else f"{chosen.rule} on {chosen.split}"
    rows = [
        ("Threshold", f"{chosen.value:.6g}", source if chosen.split else "fixed"),
        *_figures(evaluation, metrics),
        *_published(evaluation),
    ]
    data = data_words(simulated, chosen.leaks)
    notes = [
        *([SIMULATED] if simulated else []),
        _threshold(evaluation),
        *(_counted(counts, evaluation.unit) for counts in evaluation.counts),
        smallest_words(evaluation.smallest_rate, confidence),
        evaluation.intervals.words,
        *(f"warning: {warning}" for warning in evaluation.warnings),
    ]
    header = ("metric", "value", f"{confidence:.0%} interval", "data")
    title = f"Test split, per {evaluation.unit}"
    return Grid(title, header, [(*row, data) for row in rows], notes)


def evaluation_numbers(evaluation: Evaluation, simulated: bool) -> Grid:
    """Lay an evaluation out as plain numbers, for CSV that a program reads.

    Args:
        evaluation: what a score file says.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        As `evaluation_grid`, with each figure as a number with all its digits (shares, not per
        cent), the ends of its interval in columns of their own and the species or group in
        another.
    """
    chosen = evaluation.threshold
    source = f"{chosen.rule} on {chosen.split}" if chosen.split else chosen.rule
    metrics = [(m.name, "", m) for m in (*evaluation.metrics, *evaluation.more)]
    metrics += [("apcer", f"group {m.name}", m) for m in evaluation.apcer_by_group]
    metrics += [("apcer", f"species {m.name}", m) for m in evaluation.apcer_by_species]
    rows = [
        ("threshold", "", repr(chosen.value), "", "", source),
        *((name, of, *_numbers(metric), metric.reason) for name, of, metric in metrics),
    ]
    for one in evaluation.published:
        leak = "LEAKS: chosen on test" if one.leaks else ""
        rows.append((one.name, "", repr(one.value), "", "", leak))
    data = data_words(simulated, chosen.leaks)
    header = ("metric", "of", "value", "low", "high", "note", "data")
    shown = evaluation_grid(evaluation, simulated)
    return Grid(shown.title, header, [(*row, data) for row in rows], shown.notes)


def _numbers(metric: Metric) -> tuple[str, str, str]:
    """A metric's value and the ends of its interval, empty where there is none."""
    value, low, high = metric.value, metric.low, metric.high
    return _digits(value), _digits(low), _digits(high)


def _digits(value: float | None) -> str:
    return "" if value is None else repr(value)


def folds_table(folds: Folds, simulated: bool) -> str:
    """Lay the evaluations of several folds' score files out for a terminal.

    Args:
        folds: what the files say.
        simulated: whether any of their scores is of a simulated presentation.

    Returns:
        Lines of text.
    """
    lines = [SIMULATED] if simulated else []
    lines += _folds_lines(folds.evaluations, (*folds.metrics, *folds.more), folds.pooled)
    return "\n".join(lines)


def folds_grid(folds: Folds, simulated: bool) -> Grid:
    """Lay the evaluations of several folds' score files out as a table for any format.

    Args:
        folds: what the files say.
        simulated: whether any of their scores is of a simulated presentation.

    Returns:
        A row for each figure: over the folds and, for rates, of all decisions together.
    """
    pooled = {metric.name: metric for metric in folds.pooled}
    leaks = any(one.threshold.leaks for one in folds.evaluations.values())
    data = data_words(simulated, leaks)
    rows = [
        (*_fold_row(metric), *_row("", pooled[metric.name])[1:], data)
        if metric.name in pooled
        else (*_fold_row(metric), "–", "", data)
        for metric in (*folds.metrics, *folds.more)
    ]
    first = next(iter(folds.evaluations.values()))
    title = f"{len(folds.evaluations)} folds, test split, per {first.unit}"
    ends = f"{first.intervals.confidence:.0%} interval"
    header = ("metric", "mean", "standard deviation", "pooled", ends, "data")
    notes = [
        *([SIMULATED] if simulated else []),
        *_fold_lines(folds.evaluations),
        f"{SPREAD}; pooled: {POOLED}",
        *_fold_notes(folds.evaluations),
    ]
    return Grid(title, header, rows, notes)


def evaluation_json(found: Evaluation | Folds, simulated: bool) -> str:
    """Write what bare score files say as JSON.

    Args:
        found: the evaluation of one file, or those of folds.
        simulated: whether any of the scores is of a simulated presentation.

    Returns:
        JSON with sorted keys, the schema number and the kind ``evaluation`` or ``evaluations``.
    """
    kind = "evaluation" if isinstance(found, Evaluation) else "evaluations"
    return figures_json(kind, found, simulated)


def smallest_words(smallest: Mapping[str, float], confidence: float) -> str:
    """Say which error rates so few presentations can support.

    Args:
        smallest: `Evaluation.smallest_rate`.
        confidence: of these rates, one-sided.

    Returns:
        A sentence without a full stop.
    """
    rates = ", ".join(f"{name} {percent(rate)} %" for name, rate in smallest.items())
    return (
        f"smallest error rate that so few presentations can support ({confidence:.0%}, none "
        f"wrong): {rates}"
    )


def _baseline_line(baseline: Baseline) -> str:
    values = {metric.name: metric for metric in baseline.metrics}
    if "acer" not in values:
        return f"baseline {baseline.name}: {baseline.reason}"
    acer = values["acer"]
    return f"baseline {baseline.name}: ACER {figure('acer', acer.value)} {interval(acer)}"


def _preset(result: Result) -> str:
    return f" ({result.preset or 'options changed'})"


def _folds_lines(
    folds: Mapping[str, Evaluation], metrics: Sequence[FoldMetric], pooled: Sequence[Metric]
) -> Iterator[str]:
    """The folds' ACERs, averages and pooled rates."""
    yield from _fold_lines(folds)
    first = next(iter(folds.values()))
    yield from (f"{SPREAD}, per {first.unit}:", *_columns(map(_fold_row, metrics)))
    if pooled:
        yield f"pooled: {POOLED}:"
        yield from _columns(_row(label(metric.name), metric) for metric in pooled)
    yield from _fold_notes(folds)


def _fold_lines(folds: Mapping[str, Evaluation]) -> Iterator[str]:
    """A line for each fold."""
    for fold, evaluation in folds.items():
        acer = evaluation.metric("acer")
        leak = " LEAKS: threshold chosen on test" if evaluation.threshold.leaks else ""
        ends = interval(acer) or f"({acer.reason})"
        yield f"{fold}: ACER {figure('acer', acer.value)} {ends}{leak}"


def _fold_notes(folds: Mapping[str, Evaluation]) -> Iterator[str]:
    """What so few presentations can support, and what the folds warn of."""
    rates = [one.smallest_rate for one in folds.values()]
    worst = {name: max(r.get(name, 0.0) for r in rates) for one in rates for name in one}
    confidence = next(iter(folds.values())).intervals.confidence
    yield f"in one fold: {smallest_words(worst, confidence)}"
    yield from _warnings(folds)


def _warnings(folds: Mapping[str, Evaluation]) -> Iterator[str]:
    """What the folds warn of, each once with the folds that do."""
    words = dict.fromkeys(warning for one in folds.values() for warning in one.warnings)
    for warning in words:
        where = [fold for fold, one in folds.items() if warning in one.warnings]
        some = "every fold" if len(where) == len(folds) else ", ".join(where)
        yield f"warning: {warning} ({some})"


def _evaluation_lines(
    evaluation: Evaluation, metrics: Sequence[Metric] | None = None
) -> Iterator[str]:
    yield _threshold(evaluation)
    yield from (_counted(counts, evaluation.unit) for counts in evaluation.counts)
    confidence = evaluation.intervals.confidence
    head = (f"per {evaluation.unit}", "", f"{confidence:.0%} interval")
    yield from _columns([head, *_figures(evaluation, metrics or evaluation.metrics)])
    yield smallest_words(evaluation.smallest_rate, confidence)
    yield from (f"warning: {warning}" for warning in evaluation.warnings)


def _threshold(evaluation: Evaluation) -> str:
    threshold = evaluation.threshold
    leak = " LEAKS: chosen on test" if threshold.leaks else ""
    return (
        f"threshold: score {threshold.operator} {threshold.value:.6g} is bona fide "
        f"({threshold.rule}{f' on {threshold.split}' if threshold.split else ''}){leak}"
    )


def _figures(evaluation: Evaluation, metrics: Sequence[Metric]) -> Iterator[Row]:
    """The metrics, then APCER by group and, where that differs, by species."""
    groups, species = evaluation.apcer_by_group, evaluation.apcer_by_species
    yield from (_row(label(metric.name), metric) for metric in metrics)
    yield from (_row(f"APCER {m.name}", m, "apcer") for m in groups)
    if {(m.name, m.value) for m in groups} != {(m.name, m.value) for m in species}:
        yield from (_row(f"  APCER {m.name}", m, "apcer") for m in species)


def _published(evaluation: Evaluation) -> Iterator[Row]:
    """Published codes' figures."""
    for one in evaluation.published:
        leak = "LEAKS: chosen on test" if one.leaks else ""
        yield one.name, f"{percent(one.value)} %", leak


def _counted(counts: Counts, unit: str) -> str:
    failed = f", {len(counts.failed)} failed" if counts.failed else ""
    attacks = sum(counts.attacks.values())
    what = "presentations" if unit == "video" else f"{unit}s"
    whose = f"of {counts.subjects} subjects" if counts.subjects else "(no subjects are given)"
    return f"{counts.split}: {counts.bona_fide} bona fide + {attacks} attack {what} {whose}{failed}"


def _row(name: str, metric: Metric, kind: str = "") -> Row:
    return name, figure(kind or metric.name, metric.value), interval(metric) or metric.reason


def _fold_row(metric: FoldMetric) -> Row:
    spread = "" if metric.std is None else f"± {figure(metric.name, metric.std)}"
    return label(metric.name), figure(metric.name, metric.mean), spread or metric.reason


def _columns(rows: Iterable[Row]) -> list[str]:
    """Line up columns, the first to the left and the second to the right."""
    cells = [tuple(row) for row in rows]
    first, second = (max(len(row[i]) for row in cells) for i in (0, 1))
    return [f"{row[0]:<{first}}  {row[1]:>{second}}  {row[2]}".rstrip() for row in cells]
