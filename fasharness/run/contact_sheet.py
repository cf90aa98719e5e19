"""A contact sheet: some of many pictures on one page, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.common.files import write_bytes
from fasharness.errors import DataError

_COLUMNS, _GROUPS = 12, 48
_SIDE, _GAP = 96, 4  # pixels


def write(path: Path, groups: Sequence[Sequence[Path]]) -> None:
    """Draw at most 48 groups, evenly spread over all, in rows of 12.

    Args:
        path: the PNG file.
        groups: picture files; those of a group stand one above the other.

    Raises:
        DataError: a picture cannot be read.
    """
    chosen = [groups[at * len(groups) // _GROUPS] for at in range(_GROUPS)]
    shown = chosen if len(groups) > _GROUPS else list(groups)
    height = max(map(len, shown), default=1)
    tiles = [_column([_tile(file) for file in group], height) for group in shown]
    rows = [_row(tiles[at : at + _COLUMNS]) for at in range(0, len(tiles), _COLUMNS)]
    write_bytes(path, bytes(cv2.imencode(".png", np.vstack(rows))[1]))


def _tile(file: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{file}: cannot be read as a picture")
    resized = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def _column(tiles: Sequence[NDArray[np.uint8]], height: int) -> NDArray[np.uint8]:
    """Stack tiles, with paper where there are fewer than `height`."""
    paper = [np.full((_SIDE, _SIDE, 3), 255, np.uint8)] * (height - len(tiles))
    stacked = np.vstack([*tiles, *paper])
    return np.pad(stacked, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=255)


def _row(columns: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Join columns, with paper where the last row has fewer."""
    joined = np.hstack(columns)
    missing = _COLUMNS * (_SIDE + _GAP) - joined.shape[1]
    return np.pad(joined, ((0, 0), (0, missing), (0, 0)), constant_values=255)
