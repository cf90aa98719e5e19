"""Interfaces that plugins implement: face detectors, crop rules and depth sources."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError

Box: TypeAlias = tuple[float, float, float, float]
"""A rectangle in pixels: x and y of the top left corner, width, height."""

Frame: TypeAlias = NDArray[np.uint8]
"""A picture: uint8 (H, W, 3), RGB, 0 to 255."""


@dataclass(frozen=True, eq=False)
class Face:
    """One face in one frame.

    Attributes:
        box: the face's rectangle in pixels of the frame.
        confidence: how sure the detector is, in [0, 1].
        landmarks: float64 (5, 2), x and y of the eye at the image's left, the eye at its right,
            the nose, and the left and right corner of the mouth; None if the detector has none.
    """

    box: Box
    confidence: float
    landmarks: NDArray[np.float64] | None = None

    @property
    def weight(self) -> float:
        """Confidence times area, which selects the main face of a frame."""
        return self.confidence * self.box[2] * self.box[3]


class Detector(Protocol):
    """Interface: finds faces in frames."""

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Find the faces of each frame.

        Args:
            frames: pictures, uint8 (H, W, 3) RGB; their sizes may differ.

        Returns:
            One list for each frame, the main face first; empty if none was found.
        """
        ...


class Region(NamedTuple):
    """Whole pixels of a picture; ``x1`` and ``y1`` are exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class CropRule:
    """How a face box becomes a square picture: which pixels, and how they are resized.

    Attributes:
        name: name of the rule for plugins and results.
        round: rounds each edge of the grown box to a whole number.
        resize_to: resizes uint8 (H, W) or (H, W, 3) to a square of the given side.
    """

    name: str
    round: Callable[[float], int]
    resize_to: Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]

    def region(self, box: Box, scale_x: float, scale_y: float, shape: tuple[int, int]) -> Region:
        """Grow a box about its centre, clip it to the picture and round its edges.

        Args:
            box: x, y, width, height in pixels.
            scale_x: factor of the width; 1.3 in the published tests.
            scale_y: factor of the height.
            shape: height and width of the picture.

        Returns:
            The pixels to cut, at least one.

        Raises:
            DataError: if the grown box is outside of the picture or empty.
        """
        x, y, width, height = grow(box, scale_x, scale_y)
        x0, x1 = (self.round(min(max(edge, 0), shape[1])) for edge in (x, x + width))
        y0, y1 = (self.round(min(max(edge, 0), shape[0])) for edge in (y, y + height))
        if x1 <= x0 or y1 <= y0:
            raise DataError(
                f"the face box (x, y, width, height) {tuple(round(v, 1) for v in box)} has no "
                f"pixel in a picture of {shape[1]}x{shape[0]}"
            )
        return Region(x0, y0, x1, y1)

    def resize(self, image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """Resize to a square without keeping the aspect ratio.

        Args:
            image: uint8 (H, W) or (H, W, C).
            size: side of the result in pixels.

        Returns:
            uint8 (size, size) or (size, size, C).

        Raises:
            ValueError: if the image is empty or not uint8.
        """
        if image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"image must be non-empty uint8, got {image.dtype} {image.shape}")
        return self.resize_to(image, size)

    def cut(self, image: NDArray[np.uint8], region: Region, size: int) -> NDArray[np.uint8]:
        """Cut a region out of a picture and resize it.

        Args:
            image: uint8 (H, W) or (H, W, 3).
            region: the pixels to cut.
            size: side of the result in pixels.

        Returns:
            uint8 (size, size) or (size, size, 3).
        """
        x0, y0, x1, y1 = region
        return self.resize(image[y0:y1, x0:x1], size)


class DepthSource(Protocol):
    """Interface: returns how near each part of a face is."""

    def crop(
        self, index: int, frame: Frame, face: Face, region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        """Return the face depth under a crop; zeroing the depth of attacks is done by the caller.

        Args:
            index: number of the frame, from 0.
            frame: uint8 (H, W, 3), RGB.
            face: the face that the crop was made for.
            region: the pixels of the frame that the crop shows.
            side: side of the map.
            rule: the crop rule of the picture.

        Returns:
            float32 (side, side) in [0, 1]: 1 at the nearest part of the face, above 0 on the
            face, 0 elsewhere.

        Raises:
            DataError: if there is no depth for this frame.
        """
        ...


class DepthEstimator(Protocol):
    """Interface: estimates the depth of a face from the picture alone.

    The estimate is kept in the clip store, so that another crop of the same face costs none.
    """

    def estimate(self, index: int, frame: Frame, face: Face) -> NDArray[Any]:
        """Estimate what no crop changes, e.g. the points of the face in pixels of the frame.

        Args:
            index: number of the frame, from 0, for messages.
            frame: uint8 (H, W, 3), RGB.
            face: the face.

        Returns:
            An array of the same shape for every face: bool, uint8, int32, int64, float32 or
            float64.

        Raises:
            DataError: there is no depth for this face.
        """
        ...

    def draw(
        self, estimate: NDArray[Any], region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        """Draw an estimate under a crop; arguments and result as in `DepthSource.crop`."""
        ...


def face_from_eyes(left: tuple[float, float], right: tuple[float, float]) -> Face:
    """Make a face box from annotated eye centres, of the size of MTCNN's boxes.

    MTCNN boxes measure 2.2 by 2.9 eye distances, with the eyes 37 % below the upper edge (medians
    over faces within 25 degrees of frontal).

    Args:
        left: x and y of one eye in pixels.
        right: of the other; which is which does not matter.

    Returns:
        A face of full confidence, without landmarks.

    Raises:
        DataError: if both eyes are at the same place, as for a missing annotation.
    """
    distance = math.dist(left, right)
    # Not `distance <= 0`, which is false for NaN.
    if not distance > 0 or not math.isfinite(distance):
        raise DataError(f"the eyes {left} and {right} give no face box")
    width, height = 2.2 * distance, 2.9 * distance
    x, y = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
    return Face((x - width / 2, y - 0.37 * height, width, height), 1.0)


def grow(box: Box, scale_x: float, scale_y: float) -> Box:
    """Scale a box about its centre.

    Args:
        box: x, y, width, height.
        scale_x: factor of the width.
        scale_y: factor of the height.

    Returns:
        The grown box, not clipped.

    >>> grow((10, 20, 100, 50), 1.5, 2.0)
    (-15.0, -5.0, 150.0, 100.0)
    """
    x, y, width, height = box
    wide, high = width * scale_x, height * scale_y
    return x + (width - wide) / 2, y + (height - high) / 2, wide, high
