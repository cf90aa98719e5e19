"""The reliability diagram of calibrated scores as PNG, SVG and CSV."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness.common.files import write_bytes, write_text
from fasharness.evaluation.calibrate import Diagram, diagrams
from fasharness.report.plots import encode, plain
from fasharness.scores import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME = "reliability"
# Colours as in the other plots; line styles and marks tell them apart in grey.
_STYLES = {"dev": ("#D55E00", "--", "s"), "test": ("#0072B2", "-", "o")}


def write(folder: Path, scores: Sequence[Score], title: str) -> tuple[Path, ...]:
    """Write ``reliability.png``, ``.svg`` and ``.csv``, each atomically.

    Args:
        folder: where they go.
        scores: natural log odds at equal classes.
        title: text above the plot.

    Returns:
        The files; none when no split has both classes.
    """
    found = diagrams(scores)
    if not found:
        return ()
    simulated = any(score.simulated for score in scores)
    paths = tuple(folder / f"{_NAME}.{ending}" for ending in ("png", "svg", "csv"))
    for path in paths[:2]:
        write_bytes(path, _drawn(found, title, simulated, path.suffix.removeprefix(".")))
    write_text(paths[2], _numbers(found, simulated))
    return paths


def _drawn(found: Sequence[Diagram], title: str, simulated: bool, form: str) -> bytes:
    """Draw the diagrams over each other, how many were counted below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 6.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    upper.plot([0, 1], [0, 1], color="#9aa4b2", lw=0.8, ls=":")
    for one in found:
        _draw(upper, lower, one)
    upper.set(xlim=(0, 1), ylim=(-0.02, 1.02))
    upper.set_ylabel("share that was bona fide", fontsize=9)
    # Above the axes: inside, it would lie on the curve of one file or another.
    upper.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    lower.set_ylabel("count", fontsize=9)
    lower.set_xlabel("probability of bona fide that was said", fontsize=9)
    for panel in (upper, lower):
        panel.grid(color="#d9dee5", linewidth=0.6)
        plain(panel)
    return encode(figure, title, simulated, form)


def _draw(upper: "Axes", lower: "Axes", one: Diagram) -> None:
    """Draw a split."""
    colour, dash, mark = _STYLES[one.split]
    edges, counts, said, was, error = one.found
    full = counts > 0
    fitted = ", fitted here, so too good" if one.split == "dev" else ""
    label = f"{one.split} (calibration error {error:.3f}{fitted})"
    upper.plot(
        said[full], was[full], color=colour, ls=dash, marker=mark, ms=5, mfc="white", label=label
    )
    lower.stairs(counts, edges, color=colour, ls=dash, lw=1.4)


def _numbers(found: Sequence[Diagram], simulated: bool) -> str:
    """Write the numbers of the plot; an empty bin has neither mean."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("data", "split", "low", "high", "count", "said", "was"))
    word = "simulated" if simulated else "real"
    for split, (edges, counts, said, was, _) in found:
        columns = (edges[:-1], edges[1:], counts, said, was)
        for low, high, count, *means in zip(*(c.tolist() for c in columns), strict=True):
            cells = [repr(mean) if count else "" for mean in means]
            writer.writerow((word, split, repr(low), repr(high), count, *cells))
    return text.getvalue()
