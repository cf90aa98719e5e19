"""Which file is which: files are known by their content, and read for that only once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fasharness.common.files import sha256, write_json

FORMAT = 1
"""Version of the index file."""


class Identities:
    """Content hashes of files, remembered for as long as a file is not changed.

    A name, a size and a time do not identify a file: two data sets of equal names, copied in the
    same second, would be given each other's clips. The content does, wherever the data lie.

    Args:
        index: the file that remembers hashes; made by `save`. A lost or damaged one costs reading
            the files again, nothing else.
    """

    def __init__(self, index: Path) -> None:
        self.index = index
        self._known = _read(index)
        self._new: dict[str, list[Any]] = {}

    def of(
        self, files: Iterable[Path], progress: Callable[[int, int], None] | None = None
    ) -> Mapping[Path, str]:
        """Hash files, or remember their hashes.

        Args:
            files: the files; those that cannot be read are left out.
            progress: called with (files read, files to read), where any has to be read.

        Returns:
            File to the SHA-256 of its content.
        """
        states = {path: state for path in dict.fromkeys(files) if (state := _state(path))}
        missing = [path for path, state in states.items() if self._recall(path, state) is None]
        with ThreadPoolExecutor() as pool:  # hashing lets other threads run
            for done, (path, found) in enumerate(
                zip(missing, pool.map(_hash, missing), strict=True), 1
            ):
                if found is not None:
                    self._new[str(path.absolute())] = [*states[path], found]
                if progress is not None:
                    progress(done, len(missing))
        hashes = {path: self._recall(path, state) for path, state in states.items()}
        return {path: found for path, found in hashes.items() if found is not None}

    def save(self) -> None:
        """Write what was read; what another process has written meanwhile is kept."""
        if self._new:
            self._known = {**_read(self.index), **self._new}
            self._new = {}
            write_json(self.index, {"format": FORMAT, "files": self._known})

    def _recall(self, path: Path, state: list[int]) -> str | None:
        name = str(path.absolute())
        entry = self._new.get(name) or self._known.get(name)
        return str(entry[-1]) if entry and entry[:-1] == state else None


def _state(path: Path) -> list[int] | None:
    """What changes when a file is written or replaced, None where there is no file.

    The time of the last change of the file's record (ctime) cannot be set by a program, unlike
    the time of its content, which copying tools keep.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _hash(path: Path) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None


def _read(index: Path) -> dict[str, list[Any]]:
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        known = content["files"] if content["format"] == FORMAT else {}
        return {str(name): list(entry) for name, entry in known.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
