"""Unforeseen exceptions: whose function failed at what, in a line; the traceback in a log."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fasharness.errors import FasharnessError, PluginError

_LONGEST = 300  # characters of a cause
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def concerning(what: str) -> Iterator[None]:
    """Note on an exception what was being worked on, e.g. a presentation."""
    try:
        yield
    except (Exception, SystemExit) as error:
        error.add_note(what)
        raise


def foreseen(error: BaseException) -> bool:
    """Whether an exception has its own line already, or is the user's own interruption."""
    full = isinstance(error, OSError) and error.errno in _FULL
    return full or isinstance(error, FasharnessError | BrokenPipeError | KeyboardInterrupt)


def fault_of(error: BaseException, packages: Mapping[str, str]) -> PluginError:
    """Describe an exception that nobody foresaw.

    Args:
        error: the exception, with its traceback.
        packages: top-level module to the plugin that it belongs to.

    Returns:
        The error to raise, with the traceback in its `trace`.
    """
    whose = _function(error, packages)
    where = "".join(f" ({note})" for note in getattr(error, "__notes__", ())[:1])
    lead = f"{whose} failed{where}" if whose else f"an unforeseen error{where}"
    fault = PluginError(f"{lead}: {cause(error)}")
    fault.trace = "".join(traceback.format_exception(error))
    return fault


def cause(error: BaseException) -> str:
    """Type and message of an exception, in one line."""
    words = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {words:.{_LONGEST}}"


def _function(error: BaseException, packages: Mapping[str, str]) -> str:
    """The outermost function of a plugin in the traceback: the one that was called."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        owner = packages.get(str(frame.f_globals.get("__name__", "")).partition(".")[0])
        if owner is not None:
            return f"plugin {owner}: {frame.f_code.co_qualname}"
    # A process that reads clips sends its traceback as text.
    text = str(error)
    return next((f"plugin {o}" for root, o in packages.items() if f"/{root}/" in text), "")


@contextmanager
def logged(log: Path, packages: Mapping[str, str]) -> Iterator[None]:
    """Turn unforeseen exceptions into one line, and append their traceback to a file.

    Raises:
        PluginError: naming the plugin's function, if one was running, and the file.
    """
    try:
        yield
    except PluginError as error:
        raise _kept(error, log) from error.__cause__
    except (Exception, SystemExit) as error:
        if foreseen(error):
            raise
        raise _kept(fault_of(error, packages), log) from error


def _kept(fault: PluginError, log: Path) -> PluginError:
    """Move the traceback of a fault into a file, which the message then names."""
    if not fault.trace:
        return fault
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{fault}\n{fault.trace}\n")
    return PluginError(f"{fault}; its traceback is in {log}")
