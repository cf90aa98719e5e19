"""Every plot of an evaluation as PNG, SVG and CSV, with the numbers that it shows."""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fasharness.common.files import write_bytes, write_text
from fasharness.common.spreadsheets import guard
from fasharness.metrics.arrays import Floats
from fasharness.report.curves import (
    BONA_FIDE,
    Class,
    Line,
    classes,
    density,
    density_points,
    det,
    histograms,
    species,
)
from fasharness.report.expected import Spoofability, Trials, epc, epsc
from fasharness.report.plots import (
    GRID,
    HATCHES,
    INK,
    draw_det,
    draw_histograms,
    draw_line,
    encoded,
    finish,
    plain,
    tall_figure,
    threshold_words,
)
from fasharness.result import Evaluation, Metric, Result
from fasharness.scores import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALLEST = 1e-3
_POINTS = 400


@dataclass(frozen=True, eq=False)
class Drawing:
    """A plot and the numbers that it shows.

    Attributes:
        figure: makes the plot.
        header: names of the columns of the numbers.
        rows: the numbers.
    """

    figure: "Callable[[], Figure]"
    header: Sequence[str]
    rows: Sequence[Sequence[object]]


def write_plots(folder: Path, result: Result, scores: Sequence[Score]) -> tuple[Path, ...]:
    """Write every plot of a result; see `write`."""
    title = f"{result.method} on {result.fold or result.protocol}"
    return write(folder, result.evaluation, scores, title, result.simulated)


def write(
    folder: Path, evaluation: Evaluation, scores: Sequence[Score], title: str, simulated: bool
) -> tuple[Path, ...]:
    """Write every plot as PNG, SVG and CSV, each file atomically.

    Args:
        folder: where they go.
        evaluation: the evaluation.
        scores: the scores behind it.
        title: text above the plots.
        simulated: whether to stamp the plots and to say so in each row of the CSV.

    Returns:
        The files; none when the test split lacks a class.
    """
    prepared = drawings(evaluation, scores).items()
    files = (_save(folder, name, drawing, title, simulated) for name, drawing in prepared)
    return tuple(file for written in files for file in written)


def write_epsc(
    folder: Path, dev: Trials, test: Trials, title: str, simulated: bool, beta: float = 0.5
) -> tuple[Path, ...]:
    """Write how well a recognition system does as attacks weigh more, as ``epsc``.

    Score files of attack detectors hold no impostors, so this plot is made from arrays alone.

    Args:
        folder: where the files go.
        dev: recognition scores that choose the threshold.
        test: recognition scores that are reported.
        title: text above the plot.
        simulated: whether to stamp it.
        beta: see `fasharness.report.expected.epsc`.

    Returns:
        The files, as `write` makes them.
    """
    return _save(folder, "epsc", _epsc(epsc(dev, test, beta), beta), title, simulated)


def write_curves(
    folder: Path, lines: Sequence[Line], title: str, simulated: bool
) -> tuple[Path, ...]:
    """Write error curves, say of several runs, as ``det``, ``roc`` and ``roc_log``; see `write`."""
    prepared = _curves(lines).items() if lines else ()
    files = (_save(folder, name, drawing, title, simulated) for name, drawing in prepared)
    return tuple(file for written in files for file in written)


def _save(
    folder: Path, name: str, drawing: Drawing, title: str, simulated: bool
) -> tuple[Path, ...]:
    """Write one plot in its three forms."""
    png, svg, numbers = (folder / f"{name}.{form}" for form in ("png", "svg", "csv"))
    figure = drawing.figure()
    finish(figure, title, simulated)
    for path, form in ((png, "png"), (svg, "svg")):
        write_bytes(path, encoded(figure, form))
    write_text(numbers, _csv(drawing, simulated))
    return png, svg, numbers


def drawings(evaluation: Evaluation, scores: Sequence[Score]) -> Mapping[str, Drawing]:
    """Prepare the plots of an evaluation.

    Args:
        evaluation: the evaluation.
        scores: the scores behind it.

    Returns:
        Name to plot: ``det``, ``roc``, ``roc_log``, ``histogram``, ``density``, ``errors``,
        ``apcer``, and ``epc`` where dev has both classes; empty when the test split lacks a class.
    """
    found, dev = classes(scores), classes(scores, "dev")
    lines = det(found)
    if not lines:
        return {}
    cut, kinds = evaluation.threshold.value, species(scores)
    groups = {metric.name for metric in evaluation.apcer_by_group}
    bars = (*evaluation.apcer_by_group, *evaluation.apcer_by_species)
    known = [m for m in {metric.name: metric for metric in bars}.values() if m.value is not None]
    prepared = {
        **_curves(lines),
        "histogram": _histogram(kinds, cut),
        "density": _density(kinds, cut),
        "errors": _errors(found, cut),
        "apcer": _bars(known, groups),
    }
    return prepared | ({"epc": _epc(dev, found)} if det(dev) else {})


def _one(draw: "Callable[[Axes], None]") -> "Callable[[], Figure]":
    """Make a figure of one plot."""

    def make() -> "Figure":
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.0, 5.0), layout="constrained")
        panel = figure.subplots()
        draw(panel)
        plain(panel)
        return figure

    return make


def _csv(drawing: Drawing, simulated: bool) -> str:
    """Write the numbers of a plot; a first column says when they are simulated."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("data", *drawing.header))
    for row in drawing.rows:
        # Names of species and runs are anyone's; numbers that stand first are never negative.
        first = guard(row[0]) if isinstance(row[0], str) else row[0]
        writer.writerow(("simulated" if simulated else "real", first, *row[1:]))
    return buffer.getvalue()


def _curves(lines: Sequence[Line]) -> Mapping[str, Drawing]:
    """Prepare the three plots of error curves."""
    return {
        "det": _rates(lines, lambda panel: _det(panel, lines)),
        "roc": _rates(lines, lambda panel: _roc(panel, lines, 0.0)),
        "roc_log": _rates(lines, lambda panel: _roc(panel, lines, SMALLEST)),
    }


def _rates(lines: Sequence[Line], draw: "Callable[[Axes], None]") -> Drawing:
    """Pair a plot of error curves with their corners."""
    rows = [
        (line.name, repr(float(a)), repr(float(b)))
        for line in lines
        for a, b in zip(line.apcer, line.bpcer, strict=True)
    ]
    return Drawing(_one(draw), ("curve", "apcer", "bpcer"), rows)


def _det(panel: "Axes", lines: Sequence[Line]) -> None:
    """Draw DET curves."""
    draw_det(panel, lines)
    panel.legend(fontsize=8, edgecolor="none")


def _roc(panel: "Axes", lines: Sequence[Line], smallest: float) -> None:
    """Draw ROC curves, on a logarithmic axis where it has a smallest value."""
    for line in lines:
        draw_line(panel, line, line.name, line.apcer.tolist(), (1 - line.bpcer).tolist())
    if smallest:
        panel.set_xscale("log")
    panel.set(xlim=(smallest, 1), ylim=(0, 1.01))
    panel.set_xlabel("APCER", fontsize=9)
    panel.set_ylabel("1 - BPCER", fontsize=9)
    panel.grid(color=GRID, linewidth=0.6)
    panel.legend(fontsize=8, edgecolor="none", loc="lower right")


def _histogram(found: Sequence[Class], threshold: float) -> Drawing:
    """Prepare histograms of bona fide presentations and of each PAI species."""
    bins = histograms(found)

    def make() -> "Figure":
        figure = tall_figure(len(found))
        draw_histograms(figure, found, threshold)
        return figure

    ends = list(zip(bins.edges[:-1].tolist(), bins.edges[1:].tolist(), strict=True))
    rows = [
        (one.name, repr(low), repr(high), count)
        for one, counts in zip(found, bins.counts, strict=True)
        for (low, high), count in zip(ends, counts.tolist(), strict=True)
    ]
    return Drawing(make, ("class", "from", "to", "count"), rows)


def _density(found: Sequence[Class], threshold: float) -> Drawing:
    """Prepare densities of bona fide presentations and of each PAI species."""
    points = density_points(found)
    heights = {one.name: density(one.values, points) for one in found}

    def finish(panel: "Axes") -> None:
        panel.axvline(threshold, color=INK, lw=1.4, ls="--")
        panel.set(ylim=(0, None), xlim=(points[0], points[-1]))
        panel.set_xlabel(f"score{threshold_words(threshold)}", fontsize=9)
        panel.set_ylabel("density (Gaussian kernels of Silverman's width)", fontsize=9)

    return _traced(found, points, heights, ("class", "score", "density"), finish)


def _errors(found: Sequence[Class], threshold: float) -> Drawing:
    """Prepare both errors over the threshold."""
    low, high = min(c.values[0] for c in found), max(c.values[-1] for c in found)
    cuts = np.linspace(low, high, _POINTS)
    heights = {one.name: _error(one, cuts) for one in found}

    def finish(panel: "Axes") -> None:
        panel.axvline(threshold, color=INK, lw=1.2, ls="--")
        panel.set_xlabel("threshold (dashed: the run's own)", fontsize=9)
        panel.set_ylabel("BPCER of bona fide, APCER of the others", fontsize=9)

    return _traced(found, cuts, heights, ("class", "threshold", "error"), finish)


def _traced(
    found: Sequence[Class],
    points: Floats,
    heights: Mapping[str, Floats],
    names: tuple[str, str, str],
    finish: Callable[["Axes"], None],
) -> Drawing:
    """Prepare a line for each class over common points, and the same as rows."""

    def draw(panel: "Axes") -> None:
        for one in found:
            draw_line(panel, one, one.name, points.tolist(), heights[one.name].tolist())
        finish(panel)
        panel.legend(fontsize=8, edgecolor="none")

    rows = [
        (name, repr(point), repr(height))
        for name, values in heights.items()
        for point, height in zip(points.tolist(), values.tolist(), strict=True)
    ]
    return Drawing(_one(draw), names, rows)


def _error(one: Class, cuts: Floats) -> Floats:
    """Error rate of a class at each threshold."""
    below = np.searchsorted(one.values, cuts, side="left") / one.values.size
    return np.asarray(below if one.name == BONA_FIDE else 1 - below)


def _bars(metrics: Sequence[Metric], groups: Collection[str]) -> Drawing:
    """Prepare APCER of groups (hatched) and species with intervals."""
    names = [metric.name for metric in metrics]
    values = np.array([metric.value for metric in metrics], dtype=np.float64)
    low = np.array([m.value if m.low is None else m.low for m in metrics], dtype=np.float64)
    high = np.array([m.value if m.high is None else m.high for m in metrics], dtype=np.float64)

    def draw(panel: "Axes") -> None:
        # An interval of another kind than the figure may end short of it; bars cannot go inwards.
        reach = np.maximum([values - low, high - values], 0)
        bars = panel.barh(names, values, color="#9db8d2", edgecolor=INK, linewidth=0.7)
        for name, bar in zip(names, bars, strict=True):
            bar.set_hatch(HATCHES[1] if name in groups else "")
        panel.errorbar(values, names, xerr=reach, fmt="none", ecolor=INK, capsize=3, lw=1.2)
        panel.set(xlim=(0, 1))
        panel.invert_yaxis()
        words = "APCER at the threshold, with its interval (hatched: species groups)"
        panel.set_xlabel(words, fontsize=9)

    rows = [
        (name, repr(v), repr(a), repr(b))
        for name, v, a, b in zip(names, values.tolist(), low.tolist(), high.tolist(), strict=True)
    ]
    return Drawing(_one(draw), ("attacks", "apcer", "low", "high"), rows)


def _epc(dev: Sequence[Class], test: Sequence[Class]) -> Drawing:
    """Prepare the expected performance curve."""
    attacks = [np.concatenate([c.values for c in found[1:]]) for found in (dev, test)]
    curve = epc(dev[0].values, attacks[0], test[0].values, attacks[1])

    def draw(panel: "Axes") -> None:
        panel.plot(curve.weights, curve.hter, color=INK, lw=1.7)
        panel.set(xlim=(0, 1), ylim=(0, max(0.5, float(curve.hter.max())) * 1.02))
        panel.set_xlabel("weight of APCER in the cost that dev minimises", fontsize=9)
        panel.set_ylabel("HTER on test", fontsize=9)
        panel.grid(color=GRID, linewidth=0.6)

    return Drawing(_one(draw), ("weight", "threshold", "hter"), _columns(curve))


def _columns(curve: Sequence[Floats]) -> list[tuple[str, ...]]:
    """Turn columns of numbers into rows."""
    return [tuple(map(repr, row)) for row in zip(*(c.tolist() for c in curve), strict=True)]


def _epsc(curve: Spoofability, beta: float) -> Drawing:
    """Prepare the expected performance and spoofability curve."""
    shown = (("FRR", curve.frr), ("FAR", curve.far), ("IAPAR", curve.iapar), ("WER", curve.wer))

    def draw(panel: "Axes") -> None:
        for number, (name, values) in enumerate(shown):
            line = Line(name, values, values, number)
            draw_line(panel, line, name, curve.weights.tolist(), values.tolist())
        panel.set(xlim=(0, 1), ylim=(0, 1))
        panel.set_xlabel("weight of attacks beside impostors in the cost on dev", fontsize=9)
        panel.set_ylabel(f"rates on test (beta = {beta:g})", fontsize=9)
        panel.grid(color=GRID, linewidth=0.6)
        panel.legend(fontsize=8, edgecolor="none")

    return Drawing(_one(draw), Spoofability._fields, _columns(curve))
