"""Cutting a face out of a frame: the box rules and resizing of the published codes, by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fasharness.errors import DataError
from fasharness.faces import Box


class Region(NamedTuple):
    """Whole pixels of a picture; ``x1`` and ``y1`` lie just outside."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class CropRule:
    """How a face box becomes a square picture: which pixels, and by what resizing.

    Attributes:
        name: what plugins and results call the rule.
        round: turns each edge of the grown box into a whole number.
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
            DataError: if the grown box lies outside of the picture or is empty.
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
        """Resize to a square without keeping the aspect.

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

    def cut(
        self, image: NDArray[np.uint8], region: tuple[int, int, int, int], size: int
    ) -> NDArray[np.uint8]:
        """Cut a region out of a picture and resize it.

        Args:
            image: uint8 (H, W) or (H, W, 3).
            region: left, top, right, bottom in whole pixels.
            size: side of the result in pixels.

        Returns:
            uint8 (size, size) or (size, size, 3).
        """
        x0, y0, x1, y1 = region
        return self.resize(image[y0:y1, x0:x1], size)


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


def _bicubic(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
    return np.array(resized)


def _bilinear(image: NDArray[Any], size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


PILLOW = CropRule("pillow", round, _bicubic)
"""SGTD's published code under today's Pillow: edges rounded half to even, antialiased bicubic."""

FLOOR = CropRule("floor", math.floor, _bilinear)
"""CDCN's published code: edges rounded down, OpenCV's bilinear."""
