"""Messages and progress bars of long tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from tqdm import tqdm

from fasharness.common.visible import lines, one_line

Advance = Callable[[int, int, str], None]
"""Called with (done, total, text to show beside the bar)."""


class Console(Protocol):
    """Interface: receives messages and progress."""

    def say(self, text: str) -> None:
        """Print one line."""
        ...

    def bar(self, title: str, unit: str) -> AbstractContextManager[Advance]:
        """Show the progress of a task; see `Terminal.bar`."""
        ...


class Terminal:
    """Lines and progress bars on a text stream; a bar shows rate and time left.

    Args:
        stream: usually standard error, so that standard output has only results.
        quiet: show nothing.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self.stream = stream
        self.quiet = quiet

    def say(self, text: str) -> None:
        """Print one line."""
        if not self.quiet:
            self.stream.write(f"{lines(text)}\n")
            self.stream.flush()

    @contextmanager
    def bar(self, title: str, unit: str) -> Iterator[Advance]:
        """Show the progress of a task.

        Args:
            title: name of the task.
            unit: name of what is counted.

        Yields:
            A function of (done, total, text beside the bar). What is done at its first call was
            done earlier and does not count for the rate.
        """
        bar: tqdm[None] | None = None
        # In a log file every update is a new line.
        interval = 0.2 if self.stream.isatty() else 20.0

        def advance(done: int, total: int, beside: str = "") -> None:
            nonlocal bar
            if bar is None:
                bar = tqdm(
                    desc=title,
                    unit=f" {unit}",
                    initial=done,
                    total=total,
                    file=self.stream,
                    disable=self.quiet,
                    mininterval=interval,
                    dynamic_ncols=True,
                )
            bar.set_postfix_str(one_line(beside), refresh=False)
            bar.update(done - bar.n)

        try:
            yield advance
        finally:
            if bar is not None:
                bar.close()
