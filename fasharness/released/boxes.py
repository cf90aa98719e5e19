"""The face boxes that come with data sets, in the five formats of their side files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fasharness.common.formats import table_text
from fasharness.common.lines import refuse_other_than_files
from fasharness.errors import DataError
from fasharness.faces import Face, face_from_eyes


class Sides(NamedTuple):
    """What a side file says.

    Attributes:
        faces: frame, from 0, to its face.
        empty: rows that say that there is no face: zeros, or eyes at one place.
    """

    faces: Mapping[int, Face]
    empty: int = 0


@dataclass(frozen=True)
class Boxes:
    """Where a data set's own boxes are, and how they are read.

    Attributes:
        words: columns and what a row without a face looks like, for people.
        read: (side file, its video or picture) to what it says.
        places: path of a video below the root to those where its side file may be.
    """

    words: str
    read: Callable[[Path, Path], Sides]
    places: Callable[[str], tuple[str, ...]]

    def find(self, root: Path, path: str) -> Path | None:
        """Return the side file of a video; None if there is none."""
        # Not pathlib, which takes most of the time where there are hundreds of thousands.
        names = (f"{root}/{place}" for place in self.places(path))
        return next((Path(name) for name in names if os.path.isfile(name)), None)  # noqa: PTH113


def beside(ending: str) -> Callable[[str], tuple[str, ...]]:
    """Return the places of a side file of the same name in the same folder.

    Args:
        ending: what replaces the file's ending, e.g. ``.face`` or ``_BB.txt``.
    """

    def places(path: str) -> tuple[str, ...]:
        folder, slash, name = path.rpartition("/")
        # A name with two dots may keep the first or not: nobody wrote down which.
        stems = dict.fromkeys((name.rpartition(".")[0], name.partition(".")[0]))
        return tuple(f"{folder}{slash}{stem}{ending}" for stem in stems)

    return places


def tree(folder: str, ending: str) -> Callable[[str], tuple[str, ...]]:
    """Return the place of a side file in a tree of its own with the same folders.

    Args:
        folder: top of that tree, below the root.
        ending: what replaces the file's ending.
    """
    return lambda path: (str(PurePosixPath(folder, path).with_suffix(ending)),)


EYES_CSV = "frame,x,y,x,y"
XYWH = "frame x y w h"
CORNERS = "x1 y1 x2 y2"
BOX_EYES_CSV = "frame,left,top,right,bottom,x,y,x,y"
SQUARE_224 = "x y w h score"


def eyes_csv(side: Path, media: Path) -> Sides:
    """Read rows ``frame,x,y,x,y`` of two eyes; eyes at one place mean no face (OULU-NPU)."""
    del media
    faces: dict[int, Face] = {}
    empty = 0
    for row in _rows(side, ",", EYES_CSV):
        frame, left, right = row.frame(faces), row.point(1), row.point(3)
        if left == right:
            empty += 1
        else:
            faces[frame] = face_from_eyes(left, right)
    return Sides(faces, empty)


def xywh(side: Path, media: Path) -> Sides:
    """Read rows ``frame x y w h``; no width or height means no face (Replay-Attack, -Mobile)."""
    del media
    faces: dict[int, Face] = {}
    empty = 0
    for row in _rows(side, None, XYWH):
        frame, (x, y, width, height) = row.frame(faces), row.values[1:]
        if width == 0 or height == 0:
            empty += 1
        else:
            faces[frame] = row.face(x, y, width, height)
    return Sides(faces, empty)


def corners(side: Path, media: Path) -> Sides:
    """Read rows ``x1 y1 x2 y2``, one for each frame; all zeros mean no face (SiW)."""
    del media
    faces: dict[int, Face] = {}
    empty = 0
    for frame, row in enumerate(_rows(side, None, CORNERS)):
        x1, y1, x2, y2 = row.values
        if not any(row.values):
            empty += 1
        else:
            faces[frame] = row.face(x1, y1, x2 - x1, y2 - y1)
    return Sides(faces, empty)


def box_eyes_csv(side: Path, media: Path) -> Sides:
    """Read rows ``frame,left,top,right,bottom`` and two eyes, whose box is used (MSU-MFSD)."""
    del media
    faces: dict[int, Face] = {}
    empty = 0
    for row in _rows(side, ",", BOX_EYES_CSV):
        frame, (left, top, right, bottom) = row.frame(faces), row.values[1:5]
        if not any((left, top, right, bottom)):
            empty += 1
        else:
            faces[frame] = row.face(left, top, right - left, bottom - top)
    return Sides(faces, empty)


def square_224(side: Path, media: Path) -> Sides:
    """Read one row ``x y w h score`` in a picture scaled to 224 x 224 (CelebA-Spoof).

    Its README gives the scale; the picture's header is read for its size.
    """
    faces: dict[int, Face] = {}
    empty = 0
    for row in _rows(side, None, SQUARE_224):
        if faces or empty:
            raise row.error("a second row, where a picture has one face")
        x, y, width, height, _ = row.values
        if width == 0 or height == 0:
            empty += 1
        else:
            across, down = (length / 224 for length in _size(media))
            faces[0] = row.face(x * across, y * down, width * across, height * down)
    return Sides(faces, empty)


def _size(picture: Path) -> tuple[int, int]:
    from PIL import Image, UnidentifiedImageError

    refuse_other_than_files(picture)
    try:
        with Image.open(picture) as image:
            return image.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"{picture}: its size cannot be read: {error}") from None


class _Row(NamedTuple):
    """One row of numbers."""

    path: Path
    line: int
    columns: str
    values: Sequence[float]

    def error(self, problem: str) -> DataError:
        return DataError(f"{self.path}:{self.line}: {problem}; its columns are {self.columns!r}")

    def frame(self, known: Mapping[int, Face]) -> int:
        """The frame's number, which no earlier row has."""
        frame = self.values[0]
        if frame != int(frame) or frame < 0:
            raise self.error(f"{frame:g} is no frame number")
        if int(frame) in known:
            raise self.error(f"frame {frame:g} a second time")
        return int(frame)

    def point(self, first: int) -> tuple[float, float]:
        return self.values[first], self.values[first + 1]

    def face(self, x: float, y: float, width: float, height: float) -> Face:
        if width <= 0 or height <= 0:
            raise self.error(f"no rectangle: width {width:g}, height {height:g}")
        return Face((x, y, width, height), 1.0)


def _rows(path: Path, separator: str | None, columns: str) -> Iterator[_Row]:
    """Iterate over the rows of a side file; blank lines are skipped.

    Raises:
        DataError: not text, or a row is not as many finite numbers; names file and line.
    """
    count = len(columns.replace(",", " ").split())
    for number, line in enumerate(table_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        values = _numbers(line.split(separator))
        if len(values) != count or not all(map(math.isfinite, values)):
            # Not the line itself: a link in place of the file would show another file's text.
            raise DataError(f"{path}:{number}: expected the numbers {columns!r}, all finite")
        yield _Row(path, number, columns, values)


def _numbers(texts: Sequence[str]) -> list[float]:
    try:
        return [float(text) for text in texts]
    except ValueError:
        return []
