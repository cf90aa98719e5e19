"""Further plots of a result as PNG, SVG and CSV: ROC, errors over thresholds, APCER bars, EPC."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fasharness.files import write_bytes, write_text
from fasharness.metrics.arrays import Floats
from fasharness.metrics.curves import error_curve
from fasharness.report.curves import BONA_FIDE, Class, Line, classes, det
from fasharness.report.plots import INK, draw_det, draw_line, encode, plain
from fasharness.result import Evaluation, Metric, Result
from fasharness.scores import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALLEST = 1e-3
_WEIGHTS = 101
_POINTS = 400


@dataclass(frozen=True, eq=False)
class Drawing:
    """A plot and the numbers that it shows.

    Attributes:
        draw: puts the plot onto axes.
        header: names of the columns of the numbers.
        rows: the numbers.
    """

    draw: "Callable[[Axes], None]"
    header: Sequence[str]
    rows: Sequence[Sequence[object]]


def write_plots(folder: Path, result: Result, scores: Sequence[Score]) -> tuple[Path, ...]:
    """Write every plot as PNG, SVG and CSV, each file atomically.

    Args:
        folder: where they go.
        result: the result.
        scores: the scores behind it.

    Returns:
        The files; none when the test split lacks a class.
    """
    from matplotlib.figure import Figure

    written = []
    title = f"{result.method} on {result.fold or result.protocol}"
    for name, drawing in drawings(result.evaluation, scores).items():
        for form in ("png", "svg"):
            figure = Figure(figsize=(6.0, 5.0), layout="constrained")
            panel = figure.subplots()
            drawing.draw(panel)
            plain(panel)
            written.append(folder / f"{name}.{form}")
            write_bytes(written[-1], encode(figure, title, result.simulated, form))
        written.append(folder / f"{name}.csv")
        write_text(written[-1], _csv(drawing, result.simulated))
    return tuple(written)


def drawings(evaluation: Evaluation, scores: Sequence[Score]) -> Mapping[str, Drawing]:
    """Prepare the plots of a result.

    Args:
        evaluation: the evaluation.
        scores: the scores behind it.

    Returns:
        Name to plot: ``det``, ``roc``, ``roc_log``, ``errors``, ``apcer``, and ``epc`` where dev
        has both classes; empty when the test split lacks a class.
    """
    found, dev = classes(scores), classes(scores, "dev")
    lines = det(found)
    if not lines:
        return {}
    bars = (*evaluation.apcer_by_group, *evaluation.apcer_by_species)
    bars = tuple({metric.name: metric for metric in bars}.values())
    prepared = {
        "det": _rates(lines, lambda panel: _det(panel, lines)),
        "roc": _rates(lines, lambda panel: _roc(panel, lines, 0.0)),
        "roc_log": _rates(lines, lambda panel: _roc(panel, lines, SMALLEST)),
        "errors": _errors(found, evaluation.threshold.value),
        "apcer": _bars([metric for metric in bars if metric.value is not None]),
    }
    return prepared | ({"epc": _epc(dev, found)} if det(dev) else {})


def _csv(drawing: Drawing, simulated: bool) -> str:
    """Write the numbers of a plot; a first column says when they are simulated."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("data", *drawing.header))
    for row in drawing.rows:
        writer.writerow(("simulated" if simulated else "real", *row))
    return buffer.getvalue()


def _rates(lines: Sequence[Line], draw: "Callable[[Axes], None]") -> Drawing:
    """Pair a plot of error curves with their corners."""
    rows = [
        (line.name, repr(float(a)), repr(float(b)))
        for line in lines
        for a, b in zip(line.apcer, line.bpcer, strict=True)
    ]
    return Drawing(draw, ("attacks", "apcer", "bpcer"), rows)


def _det(panel: "Axes", lines: Sequence[Line]) -> None:
    """Draw DET curves."""
    draw_det(panel, lines)
    panel.legend(fontsize=8, frameon=False)


def _roc(panel: "Axes", lines: Sequence[Line], smallest: float) -> None:
    """Draw ROC curves, on a logarithmic axis where it has a smallest value."""
    for line in lines:
        draw_line(panel, line, line.apcer.tolist(), (1 - line.bpcer).tolist())
    if smallest:
        panel.set_xscale("log")
    panel.set(xlim=(smallest, 1), ylim=(0, 1.01))
    panel.set_xlabel("APCER", fontsize=9)
    panel.set_ylabel("1 - BPCER", fontsize=9)
    panel.grid(color="#d9dee5", linewidth=0.6)
    panel.legend(fontsize=8, frameon=False, loc="lower right")


def _errors(found: Sequence[Class], threshold: float) -> Drawing:
    """Prepare both errors over the threshold."""
    low, high = min(c.values[0] for c in found), max(c.values[-1] for c in found)
    cuts = np.linspace(low, high, _POINTS)
    heights = {one.name: _error(one, cuts) for one in found}

    def draw(panel: "Axes") -> None:
        for one in found:
            draw_line(panel, one, cuts.tolist(), heights[one.name].tolist())
        panel.axvline(threshold, color=INK, lw=1.2, ls="--")
        panel.set_xlabel("threshold (dashed: the run's own)", fontsize=9)
        panel.set_ylabel("BPCER of bona fide, APCER of the others", fontsize=9)
        panel.legend(fontsize=8, frameon=False)

    rows = [
        (name, repr(cut), repr(error))
        for name, errors in heights.items()
        for cut, error in zip(cuts.tolist(), errors.tolist(), strict=True)
    ]
    return Drawing(draw, ("class", "threshold", "error"), rows)


def _error(one: Class, cuts: Floats) -> Floats:
    """Error rate of a class at each threshold."""
    below = np.searchsorted(one.values, cuts, side="left") / one.values.size
    return np.asarray(below if one.name == BONA_FIDE else 1 - below)


def _bars(metrics: Sequence[Metric]) -> Drawing:
    """Prepare APCER of groups and species with intervals."""
    names = [metric.name for metric in metrics]
    values = np.array([metric.value for metric in metrics], dtype=np.float64)
    low = np.array([m.value if m.low is None else m.low for m in metrics], dtype=np.float64)
    high = np.array([m.value if m.high is None else m.high for m in metrics], dtype=np.float64)

    def draw(panel: "Axes") -> None:
        # An interval of another kind than the figure may end short of it; bars cannot go inwards.
        reach = np.maximum([values - low, high - values], 0)
        panel.barh(names, values, color="#9db8d2", edgecolor=INK, linewidth=0.7)
        panel.errorbar(values, names, xerr=reach, fmt="none", ecolor=INK, capsize=3, lw=1.2)
        panel.set(xlim=(0, 1))
        panel.invert_yaxis()
        panel.set_xlabel("APCER at the threshold, with its interval", fontsize=9)

    rows = [
        (name, repr(v), repr(a), repr(b))
        for name, v, a, b in zip(names, values.tolist(), low.tolist(), high.tolist(), strict=True)
    ]
    return Drawing(draw, ("attacks", "apcer", "low", "high"), rows)


def _epc(dev: Sequence[Class], test: Sequence[Class]) -> Drawing:
    """Prepare the expected performance curve (Bengio, Mariethoz and Keller 2005)."""
    weights = np.linspace(0, 1, _WEIGHTS)
    curve = error_curve(dev[0].values, np.concatenate([c.values for c in dev[1:]]))
    apcer, bpcer = curve.apcer, curve.bpcer
    ends = np.append(curve.values, np.nextafter(curve.values[-1], np.inf))
    cuts = np.array([ends[np.argmin(w * apcer + (1 - w) * bpcer)] for w in weights])
    fake = np.sort(np.concatenate([c.values for c in test[1:]]))
    refused = np.searchsorted(test[0].values, cuts, side="left") / test[0].values.size
    accepted = 1 - np.searchsorted(fake, cuts, side="left") / fake.size
    hter = (refused + accepted) / 2

    def draw(panel: "Axes") -> None:
        panel.plot(weights, hter, color=INK, lw=1.7)
        panel.set(xlim=(0, 1), ylim=(0, max(0.5, float(hter.max())) * 1.02))
        panel.set_xlabel("weight of APCER in the cost that dev minimises", fontsize=9)
        panel.set_ylabel("HTER on test", fontsize=9)
        panel.grid(color="#d9dee5", linewidth=0.6)

    columns = (weights.tolist(), cuts.tolist(), hter.tolist())
    rows = [tuple(map(repr, row)) for row in zip(*columns, strict=True)]
    return Drawing(draw, ("weight", "threshold", "hter"), rows)
