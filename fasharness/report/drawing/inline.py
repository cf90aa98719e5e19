"""Plots as inline SVG for a page: themed by its style sheet, moved by its script."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from fasharness.report.drawing.model import (
    STAMP,
    Axis,
    Bars,
    Intervals,
    Mark,
    Panel,
    Plot,
    Polyline,
)
from fasharness.report.html import Html, join, tag


class Frame(NamedTuple):
    """The room that a plot takes, in units of its view box.

    ``name`` is its class in the style sheet, ``wide`` its width, ``high`` the height of a panel;
    the margins are at both sides, above each panel and below the last.
    """

    name: str
    wide: int
    high: int
    left: int
    right: int
    top: int
    foot: int


PLAIN = Frame("plot", 560, 262, 44, 12, 12, 46)
HISTOGRAM = Frame("histogram", 640, 96, 46, 14, 32, 46)
RATES = Frame("rates", 480, 416, 54, 14, 14, 50)


@dataclass(frozen=True)
class _Area:
    """Where a panel is in the view box."""

    across: Axis
    up: Axis
    left: int
    right: int
    top: int
    bottom: int

    def x(self, value: float) -> float:
        """Place a value along the axis."""
        return self.left + self.across.share(value) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Place a value upwards."""
        return self.bottom - self.up.share(value) * (self.bottom - self.top)

    def points(self, x: Sequence[float], y: Sequence[float]) -> str:
        """Write points to a tenth of a unit; what falls onto the one before is left out."""
        places = zip(map(self.x, x), map(self.y, y), strict=True)
        written = [f"{across:.1f},{up:.1f}" for across, up in places]
        return " ".join(w for i, w in enumerate(written) if not i or w != written[i - 1])


def svg(plot: Plot, frame: Frame = PLAIN) -> Html:
    """Draw a plot.

    Args:
        plot: what to draw.
        frame: the room it takes.

    Returns:
        An SVG element. Its data attributes hold the place of its lowest panel and its axis, for
        the script; polylines and marks carry the number of their line, the threshold has the
        class ``cut``.
    """
    step, right = frame.top + frame.high, frame.wide - frame.right
    bottoms = [step * number for number in range(1, len(plot.panels) + 1)]
    tall = bottoms[-1] + frame.foot
    parts = []
    for panel, bottom in zip(plot.panels, bottoms, strict=True):
        area = _Area(plot.across, panel.up, frame.left, right, bottom - frame.high, bottom)
        parts.append(_panel(panel, area))
    parts.append(_foot(area, panel.grid, tall))
    if plot.cut is not None:
        x = f"{area.x(plot.cut):.2f}"
        parts.append(f'<line class="cut" x1="{x}" x2="{x}" y1="8" y2="{area.bottom}"/>')
    if plot.heading.simulated:
        parts.append(_turned(STAMP, "stamp", (frame.wide / 2, tall / 2), -18))
    return Html(
        f'<svg class="{frame.name}" viewBox="0 0 {frame.wide} {tall}" role="img" '
        f'data-kind="{plot.name}" data-low="{plot.across.low!r}" data-high="{plot.across.high!r}" '
        f'data-left="{area.left}" data-right="{area.right}" data-top="{area.top}" '
        f'data-bottom="{area.bottom}" data-wide="{frame.wide}" '
        f'aria-label="{escape(plot.words)}">{"".join(parts)}</svg>'
    )


def legend(plot: Plot) -> Html:
    """Name the polylines of a plot below it.

    Args:
        plot: their plot; those of its first panel are named.

    Returns:
        A list with a sample of each line; the script lets each one be hidden.
    """
    entries = []
    for number, line in enumerate(plot.panels[0].series):
        sample = Html(
            '<svg class="sample" viewBox="0 0 34 10" aria-hidden="true"><line class="curve '
            f'{line.style.name}" x1="0" x2="34" y1="5" y2="5"{_dash(line.style.dash)}/></svg>'
        )
        entries.append(tag("li", sample, tag("span", line.name), data_line=str(number)))
    return tag("ul", *entries, class_="legend")


def pair(first: Plot, second: Plot) -> Html:
    """Draw two plots of the same error curves beside each other, with one legend."""
    return join([tag("div", svg(first, RATES), svg(second, RATES), class_="pair"), legend(first)])


def _panel(panel: Panel, area: _Area) -> str:
    """Draw a panel with its upward axis."""
    parts = [_upwards(panel, area)]
    for one in panel.drawn:
        match one:
            case Bars():
                parts += _bars(one, area)
            case Intervals():
                parts += _intervals(one, area)
            case Polyline():
                parts += _polyline(one, panel, area)
            case Mark():
                parts.append(_mark(one, area))
    return "".join(parts)


def _upwards(panel: Panel, area: _Area) -> str:
    """Draw the upward axis and the panel's title."""
    parts = []
    for tick in panel.up.ticks:
        y = area.y(tick.at)
        if panel.grid:
            parts.append(_line("grid", (area.left, area.right), (y, y)))
        parts.append(_text(area.left - 6, y + 4, tick.word, "end"))
    if panel.title:
        parts.append(_text(area.left, area.top - 8, panel.title, "start", "name"))
    if panel.up.label:
        middle = (area.top + area.bottom) / 2
        parts.append(_turned(panel.up.label, "label", (14, middle), -90))
    if not panel.grid:
        parts.append(_line("axis", (area.left, area.right), (area.bottom, area.bottom)))
    return "".join(parts)


def _foot(area: _Area, grid: bool, tall: int) -> str:
    """Draw the axis that all panels share."""
    ends = (area.top, area.bottom) if grid else (area.bottom, area.bottom + 4)
    parts = []
    for tick in area.across.ticks:
        x = area.x(tick.at)
        parts.append(_line("grid" if grid else "axis", (x, x), ends))
        parts.append(_text(x, area.bottom + 17, tick.word, "middle"))
    middle = (area.left + area.right) / 2
    parts.append(_text(middle, tall - 8, area.across.label, "middle", "label"))
    return "".join(parts)


def _bars(one: Bars, area: _Area) -> list[str]:
    """Draw the bars of a histogram, a little narrower than their bins."""
    parts = []
    for low, high, count in zip(one.edges, one.edges[1:], one.counts, strict=False):
        if count:
            across = (area.x(float(low)), area.x(float(high)) - 0.8)
            up = (area.y(float(count)), area.y(0))
            parts.append(_rectangle(f"bar {one.style.name}", across, up))
    return parts


def _intervals(one: Intervals, area: _Area) -> list[str]:
    """Draw horizontal bars with their intervals."""
    parts = []
    columns = (a.tolist() for a in (one.values, one.low, one.high))
    for height, (value, low, high) in enumerate(zip(*columns, strict=True)):
        if math.isnan(value):
            continue
        edges = sorted(map(area.y, (height - 0.4, height + 0.4)))
        parts.append(_rectangle("bar", (area.x(0), area.x(value)), edges))
        parts.append(_line("axis", (area.x(low), area.x(high)), [area.y(height)] * 2))
    return parts


def _polyline(one: Polyline, panel: Panel, area: _Area) -> list[str]:
    """Draw a line through points."""
    x, y = one.x.tolist(), one.y.tolist()
    # The script finds the curve of a mark and of a legend's entry by this number.
    number = f'data-line="{panel.series.index(one)}" ' if one.name else ""
    parts = [
        f'<polyline class="curve {one.style.name}" {number}points="{area.points(x, y)}"'
        f"{_dash(one.style.dash)}/>"
    ]
    if one.marker:
        shape = f'width="6" height="6" rx="{3 if one.marker == "circle" else 0}"'
        parts += [
            f'<rect class="mark {one.style.name}" x="{area.x(a) - 3:.1f}" y="{area.y(b) - 3:.1f}" '
            f"{shape}/>"
            for a, b in zip(x, y, strict=True)
        ]
    return parts


def _mark(one: Mark, area: _Area) -> str:
    """Draw where a threshold is, or a hidden mark for the script to place."""
    place = 'hidden="1"'
    if one.place is not None:
        place = f'cx="{area.x(one.place[0]):.1f}" cy="{area.y(one.place[1]):.1f}"'
    return f'<circle class="mark {one.style.name}" r="5.5" data-line="{one.line}" {place}/>'


def _dash(pattern: str) -> str:
    """Return the attribute that dashes a line."""
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def _line(name: str, x: Sequence[float], y: Sequence[float]) -> str:
    """Draw a straight line from its ends along each axis."""
    return f'<line class="{name}" x1="{x[0]:.1f}" x2="{x[1]:.1f}" y1="{y[0]:.1f}" y2="{y[1]:.1f}"/>'


def _rectangle(name: str, x: Sequence[float], y: Sequence[float]) -> str:
    """Draw a rectangle from its ends along each axis, the lower first."""
    size = f'width="{x[1] - x[0]:.2f}" height="{y[1] - y[0]:.2f}"'
    return f'<rect class="{name}" x="{x[0]:.2f}" y="{y[0]:.2f}" {size}/>'


def _text(x: float, y: float, words: str, anchor: str, name: str = "tick") -> str:
    """Write words."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{name}" {place}>{escape(words)}</text>'


def _turned(words: str, name: str, at: tuple[float, float], degrees: int) -> str:
    """Write words around a point, turned."""
    turn = f'text-anchor="middle" transform="translate({at[0]} {at[1]}) rotate({degrees})"'
    return f'<text class="{name}" {turn}>{escape(words)}</text>'
