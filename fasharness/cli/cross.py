"""The command for tables of cross-data-set tasks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fasharness.cli.command import add_command
from fasharness.cli.rules import add_out, add_rules, add_style, rules_of, warn, write_and_print


def add(commands: Any) -> None:
    """Add the command."""
    text = "table of score files: trained on some data sets, tested on others"
    parser = add_command(commands, "cross", _cross, text)
    parser.add_argument(
        "table", type=Path, metavar="TASKS.csv", help="columns train, test, scores[, dev, method]"
    )
    add_rules(
        parser,
        threshold="on the training data's dev scores",
        leaks="also at the target's own EER threshold",
    )
    add_out(parser)
    add_style(parser)


def _cross(options: argparse.Namespace) -> int:
    from fasharness.evaluation.cross import cross, read_tasks, to_json
    from fasharness.evaluation.evaluate import EvaluationOptions
    from fasharness.report.cross import numbers, table
    from fasharness.report.grid import render
    from fasharness.scorefiles import json_target

    tasks = read_tasks(options.table)
    named = [path for task in tasks for path in (task.scores, task.dev)]
    json_target(options.out, [options.table, *named])
    rules = EvaluationOptions(**rules_of(options))
    found = cross(tasks, rules)
    grid = (numbers if options.style == "csv" else table)(found, rules)
    write_and_print(render(grid, options.style), options.out, to_json(found))
    warn(grid, options.style)
    return 0
