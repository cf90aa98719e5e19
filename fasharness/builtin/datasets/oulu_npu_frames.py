"""OULU-NPU as folders of frames with boxes and depth maps, as the published codes prepare it.

Layout: ``scenes/NAME/NAME_001_scene.jpg`` with ``NAME_001_scene.dat`` beside, and
``depths/NAME/NAME_001_depth1D.jpg``. The codes of SGTD and CDCN read a box as left, top, width
and height, one a line; DSDG's as these or as left, right, top and bottom, in one line. Both are
four numbers, so the order is the one that gives faces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from fasharness.common.formats import table_text
from fasharness.common.lines import refuse_other_than_files
from fasharness.errors import DataError
from fasharness.faces import Box, CropRule, Face, Frame, Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCENES, DEPTHS = "scenes", "depths"
ORDERS: Mapping[str, tuple[int, int, int, int]] = MappingProxyType(
    {"left top width height": (0, 1, 2, 3), "left right top bottom": (0, 2, 1, 3)}
)
_NUMBER = re.compile(r"_(\d+)_scene\.\w+$", re.ASCII)


def frames_of(places: Sequence[Path], name: str) -> Path | None:
    """Return the folder of a video's frames; None if there is none.

    Args:
        places: folders that may hold a folder for each video.
        name: the video's name.

    Raises:
        DataError: depth maps lie among the frames.
    """
    for folder in (place / name for place in places):
        if folder.is_dir():
            if (folder / f"{name}_001_depth1D.jpg").exists():
                raise DataError(
                    f"{folder}: depth maps lie among the frames and would be taken for frames; "
                    f"move them to {DEPTHS}/{name}"
                )
            return folder
    return None


def boxes_of(folder: Path) -> Mapping[int, Face]:
    """Read the boxes beside the frames of a folder, by position of the frame, from 0.

    Raises:
        DataError: a box is not four numbers, or their order cannot be told.
    """
    from PIL import Image

    from fasharness.prepare.images import images_of

    frames = images_of(folder)
    texts = {
        position: _text(path)
        for position, frame in enumerate(frames)
        if (path := frame.with_suffix(".dat")).is_file()
    }
    boxes = {at: text.numbers for at, text in texts.items() if any(text.numbers)}
    if not boxes:
        return {}
    order = "left top width height"
    if not all(text.by_lines for text in texts.values()):
        refuse_other_than_files(frames[0])
        with Image.open(frames[0]) as image:
            order = _order(folder, list(boxes.values()), image.size)
    return {position: Face(_box(four, order), 1.0) for position, four in boxes.items()}


class _Text(NamedTuple):
    """A box as written."""

    numbers: tuple[float, ...]
    by_lines: bool


def _text(path: Path) -> _Text:
    try:
        text = table_text(path)
        found = _Text(tuple(map(float, text.split())), len(text.split("\n")) >= 4)
    except ValueError:
        found = _Text((), by_lines=False)
    if len(found.numbers) != 4 or not all(map(math.isfinite, found.numbers)):
        raise DataError(f"{path}: expected a box of four numbers: {' or '.join(ORDERS)}")
    return found


def _order(folder: Path, boxes: Sequence[tuple[float, ...]], size: tuple[int, int]) -> str:
    """Return the order in which most boxes are faces: in the picture, and not flat or thin."""
    votes = {order: sum(_plausible(_box(four, order), size) for four in boxes) for order in ORDERS}
    best, other = sorted(votes.values(), reverse=True)
    if best == other:
        raise DataError(
            f"{folder}: {best} of {len(boxes)} boxes (.dat) are plausible as "
            f"{' and as many as '.join(ORDERS)}; use --faces detector"
        )
    return max(votes, key=lambda order: votes[order])


def _box(four: Sequence[float], order: str) -> Box:
    left, top, third, fourth = (four[at] for at in ORDERS[order])
    if "width" in order:
        return left, top, third, fourth
    return left, top, third - left, fourth - top


def _plausible(box: Box, size: tuple[int, int]) -> bool:
    """Return whether a box can be a face: mostly in the picture, of a face's shape and size."""
    x, y, width, height = box
    if min(width, height) <= 0:
        return False
    inside = -width / 4 < x < size[0] - 3 * width / 4 and -height / 4 < y < size[1] - 3 * height / 4
    return inside and 0.5 < width / height < 1.5 and width * height < 0.4 * size[0] * size[1]


class SceneDepth(NamedTuple):
    """Depth maps of a folder of frames, of which some may have been left out.

    Attributes:
        folder: the maps.
        scenes: the frames, whose names have the same numbers.
    """

    folder: Path
    scenes: Path

    def crop(
        self, index: int, frame: Frame, face: Face, region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        """Cut the map of a frame, grey 0 to 255; see `DepthSource.crop`."""
        from fasharness.prepare.depth import DepthMapFolder
        from fasharness.prepare.images import images_of

        name = images_of(self.scenes)[index].name
        match = _NUMBER.search(name)
        if match is None:
            raise DataError(f"{self.scenes / name}: expected a name such as NAME_001_scene.jpg")
        maps = DepthMapFolder(self.folder.parent, self.folder.name)
        return maps.crop(int(match[1]) - 1, frame, face, region, side, rule)
