"""Run all methods on the simulated OULU-NPU, one run a cell, and write docs/results-simulated.md.

Run it as ``python docs/results_simulated.py`` (``make table``). It takes hours; interrupt it
whenever you like, and the same command goes on: a cell is a run in a folder of its own, which
resumes. The page is written after every cell, from what has finished.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from results_costs import REPEATS, measure, measured

import fasharness
from fasharness.builtin.baselines import BASELINES
from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.common.files import write_text
from fasharness.common.progress import Console, Terminal
from fasharness.errors import DataError, FasharnessError, UnknownNameError
from fasharness.evaluation.compare import Comparison
from fasharness.evaluation.differences import Difference
from fasharness.generator import Generator
from fasharness.plugins import Plugins, load
from fasharness.report.grid import Grid, markdown
from fasharness.report.numbers import change, with_interval, with_spread
from fasharness.result import FoldsResult, Result
from fasharness.result import read as read_result
from fasharness.run.data_roots import DataRoot, simulate, simulated_root
from fasharness.run.generated import CARD

ROOT = Path(__file__).resolve().parents[1]
PROTOCOLS = ("oulu1", "oulu2", "oulu3", "oulu4")
REFERENCE = "sgtd"
PAIRED = "dum"
"""The method that is also trained with generated pairs."""
NOT_RUN = "not run yet"
_ENDED = "the run ended with status"


class Cell(NamedTuple):
    """A run of the table: method, protocol, and whether it trains on generated pairs as well."""

    method: str
    protocol: str
    pairs: bool = False

    def folder(self, runs: Path) -> Path:
        """The run's folder."""
        return runs / self.protocol / (f"{self.method}-pairs" if self.pairs else self.method)


@dataclass(frozen=True)
class Table:
    """What the table is made from.

    Attributes:
        runs: the folder that holds a folder for each cell.
        data: the simulated data set.
        methods: rows, the reference first.
        protocols: columns.
        generated: folder of generated pairs; it need not exist.
        reference: the method that the others are compared with.
        flags: further flags of every run.
    """

    runs: Path
    data: Path
    methods: Sequence[str]
    protocols: Sequence[str] = PROTOCOLS
    generated: Path = Path("generated")
    reference: str = REFERENCE
    flags: Sequence[str] = ()

    def cells(self) -> Iterator[Cell]:
        """All cells in the order in which they run: the first protocol of all methods first."""
        for protocol in self.protocols:
            yield from (Cell(method, protocol) for method in self.methods)
        if PAIRED in self.methods:
            yield self.paired

    @property
    def paired(self) -> Cell:
        """The cell with generated pairs."""
        return Cell(PAIRED, self.protocols[0], pairs=True)


def installed(plugins: Plugins) -> list[str]:
    """The methods that score, the reference first, without those that every result contains."""
    names = [n for n in plugins.names("method") if n not in BASELINES]
    scoring = [n for n in names if not issubclass(plugins.method(n), Generator)]
    return sorted(scoring, key=lambda name: (name != REFERENCE, name))


def log_of(folder: Path) -> Path:
    """The file that keeps what a cell's command said, beside its folder."""
    return folder.with_name(f"{folder.name}.log")


def run_cell(table: Table, cell: Cell) -> None:
    """Run a cell, or go on with it; what the command says is kept in a log beside its folder."""
    folder = cell.folder(table.runs)
    folder.parent.mkdir(parents=True, exist_ok=True)
    words = ["--plugin", cell.method, "--protocol", cell.protocol, "--quiet"]
    words += ["--data", str(table.data), "--out", str(folder), *table.flags]
    if cell.pairs:
        words += ["--auxiliary", f"generated={table.generated}"]
    with log_of(folder).open("w", encoding="utf-8") as log:
        # A process of its own: one that is killed for memory takes no other cell with it.
        command = [sys.executable, "-m", "fasharness", "run", *words]
        ended = subprocess.run(command, stdout=log, stderr=log, check=False)
        if ended.returncode not in (0, 2):
            log.write(f"\n{_ENDED} {ended.returncode}\n")


def finished(folder: Path) -> Result | FoldsResult | None:
    """The result of a cell, None if it has not finished.

    Raises:
        DataError: it is of real data, which do not belong on this page.
    """
    if not (folder / "result.json").is_file():
        return None
    result = read_result(folder / "result.json")
    if not result.simulated:
        raise DataError(f"{folder}: is a run on real data; choose another --runs")
    return result


def reason(table: Table, cell: Cell) -> str:
    """Why a cell is empty."""
    if cell.pairs and not (table.generated / CARD).is_file():
        return "no folder of generated pairs yet (`fasharness generate`)"
    log = log_of(cell.folder(table.runs))
    if not log.is_file():
        return NOT_RUN
    last = (log.read_text(encoding="utf-8").strip().splitlines() or [""])[-1]
    said = last.partition("fasharness: error: ")[2] or (last if last.startswith(_ENDED) else "")
    # The page is for everyone: no folder of this machine.
    for path, name in ((table.runs, "RUNS"), (table.data, "DATA"), (table.generated, "GENERATED")):
        said = said.replace(str(path), name)
    return said or "interrupted; the same command goes on"


def acer(result: Result | FoldsResult) -> str:
    """ACER with its interval; over folds that of all decisions, then mean and deviation."""
    if isinstance(result, Result):
        return with_interval(result.evaluation.metric("acer"))
    pooled = next(metric for metric in result.pooled if metric.name == "acer")
    mean = next(metric for metric in result.metrics if metric.name == "acer")
    return f"{with_interval(pooled)}; {with_spread('acer', mean)}"


def training_minutes(folder: Path) -> str:
    """Minutes by the clock that training took, over all folds; empty for what is not trained."""
    steps = [json.loads(p.read_text(encoding="utf-8")) for p in folder.rglob("steps.json")]
    seconds = sum(one["seconds"].get("train", 0.0) for one in steps)
    return f"{seconds / 60:.1f}" if seconds else ""


def compared(first: Path, second: Path) -> Comparison | str:
    """The paired comparison of two cells, or why there is none; empty until both have finished."""
    if first == second or not (finished(first) and finished(second)):
        return ""
    try:
        return fasharness.compare(first, second)
    except DataError as error:
        # The table goes on: two cells that do not compare are no reason to lose the others.
        return f"not comparable: {error}"


def apart(found: Comparison | str) -> str:
    """The difference of ACER, second minus first, with its interval and p."""
    if isinstance(found, str):
        return found
    one = _acer_of(found)
    ends = [change("acer", end) for end in (one.low, one.high) if end is not None]
    return f"{change('acer', one.difference)} ({' to '.join(ends)}), p = {found.acer_p:.3f}"


def verdict(found: Comparison | str) -> str:
    """Whether the second cell is better, by the interval of the difference."""
    if isinstance(found, str):
        return ""
    one = _acer_of(found)
    if one.low is None or one.high is None or one.low <= 0 <= one.high:
        return "no difference shown"
    return "the pairs help" if one.high < 0 else "the pairs do harm"


def _acer_of(found: Comparison) -> Difference:
    return next(one for one in found.differences if one.name == "acer")


def figures(table: Table) -> Grid:
    """The table of ACER, cost and processor."""
    rows = []
    for method in table.methods:
        folders = [Cell(method, protocol).folder(table.runs) for protocol in table.protocols]
        results = [finished(folder) for folder in folders]
        cost = next((m for m in map(measured, folders) if m), None)
        costs = ("",) * 3
        if cost:
            costs = (f"{cost.parameters:,}", f"{cost.milliseconds:.1f}", cost.processor)
        minutes = training_minutes(folders[0]) if results[0] else ""
        rows.append((method, *(acer(r) if r else "" for r in results), minutes, *costs))
    header = (f"training on {table.protocols[0]}, min", "parameters", "ms an image", "processor")
    title = "SIMULATED: ACER at the dev EER threshold (95 % interval)"
    return Grid(title, ("method", *table.protocols, *header), rows)


def differences(table: Table) -> Grid:
    """The paired differences against the reference."""
    rows = []
    for method in table.methods:
        if method != table.reference:
            pairs = (
                (Cell(table.reference, p).folder(table.runs), Cell(method, p).folder(table.runs))
                for p in table.protocols
            )
            rows.append((method, *(apart(compared(*pair)) for pair in pairs)))
    title = f"SIMULATED: ACER minus {table.reference}'s, in points (95 % interval)"
    return Grid(title, ("method", *table.protocols), rows)


def with_pairs(table: Table) -> Grid:
    """DUM without and with generated pairs."""
    without, pairs = (Cell(PAIRED, table.protocols[0]), table.paired)
    rows = []
    for name, cell in (("without", without), ("with", pairs)):
        folder = cell.folder(table.runs)
        result = finished(folder)
        found = compared(without.folder(table.runs), folder)
        rows.append((name, acer(result) if result else "", apart(found), verdict(found)))
    title = f"SIMULATED: {PAIRED} with and without DSDG's pairs, {table.protocols[0]}"
    return Grid(title, ("pairs", "ACER (95 % interval)", "with minus without, points", ""), rows)


def not_run(table: Table) -> Iterator[str]:
    """A line for each empty cell, with its reason."""
    reasons: dict[str, list[str]] = {}
    for cell in table.cells():
        if finished(cell.folder(table.runs)) is None:
            name = f"{cell.method}{' with pairs' if cell.pairs else ''} on {cell.protocol}"
            reasons.setdefault(reason(table, cell), []).append(name)
    for words, names in reasons.items():
        yield f"- {words}: {', '.join(names)}"


def page(table: Table, marks: Mapping[str, object]) -> str:
    """The page, from what has finished."""
    simulation = ", ".join(f"{name} {value}" for name, value in marks.items())
    lines = [
        "# Methods on simulated data",
        "**SIMULATED.** Every figure on this page comes from drawn faces and says nothing about "
        "real attacks, nor about the order of the methods on real data.",
        "",
        "`make table` writes this page; each cell is `fasharness run --plugin METHOD --protocol "
        f"PROTOCOL --sim {marks.get('size', 'small')}` with the method's default preset: for "
        "networks a narrow one that trains in minutes, not the published recipe. The simulation: "
        f"{simulation}.",
        "",
        markdown(figures(table)),
        "Where a protocol has folds, the interval is that of the decisions of all folds together, "
        "followed by mean and standard deviation over the folds. *ms an image*: scoring alone, "
        f"float32, one clip at a time, divided by its frames, median of {REPEATS}. Training "
        "minutes are by the clock; other work on the machine lengthens them.",
        "",
        markdown(differences(table)),
        "Paired by presentation; below zero is better than "
        f"{table.reference}. Several methods are compared and p is not corrected for it.",
        "",
        markdown(with_pairs(table)) if PAIRED in table.methods else "",
        "## Empty cells",
        *(list(not_run(table)) or ["None."]),
    ]
    return "\n".join(lines) + "\n"


def make_table(table: Table, chosen: Sequence[Cell], target: Path, console: Console) -> None:
    """Run the chosen cells one after the other, and write the page after each.

    Args:
        table: all cells of the page.
        chosen: those that are run.
        target: the page.
        console: receives a line for each cell.
    """
    plugins = load()
    marks = json.loads((table.data / "SIMULATED.json").read_text(encoding="utf-8"))
    marks = {name: marks[name] for name in ("size", "version", "seed") if name in marks}
    write_text(target, page(table, marks))
    for cell in chosen:
        if cell.pairs and not (table.generated / CARD).is_file():
            continue
        folder = cell.folder(table.runs)
        console.say(f"{folder} ...")
        run_cell(table, cell)
        if (result := finished(folder)) is not None:
            measure(folder, plugins)
        console.say(acer(result) if result else reason(table, cell))
        write_text(target, page(table, marks))


def main(words: Sequence[str]) -> None:
    """Read the command line, simulate the data if needed, and make the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "table", metavar="DIR")
    parser.add_argument(
        "--page", type=Path, default=Path(__file__).with_name("results-simulated.md")
    )
    parser.add_argument("--size", default="small", help="of the simulated data")
    parser.add_argument("--generated", type=Path, metavar="DIR", help="DSDG's pairs")
    parser.add_argument("--methods", help="run only these, joined by commas")
    parser.add_argument("--protocols", help="run only these, joined by commas")
    parser.add_argument("--jobs", default="0", help="processes of each run (default: all cores)")
    options = parser.parse_args(words)
    console, plugins = Terminal(sys.stderr), load()
    simulator = plugins.simulator(OuluNpu.name)
    if simulator is None:
        raise SystemExit("the plugin fasharness-sim is not installed: `make install`")
    root = simulated_root(OuluNpu.name, simulator, options.size)
    simulate(OuluNpu, DataRoot(root, simulator, options.size), 0, console)
    generated = options.generated or options.runs / "generated"
    jobs = ("--jobs", options.jobs)
    names = installed(plugins)
    table = Table(options.runs, root, names, generated=generated, flags=jobs)
    methods = _chosen("method", options.methods, table.methods)
    protocols = _chosen("protocol", options.protocols, table.protocols)
    chosen = [c for c in table.cells() if c.method in methods and c.protocol in protocols]
    make_table(table, chosen, options.page, console)


def _chosen(kind: str, text: str | None, known: Sequence[str]) -> Sequence[str]:
    """Read names joined by commas; all that are known where there is no text."""
    names = known if text is None else text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise UnknownNameError(kind, unknown[0], known)
    return names


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FasharnessError as error:
        raise SystemExit(f"error: {error}") from None
