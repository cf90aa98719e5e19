"""Shared by all commands that evaluate scores: flags of the rules, table and JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import show, tell
from fasharness.common.cells import decimal, whole

if TYPE_CHECKING:
    from fasharness.report.grid import Grid

_STYLES = ("terminal", "markdown", "latex", "csv", "html")


def add_rules(
    parser: argparse.ArgumentParser,
    threshold: str = "rule on dev scores (default: eer)",
    leaks: str = "let the rule look at test (test:RULE)",
) -> None:
    """Add the flags of `rules_of`.

    Args:
        parser: parser of a command.
        threshold: help of ``--threshold``.
        leaks: help of ``--allow-leaks``.
    """
    add = parser.add_argument
    add("--threshold", default="eer", metavar="RULE", help=threshold)
    add("--allow-leaks", action="store_true", help=leaks)
    add("--replicates", type=whole, default=1000, metavar="N", help="bootstrap replicates")
    add("--seed", type=whole, default=0, help="of the bootstrap")
    add("--confidence", type=decimal, default=0.95, metavar="SHARE", help="of the intervals")


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add ``--out`` of `write_and_print`."""
    what = "also write the results as JSON"
    parser.add_argument("--out", type=Path, metavar="FILE.json", help=what)


def add_style(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a table's format."""
    parser.add_argument("--style", default="terminal", help=", ".join(_STYLES))


def rules_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the values of the flags of `add_rules`, by the names of `EvaluationOptions`."""
    return {
        "threshold_rule": options.threshold,
        "replicates": options.replicates,
        "seed": options.seed,
        "confidence": options.confidence,
        "allow_leaks": options.allow_leaks,
    }


def warn(grid: Grid, style: str) -> None:
    """Print the warnings among a table's notes, in the format that has no room for notes."""
    for note in grid.notes if style == "csv" else ():
        if note.startswith("warning: "):
            tell(note)


def write_and_print(shown: str, out: Path | None, text: str) -> None:
    """Write the JSON if requested, then print the table; a failed write is reported first."""
    from fasharness.common.files import write_text

    if out is not None:
        write_text(out, text)
    show(shown, end="")
