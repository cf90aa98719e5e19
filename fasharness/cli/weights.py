"""The command weights: list, get, add and remove named weights."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, add_group, show, tell
from fasharness.errors import FasharnessError

if TYPE_CHECKING:
    from fasharness.weights import Weights

_NAME = "see `fasharness weights list`"


def add(commands: Any) -> None:
    """Add the command."""
    inner = add_group(commands, "weights", "published weights")
    add_command(inner, "list", _list, "name, state, size, licence, source and title of all weights")
    getter = add_command(inner, "get", _get, "fetch weights once, checked by hash")
    getter.add_argument("names", nargs="+", metavar="NAME", help=_NAME)
    adder = add_command(inner, "add", _add, "store a file of weights that you have")
    adder.add_argument("name", metavar="NAME", help=_NAME)
    adder.add_argument("file", metavar="FILE", type=Path, help="the file; it is copied")
    remover = add_command(inner, "remove", _remove, "delete stored weights")
    remover.add_argument("name", metavar="NAME", help=_NAME)


def _list(options: argparse.Namespace) -> int:
    del options
    from fasharness.plugins import load
    from fasharness.prepare.weights import find, look, stored

    plugins = load()
    names, problems = plugins.names("weights"), []
    for name in names:
        try:
            weights = find(plugins, name)
            show("\t".join(_row(weights, look(weights).state)))
        except FasharnessError as error:
            problems.append(f"broken: {name}: {error}")
    for name in stored():
        if name not in names:
            show(f"{name}\tstored, offered by no plugin")
    problems += [f"broken: {item.plugin}: {item.cause}" for item in plugins.broken]
    for problem in problems:
        tell(problem)
    return 0


def _row(weights: Weights, state: str) -> tuple[str, ...]:
    size = _size(weights.size) if weights.size else "size unknown"
    return weights.name, state, size, weights.licence, str(weights.source), weights.title


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _get(options: argparse.Namespace) -> int:
    from fasharness.common.progress import Terminal
    from fasharness.plugins import load
    from fasharness.prepare.weights import find, get

    plugins = load()
    wanted = [find(plugins, name) for name in options.names]
    with Terminal(sys.stderr).bar("fetch", "kB") as advance:
        found = get(wanted, lambda done, total, beside: advance(done // 1000, total // 1000, ""))
    for weights in wanted:
        show(f"{weights.name}: {found[weights.name]} (licence: {weights.licence})")
    return 0


def _add(options: argparse.Namespace) -> int:
    from fasharness.plugins import load
    from fasharness.prepare.weights import add as store
    from fasharness.prepare.weights import find

    weights = find(load(), options.name)
    known = {0: "its sha256 is recorded; none is published", 64: "its sha256 is the published one"}
    text = known.get(len(weights.sha256), "its sha256 begins as published, and is recorded")
    show(f"{weights.name}: {store(weights, options.file)} ({text})")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from fasharness.plugins import load
    from fasharness.prepare.weights import remove

    remove(options.name, load().names("weights"))
    show(f"{options.name}: removed")
    return 0
