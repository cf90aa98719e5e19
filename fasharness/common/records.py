"""Frozen dataclasses to JSON and back; reading is strict and names every wrong field."""

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fasharness.common.files import digest
from fasharness.common.formats import Json, json_object
from fasharness.errors import DataError

R = TypeVar("R")
_CHECKSUM = "checksum"


def dumps(record: object) -> str:
    """Write a record as JSON that depends only on its content.

    Args:
        record: a frozen dataclass of text, numbers, tuples, mappings and further records.

    Returns:
        Indented JSON with sorted keys and a line end.

    Raises:
        ValueError: a number is not finite; JSON has no such number.
        TypeError: JSON cannot represent a value.
    """
    content = to_plain(record)
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def to_plain(value: Any) -> Json:
    """Convert a record to dictionaries, lists and plain values.

    Args:
        value: a record, mapping, sequence or plain value; paths become text.

    Returns:
        A value for `json.dumps`.

    Raises:
        TypeError: any other value.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(part) for part in value]
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"JSON cannot hold {value!r} of type {type(value).__name__}")


def wrapped(schema: int, kind: str, body: object, **marks: Json) -> str:
    """Write a versioned JSON file with a checksum of everything else in it; see `unwrap`.

    Raises:
        ValueError: a number is not finite; JSON has no such number.
        TypeError: JSON cannot represent a value.
    """
    content = {"schema": schema, "kind": kind, "result": to_plain(body), **marks}
    return dumps({**content, _CHECKSUM: digest(content)})


class Unwrapped(NamedTuple):
    """The kind of a versioned file, and its content, which is not checked yet."""

    kind: str
    body: Mapping[str, Any]


def unwrap(
    text: str, source: str, schema: int, kinds: Collection[str], marks: Sequence[str] = ()
) -> Unwrapped:
    """Open a versioned JSON file of ``schema``, ``kind``, ``result`` and ``checksum``, strictly.

    Args:
        text: the JSON.
        source: where it came from, for the message.
        schema: the schema's number.
        kinds: those that the caller reads.
        marks: further entries that the file has.

    Returns:
        Its kind and its entry ``result``.

    Raises:
        DataError: for another schema, kind or entry, or a content that was changed.
    """
    content = json_object(text, source)
    if content.get("schema") != schema:
        found = content.get("schema")
        raise DataError(
            f"{source}: schema {found!r}, expected {schema}; it was written by another version: "
            "repeat the run's command, which evaluates its scores again"
        )
    kind, body = content.get("kind"), content.get("result")
    if not isinstance(kind, str) or kind not in kinds:
        raise DataError(f"{source}: kind {kind!r}, expected one of {', '.join(kinds)}")
    entries = ("schema", "kind", "result", *marks, _CHECKSUM)
    if content.keys() != set(entries) or not isinstance(body, dict):
        raise DataError(f"{source}: expected exactly the entries {', '.join(entries)}")
    # One changed digit would be another figure, which comparisons and tables build on.
    if content.pop(_CHECKSUM) != digest(content):
        raise DataError(
            f"{source}: damaged or changed since it was written (its checksum differs); repeat the "
            "command that wrote it"
        )
    return Unwrapped(kind, body)


def build(kind: type[R], content: Mapping[str, Any], place: str) -> R:
    """Build a record from a mapping, strictly.

    Args:
        kind: the dataclass.
        content: exactly one entry for every field.
        place: where the mapping is, for the message.

    Returns:
        The record.

    Raises:
        DataError: a missing or unknown field, or a value of another type; names the place.
    """
    fields = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in sorted(fields - content.keys()):
        raise DataError(f"{place}: {name!r} is missing")
    for name in sorted(content.keys() - fields):
        raise DataError(f"{place}: unknown entry {name!r}")
    hints = _hints(kind)  # type: ignore[arg-type]
    values = {name: _value(hints[name], content[name], f"{place}.{name}") for name in fields}
    try:
        return kind(**values)
    except ValueError as error:
        raise DataError(f"{place}: {error}") from error


@functools.cache  # a journal has a record in each line
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(kind: Any, value: Any, place: str) -> Any:
    """Check a value against an annotation and convert it to the type of the record."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union) and type(None) in arguments:
        rest = [argument for argument in arguments if argument is not type(None)]
        return None if value is None else _value(rest[0], value, place)
    if dataclasses.is_dataclass(kind):
        return build(kind, _expect(dict, value, place), place)  # type: ignore[arg-type]
    if origin is tuple:
        items = _expect(list, value, place)
        return tuple(_value(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(items))
    if origin is Mapping:
        parts = _expect(dict, value, place).items()
        return {name: _value(arguments[1], part, f"{place}.{name}") for name, part in parts}
    return value if kind in (Any, object) else _plain(kind, value, place)


def _plain(kind: type, value: Any, place: str) -> Any:
    """Check a plain value; a whole number is accepted as a float."""
    if kind is float and type(value) is int:
        value = float(value)
    if kind is float and type(value) is float and not math.isfinite(value):
        raise DataError(f"{place}: {value} is not a finite number")
    return _expect(kind, value, place)


def _expect(kind: type, value: Any, place: str) -> Any:
    """Refuse a value that is not exactly of a type."""
    # Not isinstance: True is an int in Python, and not in these files.
    if type(value) is not kind:
        raise DataError(f"{place}: expected {kind.__name__}, got {value!r:.60}")
    return value
