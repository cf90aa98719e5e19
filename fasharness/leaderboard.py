"""Tables over many runs and over two: from result files and score files to a small table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fasharness import result as results
from fasharness.compare import Comparison
from fasharness.errors import DataError
from fasharness.report.grid import Grid
from fasharness.report.numbers import figure, label, percent
from fasharness.result import FoldsResult, Result

COLUMNS = ("acer", "apcer", "bpcer", "eer", "auc")


@dataclass(frozen=True)
class Reference:
    """A figure from the literature, verified in its source.

    Attributes:
        method: the method.
        protocol: the protocol or the pair of data sets.
        metric: the metric.
        value: the figure as a share.
        source: where it was read.
    """

    method: str
    protocol: str
    metric: str
    value: float
    source: str


REFERENCES = (
    Reference("CDCN++", "oulu1", "acer", 0.002, "Yu et al., arXiv 2003.04092, abstract"),
    Reference("CDCN++", "CASIA-MFSD to Replay-Attack", "hter", 0.065, "the same abstract"),
)


def leaderboard(folder: Path) -> Grid:
    """Collect every run below a folder, best ACER first within each protocol.

    Args:
        folder: it is searched for ``result.json``; the folds of a run are one row.

    Returns:
        A table of per cent with 95 % intervals, or mean ± standard deviation over folds.

    Raises:
        DataError: when there is no result, or one cannot be read.
    """
    found = [(path.parent, results.read(path)) for path in _result_files(folder)]
    if not found:
        raise DataError(f"{folder}: no result.json below it; run something first")
    found.sort(key=lambda pair: (_protocol(pair[1]), _rank(pair[1]), str(pair[0])))
    rows = [
        (_method(r), _protocol(r), *_cells(r), "SIMULATED" if r.simulated else "real", path.name)
        for path, r in found
    ]
    header = ("method", "protocol", *map(label, COLUMNS), "data", "run")
    return Grid("Runs, best ACER first", header, rows, tuple(_notes([r for _, r in found])))


def _result_files(folder: Path) -> Iterator[Path]:
    """Find the results of runs, not those of single folds inside a run of folds."""
    for path in sorted(folder.rglob("result.json")):
        if not (path.parent.parent / "result.json").exists():
            yield path


def _first(result: Result | FoldsResult) -> Result:
    """Take a fold to ask what all folds share."""
    return result.folds[0] if isinstance(result, FoldsResult) else result


def _method(result: Result | FoldsResult) -> str:
    """Name the method and its preset."""
    one = _first(result)
    return f"{one.method} ({one.preset})" if one.preset else one.method


def _protocol(result: Result | FoldsResult) -> str:
    """Name the protocol, or the fold where only one was run."""
    return result.protocol if isinstance(result, FoldsResult) else result.fold or result.protocol


def _rank(result: Result | FoldsResult) -> float:
    """Sort by ACER, those without one last."""
    if isinstance(result, FoldsResult):
        values = [m.mean for m in result.metrics if m.name == "acer"]
    else:
        values = [m.value for m in result.evaluation.metrics if m.name == "acer"]
    return 2.0 if not values or values[0] is None else values[0]


def _cells(result: Result | FoldsResult) -> Iterator[str]:
    """Print the columns' metrics."""
    if isinstance(result, FoldsResult):
        means = {m.name: m for m in result.metrics}
        for name in COLUMNS:
            m = means.get(name)
            spread = f" ± {figure(name, m.std)}" if m and m.std is not None else ""
            yield figure(name, m.mean if m else None) + spread
        return
    metrics = {m.name: m for m in result.evaluation.metrics}
    for name in COLUMNS:
        metric = metrics.get(name)
        yield figure(name, metric.value if metric else None)


def _notes(found: Sequence[Result | FoldsResult]) -> Iterator[str]:
    """Say what the table cannot show."""
    folds = [f for r in found for f in (r.folds if isinstance(r, FoldsResult) else (r,))]
    if any(f.evaluation.threshold.leaks for f in folds):
        yield "Some thresholds were chosen on the test split; their figures are too good."
    if any(r.simulated for r in found):
        yield "SIMULATED rows say nothing of real attacks; never set them beside published figures."
        return
    protocols = {_protocol(r) for r in found}
    for reference in REFERENCES:
        if reference.protocol in protocols:
            value = f"{label(reference.metric)} {percent(reference.value)} %"
            yield f"Published: {reference.method} {value} ({reference.source})."


def comparison(first: str, second: str, found: Comparison) -> Grid:
    """Lay a comparison of two runs out.

    Args:
        first: name of the first run.
        second: name of the second run.
        found: their comparison.

    Returns:
        A table with a row per metric and the tests as notes.
    """
    rows = []
    for d in found.differences:
        high = d.high if d.high is not None else 0.0
        between = "–" if d.low is None else f"{d.low:+.4f} to {high:+.4f}"
        cells = (figure(d.name, d.first), figure(d.name, d.second), f"{d.difference:+.4f}", between)
        rows.append((label(d.name), *cells))
    notes = [
        f"{found.shared} test presentations that both scored; {len(found.dropped)} left out.",
        f"ACER differs with p = {found.acer_p:.4f}; McNemar: bona fide p = "
        f"{found.mcnemar_bona_fide:.4f}, attacks p = {found.mcnemar_attack:.4f}.",
        f"{found.words}.",
    ]
    header = ("metric", first, second, "difference", "interval")
    return Grid(f"{second} against {first}", header, rows, notes)
