"""The parser, and how a command is added to it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

AddFlags = Callable[[argparse.ArgumentParser], None]


class Parser(argparse.ArgumentParser):
    """A parser that prints a mistake in one line, as every other error is printed."""

    flags: AddFlags | None = None
    """Adds flags that are costly to know, only once this parser is used."""

    def fill(self) -> None:
        """Add the flags that were left for later."""
        add, self.flags = self.flags, None
        if add is not None:
            add(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; argparse asks the parser of a command only when the command is called."""
        self.fill()
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit with 2."""
        self.exit(2, f"fasharness: error: {message}; see `{self.prog} --help`\n")


def add_command(
    commands: Any,
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
    flags: AddFlags | None = None,
) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: what ``add_subparsers`` gave.
        name: the command's word.
        command: takes the parsed options and returns the exit code.
        text: what it does, in a line.
        flags: adds the command's flags once it is called; None where the caller adds them.

    Returns:
        Its parser, for flags.
    """
    parser: Parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    parser.flags = flags
    return parser


def add_group(commands: Any, name: str, text: str) -> Any:
    """Add a command that has commands of its own, and shows its help where none is given.

    Args:
        commands: what ``add_subparsers`` gave.
        name: the group's word.
        text: what it is about, in a line.

    Returns:
        What ``add_command`` takes for the commands below it.
    """

    def show_help(options: argparse.Namespace) -> int:
        del options
        parser.print_help()
        return 0

    parser = add_command(commands, name, show_help, text)
    return parser.add_subparsers(title="commands", metavar="COMMAND")
