"""The table of all runs below a folder, and the table of published figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fasharness import result as results
from fasharness.errors import DataError
from fasharness.report.grid import Grid
from fasharness.report.numbers import (
    data_words,
    figure,
    floor,
    label,
    percent,
    with_interval,
    with_spread,
)
from fasharness.report.tables import HEADLINE
from fasharness.result import Evaluation, FoldsResult, Result


@dataclass(frozen=True)
class Reference:
    """A figure from the literature, verified in its source.

    Attributes:
        method: the method.
        protocol: the protocol, or training and test data.
        metric: the metric.
        value: the figure as a share.
        source: the publication or file that states it.
    """

    method: str
    protocol: str
    metric: str
    value: float
    source: str


REFERENCES = (
    Reference("CDCN++", "oulu1", "acer", 0.002, "Yu et al., arXiv 2003.04092, abstract"),
    Reference("CDCN++", "CASIA-MFSD to Replay-Attack", "hter", 0.065, "the same abstract"),
    Reference(
        "LGSC_Lite", "FaceForensics benchmark", "accuracy", 0.848, "table in VIS-VAR/LGSC-for-FAS"
    ),
)


def leaderboard(folder: Path) -> Grid:
    """Collect every run below a folder, best ACER first within each protocol.

    Args:
        folder: searched for ``result.json`` at any depth; the folds of a run are one row.

    Returns:
        A table in per cent: ACER with its interval, or mean ± standard deviation over folds. A
        result that cannot be read is left out and named in a note.

    Raises:
        DataError: when there is no result, or none that can be read.
    """
    found: list[tuple[Path, Result | FoldsResult]] = []
    broken: list[DataError] = []
    for path in _result_files(folder):
        try:
            found.append((path.parent, results.read(path)))
        except DataError as error:
            broken.append(error)
    if not found:
        raise (broken or [DataError(f"{folder}: no result.json below it; run something first")])[0]
    # The path breaks ties, so that the order does not depend on the file system.
    found.sort(key=lambda pair: (_protocol(pair[1]), _rank(pair[1]), str(pair[0])))
    rows = [
        (_method(r), _protocol(r), *_cells(r), floor(_evaluations(r)), _data(r), path.name)
        for path, r in found
    ]
    header = ("method", "protocol", *map(label, HEADLINE), "floor", "data", "run")
    return Grid(
        "Runs, best ACER first",
        header,
        rows,
        (*_notes([r for _, r in found]), *(f"Left out: {error}" for error in broken)),
    )


def literature() -> Grid:
    """Format the published figures that were verified in their sources as a table.

    Returns:
        A table; unverified figures are not in it.
    """
    rows = [(r.method, r.protocol, label(r.metric), f"{percent(r.value)} %", r.source)
            for r in REFERENCES]  # fmt: skip
    notes = ("Taken from the sources named, with their settings and threshold rules.",)
    header = ("method", "protocol", "metric", "value", "source")
    return Grid("Published figures, each verified in its source", header, rows, notes)


def _result_files(folder: Path) -> Iterator[Path]:
    """Yield the results of runs, without those of single folds inside a run of folds."""
    for path in sorted(folder.rglob("result.json")):
        if not (path.parent.parent / "result.json").exists():
            yield path


def _first(result: Result | FoldsResult) -> Result:
    """Return a result with the facts that all folds share."""
    return result.folds[0] if isinstance(result, FoldsResult) else result


def _method(result: Result | FoldsResult) -> str:
    """Name the method and its preset."""
    one = _first(result)
    return f"{one.method} ({one.preset})" if one.preset else one.method


def _protocol(result: Result | FoldsResult) -> str:
    """Name the protocol, or the fold if only one was run."""
    return result.protocol if isinstance(result, FoldsResult) else result.fold or result.protocol


def _rank(result: Result | FoldsResult) -> float:
    """Return the sort key: ACER, runs without one last."""
    if isinstance(result, FoldsResult):
        values = [m.mean for m in result.metrics if m.name == "acer"]
    else:
        values = [m.value for m in result.evaluation.metrics if m.name == "acer"]
    # Above every rate, so that runs without an ACER come last.
    return 2.0 if not values or values[0] is None else values[0]


def _cells(result: Result | FoldsResult) -> Iterator[str]:
    """Yield the metrics: ACER with its interval, or all with their deviation over folds."""
    if isinstance(result, FoldsResult):
        means = {m.name: m for m in result.metrics}
        yield from (with_spread(name, means.get(name)) for name in HEADLINE)
        return
    metrics = {m.name: m for m in result.evaluation.metrics}
    for name in HEADLINE:
        metric = metrics.get(name)
        if metric and name == "acer":
            yield with_interval(metric)
        else:
            yield figure(name, metric.value if metric else None)


def _evaluations(result: Result | FoldsResult) -> Iterator[Evaluation]:
    """Yield the evaluations of a run."""
    folds = result.folds if isinstance(result, FoldsResult) else (result,)
    yield from (fold.evaluation for fold in folds)


def _data(result: Result | FoldsResult) -> str:
    """Describe the data behind a run's figures."""
    leaks = any(one.threshold.leaks for one in _evaluations(result))
    return data_words(result.simulated, leaks)


def _notes(found: Sequence[Result | FoldsResult]) -> Iterator[str]:
    """Yield what a reader must know beyond the table."""
    evaluations = [one for result in found for one in _evaluations(result)]
    if any(one.threshold.leaks for one in evaluations):
        yield "Some thresholds were chosen on the test split; their figures are too good."
    simulated = any(r.simulated for r in found)
    if simulated:
        yield "SIMULATED rows say nothing of real attacks; never compare them with published ones."
    protocols = {_protocol(r) for r in found}
    # A published figure below simulated rows would invite a comparison that means nothing.
    for reference in () if simulated else REFERENCES:
        if reference.protocol in protocols:
            value = f"{label(reference.metric)} {percent(reference.value)} %"
            yield f"Published: {reference.method} {value} ({reference.source})."
    yield (
        "floor: the smallest error rate that so few test presentations of a class can support "
        "(none wrong; of folds the largest)."
    )
