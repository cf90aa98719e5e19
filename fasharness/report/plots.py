"""Histograms and error curves as PNG and SVG files that are readable when printed in grey."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fasharness.report.curves import (
    AXIS,
    BONA_FIDE,
    TICKS,
    Class,
    Line,
    Styled,
    deviate,
    histograms,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b2430"
GRID = "#d9dee5"
# A wide dash pattern and a hatch for each colour, since colours fall together in grey.
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "++++")
_DPI = 150


def histogram_png(
    found: Sequence[Class], threshold: float | None, title: str, simulated: bool
) -> bytes:
    """Draw one histogram per class over a common score axis.

    Args:
        found: the classes, at least one.
        threshold: where to draw the threshold, None for none.
        title: text above the plot.
        simulated: whether to stamp the plot.

    Returns:
        A PNG file; the same input gives the same bytes.
    """
    figure = tall_figure(len(found))
    draw_histograms(figure, found, threshold)
    return encode(figure, title, simulated)


def tall_figure(rows: int) -> "Figure":
    """Make an empty figure for so many histograms below each other."""
    from matplotlib.figure import Figure

    return Figure(figsize=(7.2, 1.3 + 1.15 * rows), layout="constrained")


def draw_histograms(figure: "Figure", found: Sequence[Class], threshold: float | None) -> None:
    """Draw one histogram per class over a common score axis.

    Args:
        figure: an empty figure.
        found: the classes, at least one.
        threshold: where to draw the threshold, None for none.
    """
    from matplotlib.ticker import MaxNLocator

    panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
    bins = histograms(found)
    for panel, one, counts in zip(panels, found, bins.counts, strict=True):
        hatch = HATCHES[one.style % len(HATCHES)]
        panel.stairs(counts, bins.edges, fill=True, color=one.colour, alpha=0.5)
        panel.stairs(counts, bins.edges, fill=True, fc="none", ec=INK, lw=0.7, hatch=hatch)
        panel.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        panel.set_ylabel("count", fontsize=8)
        panel.set_title(f"{one.name}  (n = {one.values.size})", fontsize=9, loc="left", pad=3)
        if threshold is not None:
            panel.axvline(threshold, color=INK, linewidth=1.4, linestyle="--")
        plain(panel)
    words = f"score, higher is more bona fide{threshold_words(threshold)}"
    panels[-1].set_xlabel(words, fontsize=9)


def threshold_words(threshold: float | None) -> str:
    """Say what the dashed line is; empty without one."""
    return "" if threshold is None else f"   (dashed: threshold {threshold:.4g}, >= is accepted)"


def det_png(
    lines: Sequence[Line], marks: Sequence[tuple[float, float]], title: str, simulated: bool
) -> bytes:
    """Draw DET curves on normal-deviate axes.

    Args:
        lines: the curves.
        marks: (APCER, BPCER) at the threshold, one for each curve that has one.
        title: text above the plot.
        simulated: whether to stamp the plot.

    Returns:
        A PNG file; the same input gives the same bytes.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 5.6), layout="constrained")
    panel = figure.subplots()
    draw_det(panel, lines)
    for number, (apcer, bpcer) in enumerate(marks):
        label = "at the threshold" if number == 0 else None
        panel.plot(deviate(apcer), deviate(bpcer), "o", color=INK, ms=5, mfc="white", label=label)
    panel.legend(fontsize=8, frameon=False, title=f"against {BONA_FIDE}", title_fontsize=8)
    plain(panel)
    return encode(figure, title, simulated)


def draw_det(panel: "Axes", lines: Sequence[Line]) -> None:
    """Draw DET curves with their axes.

    Args:
        panel: the axes to draw on.
        lines: the curves.
    """
    for line in lines:
        x, y = map(deviate, line.apcer), map(deviate, line.bpcer)
        draw_line(panel, line, line.name, list(x), list(y))
    ticks = [tick for tick in TICKS if AXIS[0] <= tick <= AXIS[1]]
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_ticks([deviate(t) for t in ticks], [f"{100 * t:g}" for t in ticks], fontsize=8)
    panel.plot([0, 1], [0, 1], color="#9aa4b2", lw=0.8, ls=":")
    panel.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    panel.set_xlabel("APCER (%)", fontsize=9)
    panel.set_ylabel("BPCER (%)", fontsize=9)
    panel.grid(color=GRID, linewidth=0.6)


def draw_line(
    panel: "Axes", line: Styled, name: str, x: Sequence[float], y: Sequence[float]
) -> None:
    """Draw a line in the colour and dashes of its class.

    Args:
        panel: the axes to draw on.
        line: gives colour and dashes.
        name: of the line, for the legend.
        x: positions along the axis.
        y: as many heights.
    """
    style = (0, tuple(float(d) / 2 for d in line.dash.split())) if line.dash else "-"
    panel.plot(x, y, color=line.colour, linestyle=style, lw=1.7, label=name)


def plain(panel: "Axes") -> None:
    """Take away the frame's upper and right sides.

    Args:
        panel: the axes to change.
    """
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8)


def finish(figure: "Figure", title: str, simulated: bool) -> None:
    """Add title and stamp to a figure.

    Args:
        figure: the figure.
        title: text above it.
        simulated: whether to stamp it.
    """
    figure.suptitle(title, fontsize=11, x=0.02, ha="left")
    if simulated:
        figure.text(
            0.5, 0.5, "SIMULATED", fontsize=46, color="#b00020", alpha=0.16, rotation=24,
            ha="center", va="center", weight="bold", zorder=10,
        )  # fmt: skip
        figure.text(
            0.98, 0.985, "SIMULATED DATA", fontsize=8, color="#b00020", ha="right", va="top"
        )


def encode(figure: "Figure", title: str, simulated: bool, form: str = "png") -> bytes:
    """Add title and stamp to a figure, and encode it once; see `finish` and `encoded`."""
    finish(figure, title, simulated)
    return encoded(figure, form)


def encoded(figure: "Figure", form: str = "png") -> bytes:
    """Encode a figure without a date.

    Args:
        figure: the figure, finished; it may be encoded again in another form.
        form: ``png`` or ``svg``.

    Returns:
        The file; the same input gives the same bytes.
    """
    from matplotlib import rc_context

    buffer = io.BytesIO()
    metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
    with rc_context({"svg.hashsalt": "fasharness", "hatch.linewidth": 0.6}):
        figure.savefig(buffer, format=form, dpi=_DPI, metadata=metadata)
    # Laid out once, it stays so: the layout takes half of the time.
    figure.set_layout_engine("none")
    return buffer.getvalue()
