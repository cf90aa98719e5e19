"""The argument parser, and functions that add commands to it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from fasharness.errors import FasharnessError

AddFlags = Callable[[argparse.ArgumentParser], None]


class Parser(argparse.ArgumentParser):
    """A parser that prints its errors in one line, like every other error."""

    hint = ""
    """What else may help after an error; added to its line."""

    flags: AddFlags | None = None
    """Adds flags that need slow imports; called only when this parser is used."""

    def fill(self) -> None:
        """Add the deferred flags."""
        add, self.flags = self.flags, None
        if add is not None:
            add(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; argparse calls this for the parser of a command only if the command is used."""
        self.fill()
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where to find help, and exit with 2."""
        self.exit(2, f"fasharness: error: {message}; see `{self.prog} --help`{self.hint}\n")


def run_converter(convert: Callable[[], int], out: Path) -> int:
    """Run a converter of checkpoints, and print what it wrote or its error in one line.

    Args:
        convert: returns how many tensors it wrote.
        out: the file that it writes.

    Returns:
        Exit code: 0, or 2 after an error.
    """
    try:
        count = convert()
    except FasharnessError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{count} tensors written to {out}\n")
    return 0


def add_command(
    commands: Any,
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
    flags: AddFlags | None = None,
) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: return value of ``add_subparsers``.
        name: name of the command.
        command: takes the parsed options and returns the exit code.
        text: what it does, in one line.
        flags: adds the command's flags when it is used; None if the caller adds them.

    Returns:
        Its parser, to add flags to.
    """
    parser: Parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    parser.flags = flags
    return parser


def add_group(commands: Any, name: str, text: str) -> Any:
    """Add a command with sub-commands; without one it prints its help.

    Args:
        commands: return value of ``add_subparsers``.
        name: name of the group.
        text: what it is about, in one line.

    Returns:
        The first argument of ``add_command`` for its sub-commands.
    """

    def show_help(options: argparse.Namespace) -> int:
        del options
        parser.print_help()
        return 0

    parser = add_command(commands, name, show_help, text)
    return parser.add_subparsers(title="commands", metavar="COMMAND")
