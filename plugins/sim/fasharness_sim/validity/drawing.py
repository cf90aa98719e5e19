"""What the report draws: excess spectra as a plot, and a rate with its interval on a line."""

from collections.abc import Sequence

import numpy as np

from fasharness.report.drawing import inline
from fasharness.report.drawing.model import GUIDE, Heading, Panel, Plot, Polyline, axis, style
from fasharness.report.html import Html, join, tag
from fasharness.report.numbers import percent
from fasharness.result import Metric
from fasharness_sim.validity.records import SpectrumRow

_STRIP, _MARGIN = 132, 6


def excess(rows: Sequence[SpectrumRow], frequencies: Sequence[float], words: str) -> Html:
    """Draw how much more power each species has than bona fide videos.

    Args:
        rows: of one region; those without excess are left out.
        frequencies: cycles a pixel, rising.
        words: what the plot shows, for readers who do not see it.

    Returns:
        An SVG element, stamped as simulated, and its legend.
    """
    shown, x = [row for row in rows if row.excess], np.array(frequencies)
    values = [0.0, *(value for row in shown for value in row.excess)]
    drawn = [Polyline("", x[[0, -1]], np.zeros(2), GUIDE)]
    for number, row in enumerate(shown):
        drawn.append(Polyline(row.species, x, np.array(row.excess), style(number)))
    across = axis("cycles a pixel", frequencies[0], frequencies[-1], most=7)
    up = axis("dB over bona fide", min(values) - 0.5, max(values) + 0.5, most=7)
    plot = Plot("excess", words, Heading(True), across, [Panel(up, drawn, grid=True)])
    return join([inline.svg(plot), inline.legend(plot)])


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
