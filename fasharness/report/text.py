"""A result as lines for the terminal, and evaluations of score files as tables and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fasharness.counts import Counts, Outcome
from fasharness.evaluation.folds import Folds
from fasharness.evaluation.outcomes import BONA_FIDE, GROUP, SPECIES
from fasharness.report.grid import Grid
from fasharness.report.numbers import (
    data_words,
    digits,
    figure,
    interval,
    label,
    percent,
    unit_word,
)
from fasharness.report.outcomes import COLUMNS, NO_COUNTS, cells, lines, plain
from fasharness.result import (
    POOLED,
    SPREAD,
    Baseline,
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
    """Format a result for the terminal.

    Args:
        result: of one protocol or of its folds.

    Returns:
        Lines of text; the first line marks simulated data.
    """
    shown = [SIMULATED] if result.simulated else []
    if isinstance(result, FoldsResult):
        first = result.folds[0]
        shown += [f"{first.method}{_preset(first)} on {result.protocol}, {len(result.folds)} folds"]
        folds = {fold.fold: fold.evaluation for fold in result.folds}
        shown += _folds_lines(folds, result.metrics, result.pooled, result.outcomes)
        return "\n".join(shown)
    where = result.fold or result.protocol
    shown += [f"{result.method}{_preset(result)} on {where}"]
    shown += _evaluation_lines(result.evaluation)
    shown += map(_baseline_line, result.baselines)
    return "\n".join(shown)


def evaluation_table(evaluation: Evaluation, simulated: bool) -> str:
    """Format an evaluation for the terminal.

    Args:
        evaluation: the evaluation of a score file.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        Lines of text, with its further metrics and published codes' figures, if any.
    """
    shown = [SIMULATED] if simulated else []
    shown += _evaluation_lines(evaluation, (*evaluation.metrics, *evaluation.more))
    if evaluation.published:
        shown += ["the same scores by published codes' rules:", *_columns(_published(evaluation))]
    return "\n".join(shown)


def evaluation_grid(evaluation: Evaluation, simulated: bool) -> Grid:
    """Format an evaluation as a table for any output format.

    Args:
        evaluation: the evaluation of a score file.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        A row for the threshold and for each figure; counts, intervals and warnings as notes.
    """
    confidence = evaluation.intervals.confidence
    chosen, metrics = evaluation.threshold, (*evaluation.metrics, *evaluation.more)
    leak = "; LEAKS: chosen on test" if chosen.leaks else ""
    rows = [
        ("Threshold", repr(chosen.value), f"{chosen.source}{leak}", *NO_COUNTS),
        *((*row, *cells(one)) for row, one in _figures(evaluation, metrics)),
        *((*row, *NO_COUNTS) for row in _published(evaluation)),
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
    header = ("metric", "value", f"{confidence:.0%} interval", *COLUMNS, "data")
    title = f"Test split, per {unit_word(evaluation.unit)}"
    return Grid(title, header, [(*row, data) for row in rows], notes)


def evaluation_numbers(evaluation: Evaluation, simulated: bool) -> Grid:
    """Format an evaluation as plain numbers, for a CSV that programs read.

    Args:
        evaluation: the evaluation of a score file.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        As `evaluation_grid`, with each figure as a number with all its digits (shares, not per
        cent), the ends of its interval in columns of their own and the species or group in
        another.
    """
    chosen = evaluation.threshold
    metrics = [(m.name, "", m) for m in (*evaluation.metrics, *evaluation.more)]
    metrics += [("apcer", f"group {m.name}", m) for m in evaluation.apcer_by_group]
    metrics += [("apcer", f"species {m.name}", m) for m in evaluation.apcer_by_species]
    rows = [
        ("threshold", "", repr(chosen.value), "", "", chosen.source),
        *((name, of, *_numbers(metric), metric.reason) for name, of, metric in metrics),
    ]
    for one in evaluation.published:
        leak = "LEAKS: chosen on test" if one.leaks else ""
        rows.append((one.name, "", repr(one.value), "", "", leak))
    rows += [(*row, "", "", "") for row in plain(evaluation.outcomes)]
    data = data_words(simulated, chosen.leaks)
    header = ("metric", "of", "value", "low", "high", "note", "data")
    shown = evaluation_grid(evaluation, simulated)
    return Grid(shown.title, header, [(*row, data) for row in rows], shown.notes)


def _numbers(metric: Metric) -> tuple[str, str, str]:
    """Return a metric's value and the ends of its interval; empty if absent."""
    value, low, high = metric.value, metric.low, metric.high
    return digits(value), digits(low), digits(high)


def folds_table(folds: Folds, simulated: bool) -> str:
    """Format the evaluations of several folds' score files for the terminal.

    Args:
        folds: the evaluations of the files.
        simulated: whether any of their scores is of a simulated presentation.

    Returns:
        Lines of text.
    """
    shown = [SIMULATED] if simulated else []
    found = (*folds.metrics, *folds.more)
    shown += _folds_lines(folds.evaluations, found, folds.pooled, folds.outcomes)
    return "\n".join(shown)


def folds_grid(folds: Folds, simulated: bool) -> Grid:
    """Format the evaluations of several folds' score files as a table for any output format.

    Args:
        folds: the evaluations of the files.
        simulated: whether any of their scores is of a simulated presentation.

    Returns:
        A row for each figure: its mean over the folds and, for rates, the pooled rate.
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
    title = f"{len(folds.evaluations)} folds, test split, per {unit_word(first.unit)}"
    ends = f"{first.intervals.confidence:.0%} interval"
    header = ("metric", "mean", "standard deviation", "pooled", ends, "data")
    notes = [
        *([SIMULATED] if simulated else []),
        *_fold_lines(folds.evaluations),
        f"{SPREAD}; pooled: {POOLED}",
        *lines(folds.outcomes, unit_word(first.unit)),
        *_fold_notes(folds.evaluations),
    ]
    return Grid(title, header, rows, notes)


def evaluation_json(found: Evaluation | Folds, simulated: bool) -> str:
    """Write evaluations of score files as JSON.

    Args:
        found: the evaluation of one file, or those of folds.
        simulated: whether any of the scores is of a simulated presentation.

    Returns:
        JSON with sorted keys, the schema number and the kind ``evaluation`` or ``evaluations``.
    """
    kind = "evaluation" if isinstance(found, Evaluation) else "evaluations"
    return figures_json(kind, found, simulated)


def smallest_words(smallest: Mapping[str, float], confidence: float) -> str:
    """Describe the smallest error rates that so few presentations can support.

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
    ends = interval(acer) or f"({acer.reason})"
    return f"baseline {baseline.name}: ACER {figure('acer', acer.value)} {ends}"


def _preset(result: Result) -> str:
    return f" ({result.preset or 'options changed'})"


def _folds_lines(
    folds: Mapping[str, Evaluation],
    metrics: Sequence[FoldMetric],
    pooled: Sequence[Metric],
    outcomes: Sequence[Outcome],
) -> Iterator[str]:
    """Yield the folds' ACERs, averages and pooled rates."""
    yield from _fold_lines(folds)
    first = next(iter(folds.values()))
    word = unit_word(first.unit)
    yield from (f"{SPREAD}, per {word}:", *_columns(map(_fold_row, metrics)))
    if pooled:
        yield f"pooled: {POOLED}:"
        yield from _columns(_row(label(metric.name), metric) for metric in pooled)
    yield from lines(outcomes, word)
    yield from _fold_notes(folds)


def _fold_lines(folds: Mapping[str, Evaluation]) -> Iterator[str]:
    """Yield a line for each fold."""
    for fold, evaluation in folds.items():
        acer = evaluation.metric("acer")
        leak = " LEAKS: threshold chosen on test" if evaluation.threshold.leaks else ""
        ends = interval(acer) or f"({acer.reason})"
        yield f"{fold}: ACER {figure('acer', acer.value)} {ends}{leak}"


def _fold_notes(folds: Mapping[str, Evaluation]) -> Iterator[str]:
    """Yield the smallest supportable error rates, and the folds' warnings."""
    rates = [one.smallest_rate for one in folds.values()]
    # The largest of the folds, since each fold is a test split of its own.
    worst = {name: max(r.get(name, 0.0) for r in rates) for one in rates for name in one}
    confidence = next(iter(folds.values())).intervals.confidence
    yield f"in one fold: {smallest_words(worst, confidence)}"
    yield from _warnings(folds)


def _warnings(folds: Mapping[str, Evaluation]) -> Iterator[str]:
    """Yield the folds' warnings, each once with the folds that it is about."""
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
    word = unit_word(evaluation.unit)
    head = (f"per {word}", "", f"{confidence:.0%} interval")
    found = _figures(evaluation, metrics or evaluation.metrics)
    yield from _columns([head, *(row for row, _ in found)])
    yield from lines(evaluation.outcomes, word)
    yield smallest_words(evaluation.smallest_rate, confidence)
    yield from (f"warning: {warning}" for warning in evaluation.warnings)


def _threshold(evaluation: Evaluation) -> str:
    threshold = evaluation.threshold
    leak = " LEAKS: chosen on test" if threshold.leaks else ""
    return (
        f"threshold: score {threshold.operator} {threshold.value!r} is bona fide "
        f"({threshold.source}){leak}"
    )


def _figures(
    evaluation: Evaluation, metrics: Sequence[Metric]
) -> Iterator[tuple[Row, Outcome | None]]:
    """Yield the metrics, then APCER by group and, if that differs, by species, with the counts."""
    became = {(one.kind, one.name): one for one in evaluation.outcomes}
    for metric in metrics:
        of = (BONA_FIDE, BONA_FIDE) if metric.name == "bpcer" else ("", "")
        yield _row(label(metric.name), metric), became.get(of)
    groups, species = evaluation.apcer_by_group, evaluation.apcer_by_species
    for m in groups:
        yield _row(f"APCER {m.name}", m, "apcer"), became.get((GROUP, m.name))
    if {(m.name, m.value) for m in groups} != {(m.name, m.value) for m in species}:
        for m in species:
            yield _row(f"  APCER {m.name}", m, "apcer"), became.get((SPECIES, m.name))


def _published(evaluation: Evaluation) -> Iterator[Row]:
    """Yield published codes' figures."""
    for one in evaluation.published:
        leak = "LEAKS: chosen on test" if one.leaks else ""
        yield one.name, f"{percent(one.value)} %", leak


def _counted(counts: Counts, unit: str) -> str:
    failed = f", {len(counts.failed)} failed" if counts.failed else ""
    attacks = sum(counts.attacks.values())
    what = f"{unit_word(unit)}s"
    whose = f"of {counts.subjects} subjects" if counts.subjects else "(no subjects are given)"
    return f"{counts.split}: {counts.bona_fide} bona fide + {attacks} attack {what} {whose}{failed}"


def _row(name: str, metric: Metric, kind: str = "") -> Row:
    return name, figure(kind or metric.name, metric.value), interval(metric, kind) or metric.reason


def _fold_row(metric: FoldMetric) -> Row:
    spread = "" if metric.std is None else f"± {figure(metric.name, metric.std)}"
    return label(metric.name), figure(metric.name, metric.mean), spread or metric.reason


def _columns(rows: Iterable[Row]) -> list[str]:
    """Align columns, the first to the left and the second to the right."""
    cells = [tuple(row) for row in rows]
    first, second = (max(len(row[i]) for row in cells) for i in (0, 1))
    return [f"{row[0]:<{first}}  {row[1]:>{second}}  {row[2]}".rstrip() for row in cells]
