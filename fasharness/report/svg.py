"""The same two plots as inline SVG for the page: themed by its style sheet, moved by its script."""

from collections.abc import Sequence
from html import escape

from fasharness.report.curves import AXIS, TICKS, Class, Line, deviate, histograms

WIDTH = 640
LEFT, RIGHT = 46, 14
ROW, GAP, FOOT = 118, 34, 44
DET_SIZE = 520
_DET_LEFT, _DET_TOP, _DET_FOOT = 54, 12, 48


def histogram(found: Sequence[Class], threshold: float | None, simulated: bool) -> str:
    """Draw one histogram per class over a common score axis.

    Args:
        found: the classes, at least one.
        threshold: where the threshold line starts, None for no line.
        simulated: whether to stamp the plot.

    Returns:
        An SVG element; the line has the class ``cut`` and the element carries the score range.
    """
    bins = histograms(found)
    low, high = float(bins.edges[0]), float(bins.edges[-1])
    height = len(found) * (ROW + GAP) + FOOT
    parts = [
        _row(one, counts.tolist(), index * (ROW + GAP) + GAP)
        for index, (one, counts) in enumerate(zip(found, bins.counts, strict=True))
    ]
    bottom = height - FOOT
    parts.append(_axis(low, high, bottom))
    if threshold is not None:
        share = (threshold - low) / (high - low) if high > low else 0.5
        x = LEFT + min(max(share, 0), 1) * (WIDTH - LEFT - RIGHT)
        parts.append(f'<line class="cut" x1="{x:.2f}" x2="{x:.2f}" y1="8" y2="{bottom}"/>')
    parts.append(_stamp(WIDTH / 2, height / 2, simulated))
    return (
        f'<svg id="histogram" viewBox="0 0 {WIDTH} {height}" role="img" data-low="{low!r}" '
        f'data-high="{high!r}" data-left="{LEFT}" data-right="{WIDTH - RIGHT}" '
        f'aria-label="Histograms of the test scores by class">{"".join(parts)}</svg>'
    )


def _axis(low: float, high: float, bottom: float) -> str:
    """Write the score axis."""
    parts = []
    for tick in range(6):
        x = LEFT + tick / 5 * (WIDTH - LEFT - RIGHT)
        anchor = "end" if tick == 5 else "middle"
        parts.append(_text(x, bottom + 18, f"{low + tick / 5 * (high - low):.3g}", anchor))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, bottom + 38, "score (higher is more bona fide)", "middle"))
    return "".join(parts)


def _row(one: Class, counts: Sequence[int], top: float) -> str:
    """Draw the bars of one class."""
    step = (WIDTH - LEFT - RIGHT) / len(counts)
    scale = ROW / max(*counts, 1)
    base = top + ROW
    bars = "".join(
        f'<rect x="{LEFT + i * step:.2f}" y="{base - count * scale:.2f}" width="{step - 0.8:.2f}" '
        f'height="{count * scale:.2f}" fill="{one.colour}"/>'
        for i, count in enumerate(counts)
        if count
    )
    name = f"{one.name} (n = {one.values.size})"
    return (
        f'{bars}<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>'
        + _text(LEFT, top - 8, name, "start", "name")
        + _text(LEFT - 6, top + 10, str(max(counts)), "end")
        + _text(LEFT - 6, base, "0", "end")
    )


def det(lines: Sequence[Line], simulated: bool) -> str:
    """Draw DET curves on normal-deviate axes, with a place for the marks of the threshold.

    Args:
        lines: the curves.
        simulated: whether to stamp the plot.

    Returns:
        An SVG element; marks have the class ``mark`` and name their curve.
    """
    parts = [_grid()]
    for line in lines:
        points = " ".join(
            f"{_x(a):.1f},{_y(b):.1f}" for a, b in zip(line.apcer, line.bpcer, strict=True)
        )
        colour, dash = escape(line.colour), escape(line.dash)
        parts.append(
            f'<polyline class="curve" points="{points}" stroke="{colour}" '
            f'stroke-dasharray="{dash or "none"}"/>'
        )
    parts += [_legend(index, line) for index, line in enumerate(lines)]
    parts.append(_stamp(DET_SIZE / 2, DET_SIZE / 2, simulated))
    return (
        f'<svg id="det" viewBox="0 0 {DET_SIZE} {DET_SIZE}" role="img" '
        f'data-left="{_DET_LEFT}" data-right="{DET_SIZE - 12}" data-top="{_DET_TOP}" '
        f'data-bottom="{DET_SIZE - _DET_FOOT}" data-axis-low="{AXIS[0]}" '
        f'data-axis-high="{AXIS[1]}" '
        f'aria-label="DET curves: BPCER against APCER">{"".join(parts)}</svg>'
    )


def _legend(index: int, line: Line) -> str:
    """Name a curve, and leave a place for its mark."""
    x, y = DET_SIZE - 190, _DET_TOP + 22 + 22 * index
    return (
        f'<line class="curve" x1="{x}" x2="{x + 34}" y1="{y - 4}" y2="{y - 4}" '
        f'stroke="{escape(line.colour)}" stroke-dasharray="{escape(line.dash) or "none"}"/>'
        + _text(x + 42, y, line.name, "start", "name")
        + f'<circle class="mark" r="5.5" data-name="{escape(line.name)}" hidden="1"/>'
    )


def _grid() -> str:
    """Draw the grid, the diagonal and the axes' words."""
    left, right, top, bottom = _DET_LEFT, DET_SIZE - 12, _DET_TOP, DET_SIZE - _DET_FOOT
    parts = []
    for tick in TICKS:
        x, y, word = _x(tick), _y(tick), f"{100 * tick:g}"
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>')
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(x, bottom + 16, word, "middle"))
        parts.append(_text(left - 6, y + 4, word, "end"))
    parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{bottom}" y2="{top}"/>')
    parts.append(_text((left + right) / 2, DET_SIZE - 8, "APCER (%)", "middle", "name"))
    middle = (top + bottom) / 2
    parts.append(
        f'<text class="name" text-anchor="middle" transform="translate(14 {middle}) '
        f'rotate(-90)">BPCER (%)</text>'
    )
    return "".join(parts)


def _x(rate: float) -> float:
    """Place an APCER."""
    return _DET_LEFT + deviate(float(rate)) * (DET_SIZE - 12 - _DET_LEFT)


def _y(rate: float) -> float:
    """Place a BPCER."""
    bottom = DET_SIZE - _DET_FOOT
    return bottom - deviate(float(rate)) * (bottom - _DET_TOP)


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
