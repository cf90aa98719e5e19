"""The report of one run, or of several side by side, as one page that opens offline."""

from collections.abc import Iterator, Sequence
from importlib import resources

from fasharness.report import versus
from fasharness.report.body import body, lede, warnings
from fasharness.report.html import Html, Place, join, tag
from fasharness.report.runs import Run

# No request may leave the page, even if a presentation's name contained an element. Styles and
# scripts are inline, since the page is one file.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
_SIMULATED, _LEAKING = "SIMULATED DATA", "LEAKING THRESHOLD"
_MARGIN = '@page {{ @top-{place} {{ content: "{words}"; font: bold 7.5pt sans-serif; }} }}\n'
_BAND = "These presentations were rendered by the harness; the figures say nothing about real ones."
_LEAKS = "A threshold was chosen on the test split: every figure at it is too good."
_NOTHING = Html("")
_SECTIONS = (
    ("plots", "Scores"),
    ("folds", "Folds"),
    ("rates", "Rates"),
    ("attacks", "Attacks"),
    ("factors", "Where errors are"),
    ("errors", "Worst errors"),
    ("counts", "Presentations"),
    ("reproduce", "Reproduce"),
)


def page(runs: Sequence[Run]) -> str:
    """Compose the page.

    Args:
        runs: at least one; with several, the comparison with the first comes first.

    Returns:
        An HTML document without a reference to anything outside it.

    Raises:
        ValueError: when there is no run.
    """
    if not runs:
        raise ValueError("expected at least one run, got none")
    title = runs[0].title if len(runs) == 1 else f"{len(runs)} runs compared"
    content = _one(runs[0]) if len(runs) == 1 else _several(runs, title)
    simulated = any(run.simulated for run in runs)
    return document(title, content, simulated=simulated, bands=_leaking(runs))


def document(title: str, content: Html, *, simulated: bool, bands: Html = _NOTHING) -> str:
    """Wrap content in a page with the report's style, script and bands.

    Args:
        title: of the page.
        content: usually a ``header`` of the class ``top`` and a ``main``.
        simulated: whether a band across the page marks it as simulated.
        bands: further bands.

    Returns:
        An HTML document without a reference to anything outside it.
    """
    head = join(
        [
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
            Html('<link rel="icon" href="data:,">'),
            tag("title", f"{'SIMULATED: ' if simulated else ''}{title}"),
            tag("style", _asset("style.css"), *_marks(simulated, bands)),
        ]
    )
    above = tag("div", _simulated() if simulated else _NOTHING, bands, class_="bands")
    foot = tag("footer", tag("p", "Written by fasharness. This file needs no network."))
    script = tag("script", _asset("script.js"))
    whole = join([tag("head", head), tag("body", above, content, foot, script)])
    return f"<!DOCTYPE html>\n{tag('html', whole, lang='en')}\n"


def _marks(simulated: bool, bands: Html) -> Iterator[Html]:
    """Repeat the bands in the margin of every printed page: a page may be passed on alone."""
    if simulated:
        yield Html(_MARGIN.format(place="left", words=_SIMULATED))
    if bands:
        yield Html(_MARGIN.format(place="right", words=_LEAKING))


def _asset(name: str) -> Html:
    """Read a file of this package."""
    return Html(resources.files("fasharness.report").joinpath(name).read_text(encoding="utf-8"))


def _simulated() -> Html:
    """Return the band that warns of simulated data."""
    return tag("div", f"{_SIMULATED} ", tag("span", _BAND), class_="band simulated", role="note")


def _leaking(runs: Sequence[Run]) -> Html:
    """Return the band that warns of thresholds chosen on the test split."""
    if not any(run.leaks for run in runs):
        return Html("")
    return tag("div", f"{_LEAKING} ", tag("span", _LEAKS), class_="band leaking", role="note")


def _one(run: Run) -> Html:
    """Compose the page of one run."""
    content = body(run, Place())
    parts = (tag("h1", run.title), tag("p", lede(run), class_="lede"), warnings(run))
    links = [
        tag("a", words, href=f"#{anchor}")
        for anchor, words in _SECTIONS
        # A run without scores has no plots, and a link to them would lead nowhere.
        if f'id="{anchor}"' in content
    ]
    menu = tag("nav", *links, aria_label="Sections")
    return join([tag("header", *parts, menu, class_="top"), tag("main", content)])


def _several(runs: Sequence[Run], title: str) -> Html:
    """Compose the page of several runs: their comparison, then each run."""
    places = [Place(f"run{number}-", 3) for number in range(1, len(runs) + 1)]
    links = [
        tag("a", run.name, href=f"#{p.prefix}run") for run, p in zip(runs, places, strict=True)
    ]
    menu = tag("nav", tag("a", "Comparison", href="#comparison"), *links, aria_label="Runs")
    words = "Each run at its own threshold; the first is what the others are compared with."
    top = tag("header", tag("h1", title), tag("p", words, class_="lede"), menu, class_="top")
    articles = [_article(run, place) for run, place in zip(runs, places, strict=True)]
    return join([top, tag("main", versus.section(runs, Place()), *articles)])


def _article(run: Run, place: Place) -> Html:
    """Compose the part of one run among several."""
    name = f"{place.prefix}run"
    words = run.title if run.file else f"{run.name}: {run.title}"
    heading = tag("h2", words, id=f"{name}-title", class_="run")
    content = (heading, tag("p", lede(run), class_="lede"), warnings(run), body(run, place))
    return tag("article", *content, id=name, aria_labelledby=f"{name}-title")
