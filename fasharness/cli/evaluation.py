"""Commands on score files: evaluate, compare, leaderboard, convert."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fasharness.cli.command import add_command

_STYLES = ("terminal", "markdown", "latex", "csv", "html")


def add(commands: Any) -> None:
    """Add the commands."""
    _add_evaluate(commands)
    _add_tables(commands)


def _add_evaluate(commands: Any) -> None:
    parser = add_command(commands, "evaluate", _evaluate, "metrics of a score file")
    add = parser.add_argument
    add("scores", type=Path, metavar="SCORES.csv")
    add("--threshold", default="eer", metavar="RULE", help="rule on dev scores (default: eer)")
    add("--allow-leaks", action="store_true", help="let the rule look at test (test:RULE)")
    add("--replicates", type=int, default=1000, metavar="N", help="bootstrap replicates")
    add("--seed", type=int, default=0, help="of the bootstrap")
    add("--interval", default="percentile", help="percentile (default) or bca")
    add("--confidence", type=float, default=0.95, metavar="SHARE", help="of the intervals")
    add("--compat", action="store_true", help="also what published codes would print")
    add("--out", type=Path, metavar="FILE", help="also write the evaluation as JSON")


def _add_tables(commands: Any) -> None:
    pair = add_command(
        commands, "compare", _compare, "two score files of the same protocol, paired"
    )
    pair.add_argument("first", type=Path, metavar="A.csv")
    pair.add_argument("second", type=Path, metavar="B.csv")
    board = add_command(commands, "leaderboard", _leaderboard, "all runs below a folder")
    board.add_argument("folder", type=Path, metavar="DIR")
    for parser in (pair, board):
        parser.add_argument("--style", default="terminal", help=", ".join(_STYLES))
    convert = add_command(commands, "convert", _convert, "score files of other tools, in and out")
    formats = "csv, bob-csv, four-column, five-column, oulu or labelled"
    convert.add_argument("--from", dest="source", required=True, metavar="FORMAT", help=formats)
    convert.add_argument("--to", dest="target", required=True, metavar="FORMAT")
    convert.add_argument("--dev", type=Path, metavar="FILE")
    convert.add_argument("--test", type=Path, metavar="FILE")
    convert.add_argument("out", type=Path, metavar="DIR")


def _evaluate(options: argparse.Namespace) -> int:
    from fasharness.evaluate import EvaluationOptions, evaluate
    from fasharness.files import write_text
    from fasharness.plugins import load
    from fasharness.report.text import evaluation_json, evaluation_table
    from fasharness.scores import read_csv

    rules = EvaluationOptions(
        threshold_rule=options.threshold,
        replicates=options.replicates,
        seed=options.seed,
        allow_leaks=options.allow_leaks,
        interval=options.interval,
        confidence=options.confidence,
        compat=options.compat,
    )
    scores = read_csv(options.scores)
    evaluation = evaluate(scores, rules, {m.name: m.make for m in load().offers("metric")})
    simulated = any(score.simulated for score in scores)
    print(evaluation_table(evaluation, simulated))
    if options.out is not None:
        write_text(options.out, evaluation_json(evaluation, simulated))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from fasharness.compare import compare
    from fasharness.leaderboard import comparison
    from fasharness.report.grid import render
    from fasharness.scores import read_csv

    found = compare(read_csv(options.first), read_csv(options.second))
    names = (str(options.first), str(options.second))
    print(render(comparison(*names, found), options.style))
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    from fasharness.leaderboard import leaderboard
    from fasharness.report.grid import render

    print(render(leaderboard(options.folder), options.style))
    return 0


def _convert(options: argparse.Namespace) -> int:
    from fasharness.convert import load, save

    files = {s: p for s in ("dev", "test") if (p := getattr(options, s)) is not None}
    for path in save(options.target, options.out, load(options.source, files)):
        print(path)
    return 0
