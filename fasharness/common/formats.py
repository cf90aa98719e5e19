"""The door for files of JSON: nothing in them is taken on trust.

Each function returns plain values of known types, or raises an error of one line. What the format
allows and a reader would have to guess (a key twice, NaN, numbers beyond any use, half a character,
deep nesting) is refused. The doors for other files are `strict_yaml` and `array_files`.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from fasharness.common.lines import refuse_other_than_files
from fasharness.errors import DataError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MOST_TEXT = 16 << 20
"""Bytes of the largest file of JSON, which bounds the memory that its objects take."""
_DEEPEST = 64
_MOST_DIGITS = 20  # of a whole number; 64 bits have no more


def file_bytes(path: Path, most: int) -> bytes:
    """Read a whole file, which must be one: no pipe, no device, nothing endless.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        DataError: it cannot be read or is larger.
    """
    refuse_other_than_files(path)
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a name with a zero byte
        raise DataError(f"{str(path)!r}: cannot be read: {error}") from error
    if len(content) > most:
        raise DataError(f"{path}: larger than {most >> 20} MiB; this is another file")
    return content


def file_text(path: Path, most: int = MOST_TEXT) -> str:
    """Read a whole text file (UTF-8) that is not read line by line; see `file_bytes`.

    Raises:
        DataError: it cannot be read, is larger, or is not UTF-8.
    """
    try:
        return file_bytes(path, most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: cannot be read: not UTF-8 text ({error.reason})") from error


def table_text(path: Path, most: int = MOST_TEXT) -> str:
    """Read a small text of rows, as data sets have them beside their files; see `file_text`.

    A mark of byte order, which some editors write first, is left out.
    """
    return file_text(path, most).removeprefix("\ufeff")


def json_object(text: str, source: str) -> dict[str, Json]:
    """Read strict JSON of one object.

    Args:
        text: the JSON.
        source: where it came from, for the message.

    Returns:
        Finite numbers, whole characters, no name twice, at most 64 levels.

    Raises:
        DataError: it is none of this.
    """
    try:
        return json_line(text)
    except ValueError as error:
        raise DataError(f"{source}: {error}") from None


def json_line(text: str) -> dict[str, Json]:
    """Read strict JSON of one object as `json_object` does, with a ValueError without a place."""
    value = _value(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    return value


def json_file(path: Path, most: int = MOST_TEXT) -> dict[str, Json]:
    """Read a file of one JSON object; see `json_object` and `file_text`."""
    return json_object(file_text(path, most), str(path))


def json_list_file(path: Path, most: int = MOST_TEXT) -> list[Json]:
    """Read a file of one JSON list, as strictly as `json_file` reads an object."""
    try:
        value = _value(file_text(path, most))
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    if not isinstance(value, list):
        raise DataError(f"{path}: expected a JSON list, got {type(value).__name__}")
    return value


def _value(text: str) -> Json:
    # Checking each number in Python takes half of the time of a list of millions of them.
    decoder = _DECODER if _LONG.search(text) else _OF_SHORT_NUMBERS
    try:
        value: Json = decoder.decode(text)
        _refuse_deep(value, text)
        # Escaped halves of a character pass every reader, and fail in whatever writes them.
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("not JSON: nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("not JSON: half a character (a lone surrogate)") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that occurs twice: readers differ in which of the two they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r:.60} occurs twice")
    return found


def _no_constant(word: str) -> None:
    raise ValueError(f"it holds {word}")


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"the number {text[:20]}... is too large")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text:.20} is too large")
    return value


_OF_SHORT_NUMBERS = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_decimal
)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_whole, parse_float=_decimal
)
_LONG = re.compile(rf"[0-9]{{{_MOST_DIGITS},}}")


def _refuse_deep(value: object, text: str) -> None:
    """Refuse more levels than anything has that is written here."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            part
            for one in level
            if isinstance(one, dict | list)
            for part in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")
