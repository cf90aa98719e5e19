"""The exceptions that a user sees as one line: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class FasharnessError(Exception):
    """Base of every error that is the user's to mend; the command line prints it as one line.

    The process then ends with exit code 2 and without a traceback.
    """


class UnknownNameError(FasharnessError):
    """A name that nobody offers was asked for."""

    def __init__(self, kind: str, name: str, available: Iterable[str]) -> None:
        """Compose the message with the nearest names and all available ones.

        Args:
            kind: what was looked up, e.g. ``method``.
            name: the name that was asked for.
            available: every name on offer.
        """
        known = sorted(available)
        near = difflib.get_close_matches(name, known, n=2)
        hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else ";"
        super().__init__(f"no {kind} {name!r}{hint} available: {', '.join(known) or 'none'}")
        self._arguments = (kind, name, known)

    def __reduce__(self) -> tuple[type["UnknownNameError"], tuple[str, str, list[str]]]:
        """Survive the way out of a worker process."""
        return type(self), self._arguments


class PluginError(FasharnessError):
    """A plugin cannot be used: it fails to import, misspells a hook or offers a taken name."""


class DataError(FasharnessError):
    """A data set, list, video, map or score file is missing, broken or contradicts itself."""


@contextmanager
def naming(place: object) -> Iterator[None]:
    """Name the file, fold or run in a `DataError` that speaks of its rows alone.

    Args:
        place: what stands before the message.

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
    """A run cannot go on, though everything scored so far is kept."""
