"""Checksums of safetensors files: a damaged or changed file is noticed before it is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fasharness.common.formats import MOST_TEXT, json_line
from fasharness.errors import DataError

DTYPES: Mapping[str, Any] = MappingProxyType(
    {"BOOL": np.bool_, "U8": np.uint8, "I32": np.int32, "I64": np.int64, "F32": np.float32,
     "F64": np.float64}
)  # fmt: skip
"""The types of arrays that `sealed` writes, by their names in the format."""

_SEAL = "sha256"
_META = "__metadata__"
_CHUNK = 1 << 20
LARGEST_HEADER = MOST_TEXT
"""Bytes; a larger size at the start of a file is damage, not a header to be read."""


def seal(content: bytes) -> bytes:
    """Add a checksum of everything else to the metadata of a safetensors file.

    Args:
        content: the file as safetensors writes it.

    Returns:
        The same file with ``sha256`` in its metadata, which covers names, shapes, types, metadata
        and data.
    """
    size = int.from_bytes(content[:8], "little")
    header, data = header_of(content[8 : 8 + size]), memoryview(content)[8 + size :]
    header.setdefault(_META, {})[_SEAL] = _start(header, data).hexdigest()
    return _head(header) + bytes(data)


def _head(header: Mapping[str, Any]) -> bytes:
    """The beginning of a file: the size of the header, and the header."""
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data must start at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text


def sealed(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> bytes:
    """Write arrays as a sealed safetensors file.

    Unlike `seal` of what safetensors wrote, it copies the arrays only once.

    Args:
        arrays: name to array, of the types in `DTYPES`.
        meta: texts of the metadata.

    Returns:
        The file.

    Raises:
        KeyError: an array has another type.
    """
    names = {np.dtype(kind): name for name, kind in DTYPES.items()}
    # The widest types first: each array then starts at a multiple of its item's size.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, Any] = {_META: dict(meta)}
    data, end = [], 0
    for name in order:
        array = np.ascontiguousarray(arrays[name])
        data.append(array.reshape(-1).view(np.uint8).data)
        start, end = end, end + array.nbytes
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(arrays[name].shape),
            "data_offsets": [start, end],
        }
    hashed = _start(header, b"")
    for part in data:
        hashed.update(part)
    header[_META][_SEAL] = hashed.hexdigest()
    return b"".join((_head(header), *data))


def check_next(path: Path, file: IO[bytes]) -> dict[str, Any]:
    """Check the next of several sealed files that lie one after the other in one.

    Args:
        path: of the whole, for messages.
        file: opened at the start of the next; afterwards it is at its end.

    Returns:
        Its header.

    Raises:
        DataError: as for `check_seal`.
    """
    header = _header(path, file)
    try:
        left = int(max(part["data_offsets"][1] for name, part in header.items() if name != _META))
    except (TypeError, KeyError, IndexError, ValueError):
        raise DataError(f"{path}: not a safetensors file: no arrays") from None
    hashed = _start(header, b"")
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        hashed.update(chunk)
        left -= len(chunk)
    if left or hashed.hexdigest() != header.get(_META, {}).get(_SEAL):
        raise _changed(path)
    return header


def annotate(content: bytes, name: str, text: str) -> bytes:
    """Set one text in the metadata of a sealed safetensors file, and seal it again."""
    size = int.from_bytes(content[:8], "little")
    header = header_of(content[8 : 8 + size])
    header.setdefault(_META, {})[name] = text
    changed = json.dumps(header, separators=(",", ":")).encode()
    return seal(len(changed).to_bytes(8, "little") + changed + content[8 + size :])


def checksum(path: Path, *, without: str) -> str:
    """Return the checksum that a safetensors file would have without one text of its metadata.

    Raises:
        DataError: as for `check_seal`.
    """
    check_seal(path)
    with path.open("rb") as file:
        header = _header(path, file)
        header.get(_META, {}).pop(without, None)
        hashed = _start(header, b"")
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def check_seal(path: Path) -> None:
    """Compare a safetensors file with the checksum in its metadata.

    Raises:
        DataError: the file cannot be read, holds a name twice, has no checksum, or has changed
            since it was written.
    """
    try:
        with path.open("rb") as file:
            header = _header(path, file)
            found = header.get(_META, {}).get(_SEAL)
            if found is None:
                raise DataError(f"{path}: no checksum: not written by this version of fasharness")
            hashed = _start(header, b"")
            while chunk := file.read(_CHUNK):
                hashed.update(chunk)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if hashed.hexdigest() != found:
        raise _changed(path)


def _changed(path: Path) -> DataError:
    return DataError(f"{path}: damaged or changed since it was written (its checksum differs)")


def _header(path: Path, file: IO[bytes]) -> dict[str, Any]:
    """Read the header; the data begin where the file is then."""
    size = int.from_bytes(file.read(8), "little")
    try:
        if not 0 < size <= LARGEST_HEADER:
            raise ValueError("no header")
        return header_of(file.read(size))
    except ValueError as error:
        raise DataError(f"{path}: not a safetensors file: {error}") from None


def header_of(text: bytes) -> dict[str, Any]:
    """Read the header of a safetensors file; a ValueError refuses what is none."""
    header: dict[str, Any] = json_line(text.decode("utf-8"))
    if not isinstance(header.get(_META, {}), dict):
        raise ValueError("no header")
    return header


def _start(header: dict[str, Any], data: bytes | memoryview) -> hashlib._Hash:
    """Hash a header without its own checksum, then data."""
    meta = {name: text for name, text in header.get(_META, {}).items() if name != _SEAL}
    plain = {**header, _META: meta}
    hashed = hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode())
    hashed.update(data)
    return hashed
