"""Worker processes that start clean, ignore Ctrl-C and never outlive their parent."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from fasharness.errors import RunError

Item = TypeVar("Item")
Value = TypeVar("Value")


def default_jobs() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    work: Callable[[Item], Value],
    items: list[Item],
    *,
    jobs: int,
    start: Callable[[], None] | None = None,
) -> Iterator[tuple[Item, Value]]:
    """Apply a function to items in worker processes.

    Args:
        work: a function that can be pickled.
        items: its arguments.
        jobs: number of processes.
        start: called once in each process before any work.

    Yields:
        (item, result) as they finish, in any order.

    Raises:
        RunError: a worker was killed, e.g. for lack of memory.
    """
    with _pool(min(jobs, len(items)), start) as pool:
        futures: dict[Future[Value], Item] = {pool.submit(work, item): item for item in items}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise RunError(
                "a worker process was killed (out of memory?); what is finished is kept: repeat "
                "the command, with fewer --jobs if it happens again"
            ) from None


def one_thread() -> None:
    """Start of a process that shares the cores with others: OpenCV and torch keep to one each."""
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@contextmanager
def _pool(jobs: int, start: Callable[[], None] | None) -> Iterator[ProcessPoolExecutor]:
    """A pool that drops what has not begun when the block is left early."""
    pool = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_start, initargs=(start,)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start(start: Callable[[], None] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if start is not None:
        start()


def _end_with_parent() -> None:
    """A killed parent closes no queue, so its workers would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
