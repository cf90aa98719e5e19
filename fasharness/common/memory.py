"""Pause Python's garbage collector while millions of records are made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector for a block or, as a decorator, for a function.

    Records without cycles are freed without it, but each of its rounds walks through all of them.

    Yields:
        Nothing; afterwards the collector is as before.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
