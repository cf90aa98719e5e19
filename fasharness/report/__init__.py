"""The report of a run: two plots as PNG files and one HTML page that opens offline."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness.common.files import write_bytes, write_text
from fasharness.common.places import inside
from fasharness.errors import OptionError

if TYPE_CHECKING:
    from fasharness.report.runs import Run


def write(run_folder: Path) -> Path:
    """Write the page of a finished run and, beside it, ``histogram.png`` and ``det.png``.

    Args:
        run_folder: the run's folder, with ``result.json`` and ``scores.csv``; pictures in it
            are shown, so check that these faces may be passed on.

    Returns:
        The path of ``report.html``. Each file is written atomically.

    Raises:
        OptionError: when the folder holds no finished run.
        DataError: when a file of the run is missing or damaged.
    """
    from fasharness.report import page
    from fasharness.report.runs import read

    run = read(run_folder)
    target = run_folder / "report.html"
    _draw(run_folder, run)
    write_text(target, page.page([run]))
    return target


def write_page(runs: "Sequence[Run]", target: Path) -> Path:
    """Write one page on one or several runs or score files; their comparison comes first.

    Args:
        runs: what `fasharness.report.runs.read_several` returns; the others are compared with the
            first.
        target: the page's file.

    Returns:
        The page's path. The file is written atomically.
    """
    from fasharness.report import page

    write_text(target, page.page(runs))
    return target


def write_plots(runs: "Sequence[Run]", folder: Path) -> tuple[Path, ...]:
    """Write every plot of runs or score files as PNG, SVG and CSV.

    Args:
        runs: what `fasharness.report.runs.read_several` returns.
        folder: where the plots go; with several runs or folds, each gets a folder of its own
            in it; the error curves of all runs together are written beside these.

    Returns:
        The files, each written atomically.

    Raises:
        OptionError: when one has no scores to draw.
    """
    # Imported when called, so that other commands do not load the drawing code.
    from fasharness.report.drawing import files
    from fasharness.report.versus import run_curves

    for run in runs:
        if run.file and not run.scores:
            raise OptionError(f"{run.file}: figures without scores, so there is nothing to plot")
    written: list[Path] = []
    for run in runs:
        home = folder / Path(run.name).name if len(runs) > 1 else folder
        for part in run.parts:
            # The name stands in a file, which may come from anyone.
            place = inside(home, part.name, run.name) if len(run.parts) > 1 else home
            title = run.title if run.file else f"{run.first.method} on {part.name}"
            found, simulated = part.result.evaluation, part.result.simulated
            written += files.write(place, found, part.scores, title, simulated)
    if len(runs) > 1:
        simulated = any(run.simulated for run in runs)
        written += files.write_curves(folder, run_curves(runs), "all attacks pooled", simulated)
    return tuple(written)


def _draw(folder: Path, run: "Run") -> None:
    """Write the two plots, each if there is something to draw."""
    from fasharness.report.curves import classes, det, marks
    from fasharness.report.drawing import figures, plots
    from fasharness.report.drawing.model import Heading

    found = classes(run.scores)
    alone = len(run.parts) == 1
    # Each fold has its own threshold, so one line in a plot of all folds would be wrong.
    threshold = run.first.evaluation.threshold.value if alone else None
    heading = Heading(run.simulated, f"{run.first.method} on {run.protocol}")
    if found:
        drawn = figures.png(plots.histogram(found, threshold, heading))
        write_bytes(folder / "histogram.png", drawn)
    lines = det(found)
    if lines:
        places = () if threshold is None else marks(found, threshold)
        drawn = figures.png(plots.det_at_threshold(lines, places, heading))
        write_bytes(folder / "det.png", drawn)
