"""Locks of folders between processes; the system releases them when a process is killed."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fasharness.errors import FasharnessError


@contextmanager
def alone(folder: Path, busy: FasharnessError) -> Iterator[None]:
    """Hold a folder in the block, which no other process may hold or share meanwhile.

    Args:
        folder: a folder that exists.
        busy: what is raised where another process holds or shares it.

    Raises:
        OSError: the folder cannot be written, or its file system has no locks.
    """
    with _held(folder, fcntl.LOCK_EX, busy):
        yield


@contextmanager
def shared(folder: Path, busy: FasharnessError) -> Iterator[None]:
    """Share a folder in the block, which no other process may hold alone; see `alone`."""
    with _held(folder, fcntl.LOCK_SH, busy):
        yield


@contextmanager
def _held(folder: Path, kind: int, busy: FasharnessError) -> Iterator[None]:
    with (folder / ".lock").open("ab") as lock:
        try:
            # flock, not a file that exists, which a killed process would leave.
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield
