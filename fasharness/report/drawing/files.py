"""Every plot of an evaluation as PNG, SVG and CSV."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fasharness.common.csv_rows import csv_text
from fasharness.common.files import write_bytes, write_text
from fasharness.common.spreadsheets import guard
from fasharness.evaluation.calibrate import diagrams
from fasharness.report import curves, expected
from fasharness.report.drawing import figures, plots
from fasharness.report.drawing.model import Heading, Plot
from fasharness.report.outcomes import not_drawn
from fasharness.result import Evaluation
from fasharness.scores import Score


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
    prepared = evaluation_plots(evaluation, scores, Heading(simulated, title))
    return _save(folder, prepared.values())


def write_epsc(
    folder: Path,
    dev: expected.Trials,
    test: expected.Trials,
    title: str,
    simulated: bool,
    beta: float = 0.5,
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
    curve = expected.epsc(dev, test, beta)
    return _save(folder, [plots.epsc(curve, beta, Heading(simulated, title))])


def write_curves(
    folder: Path, lines: Sequence[curves.Line], title: str, simulated: bool
) -> tuple[Path, ...]:
    """Write error curves, say of several runs, as ``det``, ``roc`` and ``roc_log``; see `write`."""
    return _save(folder, _curves(lines, Heading(simulated, title)) if lines else ())


def write_reliability(folder: Path, scores: Sequence[Score], title: str) -> tuple[Path, ...]:
    """Write the reliability diagram of calibrated scores, as ``reliability``.

    Args:
        folder: where the files go.
        scores: natural log odds at equal classes.
        title: text above the plot.

    Returns:
        The files, as `write` makes them; none when no split has both classes.
    """
    found = diagrams(scores)
    heading = Heading(any(score.simulated for score in scores), title)
    return _save(folder, [plots.reliability(found, heading)] if found else ())


def evaluation_plots(
    evaluation: Evaluation, scores: Sequence[Score], heading: Heading
) -> Mapping[str, Plot]:
    """Make the plots of an evaluation.

    Args:
        evaluation: the evaluation.
        scores: the scores behind it.
        heading: what the plots say of their data.

    Returns:
        Name to plot: ``det``, ``roc``, ``roc_log``, ``histogram``, ``density``, ``errors``,
        ``apcer``, and ``epc`` where dev has both classes; empty when the test split lacks a class.
    """
    if absent := not_drawn(evaluation.outcomes):
        heading = heading._replace(title=f"{heading.title}; {absent}")
    found, dev = curves.classes(scores), curves.classes(scores, "dev")
    lines = curves.det(found)
    if not lines:
        return {}
    cut, kinds = evaluation.threshold.value, curves.species(scores)
    made = [
        *_curves(lines, heading),
        plots.histogram(kinds, cut, heading),
        plots.density(kinds, cut, heading),
        plots.errors(found, cut, heading),
        plots.apcer(evaluation, heading),
    ]
    if curves.det(dev):
        made.append(plots.epc(_expected(dev, found), heading))
    return {plot.name: plot for plot in made}


def _curves(lines: Sequence[curves.Line], heading: Heading) -> list[Plot]:
    """Make the plots of error curves."""
    return [make(lines, heading) for make in (plots.det, plots.roc, plots.roc_log)]


def _expected(dev: Sequence[curves.Class], test: Sequence[curves.Class]) -> expected.Expected:
    """Compute the expected performance curve, all attacks together."""
    on_dev, on_test = (np.concatenate([c.values for c in found[1:]]) for found in (dev, test))
    return expected.epc(dev[0].values, on_dev, test[0].values, on_test)


def _save(folder: Path, made: Iterable[Plot]) -> tuple[Path, ...]:
    """Write plots in their three forms."""
    written: list[Path] = []
    for plot in made:
        figure = figures.figure(plot)
        png, svg, numbers = (folder / f"{plot.name}.{form}" for form in ("png", "svg", "csv"))
        write_bytes(png, figures.encode(figure, "png"))
        write_bytes(svg, figures.encode(figure, "svg"))
        write_text(numbers, _csv(plot))
        written += [png, svg, numbers]
    return tuple(written)


def _csv(plot: Plot) -> str:
    """Write the numbers of a plot; a first column says when they are simulated."""
    word = "simulated" if plot.heading.simulated else "real"
    # Names of species and runs are anyone's; numbers that stand first are never negative.
    rows = ((word, guard(str(first)), *others) for first, *others in plot.rows)
    return csv_text(("data", *plot.header), rows)
