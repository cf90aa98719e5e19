"""The cache: what is in it, by kind and age, and removing what nobody needs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from fasharness.common.formats import json_file
from fasharness.common.locks import alone, shared
from fasharness.common.paths import cache_dir
from fasharness.errors import DataError, OptionError, RunError
from fasharness.prepare.store import ClipStore

KINDS = ("clips", "simulated", "weights", "scores", "downloads", "leftovers")
"""What there is: prepared clips, simulated data sets, named weights, published scores, unfinished
downloads, and what killed processes, damage and earlier versions left."""

_FRESH = 3600.0
"""Seconds for which a temporary file may belong to a running process."""


class Item(NamedTuple):
    """A file or folder of the cache.

    Attributes:
        kind: one of `KINDS`.
        path: where it is.
        size: in bytes.
        used: when it was last read or written, in seconds since 1970, as far as the file system
            notes it (most note one reading a day).
    """

    kind: str
    path: Path
    size: int
    used: float


def items(store: Path) -> list[Item]:
    """List the cache and a clip store.

    Args:
        store: the folder of the clips.

    Returns:
        What is there, sorted by kind and path.
    """
    cache = cache_dir()
    found = [*_of("clips", ClipStore(store).packs())]
    found += _of("simulated", _inside(cache / "simulated"))
    for kind in ("weights", "scores", "downloads"):
        found += _of(kind, _inside(cache / kind))
    found += _of("leftovers", _leftovers(cache, store))
    return sorted(found, key=lambda item: (KINDS.index(item.kind), item.path))


def kept_by(runs: Sequence[Path]) -> set[str]:
    """Names of the packs whose clips some runs use.

    Raises:
        OptionError: a folder is no run's, or its run is of a version that did not note them.
    """
    found: set[str] = set()
    for run in runs:
        notes = sorted(run.glob("**/preparation.json"))
        try:
            for note in notes:
                packs = json_file(note)["packs"]
                if not isinstance(packs, list):
                    raise KeyError("packs")
                found.update(map(str, packs))
        except (DataError, KeyError):
            notes = []
        if not notes:
            raise OptionError(
                f"{run}: does not say which clips it uses (preparation.json); repeat the run, or "
                "leave it out"
            )
    return found


def remove(chosen: Iterable[Item], store: Path) -> None:
    """Remove parts of the cache.

    Args:
        chosen: what to remove; see `items`.
        store: the folder of the clips.

    Raises:
        RunError: a command is using the cache or the store.
    """
    clips = ClipStore(store)
    with ExitStack() as stack:
        for folder in filter(Path.is_dir, (cache_dir(), store)):
            text = f"{folder}: a running command uses it; nothing was removed: repeat this when it "
            stack.enter_context(alone(folder, RunError(f"{text}has ended")))
        for item in chosen:
            if item.kind == "clips":
                clips.remove(item.path)
            elif item.path.is_dir():
                shutil.rmtree(item.path)
            else:
                item.path.unlink(missing_ok=True)


@contextmanager
def in_use(*folders: Path) -> Iterator[None]:
    """Keep others from removing parts of the cache and of some folders in the block.

    Any number of commands may use them at once.
    """
    with suppress(OSError):  # not writable: nobody can be kept out
        cache_dir().mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        # A store that does not exist yet is not made here: the command may refuse its input first.
        for folder in (cache_dir(), *filter(Path.is_dir, folders)):
            text = f"{folder}: `fasharness cache --clean` is at work there; repeat the command"
            with suppress(OSError):  # not there, not writable or without locks
                stack.enter_context(shared(folder, RunError(text)))
        yield


def _of(kind: str, paths: Iterable[Path]) -> Iterator[Item]:
    for path in paths:
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        states = [each.stat() for each in files]
        used = max((max(state.st_atime, state.st_mtime) for state in states), default=0.0)
        yield Item(kind, path, sum(state.st_size for state in states), used)


def _inside(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if not path.name.startswith(".")]


def _leftovers(cache: Path, store: Path) -> Iterator[Path]:
    old = time.time() - _FRESH
    for folder in {cache, store} if not store.is_relative_to(cache) else {cache}:
        for path in folder.rglob(".*.part*"):
            if path.is_file() and path.stat().st_mtime < old:
                yield path
    yield from store.rglob("*.damaged")
    yield from ClipStore(store).older()
