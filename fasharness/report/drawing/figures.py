"""Plots as PNG and SVG files, drawn by Matplotlib."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from fasharness.metrics.arrays import Floats
from fasharness.report.drawing import fonts
from fasharness.report.drawing.model import (
    BLACK,
    BLUE,
    PALE,
    RED,
    STAMP,
    Axis,
    Bars,
    Intervals,
    Legend,
    Mark,
    Panel,
    Plot,
    Polyline,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 150
_MARKERS = {"": "", "circle": "o", "square": "s"}


def png(plot: Plot) -> bytes:
    """Draw a plot as a PNG file; the same plot gives the same bytes."""
    return encode(figure(plot), "png")


def figure(plot: Plot) -> "Figure":
    """Draw a plot.

    Args:
        plot: what to draw.

    Returns:
        The figure, with title and stamp.
    """
    from matplotlib import rc_context

    # A species may be called $x$, which is no formula here.
    with rc_context({"text.parse_math": False, "font.family": fonts.families()}):
        return _composed(plot)


def _composed(plot: Plot) -> "Figure":
    """Compose the panels, axes and words of a plot."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=plot.inches, layout="constrained")
    heights = [panel.height for panel in plot.panels]
    rows = whole.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    for axes, panel in zip(rows[:, 0], plot.panels, strict=True):
        _draw(axes, plot, panel)
    _set(rows[-1, 0], "x", plot.across)
    if plot.legend is not None:
        _explain(rows[0, 0], plot.legend)
    whole.suptitle(fonts.drawable(plot.heading.title), fontsize=11, x=0.02, ha="left")
    if plot.heading.simulated:
        _stamp(whole)
    return whole


def encode(figure: "Figure", form: str) -> bytes:
    """Encode a figure without a date.

    Args:
        figure: the figure; it may be encoded again in another form.
        form: ``png`` or ``svg``.

    Returns:
        The file; the same input gives the same bytes.
    """
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # Dates, version numbers and random ids of elements would change the bytes of equal plots.
    metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
    with rc_context({
        "text.parse_math": False, "font.family": fonts.families(),
        "svg.hashsalt": "fasharness", "hatch.linewidth": 0.6,
    }):  # fmt: skip
        figure.savefig(buffer, format=form, dpi=_DPI, metadata=metadata)
    # Laid out once, it stays so: the layout takes half of the time.
    figure.set_layout_engine("none")
    return buffer.getvalue()


def _draw(axes: "Axes", plot: Plot, panel: Panel) -> None:
    """Draw a panel."""
    for one in panel.drawn:
        match one:
            case Bars():
                _bars(axes, one)
            case Intervals():
                _intervals(axes, one)
            case Polyline():
                _polyline(axes, one, plot.across, panel.up)
            case Mark():
                _mark(axes, one, plot.across, panel.up)
    if plot.cut is not None:
        (x,) = _places(plot.across, [plot.cut])
        axes.axvline(x, color=BLACK, linewidth=1.4, linestyle="--")
    _set(axes, "y", panel.up)
    axes.tick_params(labelsize=8)
    axes.set_title(fonts.drawable(panel.title), fontsize=9, loc="left", pad=3)
    axes.spines[["top", "right"]].set_visible(False)
    if panel.grid:
        axes.grid(color=PALE, linewidth=0.6)
    axes.set_aspect("equal" if plot.square else "auto")


def _places(axis: Axis, values: Sequence[float] | Floats) -> Sequence[float] | Floats:
    """Place values where Matplotlib expects them, which has no axis of normal deviates."""
    # A probit axis is drawn as a linear one of shares; ticks are placed the same way.
    return list(map(axis.share, values)) if axis.scale == "deviate" else values


def _bars(axes: "Axes", one: Bars) -> None:
    """Draw a histogram."""
    axes.stairs(one.counts, one.edges, fill=True, color=one.style.colour, alpha=0.5)
    axes.stairs(
        one.counts, one.edges, fill=True, fc="none", ec=BLACK, lw=0.7, hatch=one.style.hatch
    )


def _intervals(axes: "Axes", one: Intervals) -> None:
    """Draw horizontal bars with their intervals."""
    heights = range(len(one.values))
    bars = axes.barh(heights, one.values, color=BLUE, edgecolor=BLACK, linewidth=0.7)
    for bar, hatch in zip(bars, one.hatches, strict=True):
        bar.set_hatch(hatch)
    reach = [one.values - one.low, one.high - one.values]
    axes.errorbar(one.values, heights, xerr=reach, fmt="none", ecolor=BLACK, capsize=3, lw=1.2)


def _polyline(axes: "Axes", one: Polyline, across: Axis, up: Axis) -> None:
    """Draw a line through points."""
    axes.plot(
        _places(across, one.x), _places(up, one.y), color=one.style.colour,
        linestyle=_dashes(one.style.dash), lw=one.style.width, label=fonts.drawable(one.name),
        marker=_MARKERS[one.marker], ms=5, mfc="white",
    )  # fmt: skip


def _mark(axes: "Axes", one: Mark, across: Axis, up: Axis) -> None:
    """Draw where a threshold is, if that is known."""
    if one.place is not None:
        x, y = (_places(axis, [at]) for axis, at in zip((across, up), one.place, strict=True))
        axes.plot(
            x, y, "o", color=one.style.colour, ms=5, mfc="white", label=fonts.drawable(one.name)
        )


def _dashes(pattern: str) -> tuple[float, tuple[float, ...]] | str:
    """Return an SVG dash pattern in widths of a line."""
    return (0, tuple(float(dash) / 2 for dash in pattern.split())) if pattern else "-"


def _set(axes: "Axes", which: Literal["x", "y"], axis: Axis) -> None:
    """Set scale, limits, ticks and words of an axis."""
    if axis.scale == "log":
        axes.set(**{f"{which}scale": "log"})
    axes.set(**{f"{which}lim": _places(axis, (axis.low, axis.high))})
    side = axes.xaxis if which == "x" else axes.yaxis
    words = [fonts.drawable(tick.word) for tick in axis.ticks]
    side.set_ticks(_places(axis, [tick.at for tick in axis.ticks]), words)
    side.set_label_text(axis.label, fontsize=9)


def _explain(axes: "Axes", legend: Legend) -> None:
    """Add the legend."""
    above = legend.place == "above"
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1)} if above else {"loc": legend.place}
    options: dict[str, Any] = {**place, "title": legend.title, "title_fontsize": 8}
    axes.legend(fontsize=8, edgecolor="none", **options)


def _stamp(figure: "Figure") -> None:
    """Stamp a plot of simulated data."""
    figure.text(
        0.5, 0.5, STAMP, fontsize=46, color=RED, alpha=0.16, rotation=24,
        ha="center", va="center", weight="bold", zorder=10,
    )  # fmt: skip
    figure.text(0.98, 0.985, f"{STAMP} DATA", fontsize=8, color=RED, ha="right", va="top")
