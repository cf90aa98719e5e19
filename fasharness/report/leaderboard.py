"""Tables over many runs and over two: from result files and score files to a small table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fasharness import result as results
from fasharness.errors import DataError
from fasharness.evaluation.compare import Comparison
from fasharness.report.grid import Grid
from fasharness.report.numbers import (
    change,
    data_words,
    figure,
    interval,
    is_share,
    label,
    percent,
)
from fasharness.report.text import SIMULATED, smallest_words
from fasharness.result import Evaluation, FoldsResult, Result

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
    Reference(
        "LGSC_Lite", "FaceForensics benchmark", "accuracy", 0.848, "table in VIS-VAR/LGSC-for-FAS"
    ),
)


def leaderboard(folder: Path) -> Grid:
    """Collect every run below a folder, best ACER first within each protocol.

    Args:
        folder: it is searched for ``result.json``; the folds of a run are one row.

    Returns:
        A table of per cent, ACER with its interval, or mean ± standard deviation over folds; a
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
    found.sort(key=lambda pair: (_protocol(pair[1]), _rank(pair[1]), str(pair[0])))
    rows = [
        (_method(r), _protocol(r), *_cells(r), _floor(r), _data(r), path.name) for path, r in found
    ]
    header = ("method", "protocol", *map(label, COLUMNS), "floor", "data", "run")
    return Grid(
        "Runs, best ACER first",
        header,
        rows,
        (*_notes([r for _, r in found]), *(f"Left out: {error}" for error in broken)),
    )


def published() -> Grid:
    """Lay the figures of the literature out that were verified in their sources.

    Returns:
        A table; figures that nobody has checked are not in it.
    """
    rows = [(r.method, r.protocol, label(r.metric), f"{percent(r.value)} %", r.source)
            for r in REFERENCES]  # fmt: skip
    notes = ("Read in the sources named; settings and threshold rules are theirs.",)
    header = ("method", "protocol", "metric", "value", "source")
    return Grid("Published figures, each verified in its source", header, rows, notes)


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
        ends = interval(metric) if metric and name == "acer" else ""
        yield figure(name, metric.value if metric else None) + (f" ({ends})" if ends else "")


def _evaluations(result: Result | FoldsResult) -> Iterator[Evaluation]:
    """The evaluations of a run."""
    folds = result.folds if isinstance(result, FoldsResult) else (result,)
    yield from (fold.evaluation for fold in folds)


def _floor(result: Result | FoldsResult) -> str:
    """Print the smallest error rate that a run's test split (or smallest fold) can support."""
    rates = [rate for one in _evaluations(result) for rate in one.smallest_rate.values()]
    return f"{percent(max(rates))} %" if rates else "–"


def _data(result: Result | FoldsResult) -> str:
    """Say what a run's figures are of."""
    leaks = any(one.threshold.leaks for one in _evaluations(result))
    return data_words(result.simulated, leaks)


def _notes(found: Sequence[Result | FoldsResult]) -> Iterator[str]:
    """Say what the table cannot show."""
    evaluations = [one for result in found for one in _evaluations(result)]
    if any(one.threshold.leaks for one in evaluations):
        yield "Some thresholds were chosen on the test split; their figures are too good."
    simulated = any(r.simulated for r in found)
    if simulated:
        yield "SIMULATED rows say nothing of real attacks; never set them beside published figures."
    protocols = {_protocol(r) for r in found}
    for reference in () if simulated else REFERENCES:
        if reference.protocol in protocols:
            value = f"{label(reference.metric)} {percent(reference.value)} %"
            yield f"Published: {reference.method} {value} ({reference.source})."
    yield (
        "floor: the smallest error rate that so few test presentations of a class can support "
        "(none wrong; of folds the largest)."
    )


def run_names(runs: Sequence[Path]) -> list[str]:
    """Call runs by the ends of their paths, or by the whole ones where the ends are equal.

    Args:
        runs: folders of runs or score files; ``scores.csv`` is called by its folder.

    Returns:
        A name for each.
    """
    places = [path.resolve() for path in runs]
    short = [path.parent.name if path.stem == "scores" else path.name for path in places]
    return short if len(set(short)) == len(short) else [str(path) for path in runs]


def comparison(first: str, second: str, found: Comparison) -> Grid:
    """Lay a comparison of two runs out; differences of shares are in percentage points.

    Args:
        first: name of the first run.
        second: name of the second run.
        found: their comparison.

    Returns:
        A table with a row per metric and the tests as notes.
    """
    rows = []
    for d in found.differences:
        ends = () if d.low is None or d.high is None else (d.low, d.high)
        between = " to ".join(change(d.name, end) for end in ends) or "–"
        apart = change(d.name, d.difference) + (" pp" if is_share(d.name) else "")
        cells = (figure(d.name, d.first), figure(d.name, d.second), apart, between)
        rows.append((label(d.name), *cells, data_words(found.simulated, found.leaks)))
    notes = [
        *([SIMULATED] if found.simulated else []),
        *(["LEAKS: thresholds were chosen on the test split."] if found.leaks else []),
        *_warned((first, second), found),
        f"{found.shared} test presentations that both scored; {_left_out(found.dropped)}.",
        f"difference: {second} minus {first}, pp: percentage points.",
        f"ACER difference: {_chance(found.acer_p)}; McNemar: bona fide "
        f"{_chance(found.mcnemar_bona_fide)}, attacks {_chance(found.mcnemar_attack)}.",
        f"{smallest_words(found.smallest_rate, found.confidence)}.",
        f"{found.words}.",
    ]
    header = ("metric", first, second, "difference", "interval", "data")
    return Grid(f"{second} against {first}", header, rows, notes)


def _warned(names: tuple[str, str], found: Comparison) -> Iterator[str]:
    """Print what the evaluations warn of, each once with the runs that do."""
    runs = dict(zip(names, found.warnings, strict=True))
    for words in dict.fromkeys(warning for warnings in found.warnings for warning in warnings):
        where = " and ".join(name for name, warnings in runs.items() if words in warnings)
        yield f"warning: {words} ({where})"


def _left_out(dropped: Sequence[str]) -> str:
    """Say what only one run scored."""
    named = ", ".join(dropped[:5]) + (", ..." if len(dropped) > 5 else "")
    return f"{len(dropped)} that only one scored left out" + (f" ({named})" if dropped else "")


def _chance(p: float) -> str:
    """Print a p-value."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"
