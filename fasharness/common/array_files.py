"""The door for NumPy's and PyTorch's files: no code in them is run, and no size is believed."""

from __future__ import annotations

import io
import math
import pickle
import re
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fasharness.common.lines import refuse_other_than_files
from fasharness.errors import DataError

MOST_ARRAY = 256 << 20
"""Bytes of the largest array of a NumPy file; compressed, it may be a thousandth of this."""


def npz_array(content: bytes, name: str, source: str) -> NDArray[Any]:
    """Read one array of an ``.npz`` archive.

    Args:
        content: the archive.
        name: the array's name.
        source: where it came from, for the message.

    Returns:
        The array; it cannot be written to.

    Raises:
        DataError: the archive is damaged, has no such array, or one larger than `MOST_ARRAY`.
    """
    with _archive(content, source) as archive:
        if f"{name}.npy" not in archive.namelist():
            raise DataError(f"{source}: it holds no array {name!r}")
        return _member(archive, name, source)


def npz_arrays(content: bytes, source: str) -> dict[str, NDArray[Any]]:
    """Read all arrays of an ``.npz`` archive by their names; see `npz_array`."""
    with _archive(content, source) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        return {name: _member(archive, name, source) for name in names}


@contextmanager
def _archive(content: bytes, source: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive; what a damaged one raises becomes a `DataError`."""
    try:
        # Not np.load: it makes room for whatever an archive claims.
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield archive
    # Any of these, depending on where it is damaged.
    except (
        *(OSError, EOFError, LookupError, ValueError, RuntimeError, NotImplementedError),
        *(SyntaxError, TypeError, MemoryError, OverflowError, tokenize.TokenError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise DataError(f"{source}: a damaged .npz file: {_line(error)}") from None


def _member(archive: zipfile.ZipFile, name: str, source: str) -> NDArray[Any]:
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > MOST_ARRAY:
        raise DataError(
            f"{source}: its array {name!r:.60} has {entry.file_size >> 20} MiB, at most "
            f"{MOST_ARRAY >> 20} are read; store it at a lower resolution"
        )
    return _npy(archive.read(entry), name)


def _npy(content: bytes, name: str) -> NDArray[Any]:
    """Read an array from the bytes of an ``.npy`` file without a copy."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):  # the others are for names of fields, and for texts
        raise ValueError(f"its array is of version {version}")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise ValueError("its array holds objects, which could run code")
    size = math.prod(shape) * dtype.itemsize
    if size != len(content) - file.tell() or not dtype.itemsize:
        raise ValueError(f"its array {name!r} is not as long as it says")
    found = np.frombuffer(content, dtype, offset=file.tell())
    return found.reshape(shape, order="F" if by_columns else "C")


def unpickled(path: Path) -> object:
    """Read what `torch.save` wrote; no code in the file is run.

    Raises:
        DataError: the file is missing or damaged, or holds code.
    """
    import torch  # here, since most commands need no network

    refuse_other_than_files(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        with file, warnings.catch_warnings():
            # PyTorch warns about pickle protocols that it does not write itself.
            warnings.simplefilter("ignore", UserWarning)
            found: object = torch.load(file, map_location="cpu", weights_only=True)
    # What torch raises on files with changed bytes.
    except (
        *(AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError),
        OverflowError,
        *(RuntimeError, TypeError, ValueError, pickle.UnpicklingError, struct.error),
    ) as error:
        raise DataError(f"{path}: {_of_pickle(error)}") from None
    return found


def _of_pickle(error: Exception) -> str:
    if code := re.search(r"GLOBAL (\S+)", str(error)):
        # In a file that is cut short it may be the rest of a harmless name.
        return (
            f"pickled with code ({code[1]:.80}), which could run anything, or damaged; refused: "
            "save only the state_dict of the module"
        )
    return "not a file of torch.save, or damaged"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
