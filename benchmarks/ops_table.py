"""`python benchmarks/ops_table.py [OUT.md]`: ratios of all formulations, as a small table."""

from __future__ import annotations

import argparse
import itertools
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import torch
from ops_cases import Case, Run, cpu_cases

from fasharness import ops

Clock = Callable[[], float]


def seconds(run: Run, clock: Clock = time.perf_counter, calls: int = 1) -> float:
    """Time one call, as the mean of so many in a row."""
    start = clock()
    for _ in range(calls):
        run()
    return (clock() - start) / calls


def peak_mib(run: Run) -> float:
    """Measure the most memory that torch's allocator holds for one call at once."""
    run()
    with torch.profiler.profile(profile_memory=True) as profile:
        run()
    changes = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = itertools.accumulate(e.nbytes() for e in sorted(changes, key=lambda e: e.start_ns()))
    return max(held, default=0) / 2**20


def measure(case: Case, rounds: int, clock: Clock, compiled: bool) -> str:
    """Run the formulations in turn, so that each meets the same machine, and format one row."""
    runs = case.runs | ({"compiled": case.compiled()} if compiled else {})
    for run in runs.values():
        run()
    calls = {name: max(1, int(0.02 / seconds(run, clock))) for name, run in runs.items()}
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(seconds(run, clock, calls[name]))
    best = {name: min(values) for name, values in times.items()}
    to_limit = median(a / b for a, b in zip(times["native"], times["limit"], strict=True))
    faster = median(a / b for a, b in zip(times["papers"], times["native"], strict=True))
    memory = peak_mib(case.runs["native"]) / max(peak_mib(case.runs["papers"]), 1e-3)
    cells = [
        f"{best[n] * 1e3:.2f}" if n in best else "-"
        for n in ("papers", "eager", "compiled", "native", "limit")
    ]
    return (
        f"| {case.group} | {case.shape} | {' | '.join(cells)} | {to_limit:.2f} | "
        f"{faster:.1f} | {memory:.2f} |"
    )


def header() -> list[str]:
    """Say where and with what the figures were taken."""
    return [
        "# Operators, measured",
        "",
        f"- date: {datetime.now(UTC):%Y-%m-%d}",
        f"- machine: {platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, "
        f"{torch.get_num_threads()} threads",
        f"- torch {torch.__version__}, kernels: {', '.join(p.name for p in ops.LOADED) or 'none'}",
        f"- command: `python {' '.join(sys.argv)}`",
        "- times are the least of all rounds, in ms; ratios are medians over rounds in which all",
        "  formulations took turns. Memory: the most the allocator holds, native over papers.",
        "  compiled: the eager definition through torch.compile. Each time is the mean of calls",
        "  in a row that take 20 ms.",
        "",
        "| operator | shape | papers | eager | compiled | native | limit | native / limit "
        "| papers / native | memory |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]


def main() -> None:
    """Measure everything and print the table, and write it if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--compile", action="store_true", help="measure torch.compile as well")
    parser.add_argument(
        "--cpu-time", action="store_true", help="one thread's CPU time, for a machine that is busy"
    )
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    if arguments.cpu_time:
        torch.set_num_threads(1)
    lines = header()
    print("\n".join(lines), flush=True)
    for case in cpu_cases():
        if arguments.only in case.group:
            lines.append(measure(case, arguments.rounds, clock, arguments.compile))
            print(lines[-1], flush=True)
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
