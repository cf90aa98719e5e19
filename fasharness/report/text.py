"""The result as lines for a terminal, and an evaluation of a bare score file as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fasharness import records
from fasharness.report.numbers import figure, interval, label
from fasharness.result import SCHEMA, Counts, Evaluation, FoldMetric, FoldsResult, Metric, Result

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
        lines += map(_fold_line, result.folds)
        lines += [f"{result.spread}:", *_columns(map(_fold_row, result.metrics))]
        return "\n".join(lines)
    where = result.fold or result.protocol
    lines += [
        f"{result.method}{_preset(result)} on {where}",
        *_evaluation_lines(result.evaluation),
    ]
    for baseline in result.baselines:
        values = {metric.name: metric for metric in baseline.metrics}
        if "acer" in values:
            acer = values["acer"]
            lines.append(
                f"baseline {baseline.name}: ACER {figure('acer', acer.value)} {interval(acer)}"
            )
        else:
            lines.append(f"baseline {baseline.name}: {baseline.reason}")
    return "\n".join(lines)


def evaluation_table(evaluation: Evaluation, simulated: bool) -> str:
    """Lay an evaluation out for a terminal.

    Args:
        evaluation: what a score file says.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        Lines of text.
    """
    return "\n".join([*([SIMULATED] if simulated else []), *_evaluation_lines(evaluation)])


def evaluation_json(evaluation: Evaluation, simulated: bool) -> str:
    """Write an evaluation of a bare score file as JSON.

    Args:
        evaluation: what the file says.
        simulated: whether any of its scores is of a simulated presentation.

    Returns:
        JSON with sorted keys, the schema number and the kind ``evaluation``.
    """
    content = records.to_plain(evaluation)
    return records.dumps(
        {"schema": SCHEMA, "kind": "evaluation", "simulated": simulated, "result": content}
    )


def _fold_line(fold: Result) -> str:
    acer = fold.evaluation.metric("acer")
    return f"{fold.fold}: ACER {figure('acer', acer.value)} {interval(acer)}"


def _preset(result: Result) -> str:
    return f" ({result.preset or 'options changed'})"


def _evaluation_lines(evaluation: Evaluation) -> Iterator[str]:
    threshold = evaluation.threshold
    leak = " LEAKS: chosen on test" if threshold.leaks else ""
    yield (
        f"threshold: score {threshold.operator} {threshold.value:.6g} is bona fide "
        f"({threshold.rule} on {threshold.split or 'nothing: fixed'}){leak}"
    )
    yield from (_counted(counts) for counts in evaluation.counts if counts.expected)
    rows: list[Row] = [("", "", f"{evaluation.intervals.confidence:.0%} interval")]
    rows += [_row(label(metric.name), metric) for metric in evaluation.metrics]
    rows += [_row(f"APCER {m.name}", m, "apcer") for m in evaluation.apcer_by_group]
    rows += [_row(f"  APCER {m.name}", m, "apcer") for m in evaluation.apcer_by_species]
    yield from _columns(rows)
    yield from (f"warning: {warning}" for warning in evaluation.warnings)


def _counted(counts: Counts) -> str:
    failed = f", {len(counts.failed)} failed" if counts.failed else ""
    attacks = sum(counts.attacks.values())
    return (
        f"{counts.split}: {counts.bona_fide} bona fide + {attacks} attack presentations of "
        f"{counts.subjects} subjects{failed}"
    )


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
