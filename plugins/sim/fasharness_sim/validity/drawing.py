"""The report's plots as inline SVG: excess spectra, and ACER of every scorer on a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from fasharness.report.curves import Styled, nice_ticks
from fasharness.report.html import Html, join, tag
from fasharness.report.numbers import percent
from fasharness.report.svg import legend
from fasharness.result import Metric
from fasharness_sim.validity.records import SpectrumRow

_WIDE, _HIGH = 560, 320
_LEFT, _RIGHT, _TOP, _FOOT = 44, 12, 12, 46
_STRIP, _MARGIN = 132, 6


@dataclass(frozen=True)
class _Curve(Styled):
    """One species' excess over frequency."""

    name: str
    values: Sequence[float]
    style: int


def excess(rows: Sequence[SpectrumRow], frequencies: Sequence[float], words: str) -> Html:
    """Draw how much more power each species has than bona fide videos.

    Args:
        rows: of one region; those without excess are left out.
        frequencies: cycles a pixel, rising.
        words: what the plot shows, for readers who do not see it.

    Returns:
        An SVG element, stamped as simulated, and its legend.
    """
    drawn = [r for r in rows if r.excess]
    lines = [_Curve(r.species, r.excess, number) for number, r in enumerate(drawn)]
    values = [0.0, *(value for line in lines for value in line.values)]
    low, high = min(values) - 0.5, max(values) + 0.5
    parts = [_grid(frequencies, low, high)]
    for line in lines:
        points = " ".join(
            f"{_across(f, frequencies):.1f},{_up(v, low, high):.1f}"
            for f, v in zip(frequencies, line.values, strict=True)
        )
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        parts.append(f'<polyline class="curve s{line.style}" points="{points}"{dash}/>')
    parts.append(
        f'<text class="stamp" text-anchor="middle" transform="translate({_WIDE / 2} '
        f'{_HIGH / 2 + 20}) rotate(-18)">SIMULATED</text>'
    )
    svg = Html(
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{escape(words)}">'
        f"{''.join(parts)}</svg>"
    )
    return join([svg, legend(lines, [line.name for line in lines])])


def _across(frequency: float, frequencies: Sequence[float]) -> float:
    share = (frequency - frequencies[0]) / (frequencies[-1] - frequencies[0])
    return _LEFT + share * (_WIDE - _LEFT - _RIGHT)


def _up(value: float, low: float, high: float) -> float:
    return _HIGH - _FOOT - (value - low) / (high - low) * (_HIGH - _FOOT - _TOP)


def _grid(frequencies: Sequence[float], low: float, high: float) -> str:
    """Draw the grid and name the axes."""
    bottom, parts = _HIGH - _FOOT, []
    for tick in nice_ticks(frequencies[0], frequencies[-1]):
        x = _across(tick, frequencies)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 16, f"{tick:g}", "middle"))
    for tick in nice_ticks(low, high):
        y, style = _up(tick, low, high), "axis" if tick == 0 else "grid"
        parts.append(
            f'<line class="{style}" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(_text(_LEFT - 6, y + 4, f"{tick:g}", "end"))
    parts.append(_text((_LEFT + _WIDE) / 2, _HIGH - 8, "cycles a pixel", "middle"))
    parts.append(
        f'<text class="tick" text-anchor="middle" transform="translate(13 {(_TOP + bottom) / 2}) '
        'rotate(-90)">dB over bona fide</text>'
    )
    return "".join(parts)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def rate(metric: Metric, limit: float | None) -> Html:
    """Show a rate with its interval as words and on a line from 0 to 100 %.

    Args:
        metric: the rate.
        limit: where a mark stands that the rate should not be below; None for no mark.

    Returns:
        Text and a small SVG element.
    """
    value = metric.value or 0.0
    low = value if metric.low is None else metric.low
    high = value if metric.high is None else metric.high
    words = f"{percent(low)} to {percent(high)}" if metric.low is not None else "no interval"
    mark = (
        f'<line class="axis" x1="{_on(limit)}" x2="{_on(limit)}" y1="1" y2="13"/>' if limit else ""
    )
    strip = Html(
        f'<svg class="strip" viewBox="0 0 {_STRIP} 14" aria-hidden="true">'
        f'<line class="grid" x1="{_on(0)}" x2="{_on(1)}" y1="7" y2="7"/>'
        f'<line class="ends" x1="{_on(low)}" x2="{_on(high)}" y1="7" y2="7"/>{mark}'
        f'<circle class="point" cx="{_on(value)}" cy="7" r="4"/></svg>'
    )
    below = limit is not None and value < limit
    return join([f"{percent(value)} %{' – below' if below else ''}", tag("small", words), strip])


def _on(share: float) -> str:
    """Place a rate on its line."""
    return f"{_MARGIN + share * (_STRIP - 2 * _MARGIN):.1f}"
