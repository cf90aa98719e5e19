"""The model of each plot, made from scores, evaluations and curves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from fasharness.evaluation.calibrate import Diagram
from fasharness.metrics.arrays import Floats, Ints
from fasharness.report import curves
from fasharness.report.curves import BONA_FIDE, Class, Line
from fasharness.report.drawing.model import (
    GUIDE,
    INK,
    Axis,
    Bars,
    Heading,
    Intervals,
    Legend,
    Mark,
    Marker,
    Panel,
    Plot,
    Polyline,
    Style,
    Tick,
    axis,
    nice_ticks,
    style,
)
from fasharness.report.expected import Expected, Spoofability
from fasharness.result import Evaluation

Place = tuple[float, float]
_ENDS = (0.0005, 0.995)
_RATES = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
_FIFTHS = (0, 0.2, 0.4, 0.6, 0.8, 1)
_POWERS = tuple(map(Tick, (1e-3, 1e-2, 1e-1, 1), ("10⁻³", "10⁻²", "10⁻¹", "10⁰")))
_DIAGONAL = Polyline("", np.arange(2.0), np.arange(2.0), GUIDE._replace(dash="2 4"))
_POINTS = 400
_SPLITS: Mapping[str, tuple[Style, Marker]] = {
    "dev": (style(1), "square"),
    "test": (style(0), "circle"),
}


def det(lines: Sequence[Line], heading: Heading, marks: Sequence[Mark] = ()) -> Plot:
    """Show DET curves on normal-deviate axes, and marks on them."""
    ticks = _percent(_RATES)
    across, up = (Axis(f"{rate} (%)", *_ENDS, ticks, "deviate") for rate in ("APCER", "BPCER"))
    drawn = [_line(line, line.apcer, line.bpcer) for line in lines]
    return Plot(
        "det", "DET curves, BPCER over APCER", heading, across,
        (Panel(up, (_DIAGONAL, *drawn, *marks), grid=True),), legend=Legend(), square=True,
        header=("curve", "apcer", "bpcer"), rows=_points(drawn),
    )  # fmt: skip


def roc(lines: Sequence[Line], heading: Heading) -> Plot:
    """Show ROC curves; the numbers are those of `det`."""
    drawn = [_line(line, line.apcer, 1 - line.bpcer) for line in lines]
    return replace(
        det(lines, heading), name="roc",
        words="ROC curves, bona fide accepted over attacks accepted", across=axis("APCER", 0, 1),
        panels=(Panel(axis("1 - BPCER", 0, 1.01), drawn, grid=True),),
        legend=Legend(place="lower right"), square=False,
    )  # fmt: skip


def roc_log(lines: Sequence[Line], heading: Heading) -> Plot:
    """Show ROC curves over a logarithmic axis, for small rates."""
    across = Axis("APCER", _POWERS[0].at, 1, _POWERS, "log")
    return replace(roc(lines, heading), name="roc_log", across=across)


def det_at_threshold(lines: Sequence[Line], places: Sequence[Place], heading: Heading) -> Plot:
    """Show DET curves in a file of their own, with the threshold on each.

    Args:
        lines: the curves.
        places: (APCER, BPCER) at the threshold on each of them; none where they have none.
        heading: what the plot says of its data.

    Returns:
        The plot.
    """
    marks = [
        Mark(number, style(INK), place, "" if number else "at the threshold")
        for number, place in enumerate(places)
    ]
    plot = det(lines, heading, marks)
    return replace(plot, legend=Legend(f"against {BONA_FIDE}"), inches=(5.6, 5.6))


def det_and_roc(
    lines: Sequence[Line], heading: Heading, places: Sequence[Place] = ()
) -> tuple[Plot, Plot]:
    """Show error curves for a page, where both plots are in per cent and have a diagonal.

    Args:
        lines: the curves.
        heading: what the plots say of their data.
        places: (APCER, BPCER) at the threshold on each curve; without them the page's script
            places the marks.

    Returns:
        The two plots.
    """
    below: Sequence[Place | None] = places or [None] * len(lines)
    above = [place and (place[0], 1 - place[1]) for place in below]
    across, up = (Axis(f"{rate} (%)", 0, 1, _percent(_FIFTHS)) for rate in ("APCER", "1 - BPCER"))
    plain = roc(lines, heading)
    drawn = (_DIAGONAL, *plain.panels[0].drawn, *_marks(lines, above))
    percent = replace(plain, across=across, panels=(Panel(up, drawn, grid=True),))
    return det(lines, heading, _marks(lines, below)), percent


def _marks(lines: Sequence[Line], places: Sequence[Place | None]) -> list[Mark]:
    """Mark a place on each curve."""
    return [Mark(n, style(lines[n].style), place) for n, place in enumerate(places)]


def _percent(rates: Sequence[float]) -> tuple[Tick, ...]:
    """Mark rates in per cent."""
    return tuple(Tick(rate, f"{100 * rate:g}") for rate in rates)


def _line(one: Class | Line, x: Floats, y: Floats) -> Polyline:
    """Draw a line in the style of a class or a curve."""
    return Polyline(one.name, x, y, style(one.style))


def _points(lines: Sequence[Polyline]) -> list[tuple[str, ...]]:
    """List the points of lines."""
    return [(line.name, *row) for line in lines for row in _columns(line.x, line.y)]


def _columns(*columns: Floats) -> list[tuple[str, ...]]:
    """List columns of numbers as rows, with all digits."""
    return [tuple(map(repr, row)) for row in zip(*(c.tolist() for c in columns), strict=True)]


def histogram(found: Sequence[Class], threshold: float | None, heading: Heading) -> Plot:
    """Show a histogram for each class, below each other over a common score axis.

    Args:
        found: the classes, at least one.
        threshold: where the threshold's line stands, None for no line.
        heading: what the plot says of its data.

    Returns:
        The plot.
    """
    bins = curves.histograms(found)
    ends = _columns(bins.edges[:-1], bins.edges[1:])
    panels, rows = [], []
    for one, counts in zip(found, bins.counts, strict=True):
        bars = Bars(bins.edges, counts, style(one.style))
        panels.append(Panel(_count(counts), (bars,), f"{one.name}  (n = {one.values.size})"))
        rows += [(one.name, *end, n) for end, n in zip(ends, counts.tolist(), strict=True)]
    seen = bins.edges if threshold is None else np.append(bins.edges, threshold)
    across = axis(f"score, higher is more bona fide{_dashed(threshold)}", *_room(seen))
    return Plot(
        "histogram", "Histograms of the test scores by class, with the threshold", heading,
        across, panels, threshold, inches=(7.2, 1.3 + 1.15 * len(found)),
        header=("class", "from", "to", "count"), rows=rows,
    )  # fmt: skip


def histogram_with_densities(
    found: Sequence[Class], threshold: float | None, heading: Heading
) -> Plot:
    """Show histograms for a page, with densities over them; for the arguments see `histogram`.

    Its axis ends with the scores, and a threshold beyond them stands at the end.
    """
    bins, points = curves.histograms(found), curves.density_points(found)
    low, high = bins.edges[[0, -1]].tolist()
    inside = (points >= low) & (points <= high)
    plot, panels = histogram(found, threshold, heading), []
    for one, counts, panel in zip(found, bins.counts, plot.panels, strict=True):
        # Scaled to the count that is expected in a bin.
        scale = one.values.size * float(bins.edges[1] - bins.edges[0])
        heights = curves.density(one.values, points)[inside] * scale
        unbroken = style(one.style)._replace(dash="")
        line = Polyline(f"density of {one.name}", points[inside], heights, unbroken)
        most = int(counts.max())
        up = Axis("", 0, most, (Tick(0, "0"), Tick(most, str(most))))
        panels.append(replace(panel, up=up, drawn=(*panel.drawn, line)))
    across = axis("score (higher is more bona fide)", low, high, most=7)
    return replace(plot, across=across, panels=panels)


def _count(counts: Ints) -> Axis:
    """Make an axis for counts, with few ticks, at whole numbers."""
    high = 1.05 * float(counts.max())
    ticks = [Tick(tick, f"{tick:.0f}") for tick in nice_ticks(0, high, 4) if tick.is_integer()]
    return Axis("count", 0, high, ticks)


def _room(values: Floats) -> Place:
    """Choose the ends of an axis with a little room beside all values."""
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _dashed(threshold: float | None) -> str:
    """Return the words for the dashed line; empty without one."""
    return "" if threshold is None else f"   (dashed: threshold {threshold!r}, >= is accepted)"


def density(found: Sequence[Class], threshold: float, heading: Heading) -> Plot:
    """Show the density of each class; for the arguments see `histogram`."""
    points = curves.density_points(found)
    lines = [_line(one, points, curves.density(one.values, points)) for one in found]
    _, high = _room(np.ravel([line.y for line in lines]))
    across = axis(f"score{_dashed(threshold)}", float(points[0]), float(points[-1]))
    up = axis("density (Gaussian kernels of Silverman's width)", 0, high)
    return Plot(
        "density", "Densities of the test scores by class, with the threshold", heading,
        across, (Panel(up, lines),), threshold, Legend(),
        header=("class", "score", "density"), rows=_points(lines),
    )  # fmt: skip


def errors(found: Sequence[Class], threshold: float, heading: Heading) -> Plot:
    """Show the errors on each class over the threshold; for the arguments see `histogram`."""
    low, high = min(one.values[0] for one in found), max(one.values[-1] for one in found)
    cuts = np.linspace(low, high, _POINTS)
    lines = [_line(one, cuts, _error(one, cuts)) for one in found]
    across = axis("threshold (dashed: the run's own)", *_room(np.append(cuts, threshold)))
    seen = np.ravel([line.y for line in lines])
    up = axis("BPCER of bona fide, APCER of the others", *_room(seen))
    return Plot(
        "errors", "Error rates of each class over the threshold", heading,
        across, (Panel(up, lines),), threshold, Legend(),
        header=("class", "threshold", "error"), rows=_points(lines),
    )  # fmt: skip


def _error(one: Class, cuts: Floats) -> Floats:
    """Error rate of a class at each threshold."""
    below = np.searchsorted(one.values, cuts, side="left") / one.values.size
    return np.asarray(below if one.name == BONA_FIDE else 1 - below)


def apcer(evaluation: Evaluation, heading: Heading) -> Plot:
    """Show the APCER of groups (hatched) and species with their intervals."""
    groups, kinds = evaluation.apcer_by_group, evaluation.apcer_by_species
    by_name = {metric.name: metric for metric in (*groups, *kinds)}
    every = [*by_name.values()]
    # A species without a score keeps its place: NaN draws no bar.
    ends = [(m.value, *(m.value if end is None else end for end in (m.low, m.high))) for m in every]
    values, low, high = np.array(ends, dtype=np.float64).reshape(-1, 3).T
    hatched = {metric.name for metric in groups}
    hatches = [style(1).hatch if metric.name in hatched else "" for metric in every]
    # An interval of another kind than the figure may end short of it; bars cannot go inwards.
    bars = Intervals(values, np.minimum(low, values), np.maximum(high, values), hatches)
    first, last = _room(np.array([-0.4, len(every) - 0.6]))
    words = [m.name if m.value is not None else f"{m.name} (no score)" for m in every]
    up = Axis("", last, first, [Tick(number, word) for number, word in enumerate(words)])
    return Plot(
        "apcer", "APCER of each species group and species", heading,
        axis("APCER at the threshold, with its interval (hatched: species groups)", 0, 1),
        (Panel(up, (bars,)),), header=("attacks", "apcer", "low", "high"),
        rows=[(m.name, *row) for m, row in zip(every, _columns(values, low, high), strict=True)],
    )  # fmt: skip


def epc(curve: Expected, heading: Heading) -> Plot:
    """Show an expected performance curve."""
    up = axis("HTER on test, all attacks pooled", 0, max(0.5, float(curve.hter.max())) * 1.02)
    line = Polyline("HTER", curve.weights, curve.hter, style(INK))
    return Plot(
        "epc", "Expected performance curve, HTER over the weight of APCER", heading,
        axis("weight of APCER in the cost that dev minimises", 0, 1),
        (Panel(up, (line,), grid=True),),
        header=("weight", "threshold", "hter"), rows=_columns(*curve),
    )  # fmt: skip


def epsc(curve: Spoofability, beta: float, heading: Heading) -> Plot:
    """Show an expected performance and spoofability curve; beta weighs what is accepted."""
    shown = {"FRR": curve.frr, "FAR": curve.far, "IAPAR": curve.iapar, "WER": curve.wer}
    lines = [Polyline(n, curve.weights, shown[n], style(i)) for i, n in enumerate(shown)]
    up = axis(f"rates on test (beta = {beta:g})", 0, 1)
    return Plot(
        "epsc", "Expected performance and spoofability curve", heading,
        axis("weight of attacks beside impostors in the cost on dev", 0, 1),
        (Panel(up, lines, grid=True),), legend=Legend(),
        header=Spoofability._fields, rows=_columns(*curve),
    )  # fmt: skip


def reliability(found: Sequence[Diagram], heading: Heading) -> Plot:
    """Show the reliability of each split, and below how many scores were counted."""
    share = axis("share that was bona fide", -0.02, 1.02)
    count = _count(np.concatenate([one.found.counts for one in found]))
    said, counted = map(_said, found), map(_counted, found)
    panels = (Panel(share, (_DIAGONAL, *said), grid=True, height=4),
              Panel(count, tuple(counted), grid=True))  # fmt: skip
    return Plot(
        "reliability", "Reliability diagram, bona fide over the probability that was said", heading,
        axis("probability of bona fide that was said", 0, 1), panels,
        # Inside the axes it would lie on the curve of one file or another.
        legend=Legend(place="above"), inches=(5.6, 6.6),
        header=("split", "low", "high", "count", "said", "was"),
        rows=[row for one in found for row in _bins(one)],
    )  # fmt: skip


def _said(one: Diagram) -> Polyline:
    """Draw how often it was so over what was said, bins without a score left out."""
    full = one.found.counts > 0
    fitted = ", fitted here, so too good" if one.split == "dev" else ""
    name = f"{one.split} (calibration error {one.found.error:.3f}{fitted})"
    look, marker = _SPLITS[one.split]
    return Polyline(name, one.found.said[full], one.found.was[full], look, marker)


def _counted(one: Diagram) -> Polyline:
    """Draw the outline of a histogram."""
    x, heights = np.repeat(one.found.edges, 2), np.repeat(one.found.counts, 2)
    return Polyline(one.split, x, np.pad(heights, 1).astype(np.float64), _SPLITS[one.split][0])


def _bins(one: Diagram) -> Iterator[tuple[object, ...]]:
    """List the bins; an empty one has neither mean."""
    edges, counts, said, was, _ = one.found
    for ends, count, means in zip(
        _columns(edges[:-1], edges[1:]), counts.tolist(), _columns(said, was), strict=True
    ):
        yield one.split, *ends, count, *(means if count else ("", ""))
