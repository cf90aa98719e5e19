"""Which file is which: files are known by their content, and read for that only once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fasharness.common.files import sha256
from fasharness.prepare.index import Index, file_state, pieces

_AT_ONCE = 10_000  # files looked up together, which bounds the memory


class Identities:
    """Content hashes of files, remembered for as long as a file is not changed.

    A name, a size and a time do not identify a file: two data sets of equal names, copied in the
    same second, would be given each other's clips. The content does, wherever the data lie.

    Args:
        index: remembers hashes. A lost or damaged one costs reading the files again, nothing else.
    """

    def __init__(self, index: Index) -> None:
        self.index = index

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
        hashes: dict[Path, str] = {}
        missing: dict[Path, str] = {}
        for some in pieces(files, _AT_ONCE):
            states = [(path, state) for path in some if (state := file_state(path))]
            for (path, state), known in zip(states, self.index.remembered(states), strict=True):
                if known:
                    hashes[path] = known
                else:
                    missing[path] = state
        hashes |= self._read(missing, progress)
        return hashes

    def _read(
        self, missing: Mapping[Path, str], progress: Callable[[int, int], None] | None
    ) -> Mapping[Path, str]:
        """Hash files that are not known, and remember them some at a time."""
        found: dict[Path, str] = {}
        with ThreadPoolExecutor() as pool:  # hashing lets other threads run
            for some in pieces(missing, _AT_ONCE):
                for path, read in zip(some, pool.map(_hash, some), strict=True):
                    if read:
                        found[path] = read
                    if progress is not None:
                        progress(len(found), len(missing))
                new = [(path, missing[path], found[path]) for path in some if path in found]
                self.index.remember(new)
        return found


def _hash(path: Path) -> str:
    try:
        return sha256(path)
    except OSError:
        return ""
