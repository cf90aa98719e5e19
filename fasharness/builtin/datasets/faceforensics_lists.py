"""FaceForensics++'s pair lists, LGSC's paths, and the benchmark's submission."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TypeGuard

from fasharness.common.files import write_text
from fasharness.common.formats import json_list_file
from fasharness.errors import DataError

BENCHMARK = "faceforensics_benchmark_images"
"""The folder of the benchmark's pictures, as its archive calls it."""
_HIDDEN = re.compile(rf"{BENCHMARK}/[0-9]{{4}}\.png")
_DATA = re.compile(r"(?:^|/)((?:original|manipulated)_sequences/.*)")


def read_pairs(path: Path) -> tuple[tuple[str, str], ...]:
    """Read an official list of pairs.

    Args:
        path: JSON, a list of pairs of texts of three digits.

    Returns:
        The pairs in order.

    Raises:
        DataError: JSON of another shape, or a video in two pairs; names file and pair.
    """
    found = json_list_file(path)
    if not found:
        raise DataError(f"{path}: expected a JSON list of pairs, e.g. [['071', '054']]")
    pairs, seen = [], dict[str, int]()
    for number, pair in enumerate(found, start=1):
        if not _is_pair(pair):
            raise DataError(
                f"{path}: pair {number}: expected two texts of three digits, e.g. ['071', '054'], "
                f"got {pair!r:.60}"
            )
        pairs.append((pair[0], pair[1]))
        for person in pair:
            if person in seen:
                raise DataError(f"{path}: pair {number}: {person} is in pair {seen[person]} too")
            seen[person] = number
    return tuple(pairs)


def _is_pair(pair: object) -> TypeGuard[list[str]]:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(p, str) and re.fullmatch("[0-9]{3}", p) for p in pair)
    )


def from_data(text: str) -> str:
    """Return the part of a path that is below the root; the text itself if it has none.

    Args:
        text: a path of LGSC's lists, which may be absolute on its authors' machine.
    """
    found = _DATA.search(text)
    return found[1] if found else text


def is_hidden(path: str) -> bool:
    """Return whether a path is that of a picture of the benchmark, whose class nobody knows."""
    return _HIDDEN.fullmatch(path) is not None


def write_decisions(path: Path, values: Mapping[str, float], threshold: float) -> None:
    """Write the benchmark's submission, one JSON object from a picture's name to its class.

    Args:
        path: the file.
        values: id of a picture, its path without ending, to its score.
        threshold: scores at or above it are ``real``, others ``fake``.
    """
    decided = {
        f"{PurePosixPath(name).name}.png": "real" if value >= threshold else "fake"
        for name, value in sorted(values.items())
    }
    write_text(path, json.dumps(decided, indent=1) + "\n")
