"""How files of a root must be turned, where a user found their frames not upright."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path

from fasharness.common.csv_rows import check_names, csv_rows
from fasharness.common.lines import at_line

ORIENTATIONS = "orientations.csv"
"""The user's file in the root: ``path,degrees``, clockwise, after rotation tags are followed."""
_COLUMNS = ("path", "degrees")


def read_orientations(path: Path, known: Container[str]) -> Mapping[str, int]:
    """Read a file of orientations.

    Args:
        path: CSV with the columns ``path`` (below the root) and ``degrees`` (90, 180 or 270).
        known: paths of the root's files.

    Returns:
        Path to degrees clockwise.

    Raises:
        DataError: another file, an unknown path, one named twice, or other degrees; names the line.
    """
    found: dict[str, int] = {}
    for line, row in csv_rows(path, lambda names: check_names(names, _COLUMNS, _COLUMNS)):
        name, degrees = row["path"], row["degrees"]
        if name not in known:
            raise at_line(path, line, f"{name!r} is no file of this data set")
        if name in found:
            raise at_line(path, line, f"{name!r} a second time")
        if degrees not in ("90", "180", "270"):
            raise at_line(path, line, f"degrees must be 90, 180 or 270, got {degrees!r}")
        found[name] = int(degrees)
    return found
