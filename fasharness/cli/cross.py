"""The command on tables of cross-data-set tasks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fasharness.cli.command import add_command


def add(commands: Any) -> None:
    """Add the command."""
    text = "trained on some data, tested on other data: a table over score files"
    parser = add_command(commands, "cross", _cross, text)
    add = parser.add_argument
    add("table", type=Path, metavar="TASKS.csv", help="columns train, test, scores[, dev, method]")
    add("--threshold", default="eer", metavar="RULE", help="on the training data's dev scores")
    add("--allow-leaks", action="store_true", help="also at the target's own EER threshold")
    add("--replicates", type=int, default=1000, metavar="N", help="bootstrap replicates")
    add("--seed", type=int, default=0, help="of the bootstrap")
    add("--style", default="terminal", help="terminal, markdown, latex, csv or html")
    add("--out", type=Path, metavar="FILE.json", help="also write the evaluations as JSON (.json)")


def _cross(options: argparse.Namespace) -> int:
    from fasharness.evaluation.cross import cross, read_tasks, table, to_json
    from fasharness.evaluation.evaluate import EvaluationOptions
    from fasharness.files import write_text
    from fasharness.report.grid import render
    from fasharness.scorefiles import json_target

    tasks = read_tasks(options.table)
    named = [path for task in tasks for path in (task.scores, task.dev)]
    json_target(options.out, [options.table, *named])
    rules = EvaluationOptions(
        threshold_rule=options.threshold,
        replicates=options.replicates,
        seed=options.seed,
        allow_leaks=options.allow_leaks,
    )
    found = cross(tasks, rules)
    shown = render(table(found, rules), options.style)
    if options.out is not None:
        write_text(options.out, to_json(found))
    print(shown, end="")
    return 0
