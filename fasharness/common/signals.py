"""Signals that end a command: SIGTERM and SIGHUP do what Ctrl-C does."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Ctrl-C, the request of schedulers and containers to end, and a terminal that was closed."""

Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def interrupting() -> Iterator[None]:
    """Let each ending signal raise `KeyboardInterrupt` with its number in the block."""
    with _handling(_interrupt):
        yield


class Pause:
    """Lets the first ending signal wait for a moment at which nothing is lost; see `pausing`."""

    def __init__(self) -> None:
        self._caught: list[int] = []
        self._waits = True

    @property
    def wanted(self) -> bool:
        """Whether a signal has come and waits."""
        return bool(self._caught)

    def take(self) -> None:
        """Raise `KeyboardInterrupt` if a signal has come: this is such a moment."""
        if self._caught:
            _interrupt(self._caught[0], None)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal interrupt the block, which loses nothing that cannot be repeated."""
        self.take()
        self._waits = False
        try:
            yield
        finally:
            self._waits = True

    def note(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._caught or not self._waits:
            _interrupt(number, frame)
        self._caught.append(number)


@contextmanager
def pausing() -> Iterator[Pause]:
    """Let the first ending signal in the block wait; the second one interrupts at once."""
    pause = Pause()
    with _handling(pause.note):
        yield pause


def ignore() -> None:
    """Ignore them in a process that its parent ends: a terminal sends them to the whole group."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del frame
    raise KeyboardInterrupt(number)


@contextmanager
def _handling(handler: Handler) -> Iterator[None]:
    before = {}
    try:
        for number in ENDING:
            # What is ignored stays so: `nohup` ignores SIGHUP for the commands that it starts.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    except ValueError:  # not the main thread: no signal reaches it anyway
        pass
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
