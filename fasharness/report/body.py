"""What the page says of one run: headline, plots, tables, errors, and how to reproduce it."""

import json
from collections.abc import Sequence

from fasharness.report import mistakes, tables
from fasharness.report.commands import commands
from fasharness.report.curves import BONA_FIDE, Class, classes, det, pooled
from fasharness.report.drawing import inline, plots
from fasharness.report.drawing.model import Heading
from fasharness.report.html import Html, Place, join, tag
from fasharness.report.numbers import figure, interval, label, percent, unit_word
from fasharness.report.outcomes import not_drawn
from fasharness.report.runs import Part, Run
from fasharness.result import Evaluation, FoldsResult, Result

_MOST_EXPLORED = 20_000


def body(run: Run, place: Place) -> Html:
    """Compose everything that the page says of a run.

    Args:
        run: the run.
        place: where on the page it stands.

    Returns:
        The sections.
    """
    if isinstance(run.result, FoldsResult):
        return _folds(run, run.result, place)
    part = run.parts[0]
    return join(
        [_headline(part.result.evaluation), *_sections(part, place), _reproduce(run, place)]
    )


def lede(run: Run) -> str:
    """Return in one line what was run."""
    first = run.first
    if run.file:
        what = "a score file" if run.scores else "figures that `fasharness evaluate --out` wrote"
        return (
            f"{what}, per {unit_word(first.evaluation.unit)}; nothing is known of the run behind it"
        )
    preset = f", preset {first.preset}" if first.preset else ""
    own = " · every fold has its own model and its own threshold" if len(run.parts) > 1 else ""
    return (
        f"{first.method} {first.method_version}{preset} · data set {first.dataset} · "
        f"presentation score: {first.aggregator}{own}"
    )


def warnings(run: Run) -> Html:
    """List what a reader must know first; empty where there is nothing."""
    where: dict[str, list[str]] = {}
    for part in run.parts:
        for words in part.result.evaluation.warnings:
            where.setdefault(words, []).append(part.name)
    if not where:
        return Html("")
    items = []
    for words, names in where.items():
        some = "every fold" if len(names) == len(run.parts) else ", ".join(names)
        items.append(tag("li", f"{some}: {words}" if len(run.parts) > 1 else words))
    listed = tag("ul", *items)
    return tag("div", listed, class_="warning", role="note", aria_label="Warnings")


def _sections(part: Part, place: Place) -> list[Html]:
    """Compose the sections of one protocol or fold."""
    evaluation, section = part.result.evaluation, place.section
    return [
        section("How to read this", _reading(evaluation), anchor="reading"),
        _explore(part, place),
        section("All rates", tables.rates(evaluation), _small(evaluation), anchor="rates"),
        section("Attacks", tables.attacks(evaluation), _small(evaluation), anchor="attacks"),
        _baselines(part.result, place),
        _published(evaluation, place),
        *_errors([part], place),
        section("Presentations", tables.counts(evaluation), anchor="counts"),
    ]


def _folds(run: Run, result: FoldsResult, place: Place) -> Html:
    """Compose the sections of all folds of a protocol."""
    tiles = [
        _tile(label(m.name), figure(m.name, m.mean), f"± {figure(m.name, m.std)}", index == 0)
        for index, m in enumerate(m for m in result.metrics if m.name in tables.HEADLINE)
    ]
    each = [
        tag(
            "details",
            tag("summary", part.name),
            *_sections(part, Place(f"{place.prefix}{number}-", place.level + 1)),
        )
        for number, part in enumerate(run.parts, start=1)
    ]
    section = place.section
    return join(
        [
            tag("dl", *tiles, class_="tiles"),
            section("How to read this", _reading_folds(run), anchor="reading"),
            section("Folds", tables.folds(result), anchor="folds"),
            _fold_curves(run, place),
            *_errors(run.parts, place),
            section("Each fold", *each, anchor="each"),
            _reproduce(run, place),
        ]
    )


def _fold_curves(run: Run, place: Place) -> Html:
    """Draw the error curves of the folds in one plot."""
    named = [(part.name, classes(part.scores)) for part in run.parts]
    lines = [pooled(name, found, number) for number, (name, found) in enumerate(named)]
    drawn = [line for line in lines if line is not None]
    if not drawn:
        return Html("")
    words = "Each line is one fold, with all attacks of its test split pooled."
    shown = inline.pair(*plots.det_and_roc(drawn, Heading(run.simulated)))
    return place.section("Error curves of the folds", tag("p", words), shown, anchor="fold-curves")


def _headline(evaluation: Evaluation) -> Html:
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
    threshold, rule = evaluation.threshold, evaluation.intervals
    source = f"chosen on the {threshold.split} split" if threshold.split else "fixed beforehand"
    decision = (
        "A presentation is accepted as bona fide when its score is at least the threshold, "
        f"{threshold.value!r}, {source}: {threshold.words}."
    )
    ends = (
        f"The small numbers under a figure are its interval: {rule.words} ({rule.clusters} drawn, "
        f"{rule.replicates} replicates, seed {rule.seed}). Two figures whose intervals overlap "
        "widely may not differ at all."
    )
    return join([tag("p", words) for words in (decision, _RATES, ends)])


_RATES = (
    "APCER is the share of attack presentations accepted, for the species group that does "
    "worst. BPCER is the share of bona fide presentations refused. ACER is their mean, and "
    "50 % is what a scorer gets that knows nothing. Lower is better. EER, AUC and working points "
    "are of the worst species group too; beside them stand those of all attacks pooled."
)


def _reading_folds(run: Run) -> Html:
    """Explain the headline of folds."""
    folds = (
        f"Each of the {len(run.parts)} folds trains a model of its own, chooses its threshold on "
        "its own dev split and is tested on what its training never saw. The large numbers are "
        "means over the folds; the small ones say how far the folds differ, not how sure the "
        "mean is."
    )
    return join([tag("p", folds), tag("p", _RATES)])


def _small(evaluation: Evaluation) -> Html:
    """Print the highest true rate that a test set without errors would still allow."""
    words = ", ".join(
        f"{name} {percent(rate)} %" for name, rate in evaluation.smallest_rate.items()
    )
    text = (
        "Even without a single error the true rate could be, with "
        f"{evaluation.intervals.confidence:.0%} confidence and independent presentations, as high "
        f"as: {words}."
    )
    return tag("p", text) if words else Html("")


def _explore(part: Part, place: Place) -> Html:
    """Show the plots with the movable threshold."""
    threshold, heading = part.result.evaluation.threshold, Heading(part.result.simulated)
    found = classes(part.scores)
    if not found:
        return Html("")
    lines = det(found)
    several = bool(lines) and sum(one.values.size for one in found) <= _MOST_EXPLORED
    moving = _slider(found, threshold.value, place) if several else Html("")
    scores = plots.histogram_with_densities(found, threshold.value, heading)
    shown = [inline.svg(scores, inline.HISTOGRAM)]
    if lines:
        shown.append(inline.pair(*plots.det_and_roc(lines, heading)))
    absent = not_drawn(part.result.evaluation.outcomes)
    shown += [tag("p", f"{absent[:1].upper()}{absent[1:]}.", class_="soft")] if absent else []
    content = tag("div", moving, *shown, class_="explore")
    return place.section("Scores and threshold", content, anchor="plots")


def _slider(found: Sequence[Class], threshold: float, place: Place) -> Html:
    """Make the controls that the page's script uses, with the scores they need."""
    listed = [{"name": one.name, "values": one.values.tolist()} for one in found]
    data = json.dumps({"threshold": threshold, "classes": listed}, allow_nan=False)
    # Escaped, or a group named "</script>" would end the element.
    store = tag("script", Html(data.replace("<", "\\u003c")), type="application/json")
    cut = f"{place.prefix}cut"
    slide = Html(f'<input type="range" id="{cut}" min="0" max="1" step="1" value="0">')
    shown = tag("output", data_live="cut", for_=cut)
    control = tag(
        "div",
        tag("label", "Move the threshold: ", shown, for_=cut),
        slide,
        tag("button", "back to the run's threshold", class_="plain", type="button"),
        class_="slider",
    )
    names = [one.name for one in found if one.name != BONA_FIDE]
    groups = [(f"APCER {name}", f"group-{i}") for i, name in enumerate(names)]
    named = [("ACER", "acer"), ("APCER", "apcer"), ("BPCER", "bpcer"), *groups]
    cells = [tag("div", tag("dt", name), tag("dd", "–", data_live=key)) for name, key in named]
    words = (
        "Drag the slider, use its arrow keys, or press into the histogram. A threshold moved by "
        "hand is chosen on the test scores: quote the figures of the run's own."
    )
    live = tag("dl", *cells, class_="live")
    controls = join([control, live, tag("p", words, class_="soft")])
    # Hidden until the script shows it: without a script it would not work.
    return join([store, Html('<div class="controls" hidden>'), controls, Html("</div>")])


def _published(evaluation: Evaluation, place: Place) -> Html:
    """Show what published codes would print."""
    words = "For comparison with tables made by these codes; the figures above are the result."
    found = tables.published(evaluation)
    if not found:
        return Html("")
    listed = tag("details", tag("summary", f"{len(evaluation.published)} figures"), found)
    return place.section("As published codes print it", tag("p", words), listed, anchor="published")


def _errors(parts: Sequence[Part], place: Place) -> list[Html]:
    """Show where the errors are and which lie farthest from the threshold."""
    if not any(s.split == "test" and not s.failed for part in parts for s in part.scores):
        return []
    return [
        place.section("Where the errors are", mistakes.factors(parts), anchor="factors"),
        place.section("The worst errors", mistakes.worst(parts), anchor="errors"),
    ]


def _baselines(result: Result, place: Place) -> Html:
    """Put trivial scorers beside the method."""
    if not result.baselines:
        return Html("")
    compared = tables.compared(result.method, result.evaluation, result.baselines)
    return place.section("Against scorers that know nothing of faces", compared, anchor="baselines")


def _reproduce(run: Run, place: Place) -> Html:
    """Return the commands that make the figures again, with options and provenance."""
    parts = [tag("pre", tag("code", "\n".join(commands(run))), tabindex="0")]
    details = tables.settings(run.first)
    if details:
        parts.append(tag("details", tag("summary", "Options and provenance"), details))
    return place.section("Reproduce", *parts, anchor="reproduce")
