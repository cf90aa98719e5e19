"""A plot as data: all that it shows is decided here, so that both renderers only draw."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

from fasharness.metrics.arrays import Floats, Ints

BLACK, GREY, PALE, BLUE, RED = "#1b2430", "#9aa4b2", "#d9dee5", "#9db8d2", "#b00020"
# Okabe and Ito's colours, distinct for colour-blind readers; dashes and hatches tell them apart
# in grey, where colours fall together.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8a6d00")
DASHES = ("", "7 3", "2 3", "8 3 2 3", "12 4", "4 2", "1 2 6 2")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "++++")
INK = -1
STAMP = "SIMULATED"
Marker = Literal["", "circle", "square"]
_SCALES: Mapping[str, Callable[[float], float]] = {
    "linear": float,
    "log": math.log,
    "deviate": NormalDist().inv_cdf,
}


class Style(NamedTuple):
    """How a line or an area looks.

    ``name`` is its class in the page's style sheet, which has colours for light and dark; in files
    it has the colour and the width in points. ``dash`` is an SVG dash pattern, ``hatch`` one of
    Matplotlib; either may be empty.
    """

    name: str
    colour: str
    dash: str = ""
    hatch: str = ""
    width: float = 1.7


GUIDE = Style("guide", GREY, width=0.8)


def style(number: int) -> Style:
    """Return the style of a series by its number, which wraps around; `INK` is unbroken black."""
    if number == INK:
        return Style("ink", BLACK)
    kept = number % len(COLOURS)
    return Style(f"s{kept}", COLOURS[kept], DASHES[kept], HATCHES[kept])


class Tick(NamedTuple):
    """A value that is marked on an axis, and the word beside it."""

    at: float
    word: str


@dataclass(frozen=True)
class Axis:
    """An axis; one whose high end is below its low end runs backwards.

    Attributes:
        label: what it measures.
        low: its left or lower end.
        high: its right or upper end.
        ticks: the values that are marked.
        scale: ``deviate`` places rates by the normal quantile.
    """

    label: str
    low: float
    high: float
    ticks: Sequence[Tick]
    scale: Literal["linear", "log", "deviate"] = "linear"

    def share(self, value: float) -> float:
        """Place a value.

        Args:
            value: what lies beyond the ends is placed at the ends.

        Returns:
            The position, 0 at the low end and 1 at the high end.
        """
        least, most = sorted((self.low, self.high))
        to = _SCALES[self.scale]
        low, high, at = to(self.low), to(self.high), to(min(max(value, least), most))
        return (at - low) / (high - low)


@dataclass(frozen=True, eq=False)
class Polyline:
    """A line through points.

    Attributes:
        name: of the series; empty for a line that helps to read the plot, such as the diagonal.
        x: float64 (N,), along the axis.
        y: float64 (N,), upwards.
        style: its look.
        marker: what stands at each point, if anything.
    """

    name: str
    x: Floats
    y: Floats
    style: Style
    marker: Marker = ""


@dataclass(frozen=True, eq=False)
class Bars:
    """A histogram.

    Attributes:
        edges: float64 (B + 1,), rising in equal steps.
        counts: int64 (B,).
        style: its look.
    """

    edges: Floats
    counts: Ints
    style: Style


@dataclass(frozen=True, eq=False)
class Intervals:
    """Horizontal bars from 0, the first at height 0, the second at 1, each with an interval.

    Attributes:
        values: float64 (N,), their lengths.
        low: float64 (N,), not above the values.
        high: float64 (N,), not below the values.
        hatches: as many hatches.
    """

    values: Floats
    low: Floats
    high: Floats
    hatches: Sequence[str]


@dataclass(frozen=True)
class Mark:
    """Where a threshold is on a polyline.

    Attributes:
        line: number of the polyline, see `Panel.series`.
        style: its look.
        place: x and y; None where the page's script chooses it.
        name: for the legend, empty for no entry.
    """

    line: int
    style: Style
    place: tuple[float, float] | None
    name: str = ""


@dataclass(frozen=True)
class Panel:
    """A part of a plot with an upward axis of its own.

    Attributes:
        up: the upward axis.
        drawn: what it shows, the lowest first.
        title: text above it.
        grid: whether lines run through the ticks.
        height: its share of the plot's height, beside the other panels'.
    """

    up: Axis
    drawn: Sequence[Polyline | Bars | Intervals | Mark]
    title: str = ""
    grid: bool = False
    height: float = 1

    @property
    def series(self) -> Sequence[Polyline]:
        """Its polylines that have a name, in the order that numbers them."""
        return [one for one in self.drawn if isinstance(one, Polyline) and one.name]


class Heading(NamedTuple):
    """Whether plot and numbers are stamped, and text above a file; a page has its own headings."""

    simulated: bool
    title: str = ""


class Legend(NamedTuple):
    """The legend in a file: text above it, and where it stands."""

    title: str = ""
    place: Literal["best", "lower right", "above"] = "best"


@dataclass(frozen=True)
class Plot:
    """A plot.

    Attributes:
        name: of its files; the page's script knows it by this too.
        words: what it shows, for readers who do not see it.
        heading: its stamp and title.
        across: the axis of all panels.
        panels: from top to bottom.
        cut: the threshold, a line through all panels; None for no line.
        legend: None for none.
        square: whether both axes are equally long in a file.
        inches: width and height of a file.
        header: names of the columns of the numbers that it shows.
        rows: these numbers.
    """

    name: str
    words: str
    heading: Heading
    across: Axis
    panels: Sequence[Panel]
    cut: float | None = None
    legend: Legend | None = None
    square: bool = False
    inches: tuple[float, float] = (6.0, 5.0)
    header: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


def axis(label: str, low: float, high: float, most: int = 9) -> Axis:
    """Make a linear axis with round ticks.

    Args:
        label: what it measures.
        low: lower end.
        high: upper end, above it.
        most: how many ticks at most, at least 2.

    Returns:
        The axis; all ticks have as many decimals, where these are few.
    """
    values = nice_ticks(low, high, most)
    digits = next(d for d in range(400) if all(round(v, d) == v for v in values))
    # Scores may be of any size: very long words would leave no room for the plot.
    form = f".{digits}f" if digits <= 9 and max(map(abs, values)) < 1e9 else ".9g"
    words = (f"{value:{form}}".replace("-", "\N{MINUS SIGN}") for value in values)
    return Axis(label, low, high, tuple(map(Tick, values, words)))


def nice_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Choose round numbers on an axis.

    Args:
        low: lower end.
        high: upper end, above it.
        most: how many at most, at least 2.

    Returns:
        Multiples of 1, 2 or 5 times a power of ten inside the axis, rising.

    >>> nice_ticks(0.0, 1.0, 7)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    steps = (power * factor for factor in (1, 2, 5, 10, 20))
    step = next(s for s in steps if math.floor(high / s) - math.ceil(low / s) < most)
    # number * step is not exact (3 * 0.1); rounding gives the tick that is meant.
    digits = max(0, 1 - math.floor(math.log10(step)))
    numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
    return tuple(round(number * step, digits) for number in numbers)
