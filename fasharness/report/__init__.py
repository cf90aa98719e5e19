"""The report of a run: two plots as PNG files and one HTML page that opens offline."""

from collections.abc import Callable, Sequence
from pathlib import Path

from fasharness.files import write_bytes, write_text
from fasharness.result import FoldsResult, Result
from fasharness.scores import Score


def write(
    run_folder: Path,
    result: Result | FoldsResult,
    scores: Sequence[Score],
    picture: Callable[[str], bytes | None] | None = None,
) -> Path:
    """Write ``histogram.png``, ``det.png`` and ``report.html``, each atomically.

    Args:
        run_folder: where they go.
        result: what to report.
        scores: the scores behind it. Without a test score there are no plots; for folds, those
            of all folds together.
        picture: gives a presentation's picture as a PNG or JPEG file, None where there is none;
            the page then shows the worst errors. Mind whose faces these are.

    Returns:
        The path of ``report.html``.
    """
    from fasharness.report import page

    _draw(run_folder, result, scores)
    target = run_folder / "report.html"
    write_text(target, page.page(result, scores, picture))
    return target


def pictures(run_folder: Path) -> Callable[[str], bytes | None]:
    """Give the pictures that a run kept for its report, by presentation."""

    def read(name: str) -> bytes | None:
        path = run_folder / "pictures" / f"{Path(name).name}.jpg"
        return path.read_bytes() if path.is_file() else None

    return read


def _draw(run_folder: Path, result: Result | FoldsResult, scores: Sequence[Score]) -> None:
    """Write the two plots where there is something to draw."""
    from fasharness.report import plots
    from fasharness.report.curves import classes, det, marks

    found = classes(scores)
    one = result.folds[0] if isinstance(result, FoldsResult) else result
    threshold = None if isinstance(result, FoldsResult) else result.evaluation.threshold.value
    name = f"{one.method} on {_protocol(result)}"
    if found:
        drawn = plots.histogram_png(found, threshold, name, result.simulated)
        write_bytes(run_folder / "histogram.png", drawn)
    lines = det(found)
    if lines:
        points = () if threshold is None else marks(found, threshold)
        write_bytes(run_folder / "det.png", plots.det_png(lines, points, name, result.simulated))


def _protocol(result: Result | FoldsResult) -> str:
    """Name the protocol, or the fold where there is one."""
    return result.protocol if isinstance(result, FoldsResult) else result.fold or result.protocol
