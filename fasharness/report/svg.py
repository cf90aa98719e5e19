"""The plots as inline SVG for the page: themed by its style sheet, moved by its script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from fasharness.report.curves import (
    AXIS,
    INK,
    TICKS,
    Class,
    Line,
    Styled,
    density,
    density_points,
    deviate,
    histograms,
    nice_ticks,
)
from fasharness.report.html import Html, tag

COLOURS = 7
_WIDE, _LEFT, _RIGHT = 640, 46, 14
_ROW, _GAP, _FOOT = 96, 32, 46
_SIDE, _DET_LEFT, _DET_RIGHT, _DET_TOP, _DET_FOOT = 480, 54, 14, 14, 50
Mark = tuple[float, float]


@dataclass(frozen=True)
class Axes:
    """The axes of a plot of error curves.

    Attributes:
        kind: ``det`` or ``roc``, for the script.
        words: what the plot shows.
        ticks: rates that are marked on both axes.
        place: where a rate lies, from 0 to 1.
        height: what is drawn upwards, of the BPCER.
        upwards: its name.
        diagonal: y of the diagonal's ends, from 0 to 1.
    """

    kind: str
    words: str
    ticks: Sequence[float]
    place: Callable[[float], float]
    height: Callable[[float], float]
    upwards: str
    diagonal: tuple[float, float]


def _itself(rate: float) -> float:
    return rate


DET = Axes("det", "DET curves, BPCER over APCER", TICKS, deviate, _itself, "BPCER", (0, 1))
ROC = Axes(
    "roc", "ROC curves, bona fide accepted over attacks accepted",
    (0, 0.2, 0.4, 0.6, 0.8, 1), _itself, lambda rate: 1 - rate, "1 - BPCER", (0, 1),
)  # fmt: skip


def histogram(found: Sequence[Class], threshold: float | None, simulated: bool) -> Html:
    """Draw a histogram and a density for each class over a common score axis.

    Args:
        found: the classes, at least one.
        threshold: where the threshold line starts, None for no line.
        simulated: whether to stamp the plot.

    Returns:
        An SVG element; the line has the class ``cut`` and the element carries the score range.
    """
    bins = histograms(found)
    low, high = float(bins.edges[0]), float(bins.edges[-1])
    tall = len(found) * (_ROW + _GAP) + _FOOT
    parts = [
        _row(one, counts.tolist(), (low, high), index * (_ROW + _GAP) + _GAP, _curve(one, found))
        for index, (one, counts) in enumerate(zip(found, bins.counts, strict=True))
    ]
    bottom = tall - _FOOT
    parts.append(_score_axis(low, high, bottom))
    if threshold is not None:
        x = _across(threshold, low, high)
        parts.append(f'<line class="cut" x1="{x:.2f}" x2="{x:.2f}" y1="8" y2="{bottom}"/>')
    parts.append(_stamp(_WIDE / 2, tall / 2, simulated))
    words = "Histograms of the test scores by class, with the threshold"
    return Html(
        f'<svg class="histogram" viewBox="0 0 {_WIDE} {tall}" role="img" data-low="{low!r}" '
        f'data-high="{high!r}" data-left="{_LEFT}" data-right="{_WIDE - _RIGHT}" '
        f'data-wide="{_WIDE}" aria-label="{words}">{"".join(parts)}</svg>'
    )


def _across(score: float, low: float, high: float) -> float:
    """Place a score; what lies outside is drawn at the ends."""
    share = min(max((score - low) / (high - low), 0), 1)
    return _LEFT + share * (_WIDE - _LEFT - _RIGHT)


def _score_axis(low: float, high: float, bottom: float) -> str:
    """Write the score axis."""
    parts = []
    for tick in nice_ticks(low, high):
        x = _across(tick, low, high)
        parts.append(
            f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>'
        )
        parts.append(_text(x, bottom + 18, f"{tick:g}", "middle"))
    middle = (_LEFT + _WIDE - _RIGHT) / 2
    parts.append(_text(middle, bottom + 38, "score (higher is more bona fide)", "middle"))
    return "".join(parts)


def _curve(one: Class, found: Sequence[Class]) -> list[tuple[float, float]]:
    """Give the density of a class as (score, expected count in a bin)."""
    points = density_points(found)
    edges = histograms(found).edges
    heights = density(one.values, points) * one.values.size * float(edges[1] - edges[0])
    inside = (points >= edges[0]) & (points <= edges[-1])
    return list(zip(points[inside].tolist(), heights[inside].tolist(), strict=True))


def _row(
    one: Class,
    counts: Sequence[int],
    ends: tuple[float, float],
    top: float,
    curve: Sequence[tuple[float, float]],
) -> str:
    """Draw the bars of one class and its density."""
    step = (_WIDE - _LEFT - _RIGHT) / len(counts)
    scale = _ROW / max(*counts, 1)
    base = top + _ROW
    bars = "".join(
        f'<rect class="bar {_style(one)}" x="{_LEFT + i * step:.2f}" '
        f'y="{base - count * scale:.2f}" width="{step - 0.8:.2f}" height="{count * scale:.2f}"/>'
        for i, count in enumerate(counts)
        if count
    )
    line = _points([(_across(x, *ends), base - min(y * scale, _ROW)) for x, y in curve])
    return (
        f'{bars}<polyline class="density {_style(one)}" points="{line}"/>'
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{base}" y2="{base}"/>'
        + _text(_LEFT, top - 8, f"{one.name} (n = {one.values.size})", "start", "name")
        + _text(_LEFT - 6, top + 10, str(max(counts)), "end")
        + _text(_LEFT - 6, base, "0", "end")
    )


def curves(lines: Sequence[Line], axes: Axes, simulated: bool, marks: Sequence[Mark] = ()) -> Html:
    """Draw error curves, with a place for the mark of the threshold on each.

    Args:
        lines: the curves.
        axes: `DET` or `ROC`.
        simulated: whether to stamp the plot.
        marks: (APCER, BPCER) on each curve; without them the script places the marks.

    Returns:
        An SVG element; curves and marks carry the number of their line.
    """
    parts = [_grid(axes)]
    for number, line in enumerate(lines):
        corners = zip(line.apcer.tolist(), line.bpcer.tolist(), strict=True)
        points = _points([(_x(axes, a), _y(axes, b)) for a, b in corners])
        parts.append(
            f'<polyline class="curve {_style(line)}" data-line="{number}" points="{points}"'
            f"{_dashed(line)}/>"
        )
    parts += [_mark(axes, number, line, marks) for number, line in enumerate(lines)]
    parts.append(_stamp(_SIDE / 2, _SIDE / 2, simulated))
    return Html(
        f'<svg class="rates" viewBox="0 0 {_SIDE} {_SIDE}" role="img" data-kind="{axes.kind}" '
        f'data-left="{_DET_LEFT}" data-right="{_SIDE - _DET_RIGHT}" data-top="{_DET_TOP}" '
        f'data-bottom="{_SIDE - _DET_FOOT}" data-axis-low="{AXIS[0]}" '
        f'data-axis-high="{AXIS[1]}" aria-label="{escape(axes.words)}">{"".join(parts)}</svg>'
    )


def legend(lines: Sequence[Styled], names: Sequence[str]) -> Html:
    """Name the curves below their plots.

    Args:
        lines: the curves.
        names: as many names.

    Returns:
        A list with a sample of each line; the script lets each one be hidden.
    """
    entries = []
    for number, (line, name) in enumerate(zip(lines, names, strict=True)):
        sample = Html(
            '<svg class="sample" viewBox="0 0 34 10" aria-hidden="true"><line class="curve '
            f'{_style(line)}" x1="0" x2="34" y1="5" y2="5"{_dashed(line)}/></svg>'
        )
        entries.append(tag("li", sample, tag("span", name), data_line=str(number)))
    return tag("ul", *entries, class_="legend")


def _mark(axes: Axes, number: int, line: Line, marks: Sequence[Mark]) -> str:
    """Draw the mark of a line's threshold, or a hidden one for the script to place."""
    place = 'hidden="1"'
    if marks:
        place = f'cx="{_x(axes, marks[number][0]):.1f}" cy="{_y(axes, marks[number][1]):.1f}"'
    return f'<circle class="mark {_style(line)}" r="5.5" data-line="{number}" {place}/>'


def _grid(axes: Axes) -> str:
    """Draw the grid, the diagonal and the axes' words."""
    left, right, top, bottom = _DET_LEFT, _SIDE - _DET_RIGHT, _DET_TOP, _SIDE - _DET_FOOT
    parts = []
    for tick in axes.ticks:
        x, y, word = _x(axes, tick), _up(axes.place(tick)), f"{100 * tick:g}"
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>')
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(x, bottom + 17, word, "middle"))
        parts.append(_text(left - 6, y + 4, word, "end"))
    start, end = map(_up, axes.diagonal)
    parts.append(
        f'<line class="grid chance" x1="{left}" x2="{right}" y1="{start:.1f}" y2="{end:.1f}"/>'
    )
    parts.append(_text((left + right) / 2, _SIDE - 8, "APCER (%)", "middle", "name"))
    parts.append(
        f'<text class="name" text-anchor="middle" transform="translate(14 {(top + bottom) / 2}) '
        f'rotate(-90)">{axes.upwards} (%)</text>'
    )
    return "".join(parts)


def _x(axes: Axes, rate: float) -> float:
    """Place an APCER."""
    return _DET_LEFT + axes.place(rate) * (_SIDE - _DET_RIGHT - _DET_LEFT)


def _y(axes: Axes, rate: float) -> float:
    """Place a BPCER."""
    return _up(axes.place(axes.height(rate)))


def _up(share: float) -> float:
    """Place a share of the height."""
    bottom = _SIDE - _DET_FOOT
    return bottom - share * (bottom - _DET_TOP)


def _points(corners: Sequence[tuple[float, float]]) -> str:
    """Write corners to a tenth of a unit; what falls onto the one before is left out."""
    written: list[str] = []
    for x, y in corners:
        word = f"{x:.1f},{y:.1f}"
        if not written or written[-1] != word:
            written.append(word)
    return " ".join(written)


def _style(line: Styled) -> str:
    """Name the class that colours a line."""
    return "ink" if line.style == INK else f"s{line.style % COLOURS}"


def _dashed(line: Styled) -> str:
    """Give the attribute that dashes a line."""
    return f' stroke-dasharray="{line.dash}"' if line.dash else ""


def _text(x: float, y: float, words: str, anchor: str, style: str = "tick") -> str:
    """Write a word into a plot."""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}'
        "</text>"
    )


def _stamp(x: float, y: float, simulated: bool) -> str:
    """Stamp a plot of simulated data."""
    if not simulated:
        return ""
    return (
        f'<text class="stamp" text-anchor="middle" '
        f'transform="translate({x} {y}) rotate(-18)">SIMULATED</text>'
    )
