"""Packs: files of many sealed records, each with its key, its presentation and its checksum.

A pack is nothing but safetensors files (`fasharness.common.sealed`) one after the other. It is
written at once and never changed, so that a killed process loses at most the pack that it was
about to write. Which record lies where is found by reading the headers, or in the index
(`fasharness.prepare.index`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.common.files import digest, replacing
from fasharness.common.formats import json_object
from fasharness.common.sealed import DTYPES, LARGEST_HEADER, check_next, header_of, sealed
from fasharness.errors import DataError

SUFFIX = ".pack"
_FIRST_READ = 4096  # bytes that hold nearly every header, so that it takes one read


class Place(NamedTuple):
    """Where a record starts.

    Attributes:
        path: the pack.
        at: byte of the pack.
    """

    path: Path
    at: int


@dataclass(frozen=True, slots=True)
class Tag:
    """What a record says of itself.

    Attributes:
        key: content key, of which there is one record.
        presentation: id of the presentation that it was made for.
        subject: key that several records share, e.g. the faces of one file; may be empty.
        facts: plain data that are needed without the arrays.
    """

    key: str
    presentation: str
    subject: str = ""
    facts: Mapping[str, Any] | None = None

    def text(self) -> str:
        """As JSON, in the record's metadata."""
        content = {"key": self.key, "presentation": self.presentation, "subject": self.subject}
        return json.dumps({**content, "facts": dict(self.facts or {})}, sort_keys=True)


class Found(NamedTuple):
    """A record in a pack."""

    tag: Tag
    at: int


def record(tag: Tag, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Make a record."""
    return sealed(arrays, {"fasharness": tag.text()})


def pack_name(keys: Sequence[str]) -> str:
    """Name of a pack with these records: the same records give the same file."""
    return digest(sorted(keys)) + SUFFIX


def write(path: Path, records: Sequence[bytes]) -> list[int]:
    """Write a pack.

    Returns:
        Where each record starts.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    with replacing(path) as part, part.open("wb") as file:
        file.writelines(records)
    starts = np.cumsum([0, *map(len, records)])
    return [int(start) for start in starts[:-1]]


def check(path: Path) -> list[Found]:
    """Read a pack, compare every checksum, and return its records.

    Raises:
        DataError: it is damaged, or holds other records than its name says.
    """
    found = []
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while (at := file.tell()) < size:
                found.append(Found(_tag(path, check_next(path, file)), at))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if pack_name([one.tag.key for one in found]) != path.name:
        raise DataError(f"{path}: holds other records than its name says")
    return found


def _tag(path: Path, header: Mapping[str, Any]) -> Tag:
    text = header.get("__metadata__", {}).get("fasharness")
    if not isinstance(text, str):
        raise DataError(f"{path}: a record does not say what it is")
    return read_tag(text, str(path))


def read_tag(text: str, source: str) -> Tag:
    """Read what `Tag.text` wrote.

    Raises:
        DataError: it is something else.
    """
    content: Any = json_object(text, source)
    if content.keys() != {"key", "presentation", "subject", "facts"} or not (
        isinstance(content["facts"], dict)
        and all(isinstance(content[name], str) for name in ("key", "presentation", "subject"))
    ):
        raise DataError(f"{source}: a record does not say what it is")
    return Tag(**content)


class Record:
    """A record that is open for reading.

    Args:
        place: where it is.
        file: its pack.
        key: the key that it must have.
    """

    def __init__(self, place: Place, file: IO[bytes], key: str) -> None:
        self.path, self._number = place.path, file.fileno()
        start = os.pread(self._number, _FIRST_READ, place.at)
        size = int.from_bytes(start[:8], "little")
        if not 0 < size <= LARGEST_HEADER:
            raise DataError(f"{place.path}: no record at {place.at}")
        self._data = place.at + 8 + size
        text = start[8 : 8 + size]
        if len(text) < size:
            text = self._read(size, place.at + 8)
        self._size = os.fstat(self._number).st_size
        self._header: dict[str, Any] = header_of(text)
        self.tag = _tag(place.path, self._header)
        if self.tag.key != key:
            raise DataError(f"{place.path}: holds another record at {place.at}")

    def __contains__(self, name: str) -> bool:
        return name in self._header

    def array(self, name: str) -> NDArray[Any]:
        """Read a whole array."""
        entry = self._header[name]
        start, end = entry["data_offsets"]
        return self._array(entry, entry["shape"], start, end - start)

    def item(self, name: str, index: int) -> NDArray[Any]:
        """Read one item along an array's first axis, and nothing else."""
        entry = self._header[name]
        count, *shape = entry["shape"]
        if not 0 <= index < count:
            raise DataError(f"{self.path}: no item {index} of {count}")
        start, end = entry["data_offsets"]
        size = (end - start) // count
        return self._array(entry, shape, start + index * size, size)

    def span(self, name: str, start: int, end: int) -> bytes:
        """Read some bytes of an array of bytes."""
        return self._read(end - start, self._data + self._header[name]["data_offsets"][0] + start)

    def _array(
        self, entry: Mapping[str, Any], shape: Sequence[int], start: int, size: int
    ) -> NDArray[Any]:
        # From bytearray: arrays of bytes could not be written to, which torch warns of.
        content = bytearray(self._read(size, self._data + start))
        return np.frombuffer(content, DTYPES[entry["dtype"]]).reshape(shape)

    def _read(self, size: int, at: int) -> bytes:
        # Bounded: room is made for as much as is asked for.
        content = os.pread(self._number, max(0, min(size, self._size - at)), at)
        if len(content) < size:
            raise DataError(f"{self.path}: cut short at {at + len(content)}")
        return content


@contextmanager
def opened(place: Place, key: str) -> Iterator[Record]:
    """Open a record for reading.

    Raises:
        DataError: the pack is gone, cut short or holds something else there.
    """
    try:
        with place.path.open("rb", buffering=0) as file:
            yield Record(place, file, key)
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise DataError(
            f"{place.path}: damaged clip store: {error}; repeat the command, which makes it again"
        ) from None
