"""Ctrl-C while training: the first one waits for a moment at which nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def graceful_interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C wait for the end of the step; the second one interrupts at once."""
    caught = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal caught
        if caught:
            raise KeyboardInterrupt
        caught = True

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread: no signal reaches it anyway
        yield lambda: False
        return
    try:
        yield lambda: caught
    finally:
        signal.signal(signal.SIGINT, before)
