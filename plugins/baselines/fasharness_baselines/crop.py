"""The crop rule of Silent-Face: a grown box is moved, not cut, to stay inside the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.faces import Box, CropRule, Region, grow


@dataclass(frozen=True)
class Moved(CropRule):
    """Grows a box as far as the picture allows, then moves it inside; its aspect is kept."""

    def region(self, box: Box, scale_x: float, scale_y: float, shape: tuple[int, int]) -> Region:
        """Grow a box about its centre and move it into the picture.

        Args:
            box: x, y, width, height in pixels.
            scale_x: factor of the width; published: 2.7 and 4 for both sides.
            scale_y: factor of the height.
            shape: height and width of the picture.

        Returns:
            The pixels to cut, at least one.

        Raises:
            DataError: the box is empty or not finite.
        """
        height, width = shape
        if not all(map(math.isfinite, box)) or min(box[2:]) <= 0:
            raise DataError(
                f"the face box (x, y, width, height) {tuple(round(v, 1) for v in box)} is empty"
            )
        # Both sides shrink alike, so that the aspect of the face stays.
        fit = min(1.0, (width - 1) / (box[2] * scale_x), (height - 1) / (box[3] * scale_y))
        x, y, wide, high = grow(box, scale_x * fit, scale_y * fit)
        x, y = (
            max(0.0, min(start, side - 1 - length))
            for start, side, length in ((x, width, wide), (y, height, high))
        )
        # The published far edges are rounded down and count.
        right, bottom = self.round(x + wide) + 1, self.round(y + high) + 1
        return Region(self.round(x), self.round(y), min(right, width), min(bottom, height))


def _bilinear(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


SILENT_FACE = Moved("silent-face", math.floor, _bilinear)
"""Silent-Face's published code: edges rounded down, OpenCV's bilinear."""
