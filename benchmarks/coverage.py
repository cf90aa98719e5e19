"""Measures how often intervals hold the true value, and which rule is shortest among those that do.

    nice -n 19 python benchmarks/coverage.py

Cells that `benchmarks/results/coverage.csv` holds already are not simulated again; the table
`coverage.md` is written anew. ``--experiments`` below 2000 is for trying out, with ``--out``.
"""

import argparse
import csv
import itertools
import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import coverage_cases as cases
import numpy as np
from coverage_cases import Cell, Effort, Found
from coverage_table import table

RATES, CORRELATIONS = (0.002, 0.01, 0.05, 0.2, 0.5), (0.0, 0.2, 0.5)
GRID = tuple(
    Cell(*values)
    for values in itertools.product((10, 20, 55, 200), (1, 6, 24), RATES, CORRELATIONS)
)
NAMED = tuple(
    Cell(*values)
    for values in (
        (10, 1, 0.2, 0), (10, 6, 0.05, 0.2), (10, 6, 0.2, 0.2), (10, 24, 0.05, 0.5),
        (20, 1, 0.05, 0), (20, 6, 0.01, 0.2), (20, 6, 0.05, 0.2), (20, 6, 0.2, 0.2),
        (20, 24, 0.05, 0.5), (55, 1, 0.05, 0), (55, 6, 0.002, 0.2), (55, 6, 0.01, 0.2),
        (55, 6, 0.05, 0.2), (55, 6, 0.2, 0.5), (55, 24, 0.01, 0.5), (200, 1, 0.01, 0),
        (200, 6, 0.01, 0.2), (200, 24, 0.002, 0.5), (200, 24, 0.05, 0.2), (200, 6, 0.5, 0.2),
    )
)  # fmt: skip
# An EER of 50 % has no direction, and the curves of 9600 scores take long.
CURVES = tuple(cell for cell in NAMED if cell.rate < 0.5 and cell.subjects * cell.each < 4000)
COLUMNS = ("kind", *Cell._fields, "figure", "rule", *Found._fields)
Key = tuple[str, Cell]
Results = dict[Key, dict[str, dict[str, Found]]]


def wanted() -> Iterator[Key]:
    """Every kind and cell, the short ones first."""
    for kind in cases.KINDS:
        cells = {"bpcer": GRID, "closely": GRID, "curves": CURVES}.get(kind, NAMED)
        yield from ((kind, cell) for cell in cells)


def read(path: Path) -> Results:
    """Read the cells that are done."""
    found: Results = defaultdict(lambda: defaultdict(dict))
    if path.exists():
        with path.open() as file:
            for row in csv.DictReader(file):
                cell = Cell(
                    int(row["subjects"]), int(row["each"]), *map(float, list(row.values())[3:5])
                )
                values = Found(float(row["coverage"]), float(row["length"]))
                found[row["kind"], cell][row["figure"]][row["rule"]] = values
    return found


def write(path: Path, key: Key, found: dict[str, dict[str, Found]]) -> None:
    """Append a cell in one write, so that an interrupted run leaves whole cells."""
    kind, cell = key
    rows = "".join(
        f"{kind},{cell.subjects},{cell.each},{cell.rate:g},{cell.correlation:g},{figure},"
        f'"{rule}",{values.coverage:.4f},{values.length:.5g}\n'
        for figure, by_rule in found.items()
        for rule, values in by_rule.items()
    )
    with path.open("a") as file:
        file.write(rows if path.stat().st_size else ",".join(COLUMNS) + "\n" + rows)


def main() -> None:
    """Simulate what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=2000, help="in a cell")
    parser.add_argument("--replicates", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    effort = Effort(options.experiments, options.replicates)
    path = options.out / "coverage.csv"
    done, start = read(path), time.process_time()
    for key in wanted():
        if key not in done:
            done[key] = cases.measure(*key, effort)
            write(path, key, done[key])
            print(f"{time.process_time() - start:7.1f} s {key[0]} {tuple(key[1])}", flush=True)
    header = (
        f"`python benchmarks/coverage.py`, {time.strftime('%Y-%m-%d')}, {platform.machine()}, one "
        f"of {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}; "
        f"{effort.experiments:,} experiments a cell, {effort.replicates:,} bootstrap replicates "
        f"({cases.CURVE_REPLICATES:,} for EER and AUC)."
    )
    (options.out / "coverage.md").write_text(table(done, header, effort.experiments))


if __name__ == "__main__":
    main()
