"""The two plots as PNG files: score histograms and the DET curve, readable when printed in grey."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fasharness.report.curves import (
    AXIS,
    BONA_FIDE,
    TICKS,
    Class,
    Line,
    deviate,
    histograms,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b2430"
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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 1.3 + 1.15 * len(found)), layout="constrained")
    panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
    bins = histograms(found)
    for panel, one, counts in zip(panels, found, bins.counts, strict=True):
        panel.stairs(counts, bins.edges, fill=True, color=one.colour, alpha=0.85)
        panel.stairs(counts, bins.edges, color=INK, linewidth=0.7)
        panel.set_ylabel("count", fontsize=8)
        panel.set_title(f"{one.name}  (n = {one.values.size})", fontsize=9, loc="left", pad=3)
        if threshold is not None:
            panel.axvline(threshold, color=INK, linewidth=1.4, linestyle="--")
        plain(panel)
    label = "" if threshold is None else f"   (dashed: threshold {threshold:.4g}, >= is accepted)"
    panels[-1].set_xlabel(f"score, higher is more bona fide{label}", fontsize=9)
    return encode(figure, title, simulated)


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
        draw_line(panel, line, list(x), list(y))
    ticks = [tick for tick in TICKS if AXIS[0] <= tick <= AXIS[1]]
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_ticks([deviate(t) for t in ticks], [f"{100 * t:g}" for t in ticks], fontsize=8)
    panel.plot([0, 1], [0, 1], color="#9aa4b2", lw=0.8, ls=":")
    panel.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    panel.set_xlabel("APCER (%)", fontsize=9)
    panel.set_ylabel("BPCER (%)", fontsize=9)
    panel.grid(color="#d9dee5", linewidth=0.6)


def draw_line(panel: "Axes", line: Line | Class, x: Sequence[float], y: Sequence[float]) -> None:
    """Draw a line in the colour and dashes of its class.

    Args:
        panel: the axes to draw on.
        line: whose line it is.
        x: positions along the axis.
        y: as many heights.
    """
    colour = INK if line.colour == "currentColor" else line.colour
    style = (0, tuple(float(d) / 2 for d in line.dash.split())) if line.dash else "-"
    panel.plot(x, y, color=colour, linestyle=style, lw=1.7, label=line.name)


def plain(panel: "Axes") -> None:
    """Take away the frame's upper and right sides.

    Args:
        panel: the axes to change.
    """
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8)


def encode(figure: "Figure", title: str, simulated: bool, form: str = "png") -> bytes:
    """Add title and stamp to a figure, and encode it without a date.

    Args:
        figure: the figure.
        title: text above it.
        simulated: whether to stamp it.
        form: ``png`` or ``svg``.

    Returns:
        The file; the same input gives the same bytes.
    """
    from matplotlib import rc_context

    figure.suptitle(title, fontsize=11, x=0.02, ha="left")
    if simulated:
        figure.text(
            0.5, 0.5, "SIMULATED", fontsize=46, color="#b00020", alpha=0.16, rotation=24,
            ha="center", va="center", weight="bold", zorder=10,
        )  # fmt: skip
        figure.text(
            0.98, 0.985, "SIMULATED DATA", fontsize=8, color="#b00020", ha="right", va="top"
        )
    buffer = io.BytesIO()
    metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
    with rc_context({"svg.hashsalt": "fasharness"}):
        figure.savefig(buffer, format=form, dpi=_DPI, metadata=metadata)
    return buffer.getvalue()
