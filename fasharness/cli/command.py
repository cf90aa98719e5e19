"""The argument parser, and functions that add commands to it."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from fasharness.common.visible import lines
from fasharness.errors import FasharnessError

AddFlags = Callable[[argparse.ArgumentParser], None]


def show(text: str, *, end: str = "\n") -> None:
    """Print a result on standard output; the one door of text from outside to the terminal.

    Args:
        text: lines of it; what would move the cursor is written as its code.
        end: what follows.
    """
    # Where a command runs, the standard output of everybody else is standard error (`Aside`).
    _write(getattr(sys.stdout, "behind", sys.stdout), text + end)


def tell(text: str) -> None:
    """Print a line about a result on standard error."""
    _write(sys.stderr, f"{text}\n")


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # Not every terminal can show every character, and a name must not end the command.
    stream.write(lines(text).encode(encoding, "backslashreplace").decode(encoding))


class Aside(io.TextIOBase):
    """Sends to standard error what is printed while a command runs, as a plugin may do.

    Args:
        behind: the standard output, on which `show` writes.
    """

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind

    def write(self, text: str) -> int:
        """Write to standard error."""
        return sys.stderr.write(text)

    def fileno(self) -> int:
        """Return the number of the standard output, for programs that are started."""
        return self.behind.fileno()


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

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help and errors, which quote the command line."""
        _write(sys.stderr if file in (None, sys.stderr) else getattr(file, "behind", file), message)

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
        tell(f"error: {error}")
        return 2
    show(f"{count} tensors written to {out}")
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
