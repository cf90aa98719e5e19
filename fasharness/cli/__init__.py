"""The command line: parses the arguments, runs the command, prints errors in one line."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from typing import Any

from fasharness import __version__
from fasharness.cli import cache, convert, cross, evaluation, runs, scores, setup, weights
from fasharness.cli.command import Aside, Parser, tell
from fasharness.common.signals import interrupting
from fasharness.errors import FasharnessError

_EPILOG = "Plugins bring further commands: `fasharness ls commands` lists them."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the arguments without the program name; None uses those of the process.

    Returns:
        The exit code: 0 success, 2 an error that the user can fix, 128 + a signal that
        interrupted it (130 Ctrl-C, 143 SIGTERM).
    """
    # On shared machines, spinning OpenMP threads wait for each other's time slices: beside one busy
    # process a training step took six times as long. OpenMP reads this when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        options = build_parser(words[0]).parse_args(words)
        with interrupting():
            return _run(options)
    except FasharnessError as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader, e.g. `head`, has ended
        # Otherwise Python prints a second error when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail(
                f"{error.filename or 'the disk'}: no space left; what is finished is kept: free "
                "some space and repeat the command"
            )
        return _fail(f"{error.filename or 'file'}: {error.strerror or error}")
    except KeyboardInterrupt as interrupt:
        tell("fasharness: interrupted; repeat the command to go on from here")
        # A shell's code for the signal; Python's own Ctrl-C names no number.
        return 128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)


def _run(options: argparse.Namespace) -> int:
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        with redirect_stdout(Aside(sys.stdout)):
            return command(options)
    # SystemExit too: a plugin that calls sys.exit(0) would end the command as if it had succeeded.
    except (Exception, SystemExit) as error:
        from fasharness.common.faults import foreseen, logged
        from fasharness.common.paths import cache_dir
        from fasharness.plugins import load

        if foreseen(error) or isinstance(error, OSError):
            raise
        with logged(cache_dir() / "errors.log", load().packages()):
            raise


def _fail(text: str) -> int:
    tell(f"fasharness: error: {' '.join(text.split())}")
    return 2


def build_parser(word: str = "") -> argparse.ArgumentParser:
    """Build the parser of every command, without heavy imports.

    Args:
        word: the command; plugins are loaded for their commands only if it is not a built-in
            one.
    """
    parser = Parser(
        prog="fasharness", description="One harness for face anti-spoofing.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"fasharness {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (runs, evaluation, convert, scores, cross, setup, weights, cache):
        module.add(commands)
    if word and not word.startswith("-") and word not in commands.choices:
        _add_plugin_commands(commands)
        if word not in commands.choices:
            parser.hint = _hint()
    return parser


def _hint() -> str:
    """Return what to do where neither the harness nor a plugin has a command."""
    from fasharness.run.data_roots import INSTALL_SIMULATOR

    sim = f"fasharness-sim the simulator's {INSTALL_SIMULATOR}"
    return f"; plugins bring further commands, e.g. {sim}"


def _add_plugin_commands(commands: Any) -> None:
    from fasharness.plugins import load

    plugins = load()
    for name in plugins.names("command"):
        if name not in commands.choices:
            plugins.make("command", name, commands)
