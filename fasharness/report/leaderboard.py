"""The table of all runs and stored evaluations below some folders."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fasharness.errors import DataError, OptionError
from fasharness.evaluation import stored
from fasharness.report.grid import Grid
from fasharness.report.literature import REFERENCES
from fasharness.report.numbers import (
    data_words,
    digits,
    figure,
    floor,
    label,
    percent,
    plain_cells,
    plain_columns,
    with_interval,
    with_spread,
)
from fasharness.report.tables import HEADLINE
from fasharness.result import Evaluation, FoldMetric, FoldsResult, Metric, Result

_RESULT = "result.json"
_NONE = "–"
_ORDER = (
    "Within a protocol the best ACER comes first; runs with a leaking threshold (LEAKS), limited "
    "runs (LIMIT) and runs without an ACER come last."
)


@dataclass(frozen=True)
class Entry:
    """A run, or an evaluation of score files, in the table.

    Attributes:
        path: the run's folder, or the file that ``fasharness evaluate --out`` wrote.
        result: its result.
        options: the method's options in which runs of this method differ.
    """

    path: Path
    result: Result | FoldsResult
    options: str = ""

    @property
    def first(self) -> Result:
        """A result with the facts that all folds share."""
        return self.result.folds[0] if isinstance(self.result, FoldsResult) else self.result

    @property
    def method(self) -> str:
        """The method and its preset; empty for score files."""
        return (
            f"{self.first.method} ({self.first.preset})" if self.first.preset else self.first.method
        )

    @property
    def protocol(self) -> str:
        """The protocol, or the fold if only one was run; empty for score files."""
        one = self.result
        return one.protocol if isinstance(one, FoldsResult) else one.fold or one.protocol

    @property
    def evaluations(self) -> list[Evaluation]:
        """The evaluations, one for each fold."""
        folds = self.result.folds if isinstance(self.result, FoldsResult) else (self.result,)
        return [fold.evaluation for fold in folds]

    @property
    def leaks(self) -> bool:
        """Whether a threshold was chosen on the test split."""
        return any(one.threshold.leaks for one in self.evaluations)

    @property
    def limit(self) -> int:
        """How many presentations of each split were used (``--limit``); 0 if all."""
        found = self.first.provenance.get("limit", 0)
        return found if isinstance(found, int) else 0

    @property
    def seed(self) -> str:
        """The seed of a run; of score files, that of the intervals alone."""
        found = self.first.provenance.get("seed")
        return str(self.first.evaluation.intervals.seed if found is None else found)

    @property
    def data(self) -> str:
        """The data behind the figures, in words."""
        return data_words(self.result.simulated, self.leaks, self.limit)

    def metric(self, name: str) -> Metric | FoldMetric | None:
        """Look a metric up, or its mean over the folds."""
        if isinstance(self.result, FoldsResult):
            return next((m for m in self.result.metrics if m.name == name), None)
        return next((m for m in self.result.evaluation.metrics if m.name == name), None)

    @property
    def acer(self) -> float | None:
        """The ACER that the table is sorted by."""
        found = self.metric("acer")
        return found.mean if isinstance(found, FoldMetric) else found.value if found else None


@dataclass(frozen=True)
class Board:
    """Everything that was found.

    Attributes:
        entries: in the order of the table.
        broken: why some results cannot be read.
    """

    entries: tuple[Entry, ...]
    broken: tuple[str, ...] = ()


def collect(paths: Sequence[Path]) -> Board:
    """Collect every run and every stored evaluation.

    Args:
        paths: folders, searched at any depth for ``result.json`` and for files that ``fasharness
            evaluate --out`` wrote, or such files; the folds of a run are one entry.

    Returns:
        The entries: real ones before simulated ones, by protocol; within a protocol leaking and
        limited ones and those without an ACER come last, the best ACER first.

    Raises:
        DataError: when there is nothing, or nothing that can be read.
        OptionError: when a path does not exist or is another file.
    """
    found: list[Entry] = []
    broken: list[DataError] = []
    for file in dict.fromkeys(file for path in paths for file in _files(path)):
        try:
            home = file.parent if file.name == _RESULT else file
            found.append(Entry(home, stored.read(file)))
        except DataError as error:
            broken.append(error)
    if not found:
        named = ", ".join(map(str, paths))
        nothing = f"{named}: no {_RESULT} and no JSON of `fasharness evaluate --out` below it"
        raise (broken or [DataError(f"{nothing}; run something first")])[0]
    named_options = [Entry(one.path, one.result, _options(one, found)) for one in found]
    return Board(tuple(sorted(named_options, key=_rank)), tuple(map(str, broken)))


def _files(path: Path) -> Iterator[Path]:
    """Yield the results below a path, without those of single folds inside a run of folds."""
    if path.is_file():
        if path.suffix.lower() != ".json":
            raise OptionError(
                f"{path}: not JSON; for a score file, write its figures with `fasharness evaluate "
                f"{path} --out FILE.json` and name that file"
            )
        yield path
    if not path.exists():
        raise OptionError(f"{path}: no such folder or file")
    for file in sorted(path.rglob("*.json")):
        inner = (file.parent.parent / _RESULT).exists()
        if (file.name == _RESULT and not inner) or stored.holds_figures(file):
            yield file


def _rank(one: Entry) -> tuple[bool, str, bool, float, str]:
    """Return the sort key."""
    # Above every rate, so that runs without an ACER come last. The path breaks ties, so that the
    # order does not depend on the file system.
    acer = 2.0 if one.acer is None else one.acer
    return (
        one.result.simulated,
        one.protocol or _NONE,
        one.leaks or bool(one.limit),
        acer,
        str(one.path),
    )


def _options(one: Entry, found: Sequence[Entry]) -> str:
    """Name the options in which the runs of a method differ; all of them would fill a page."""
    others = [other.first for other in found if other.first.method == one.first.method]
    return ", ".join(
        f"{name}={_text(value)}"
        for name, value in sorted(one.first.options.items())
        if any(other.options.get(name) != value for other in others)
    )


def _text(value: Any) -> str:
    """Write the value of an option."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def leaderboard(board: Board) -> tuple[Grid, ...]:
    """Format runs for readers.

    Args:
        board: what `collect` returns.

    Returns:
        A table of real data and one of simulated data, where there are any, in per cent: ACER
        with its interval, or mean ± standard deviation over folds. A result that cannot be read
        is named in a note.
    """
    grids = []
    for simulated, title in ((False, "Runs on real data"), (True, "Runs on SIMULATED data")):
        mine = [one for one in board.entries if one.result.simulated is simulated]
        if mine:
            grids.append(_table(f"{title}, by protocol", mine))
    last = grids[-1]
    left_out = tuple(f"Left out: {words}" for words in board.broken)
    return *grids[:-1], Grid(last.title, last.header, last.rows, (*last.notes, *left_out))


def _table(title: str, entries: Sequence[Entry]) -> Grid:
    """Format the runs on real or on simulated data."""
    header = (
        "method", "protocol", *map(label, HEADLINE), "floor", "seed", "options", "data", "run",
    )  # fmt: skip
    rows = [
        (
            one.method or _NONE,
            one.protocol or _NONE,
            *(_cell(name, one.metric(name)) for name in HEADLINE),
            figure("acer", floor(one.evaluations)),
            one.seed,
            one.options or _NONE,
            one.data,
            one.path.resolve().name,
        )
        for one in entries
    ]
    return Grid(title, header, rows, tuple(_notes(entries)))


def _cell(name: str, metric: Metric | FoldMetric | None) -> str:
    """Format a metric: ACER with its interval, or all with their deviation over folds."""
    if isinstance(metric, FoldMetric):
        return with_spread(name, metric)
    if metric and name == "acer":
        return with_interval(metric)
    return figure(name, metric.value if metric else None)


def numbers(board: Board) -> Grid:
    """Format runs as plain numbers, for a CSV that programs read.

    Args:
        board: what `collect` returns.

    Returns:
        One table in the order of the board: shares as shares, not per cent, with all their
        digits; the column ``data`` marks simulated rows.
    """
    header = ("method", "protocol", *plain_columns(HEADLINE), "floor", "seed", "options", "limit",
              "data", "run")  # fmt: skip
    rows = [
        (
            one.method,
            one.protocol,
            *(cell for name in HEADLINE for cell in plain_cells(one.metric(name))),
            digits(floor(one.evaluations)),
            one.seed,
            one.options,
            str(one.limit),
            one.data,
            str(one.path),
        )
        for one in board.entries
    ]
    notes = tuple(f"warning: left out: {words}" for words in board.broken)
    return Grid("Runs", header, rows, notes)


def _notes(found: Sequence[Entry]) -> Iterator[str]:
    """Yield what a reader must know beyond the table."""
    simulated = found[0].result.simulated
    if simulated:
        yield "SIMULATED rows say nothing of real attacks; never compare them with published ones."
    if any(one.leaks for one in found):
        yield "LEAKS: a threshold was chosen on the test split, so the figures are too good."
    if any(one.limit for one in found):
        yield "LIMIT: only so many presentations of each split; not the protocol's figure."
    yield _ORDER
    protocols = {one.protocol for one in found}
    # A published figure below simulated rows would invite a comparison that means nothing.
    for reference in () if simulated else REFERENCES:
        if reference.protocol in protocols:
            value = f"{label(reference.metric)} {percent(reference.value)} %"
            yield f"Published: {reference.method} {value} ({reference.source})."
    if "" in protocols:
        yield f"{_NONE}: evaluations of score files, which do not say of which presentations."
    yield (
        "floor: the smallest error rate that so few test presentations of a class can support "
        "(none wrong; of folds the largest); options: those in which runs of a method differ."
    )
