"""The exceptions that a user sees as one line: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

_MOST, _FEW = 60, 20
"""How many names a message tells, and how many of more."""


class FasharnessError(Exception):
    """Base of every error that the user can fix; the command line prints it as one line.

    The process then ends with exit code 2 and without a traceback.
    """


class UnknownNameError(FasharnessError):
    """The requested name does not exist."""

    def __init__(self, kind: str, name: str, available: Iterable[str]) -> None:
        """Compose the message with the nearest names and all available ones.

        Args:
            kind: what was looked up, e.g. ``method``.
            name: the requested name.
            available: every available name, of which a few are told if there are very many.
        """
        known = sorted(available)
        near = difflib.get_close_matches(str(name), known, n=2)
        hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else ";"
        super().__init__(f"no {kind} {name!r}{hint} available: {_listed(known)}")
        self._arguments = (kind, name, known)

    def __reduce__(self) -> tuple[type["UnknownNameError"], tuple[str, str, list[str]]]:
        """Support pickling, so that a worker process can raise it."""
        # Exception pickles self.args, the composed message, which does not fit __init__.
        return type(self), self._arguments


def _listed(names: Sequence[str]) -> str:
    """Join names; of more than a screen holds the first ones and how many more there are."""
    if len(names) <= _MOST:
        return ", ".join(names) or "none"
    return f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more (see `fasharness ls`)"


class PluginError(FasharnessError):
    """A plugin cannot be used: it misspells a hook, takes another's name, or a function fails.

    Attributes:
        trace: the traceback of the function that failed, for a log; empty if there is none.
    """

    trace: str = ""


class DataError(FasharnessError):
    """A data set, list, video, map or score file is missing, broken or contradicts itself."""


class FetchError(FasharnessError):
    """A published package cannot be fetched, or is not the one that was described."""


class WeightsError(FasharnessError):
    """Weights are missing or damaged."""


@contextmanager
def naming(place: object) -> Iterator[None]:
    """Add the file, fold or run to a `DataError` that names only rows.

    Args:
        place: prefix of the message.

    Raises:
        DataError: the one raised inside, with the place before its message.
    """
    try:
        yield
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


class OptionError(FasharnessError):
    """A flag, configuration key or method option is unknown or has an impossible value."""


class CheckpointError(FasharnessError):
    """A checkpoint is broken, unsafe or belongs to another method or other options."""


class RunError(FasharnessError):
    """A run cannot continue; everything scored so far is kept."""
