"""The command line: its commands are read, run, and their errors told in one line."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence

from fasharness import __version__
from fasharness.cli import cross, evaluation, runs, setup
from fasharness.cli.command import Parser
from fasharness.errors import FasharnessError
from fasharness_sim import commands as simulation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the words after the program's name; None takes them from the process.

    Returns:
        The exit code: 0 done, 2 something is the user's to mend, 130 interrupted.
    """
    # On shared machines OpenMP's spinning threads wait for each other's time slices: a training
    # step took six times as long beside one busy process. It is read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    parser = build_parser()
    words = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(words or ["--help"])
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except FasharnessError as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader, e.g. `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail(
                f"{error.filename or 'the disk'}: no space left; what is finished is kept: free "
                "some space and repeat the command"
            )
        return _fail(f"{error.filename or 'file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("fasharness: interrupted; repeat the command to go on from here", file=sys.stderr)
        return 130


def _fail(text: str) -> int:
    print(f"fasharness: error: {' '.join(text.split())}", file=sys.stderr)
    return 2


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command; nothing heavy is imported for it."""
    parser = Parser(prog="fasharness", description="One harness for face anti-spoofing.")
    parser.add_argument("--version", action="version", version=f"fasharness {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (runs, evaluation, cross, simulation, setup):
        module.add(commands)
    return parser
