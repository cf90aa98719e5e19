"""List what lies below a root, without following links that lead out of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class Walked(NamedTuple):
    """What lies in some folders of a root.

    Attributes:
        files: paths below the root, with ``/``, sorted.
        outside: links that lead out of the root; what they lead to is not in `files`.
    """

    files: tuple[str, ...]
    outside: tuple[str, ...]


def walk(
    root: Path, tops: Iterable[str], whole: Callable[[str], bool] = lambda path: False
) -> Walked:
    """List the files below some folders of a root.

    Args:
        root: the root; it may be a link itself.
        tops: folders below it, some of which may be missing.
        whole: whether a folder counts as one file, e.g. that of a video's frames.
    """
    outside: list[str] = []
    files = sorted(_files(root, tops, whole, outside))
    return Walked(tuple(files), tuple(sorted(outside)))


def first_files(root: Path, tops: Iterable[str], count: int) -> Iterator[str]:
    """Iterate over at most `count` files of each folder below the tops."""
    for top in tops:
        for folder, folders, names in os.walk(root / top):
            folders.sort()
            below = Path(folder).relative_to(root).as_posix()
            yield from (f"{below}/{name}" for name in sorted(names)[:count])


def _files(
    root: Path, tops: Iterable[str], whole: Callable[[str], bool], outside: list[str]
) -> Iterator[str]:
    real = root.resolve()
    waiting = [top for top in tops if (root / top).is_dir()]
    outside += [top for top in waiting if not (root / top).resolve().is_relative_to(real)]
    waiting = [top for top in waiting if top not in outside]
    while waiting:
        below = waiting.pop()
        with os.scandir(root / below) as entries:
            for entry in entries:
                name = f"{below}/{entry.name}"
                if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(real):
                    outside.append(name)
                # A link to a folder inside the root is a second way to the same files.
                elif entry.is_dir(follow_symlinks=False) and not whole(name):
                    waiting.append(name)
                elif not entry.is_symlink() or not entry.is_dir():
                    yield name
