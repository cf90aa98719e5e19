"""The command that converts score files of other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, show, tell
from fasharness.errors import OptionError

if TYPE_CHECKING:
    from fasharness.scorefiles.loading import Loaded
    from fasharness.scorefiles.tables import Table

_SPLITS = {"train": (), "dev": ("--devel",), "test": ("--eval",)}
_TABLE = ("columns", "higher", "species")


def add(commands: Any) -> None:
    """Add the command."""
    text = "convert score files from and to the formats of other tools"
    parser = add_command(commands, "convert", _convert, text)
    add = parser.add_argument
    own = "CSV or Parquet of the harness, or with --columns a CSV that names splits"
    add("scores", type=Path, nargs="?", metavar="SCORES", help=own)
    formats = "bob-csv, four-column, five-column, oulu or labelled"
    read = f"{formats}, fate-pad or mdtf, a file for each split:"
    add("--from", dest="source", metavar="FORMAT", help=read)
    for split, others in _SPLITS.items():
        add(f"--{split}", *others, dest=split, type=Path, metavar="FILE", help=f"{split} scores")
    key = "fate-pad, mdtf: CSV of what was presented (presentation, species, ...)"
    add("--key", type=Path, metavar="FILE", help=key)
    columns = "any CSV: its names for the columns, e.g. presentation=id,score=pad_score"
    add("--columns", metavar="NAME=NAME,...", help=columns)
    add("--higher", metavar="CLASS", help="any CSV: high scores mean bona-fide or attack")
    add("--bona-fide", metavar="WORD", help="the word in the species column that means bona fide")
    add("--species", metavar="WORD=NAME,...", help="other words there, e.g. 0=attack")
    add("--to", dest="target", required=True, metavar="FORMAT", help=f"csv, parquet, {formats}")
    add("--out", type=Path, default=Path(), metavar="DIR", help="default: the current folder")


def _convert(options: argparse.Namespace) -> int:
    from fasharness.cli.evaluation import written
    from fasharness.scorefiles.convert import save

    files = {s: path for s in _SPLITS if (path := getattr(options, s)) is not None}
    _refuse_combinations(options, files)
    if options.scores is not None:
        files = {"": options.scores}
    found = _load(options, files)
    keep = [*files.values(), *([options.key] if options.key else [])]
    paths = save(options.target, options.out, found.scores, keep=keep)
    for note in found.notes:
        tell(f"note: {note}")
    show(written(found.scores, paths))
    return 0


def _refuse_combinations(options: argparse.Namespace, files: dict[str, Path]) -> None:
    """Refuse flags that exclude or require each other."""
    table = any(getattr(options, name) for name in _TABLE)
    if (table or options.bona_fide) and options.source:
        raise OptionError(
            "--columns, --higher, --bona-fide and --species describe a CSV that is of no named "
            "format; give them without --from"
        )
    if options.scores is not None and (files or options.source):
        raise OptionError("SCORES hold all splits; give --from and files of splits alone")
    if options.scores is None and not (files and (options.source or table)):
        raise OptionError(
            "nothing to convert: give SCORES, or --from FORMAT (or --columns) and --dev or --test"
        )
    if options.key is not None and not options.source:
        raise OptionError("--key goes with --from")


def _load(options: argparse.Namespace, files: dict[str, Path]) -> Loaded:
    """Read the files as the flags say."""
    from fasharness import scorefiles
    from fasharness.scorefiles.convert import load, load_table
    from fasharness.scorefiles.loading import Loaded

    if any(getattr(options, name) for name in _TABLE):
        return load_table(_table(options), files)
    if options.source:
        return load(options.source, files, options.key)
    if options.bona_fide:
        return Loaded(scorefiles.read_naming_bona_fide(options.scores, options.bona_fide))
    return Loaded(scorefiles.read(options.scores))


def _table(options: argparse.Namespace) -> Table:
    """Read the flags that describe a CSV."""
    from fasharness.scorefiles.tables import Table, pairs

    columns = pairs(options.columns, "--columns") if options.columns else {}
    species = pairs(options.species, "--species") if options.species else {}
    return Table(columns, options.higher or "", options.bona_fide or "", species)
