"""One video as the measurements want it: frames, the true face and the eyes of each frame."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.common.array_files import MOST_ARRAY, npz_array
from fasharness.common.formats import file_bytes
from fasharness.data import Presentation
from fasharness.dataset import Dataset
from fasharness.errors import DataError
from fasharness.faces import Box, CropRule, DepthSource, Face, Frame, Region, face_from_eyes
from fasharness.prepare.decode import decode

Floats: TypeAlias = NDArray[np.float64]
Pixels: TypeAlias = NDArray[np.uint8]


def _nearest(image: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)


_WHOLE = CropRule("nearest", round, _nearest)


@dataclass(frozen=True, eq=False)
class Video:
    """A decoded video with what the data set knows of it.

    Attributes:
        presentation: which one.
        size: bytes of the file.
        frames: uint8 (H, W, 3), RGB, all of one size.
        faces: the data set's face box of each frame; from the true eyes where it has gaps.
        masks: bool (F, H, W), where the (depicted) face is, from the exact depth.
        truths: the mask's box of each frame: x, y, width, height in pixels.
    """

    presentation: Presentation
    size: int
    frames: tuple[Frame, ...]
    faces: tuple[Face, ...]
    masks: NDArray[np.bool_]
    truths: tuple[Box, ...]

    @cached_property
    def greys(self) -> tuple[Pixels, ...]:
        """Luma of each frame, uint8 (H, W)."""
        return tuple(np.asarray(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), np.uint8) for f in self.frames)

    def some(self, count: int) -> tuple[int, ...]:
        """Numbers of up to `count` frames, spread evenly from the first to the last."""
        places = np.linspace(0, len(self.frames) - 1, min(count, len(self.frames)))
        return tuple(int(place) for place in np.rint(places))


def read(dataset: Dataset, presentation: Presentation) -> Video:
    """Read a video with its eyes and exact depth.

    Args:
        dataset: whose loader reads.
        presentation: which video.

    Returns:
        The whole video.

    Raises:
        DataError: the video, its eyes or its depth are missing or broken.
    """
    path = presentation.path
    frames = tuple(frame for _, frame in decode(path))
    faces = _faces(dataset, presentation, len(frames))
    source = dataset.maps(presentation, "depth")
    if source is None:
        raise DataError(f"{path}: no exact depth beside it; simulate the folder again")
    masks = np.stack([_mask(source, n, frames[n], faces[n]) for n in range(len(frames))])
    for number, mask in enumerate(masks):
        if not mask.any():
            raise DataError(f"{path}: no face in the depth of frame {number}")
    truths = tuple(_box(mask) for mask in masks)
    return Video(presentation, path.stat().st_size, frames, faces, masks, truths)


def _faces(dataset: Dataset, presentation: Presentation, count: int) -> tuple[Face, ...]:
    """Return the data set's own face of each frame, or the true ones where its boxes have gaps."""
    known, truth = dataset.faces(presentation), presentation.path.with_suffix(".truth.npz")
    missing = [number for number in range(count) if number not in known]
    if missing and not truth.is_file():
        raise DataError(f"{presentation.path.with_suffix('.txt')}: no eyes of frame {missing[0]}")
    if missing:
        known = dict(enumerate(_true_faces(truth, count)))
    return tuple(known[number] for number in range(count))


def _true_faces(truth: Path, count: int) -> list[Face]:
    """Read the true eyes of a video's frames, in tenths of a pixel."""
    try:
        found = npz_array(file_bytes(truth, MOST_ARRAY), "eyes", str(truth))
        eyes = (found / 10).reshape(count, 2, 2).tolist()
    except (DataError, TypeError, ValueError) as error:
        raise DataError(f"{truth}: no true eyes of {count} frames: {error}") from error
    return [face_from_eyes((a, b), (c, d)) for (a, b), (c, d) in eyes]


def _mask(source: DepthSource, number: int, frame: Frame, face: Face) -> NDArray[np.bool_]:
    """Where the face is in a frame; a nearest square of the whole map loses at most a pixel."""
    height, width = frame.shape[:2]
    side = max(height, width)
    square = source.crop(number, frame, face, Region(0, 0, width, height), side, _WHOLE)
    return cv2.resize(square, (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _box(mask: NDArray[np.bool_]) -> Box:
    """The box around a mask."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    x, y = float(columns[0]), float(rows[0])
    return x, y, float(columns[-1] + 1 - x), float(rows[-1] + 1 - y)


def cut(image: Pixels, box: Box) -> Pixels:
    """Cut a box out of a picture, as far as it is inside.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        box: x, y, width, height in pixels.

    Returns:
        A view of at least one pixel.
    """
    height, width = image.shape[:2]
    x0, y0 = min(max(round(box[0]), 0), width - 1), min(max(round(box[1]), 0), height - 1)
    x1 = min(max(round(box[0] + box[2]), x0 + 1), width)
    y1 = min(max(round(box[1] + box[3]), y0 + 1), height)
    return image[y0:y1, x0:x1]
