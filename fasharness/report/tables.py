"""The tables of the report page, each a function from records to an HTML element."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fasharness.counts import Counts
from fasharness.evaluation.outcomes import BONA_FIDE, GROUP, SPECIES
from fasharness.report.html import Html, join, table, tag
from fasharness.report.numbers import figure, interval, is_share, label, meaning, percent, unit_word
from fasharness.report.outcomes import COLUMNS, cells, distinct
from fasharness.result import Baseline, Evaluation, FoldsResult, Metric, Result

HEADLINE = ("acer", "apcer", "bpcer", "eer", "auc")


def _range(metric: Metric, kind: str = "") -> Html:
    """Format an interval, or the reason why it or the value is absent."""
    if metric.low is None:
        return tag("small", metric.reason)
    return join([interval(metric, kind)])


def _strip(metric: Metric) -> Html:
    """Draw a rate and its interval on a line from 0 to 100 %."""
    # RIAPAR can reach 2, beyond an axis of shares.
    if metric.value is None or not 0 <= metric.value <= 1:
        return Html("")
    low = metric.value if metric.low is None else metric.low
    high = metric.value if metric.high is None else metric.high
    return Html(
        '<svg class="strip" viewBox="0 0 132 14" aria-hidden="true">'
        '<line class="grid" x1="6" x2="126" y1="7" y2="7"/>'
        f'<line class="ends" x1="{6 + 120 * low:.1f}" x2="{6 + 120 * high:.1f}" y1="7" y2="7"/>'
        f'<circle class="point" cx="{6 + 120 * metric.value:.1f}" cy="7" r="4"/></svg>'
    )


def rates(evaluation: Evaluation) -> Html:
    """List every metric with its interval, the further ones collapsed.

    Args:
        evaluation: the evaluation.

    Returns:
        One table or two.
    """
    what = evaluation.unit
    what = unit_word(what) if what == "video" else f"{what}, not by presentation"
    title = f"Metrics of the test split, by {what}; rates have a sign for per cent"
    confidence = evaluation.intervals.confidence
    first = metrics(title, evaluation.metrics, confidence)
    if not evaluation.more:
        return first
    more = metrics("Further figures", evaluation.more, confidence)
    words = f"{len(evaluation.more)} more: areas, working points, distances"
    return join([first, tag("details", tag("summary", words), more)])


def metrics(title: str, listed: Iterable[Metric], confidence: float) -> Html:
    """List metrics with their intervals.

    Args:
        title: what the table shows.
        listed: the metrics.
        confidence: of their intervals.

    Returns:
        A table.
    """
    rows = [
        (
            join([label(m.name), tag("small", meaning(m.name))]),
            figure(m.name, m.value),
            _range(m),
            _strip(m) if is_share(m.name) else Html(""),
        )
        for m in listed
    ]
    head = ("metric", "value", f"{confidence:.0%} interval", "0 to 100 %")
    return table(title, head, rows, class_="metrics")


def attacks(evaluation: Evaluation) -> Html:
    """List what became of bona fide presentations, of each species group and each PAI species.

    Args:
        evaluation: the evaluation.

    Returns:
        A table; the largest group is marked, since it is the APCER. Classes without a score
        have their reason.
    """
    became = {(one.kind, one.name): one for one in evaluation.outcomes}
    bpcer = next(m for m in evaluation.metrics if m.name == "bpcer")
    named = [(BONA_FIDE, "BPCER", BONA_FIDE, bpcer)]
    worst = max(evaluation.apcer_by_group, key=lambda m: m.value or 0.0, default=None)
    for kind, listed in (
        (GROUP, evaluation.apcer_by_group),
        (SPECIES, evaluation.apcer_by_species),
    ):
        # Where each species is its own group, the second half would repeat the first.
        if kind == GROUP or {m.name for m in listed} != {m.name for m in evaluation.apcer_by_group}:
            what = {m.name: f"{kind}, the largest: APCER" if m is worst else kind for m in listed}
            named += [(kind, what[m.name], m.name, m) for m in listed]
    rows = [
        (
            join([name, tag("small", words)]),
            "–" if m.value is None else f"{percent(m.value)} %",
            _range(m, "apcer"),
            *cells(became.get((kind, name))),
            _strip(m),
        )
        for kind, words, name, m in named
    ]
    head = (
        "presentations",
        "APCER, BPCER",
        f"{evaluation.intervals.confidence:.0%} interval",
        *COLUMNS,
        "0 to 100 %",
    )
    title = "What became of the test presentations at the threshold"
    return table(title, head, rows, class_="metrics")


def compared(name: str, evaluation: Evaluation, baselines: Iterable[Baseline]) -> Html:
    """Compare the method with trivial scorers.

    Args:
        name: name of the method.
        evaluation: its evaluation.
        baselines: the scorers.

    Returns:
        A table.
    """
    rows: list[Sequence[str]] = [(name, *_headline(evaluation.metrics))]
    for one in baselines:
        words = one.words if not one.reason else f"{one.words}; {one.reason}"
        title = join([one.name, tag("small", words)])
        rows.append((title, *_headline(one.metrics)))
    return table("On the same protocol, by the same rules", ("scorer", *map(label, HEADLINE)), rows)


def _headline(metrics: Sequence[Metric]) -> Iterator[Html]:
    """Yield the headline metrics as cells."""
    by_name = {m.name: m for m in metrics}
    for name in HEADLINE:
        metric = by_name.get(name)
        text = figure(name, metric.value if metric else None)
        under = interval(metric) or metric.reason if metric else ""
        yield join([text, tag("small", under)]) if under else join([text])


def published(evaluation: Evaluation) -> Html:
    """List what published codes would print for the same scores.

    Args:
        evaluation: the evaluation.

    Returns:
        A table; empty if these figures were not computed.
    """
    rows = [
        (
            p.name,
            f"{percent(p.value)} %",
            "yes: chosen on test" if p.leaks else "no",
            tag("span", p.words, class_="wrap"),
        )
        for p in evaluation.published
    ]
    head = ("figure", "value", "leaks", "rule")
    return table("The same scores by published codes' rules", head, rows) if rows else Html("")


def counts(evaluation: Evaluation) -> Html:
    """List how many presentations were expected, were scored and failed.

    Args:
        evaluation: the evaluation.

    Returns:
        A table and, if some failed, their names.
    """
    rows = [_count_row(c) for c in evaluation.counts]
    head = ("split", "expected", "scored", "failed", "bona fide", "attacks", "subjects")
    failures = [(c.split, f) for c in evaluation.counts for f in c.failed]
    parts = [table("What was expected, scored and lost", head, rows)]
    if failures:
        named = [(f.presentation, split, f.reason) for split, f in failures]
        of = ("presentation", "split", "reason")
        listed = table("Presentations without a score", of, named, class_="listing")
        title = tag("summary", f"{len(failures)} failed presentations, by name")
        parts.append(tag("details", title, listed))
    return join(parts)


def _count_row(c: Counts) -> Sequence[str]:
    """Return the row with the counts of a split."""
    species = ", ".join(f"{name} {n}" for name, n in c.attacks.items())
    cell = join([str(sum(c.attacks.values())), tag("small", species)])
    numbers = (c.expected, c.scored, len(c.failed), c.bona_fide)
    return (c.split, *map(str, numbers), cell, str(c.subjects))


def settings(result: Result) -> Html:
    """List options and provenance.

    Args:
        result: the result.

    Returns:
        Two tables.
    """
    parts = []
    for title, content in (
        ("Options of the method", result.options),
        ("Provenance", result.provenance),
    ):
        rows = [(name, tag("span", text, class_="wrap")) for name, text in _flat(content)]
        if rows:
            parts.append(table(title, ("name", "value"), rows, class_="listing"))
    return join(parts)


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Flatten nested mappings into dotted names."""
    for key in sorted(content, key=str):
        value = content[key]
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            yield f"{prefix}{key}", text


def folds(result: FoldsResult) -> Html:
    """List the folds with mean and standard deviation.

    Args:
        result: the folds.

    Returns:
        A table, and one of the pooled rates.
    """
    names = [m.name for m in result.metrics if m.name in HEADLINE]
    rows: list[Sequence[str]] = []
    for number, fold in enumerate(result.folds, start=1):
        values = {m.name: m for m in fold.evaluation.metrics}
        shown = [
            join([figure(n, values[n].value), tag("small", interval(values[n]))])
            if n in values
            else join(["–"])
            for n in names
        ]
        rows.append((fold.fold or f"fold {number}", *shown))
    by_name = {m.name: m for m in result.metrics}
    rows.append(("mean", *(figure(n, by_name[n].mean) for n in names)))
    rows.append(("standard deviation", *(figure(n, by_name[n].std) for n in names)))
    title = f"Folds; below them {result.spread}"
    first = table(title, ("fold", *map(label, names)), rows)
    if not result.pooled:
        return first
    named = [(one.name, one.kind, *cells(one)) for one in distinct(result.outcomes)]
    head = ("presentations", "class", *COLUMNS)
    counted = table("What became of all folds' test presentations", head, named)
    confidence = result.folds[0].evaluation.intervals.confidence
    pooled = metrics("All folds' decisions together", result.pooled, confidence)
    return join(
        [
            first,
            tag("h4", "Pooled"),
            tag("p", f"{result.pooling[:1].upper()}{result.pooling[1:]}."),
            pooled,
            counted,
        ]
    )
