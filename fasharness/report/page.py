"""The report as one self-contained HTML page that opens offline."""

import json
from collections.abc import Sequence
from importlib import resources

from fasharness.report import svg, tables
from fasharness.report.curves import BONA_FIDE, Class, classes, det
from fasharness.report.html import Html, join, section, tag
from fasharness.report.numbers import figure, interval, label, percent
from fasharness.result import Evaluation, FoldsResult, Result
from fasharness.scores import Score

# Nothing may leave the page, whatever a name in it says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
_BAND = "These presentations were rendered by the harness; the figures say nothing about real ones."
_MOST_EXPLORED = 20_000


def page(
    result: Result | FoldsResult, scores: Sequence[Score], picture: tables.Picture | None = None
) -> str:
    """Compose the whole page.

    Args:
        result: what to report.
        scores: the scores behind it; without any there are no plots.
        picture: gives the picture of a presentation, for the gallery of errors.

    Returns:
        An HTML document without a reference to anything outside it.
    """
    body = (
        _folds(result, scores)
        if isinstance(result, FoldsResult)
        else _protocol(result, scores, picture)
    )
    title = _title(result)
    head = join(
        [
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
            Html('<link rel="icon" href="data:,">'),
            tag("title", f"{'SIMULATED: ' if result.simulated else ''}{title}"),
            tag("style", _asset("style.css")),
        ]
    )
    script = tag("script", _asset("script.js"))
    whole = join([tag("head", head), tag("body", _band(result.simulated), body, script)])
    return f"<!DOCTYPE html>\n{tag('html', whole, lang='en')}\n"


def _asset(name: str) -> Html:
    """Read a file that lies beside this one."""
    return Html(resources.files("fasharness.report").joinpath(name).read_text(encoding="utf-8"))


def _title(result: Result | FoldsResult) -> str:
    """Name what is reported."""
    if isinstance(result, FoldsResult):
        return f"{result.folds[0].method} on {result.protocol}, {len(result.folds)} folds"
    return f"{result.method} on {result.fold or result.protocol}"


def _band(simulated: bool) -> Html:
    """Warn of simulated data across the page."""
    if not simulated:
        return Html("")
    return tag("div", "SIMULATED DATA ", tag("span", _BAND), class_="simulated", role="note")


def _protocol(result: Result, scores: Sequence[Score], picture: tables.Picture | None) -> Html:
    """Compose the body for one protocol or fold."""
    evaluation = result.evaluation
    found = classes(scores)
    preset = f", preset {result.preset}" if result.preset else ""
    lede = (
        f"{result.method} {result.method_version}{preset} · data set {result.dataset} · "
        f"presentation score: {result.aggregator}"
    )
    parts = [
        _tiles(evaluation),
        _reading(evaluation),
        _explore(result, found),
        section("All rates", tables.rates(evaluation), _small(evaluation), anchor="rates"),
        section("Attacks", tables.attacks(evaluation), anchor="attacks"),
        _baselines(result),
        _published(evaluation),
        _errors(evaluation, scores, picture),
        section("Presentations", tables.counts(evaluation), anchor="counts"),
        _reproduce(result),
    ]
    top = _top(_title(result), lede, evaluation.warnings)
    return join([top, tag("main", *parts), _foot()])


def _folds(result: FoldsResult, scores: Sequence[Score]) -> Html:
    """Compose the body for all folds of a protocol."""
    first = result.folds[0]
    found = classes(scores)
    lede = (
        f"{first.method} {first.method_version} · data set {first.dataset} · presentation score: "
        f"{first.aggregator} · every fold has its own model and its own threshold"
    )
    tiles = [
        _tile(label(m.name), figure(m.name, m.mean), f"± {figure(m.name, m.std)}", index == 0)
        for index, m in enumerate(m for m in result.metrics if m.name in tables.HEADLINE)
    ]
    warnings = [f"{f.fold}: {words}" for f in result.folds for words in f.evaluation.warnings]
    plots = _plots(found, None, result.simulated) if found else Html("")
    counts = [
        tag("details", tag("summary", f.fold or f.protocol), tables.counts(f.evaluation))
        for f in result.folds
    ]
    parts = [
        tag("dl", *tiles, class_="tiles"),
        section("Folds", tables.folds(result), anchor="folds"),
        section("Scores of all folds together", plots, anchor="plots") if found else Html(""),
        section("Presentations", *counts, anchor="counts"),
        _reproduce(first),
    ]
    return join([_top(_title(result), lede, warnings), tag("main", *parts), _foot()])


def _top(title: str, lede: str, warnings: Sequence[str]) -> Html:
    """Compose the head of the page."""
    parts = [tag("h1", title), tag("p", lede, class_="lede")]
    if warnings:
        items = tag("ul", *(tag("li", words) for words in warnings))
        parts.append(tag("div", items, class_="warning", role="note", aria_label="Warnings"))
    return tag("header", *parts, class_="top")


def _tiles(evaluation: Evaluation) -> Html:
    """Show the headline figures large."""
    by_name = {m.name: m for m in evaluation.metrics}
    shown = [by_name[name] for name in tables.HEADLINE if name in by_name]
    tiles = [
        _tile(label(m.name), figure(m.name, m.value), interval(m) or m.reason, index == 0)
        for index, m in enumerate(shown)
    ]
    return tag("dl", *tiles, class_="tiles")


def _tile(name: str, value: str, under: str, first: bool) -> Html:
    """Show one figure large."""
    cells = (
        tag("dt", name),
        tag("dd", value, class_="value"),
        tag("dd", under, class_="range"),
    )
    return tag("div", *cells, class_="tile first" if first else "tile")


def _reading(evaluation: Evaluation) -> Html:
    """Explain the headline."""
    threshold = evaluation.threshold
    source = f"chosen on the {threshold.split} split" if threshold.split else "fixed beforehand"
    text = (
        "A presentation is accepted as bona fide when its score is at least the threshold, "
        f"{threshold.value:.6g}, {source}: {threshold.words}."
    )
    errors = (
        "APCER is the share of attack presentations accepted, for the species group that does "
        "worst; BPCER is the share of bona fide presentations refused; ACER is their mean, and "
        "50 % is what a scorer gets that knows nothing. Lower is better. "
        "The small numbers are intervals: "
    )
    interval_rule = evaluation.intervals
    how = (
        f"{interval_rule.words} ({interval_rule.clusters} drawn, {interval_rule.replicates} "
        f"replicates, seed {interval_rule.seed})."
    )
    return section("How to read this", tag("p", text), tag("p", errors + how), anchor="reading")


def _small(evaluation: Evaluation) -> Html:
    """Say how low a rate this test set could show at all."""
    words = ", ".join(
        f"{name} {percent(rate)} %" for name, rate in evaluation.smallest_rate.items()
    )
    text = (
        "Even without a single error the true rate could be, with "
        f"{evaluation.intervals.confidence:.0%} confidence and independent presentations, as high "
        f"as: {words}."
    )
    return tag("p", text) if words else Html("")


def _explore(result: Result, found: Sequence[Class]) -> Html:
    """Show the plots with the movable threshold."""
    threshold = result.evaluation.threshold
    if not found:
        return Html("")
    plots = _plots(found, threshold.value, result.simulated)
    several = len(found) > 1 and found[0].name == BONA_FIDE
    few = sum(one.values.size for one in found) <= _MOST_EXPLORED
    moving = _slider(found, threshold.value) if several and few else Html("")
    return section("Scores and threshold", moving, plots, anchor="plots")


def _plots(found: Sequence[Class], threshold: float | None, simulated: bool) -> Html:
    """Show histogram and DET curve side by side."""
    lines = det(found)
    both = [Html(svg.histogram(found, threshold, simulated))]
    if lines:
        both.append(Html(svg.det(lines, simulated)))
    return tag("div", *(tag("div", plot) for plot in both), class_="plots")


def _slider(found: Sequence[Class], threshold: float) -> Html:
    """Make the controls that the script brings to life, with the scores they need."""
    listed = [{"name": one.name, "values": one.values.tolist()} for one in found]
    data = json.dumps({"threshold": threshold, "classes": listed}, allow_nan=False)
    store = tag("script", Html(data.replace("<", "\\u003c")), type="application/json", id="scores")
    slide = Html('<input type="range" id="cut" min="0" max="1" step="1" value="0">')
    control = tag(
        "div",
        tag("label", "Move the threshold: ", tag("output", id="cut-value"), for_="cut"),
        slide,
        tag("button", "back to the run's threshold", class_="plain", id="reset", type="button"),
        class_="slider",
    )
    groups = [(f"APCER {one.name}", f"live-group-{i}") for i, one in enumerate(found[1:])]
    named = [("ACER", "live-acer"), ("APCER", "live-apcer"), ("BPCER", "live-bpcer"), *groups]
    cells = [tag("div", tag("dt", name), tag("dd", "–", id=anchor)) for name, anchor in named]
    words = (
        "Figures at a threshold moved by hand are chosen on the test scores; quote those of the "
        "run's own threshold."
    )
    live = tag("dl", *cells, class_="live")
    return join(
        [
            store,
            Html('<div id="explore" hidden>'),
            control,
            live,
            tag("p", words, class_="lede"),
            Html("</div>"),
        ]
    )


def _published(evaluation: Evaluation) -> Html:
    """Show what published codes would print."""
    words = "For comparison with tables made by these codes; the figures above are the result."
    found = tables.published(evaluation)
    if not found:
        return Html("")
    listed = tag("details", tag("summary", f"{len(evaluation.published)} figures"), found)
    return section("As published codes print it", tag("p", words), listed, anchor="published")


def _errors(
    evaluation: Evaluation, scores: Sequence[Score], picture: tables.Picture | None
) -> Html:
    """Show where the errors are."""
    if not any(s.split == "test" and not s.failed for s in scores):
        return Html("")
    cut = evaluation.threshold.value
    errors = tables.wrong(scores, cut)
    shown = tables.gallery(errors, picture) if picture else Html("")
    parts = (tables.worst(errors, cut), shown, tables.factors(scores, cut))
    return section("Where the errors are", *parts, anchor="errors")


def _reproduce(result: Result) -> Html:
    """Give commands, options and provenance."""
    parts = []
    if result.commands:
        parts.append(tag("pre", tag("code", "\n".join(result.commands)), tabindex="0"))
    details = tables.settings(result)
    if details:
        parts.append(tag("details", tag("summary", "Options and provenance"), details))
    return section("Reproduce", *parts, anchor="reproduce") if parts else Html("")


def _baselines(result: Result) -> Html:
    """Put trivial scorers beside the method."""
    if not result.baselines:
        return Html("")
    compared = tables.compared(result.method, result.evaluation, result.baselines)
    return section("Against scorers that know nothing of faces", compared, anchor="baselines")


def _foot() -> Html:
    """Close the page."""
    return tag("footer", tag("p", "Written by fasharness. This file needs no network."))
