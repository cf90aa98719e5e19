"""The argument parser, and functions that add commands to it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

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
