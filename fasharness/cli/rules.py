"""What all commands that evaluate scores share: the flags of the rules, the table, its JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_STYLES = ("terminal", "markdown", "latex", "csv", "html")


def add_rules(
    parser: argparse.ArgumentParser,
    threshold: str = "rule on dev scores (default: eer)",
    leaks: str = "let the rule look at test (test:RULE)",
) -> None:
    """Add the flags of `rules_of`, and ``--out`` of `tell`.

    Args:
        parser: of a command.
        threshold: what ``--threshold`` means to it.
        leaks: what ``--allow-leaks`` means to it.
    """
    add = parser.add_argument
    add("--threshold", default="eer", metavar="RULE", help=threshold)
    add("--allow-leaks", action="store_true", help=leaks)
    add("--replicates", type=int, default=1000, metavar="N", help="bootstrap replicates")
    add("--seed", type=int, default=0, help="of the bootstrap")
    add("--confidence", type=float, default=0.95, metavar="SHARE", help="of the intervals")
    add("--out", type=Path, metavar="FILE.json", help="also write what was found as JSON")


def add_style(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a table's format."""
    parser.add_argument("--style", default="terminal", help=", ".join(_STYLES))


def rules_of(options: argparse.Namespace) -> dict[str, Any]:
    """What the flags of `add_rules` say, as `EvaluationOptions` names it."""
    return {
        "threshold_rule": options.threshold,
        "replicates": options.replicates,
        "seed": options.seed,
        "confidence": options.confidence,
        "allow_leaks": options.allow_leaks,
    }


def tell(shown: str, out: Path | None, text: str) -> None:
    """Write JSON where that is wanted, then print a table: what cannot be written is told first."""
    from fasharness.common.files import write_text

    if out is not None:
        write_text(out, text)
    print(shown, end="")
