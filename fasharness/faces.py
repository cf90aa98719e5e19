"""What a face detector takes and gives, and faces from annotated eyes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

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
            the nose, and the left and right corner of the mouth; None from a detector without.
    """

    box: Box
    confidence: float
    landmarks: NDArray[np.float64] | None = None

    @property
    def weight(self) -> float:
        """Confidence times area, by which the main face of a frame is chosen."""
        return self.confidence * self.box[2] * self.box[3]


class Detector(Protocol):
    """Anything that finds faces in frames."""

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Find the faces of each frame.

        Args:
            frames: pictures, uint8 (H, W, 3) RGB; their sizes may differ.

        Returns:
            One list a frame, the main face first; empty where none was found.
        """
        ...


def face_from_eyes(left: tuple[float, float], right: tuple[float, float]) -> Face:
    """Make a face box from annotated eye centres, as wide and high as MTCNN's boxes are.

    MTCNN boxes measure 2.2 by 2.9 eye distances, with the eyes 37 % below the upper edge (medians
    over faces within 25 degrees of frontal).

    Args:
        left: x and y of one eye in pixels.
        right: of the other; which is which does not matter.

    Returns:
        A face of full confidence, without landmarks.

    Raises:
        DataError: if both eyes are at the same place, as where an annotation is missing.
    """
    distance = math.dist(left, right)
    if not distance > 0 or not math.isfinite(distance):
        raise DataError(f"the eyes {left} and {right} give no face box")
    width, height = 2.2 * distance, 2.9 * distance
    x, y = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
    return Face((x - width / 2, y - 0.37 * height, width, height), 1.0)
