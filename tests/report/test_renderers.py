"""One model, two renderers: files and page show the same series, ticks, words and stamp."""

import dataclasses
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle, StepPatch

from fasharness.evaluation.calibrate import calibrate, diagrams
from fasharness.report import curves, expected
from fasharness.report.drawing import inline, plots
from fasharness.report.drawing.figures import figure
from fasharness.report.drawing.files import evaluation_plots
from fasharness.report.drawing.model import (
    INK,
    Axis,
    Bars,
    Heading,
    Intervals,
    Mark,
    Plot,
    Polyline,
    axis,
    style,
)
from fasharness.result import Result
from fasharness.scores import Score

HEADING = Heading(simulated=True, title="<title> & more")
NAMES = (
    "det", "roc", "roc_log", "histogram", "density", "errors", "apcer", "epc", "epsc",
    "reliability", "det at threshold", "page det", "page roc", "placed det", "placed roc",
    "page histogram",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(result: Result, scores: tuple[Score, ...]) -> dict[str, Plot]:
    """A plot of every builder."""
    cut = result.evaluation.threshold.value
    found = curves.classes(scores)
    lines, places = curves.det(found), curves.marks(found, cut)
    generator = np.random.default_rng(0)
    trials = expected.Trials(*(generator.normal(c, 1, 30) for c in (2, 0, 1)))
    page, placed = plots.det_and_roc(lines, HEADING), plots.det_and_roc(lines, HEADING, places)
    return {
        **evaluation_plots(result.evaluation, scores, HEADING),
        "epsc": plots.epsc(expected.epsc(trials, trials), 0.5, HEADING),
        "reliability": plots.reliability(diagrams(calibrate(scores).scores), HEADING),
        "det at threshold": plots.det_at_threshold(lines, places, HEADING),
        "page det": page[0], "page roc": page[1], "placed det": placed[0], "placed roc": placed[1],
        "page histogram": plots.histogram_with_densities(found, cut, HEADING),
    }  # fmt: skip


@pytest.fixture(params=NAMES)
def plot(request: pytest.FixtureRequest, made: dict[str, Plot]) -> Plot:
    return made[request.param]


def drawn(plot: Plot) -> ElementTree.Element:
    return ElementTree.fromstring(inline.svg(plot))


def of_class(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in svg if name in one.get("class", "").split()]


def in_order(plot: Plot, kind: type) -> list[tuple[int, object]]:
    """All marks of a kind, with the number of their panel."""
    return [(n, one) for n, p in enumerate(plot.panels) for one in p.drawn if isinstance(one, kind)]


def axes_of(plot: Plot) -> list[Axes]:
    return figure(plot).axes


def inside(shares: np.ndarray) -> np.ndarray:
    """Both renderers show no more than the room between the axes."""
    return np.clip(shares, 0, 1)


def on_page(element: ElementTree.Element, number: int) -> np.ndarray:
    """Where the points of an SVG polyline lie between the axes, (N, 2)."""
    points = np.array([p.split(",") for p in element.get("points", "").split()], dtype=float)
    left, right = inline.PLAIN.left, inline.PLAIN.wide - inline.PLAIN.right
    bottom = (number + 1) * (inline.PLAIN.top + inline.PLAIN.high)
    return (points - (left, bottom)) / (right - left, -inline.PLAIN.high)


def in_file(axes: Axes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where points of Matplotlib lie between the axes, (N, 2)."""
    places = axes.transData.transform(np.column_stack([x, y]))
    return inside(axes.transAxes.inverted().transform(places))


def test_every_builder_is_here(made: dict[str, Plot]) -> None:
    assert set(made) == set(NAMES)


def test_lines_are_the_same(plot: Plot) -> None:
    lines, panels = in_order(plot, Polyline), axes_of(plot)
    found = of_class(drawn(plot), "curve")
    assert len(found) == len(lines)
    for (number, line), element in zip(lines, found, strict=True):
        assert isinstance(line, Polyline)
        (artist,) = (
            a for a in panels[number].lines
            if (a.get_label() == line.name or not line.name) and a.get_color() == line.style.colour
        )  # fmt: skip
        assert line.style.name in element.get("class", "").split()
        assert (artist.get_linestyle() == "-") == (element.get("stroke-dasharray") is None)
        wanted = in_file(panels[number], *map(np.asarray, artist.get_data()))
        shown = on_page(element, number)
        for end in (0, -1):
            assert shown[end] == pytest.approx(wanted[end], abs=2e-3)
        # The page leaves out points that fall together.
        apart = np.abs(shown[:, None] - wanted).max(axis=2)
        assert apart.min(axis=0).max() < 2e-3
        assert apart.min(axis=1).max() < 2e-3


def test_lines_are_numbered_for_the_legend(plot: Plot) -> None:
    svg = drawn(plot)
    numbers = [int(e.get("data-line", "")) for e in of_class(svg, "curve") if e.get("data-line")]
    assert numbers == [n for panel in plot.panels for n in range(len(panel.series))]
    entries = ElementTree.fromstring(inline.legend(plot)).findall("li")
    assert [e.findtext("span") for e in entries] == [line.name for line in plot.panels[0].series]
    legend = axes_of(plot)[0].get_legend()
    assert (legend is None) == (plot.legend is None)
    if legend is not None:
        words = {text.get_text() for text in legend.get_texts()}
        assert words >= {line.name for line in plot.panels[0].series}


def test_bars_and_intervals_are_the_same(plot: Plot) -> None:
    panels, bars = axes_of(plot), [one for _, one in in_order(plot, Bars)]
    counts = [one.counts for one in bars if isinstance(one, Bars)]
    filled = [p for a in panels for p in a.patches if isinstance(p, StepPatch) and p.get_alpha()]
    assert [p.get_data().values.tolist() for p in filled] == [c.tolist() for c in counts]
    lengths = [
        v for _, one in in_order(plot, Intervals) if isinstance(one, Intervals) for v in one.values
    ]
    rectangles = [p for a in panels for p in a.patches if isinstance(p, Rectangle)]
    assert [p.get_width() for p in rectangles] == lengths
    rows = sum(np.count_nonzero(c) for c in counts)
    assert len(of_class(drawn(plot), "bar")) == rows + len(lengths)


def test_marks_and_threshold_are_the_same(plot: Plot) -> None:
    svg, panels = drawn(plot), axes_of(plot)
    marks = [one for _, one in in_order(plot, Mark) if isinstance(one, Mark)]
    circles = svg.findall("circle")
    assert [int(c.get("data-line", "")) for c in circles] == [mark.line for mark in marks]
    shown = [c for c in circles if c.get("hidden") is None]
    artists = [(artist, np.asarray(artist.get_xdata())) for p in panels for artist in p.lines]
    alone = [x for artist, x in artists if artist.get_marker() == "o" and x.size == 1]
    assert len(shown) == len(alone) == sum(mark.place is not None for mark in marks)
    cuts = [x[0] for artist, x in artists if artist.get_linestyle() == "--" and not np.ptp(x)]
    assert len(of_class(svg, "cut")) == (plot.cut is not None)
    assert cuts == [plot.cut] * (len(panels) if plot.cut else 0)


def test_ticks_and_words_are_the_same(plot: Plot) -> None:
    svg, panels = drawn(plot), axes_of(plot)
    ticks = [t.get_text() for p in panels for t in p.get_yticklabels()]
    ticks += [t.get_text() for t in panels[-1].get_xticklabels()]
    assert sorted(e.text or "" for e in of_class(svg, "tick")) == sorted(ticks)
    labels = {p.get_ylabel() for p in panels} | {panels[-1].get_xlabel()}
    assert {e.text for e in of_class(svg, "label")} == labels - {""}
    assert [e.text for e in of_class(svg, "name")] == [
        t for p in panels if (t := p.get_title(loc="left"))
    ]


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_plots_are_stamped_in_both(made: dict[str, Plot], simulated: bool) -> None:
    for plot in made.values():
        said = dataclasses.replace(plot, heading=Heading(simulated, "title"))
        stamps = ["SIMULATED", "SIMULATED DATA"] if simulated else []
        assert [text.get_text() for text in figure(said).texts] == ["title", *stamps]
        assert [e.text for e in of_class(drawn(said), "stamp")] == ["SIMULATED"] * simulated


def test_points_of_a_line_are_marked_in_both(made: dict[str, Plot]) -> None:
    plot = made["reliability"]
    svg, (upper, _) = drawn(plot), axes_of(plot)
    by_shape = {"o": "3", "s": "0"}
    for line in upper.lines[1:]:
        radius = by_shape[str(line.get_marker())]
        found = [e for e in of_class(svg, "mark") if e.get("rx") == radius]
        assert len(found) == len(line.get_xdata())


@pytest.mark.parametrize(
    ("scale", "low", "high", "middle"),
    [
        ("linear", -1, 3, 1),
        ("linear", 3, -1, 1),
        ("log", 1e-4, 1, 1e-2),
        ("deviate", 0.01, 0.99, 0.5),
    ],
)
def test_a_scale_places_its_ends_its_middle_and_what_lies_beyond(
    scale: str, low: float, high: float, middle: float
) -> None:
    one = Axis("", low, high, (), scale)  # type: ignore[arg-type]
    assert [one.share(v) for v in (low, middle, high)] == pytest.approx([0, 0.5, 1])
    assert one.share(min(low, high) - 9) == (0 if low < high else 1)
    assert one.share(max(low, high) + 9) == (1 if low < high else 0)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-2, 2, ["−2.0", "−1.5", "−1.0", "−0.5", "0.0", "0.5", "1.0", "1.5", "2.0"]),
        (0, 52, ["0", "10", "20", "30", "40", "50"]),
        (0.9999991, 0.9999995, ["0.99999910", "0.99999915"]),
        (-1e300, 1e300, ["−1e+300", "−5e+299", "0", "5e+299", "1e+300"]),
    ],
)
def test_ticks_have_as_many_decimals_as_they_need(
    low: float, high: float, words: list[str]
) -> None:
    assert [tick.word for tick in axis("", low, high).ticks][: len(words)] == words


def test_styles() -> None:
    assert style(INK).name == "ink"
    assert style(9) == style(2)
    assert style(0).dash == ""
