"""The commands about published scores."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, add_group, show
from fasharness.errors import OptionError, UnknownNameError

if TYPE_CHECKING:
    from fasharness.scorefiles.gradgpad import Pair

_COLUMNS = (
    "file", "dev_bona_fide", "dev_attack", "test_bona_fide", "test_attack", "left_out_of_dev",
    "test_subjects", "test_without_subject",
)  # fmt: skip


def add(commands: Any) -> None:
    """Add the commands."""
    inner = add_group(commands, "scores", "published scores of real data")
    text = "fetch published scores once, checked by hash, and write them as score files"
    getter = add_command(inner, "get", _get, text)
    add = getter.add_argument
    add("name", help="available: gradgpad (131 score files, five approaches, 13 data sets)")
    add("--only", metavar="PATTERN", default="*", help="e.g. auxiliary_*; default: all")
    add("--out", type=Path, metavar="DIR", default=Path("gradgpad"), help="default: gradgpad")


def _get(options: argparse.Namespace) -> int:
    from fnmatch import fnmatchcase

    from fasharness import scorefiles
    from fasharness.common.files import write_text
    from fasharness.common.progress import Terminal
    from fasharness.scorefiles import gradgpad

    if options.name != "gradgpad":
        raise UnknownNameError("published scores", options.name, ["gradgpad"])
    names = [name for name in gradgpad.NAMES if fnmatchcase(name, options.only)]
    if not names:
        raise OptionError(
            f"--only {options.only!r}: there is no such file, e.g. {gradgpad.NAMES[0]}"
        )
    scorefiles.refuse_run_folder(options.out)
    console, rows = Terminal(sys.stderr), [",".join(_COLUMNS)]
    with console.bar("fetch", "bytes") as advance:
        folder = gradgpad.get(advance)
    facts = gradgpad.read_facts(folder)
    with console.bar("write", "files") as advance:
        for done, name in enumerate(names, start=1):
            pair = gradgpad.read_pair(folder, facts, name)
            scorefiles.write(options.out / f"{name}.csv", pair.scores)
            rows.append(_row(f"{name}.csv", pair))
            advance(done, len(names), name)
    write_text(options.out / "index.csv", "".join(f"{row}\n" for row in rows))
    show(f"{len(names)} score files and index.csv in {options.out}")
    show(f"from {gradgpad.WHEEL} ({gradgpad.LICENCE})")
    return 0


def _row(file: str, pair: Pair) -> str:
    """Describe a score file in the index."""
    test = [score for score in pair.scores if score.split == "test"]
    dev = [score for score in pair.scores if score.split == "dev"]
    counts = (
        sum(score.bona_fide for score in dev),
        sum(not score.bona_fide for score in dev),
        sum(score.bona_fide for score in test),
        sum(not score.bona_fide for score in test),
        len(pair.leaked),
        len({score.subject for score in test if score.subject}),
        sum(not score.subject for score in test),
    )
    return ",".join((file, *map(str, counts)))
