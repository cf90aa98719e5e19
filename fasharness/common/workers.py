"""Worker processes that start clean, ignore ending signals and end with their parent."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from fasharness.common import signals
from fasharness.errors import RunError

Item = TypeVar("Item")
Value = TypeVar("Value")


def default_jobs() -> int:
    """Return the number of processors that this process may use."""
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
        items: its arguments, one per call.
        jobs: number of processes.
        start: called once in each process before any work.

    Yields:
        (item, result) as they finish, in any order.

    Raises:
        RunError: a worker was killed, e.g. out of memory.
    """
    with _pool(min(jobs, len(items)), start) as pool:
        futures: dict[Future[Value], Item] = {pool.submit(work, item): item for item in items}
        processes = [*(pool._processes or {}).values()]  # how they ended is told nowhere else
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise RunError(
                f"a worker process {_end_of(processes)}; what is finished is kept: repeat the "
                "command, with fewer --jobs if it happens again"
            ) from None


def _end_of(processes: Sequence[BaseProcess]) -> str:
    """Say how the first worker of a broken pool ended; the pool then ends the others."""
    codes = []
    for process in processes:
        process.join(1)
        codes.append(process.exitcode)
    own = next((code for code in codes if code and code not in (-signal.SIGTERM, 1)), None)
    if own is None or own == -signal.SIGKILL:
        return "was killed (out of memory?)"
    if own < 0:
        return f"crashed ({signal.Signals(-own).name})"
    return f"ended itself with exit code {own}, as a plugin or a library does with os._exit"


def one_thread() -> None:
    """Limit OpenCV and torch to one thread, in a process that shares the cores with others."""
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@contextmanager
def without_main() -> Iterator[None]:
    """Keep processes that are started in the block from importing the caller's script.

    A new process imports the script of its parent, for functions that are defined there. The
    harness's own work is defined in its modules, and a script that calls it without
    ``if __name__ == "__main__"`` would be started again by each of its own workers.
    """
    main = sys.modules["__main__"]
    namespace: dict[str, Any] = vars(main)
    hidden: dict[str, Any] = {
        name: namespace[name] for name in ("__file__", "__spec__") if name in namespace
    }
    namespace.pop("__file__", None)
    namespace["__spec__"] = None
    try:
        yield
    finally:
        namespace.update(hidden)


@contextmanager
def _pool(jobs: int, start: Callable[[], None] | None) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool; an interruption ends what runs, an error what has not started."""
    pool = ProcessPoolExecutor(
        # Not fork: a copy of a process with running torch and OpenCV threads can deadlock.
        jobs,
        multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(start,),
    )
    try:
        yield pool
    # An interruption of the caller's own code closes the generator around this block.
    except (KeyboardInterrupt, GeneratorExit):
        # Every file is written atomically; waiting could take the minutes of a long video.
        for worker in list(pool._processes.values()):
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start(start: Callable[[], None] | None) -> None:
    os.dup2(2, 1)  # what a plugin prints must not be part of a command's output
    signals.ignore()  # the parent receives them and ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if start is not None:
        start()


def _end_with_parent() -> None:
    """End this process when its parent was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # A killed parent closes no queue: its workers would wait for work forever.
        os._exit(1)
