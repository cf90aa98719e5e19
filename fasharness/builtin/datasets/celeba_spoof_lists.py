"""CelebA-Spoof's JSON lists: 44 numbers for each picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fasharness.common.formats import json_file
from fasharness.errors import DataError

TYPES = (
    None,
    "photo",
    "poster",
    "a4",
    "face-mask",
    "upper-body-mask",
    "region-mask",
    "pc",
    "pad",
    "phone",
    "3d-mask",
)
"""PAI species by element 40 of an entry; 0 is bona fide."""
LENGTH, TYPE, ILLUMINATION, ENVIRONMENT, LABEL = 44, 40, 41, 42, 43
_MOST = 1 << 30  # bytes; the longest released list has some 70 million
_TYPES, _LIGHTS, _PLACES, _LABELS = map(range, (len(TYPES), 5, 3, 2))


class Row(NamedTuple):
    """One entry of a list.

    Attributes:
        path: of the picture, below the root.
        number: of the entry, from 1.
        label: 0 for bona fide, 1 for an attack.
        kind: the type that the list gives, a key of `TYPES`; 0 for bona fide.
        species: PAI species, None for bona fide, ``unnamed`` for an attack of type 0.
        attributes: illumination and environment, of attacks.
    """

    path: str
    number: int
    label: int
    kind: int
    species: str | None
    attributes: Mapping[str, str]


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read a list.

    Args:
        path: a JSON object, path of a picture to its 44 integers.

    Returns:
        Its entries in order.

    Raises:
        DataError: JSON of another shape, an impossible number, or labels that contradict the
            folders of their pictures, but for attacks in a folder called live, which are known;
            names file and entry.
    """
    rows = tuple(_rows(path))
    wrong = [row for row in rows if (row.label == 1) is not ("/spoof/" in row.path)]
    # Not all: the known attacks in folders called live agree with a list turned round.
    if 2 * len(wrong) > len(rows):
        raise DataError(
            f"{path}: a list of the other polarity: {len(wrong)} of {len(rows)} labels contradict "
            "the folders of their pictures; in this list 0 must mean bona fide"
        )
    for row in rows:
        if row.label == 0 and "/spoof/" in row.path:
            raise DataError(f"{path}: entry {row.number}: label 0 contradicts {row.path}")
        if row.label == 0 and row.kind != 0:
            raise DataError(
                f"{path}: entry {row.number}, {row.path!r:.80}: label 0, but type {row.kind}"
            )
    return rows


def _rows(path: Path) -> Iterator[Row]:
    for number, (name, values) in enumerate(_entries(path).items(), start=1):
        if not isinstance(values, list) or not _fits(values):
            raise DataError(
                f"{path}: entry {number}, {name!r:.80}: expected {LENGTH} integers, of which "
                f"number {TYPE} is a type (0-10), {ILLUMINATION} a light (0-4), {ENVIRONMENT} an "
                f"environment (0-2) and {LABEL} a label (0 or 1), got {values!r:.60}"
            )
        kind, light, place, label = values[TYPE:]
        species = (TYPES[kind] or "unnamed") if label else None
        yield Row(name, number, label, kind, species, _facts(light, place))


def _entries(path: Path) -> Mapping[str, object]:
    found = json_file(path, _MOST)
    if not found:
        raise DataError(f"{path}: expected a picture and its {LENGTH} integers, got nothing")
    return found


def _fits(values: Sequence[object]) -> bool:
    # One pass in C for the types: a list has half a million entries.
    if len(values) != LENGTH or set(map(type, values)) != {int}:
        return False
    kind, light, place, label = values[TYPE:]
    return kind in _TYPES and light in _LIGHTS and place in _PLACES and label in _LABELS


@cache
def _facts(light: int, place: int) -> Mapping[str, str]:
    """Return the attributes of a picture, one mapping for all with the same."""
    named = {"illumination": light, "environment": place}
    return {name: str(value) for name, value in named.items() if value}
