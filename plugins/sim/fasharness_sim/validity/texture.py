"""Colour texture of a face: uniform local binary patterns of YCbCr and HSV.

Source: Boulkenafet, Komulainen and Hadid, "Face anti-spoofing based on color texture analysis",
ICIP 2015; the baseline of the OULU-NPU paper (FG 2017) is of this kind.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness_sim.validity.video import Floats, Pixels, Video, cut

SIDE = 128
FRAMES = 8
BINS = 59
_DIAGONAL = np.sqrt(0.5)
_AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def measure(video: Video) -> Floats:
    """Average the texture of some frames' faces.

    Args:
        video: the video.

    Returns:
        float64 (354,): histograms of Y, Cr, Cb, H, S and V, each of sum 1.
    """
    found = [colour_texture(face_crop(video, n, SIDE)) for n in video.some(FRAMES)]
    return np.asarray(np.mean(found, axis=0))


def face_crop(video: Video, number: int, side: int) -> Pixels:
    """Cut the annotated face out of a frame and resize it to a square, uint8 (side, side, 3)."""
    face = cut(video.frames[number], video.faces[number].box)
    return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def colour_texture(face: Pixels) -> Floats:
    """Describe a picture by its patterns in six colour channels.

    Args:
        face: uint8 (H, W, 3), RGB.

    Returns:
        float64 (354,), six histograms of 59 bins.
    """
    spaces = (cv2.COLOR_RGB2YCrCb, cv2.COLOR_RGB2HSV)
    planes = [plane for space in spaces for plane in cv2.split(cv2.cvtColor(face, space))]
    return np.concatenate([_histogram(patterns(np.asarray(plane))) for plane in planes])


def patterns(plane: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return the uniform pattern of each inner pixel, with 8 neighbours on a circle of radius 1.

    Ojala, Pietikainen and Maenpaa, "Multiresolution gray-scale and rotation invariant texture
    classification with local binary patterns", PAMI 2002.

    Args:
        plane: (H, W), at least 3 x 3.

    Returns:
        uint8 (H - 2, W - 2): 0 to 57 for the uniform patterns, 58 for all others.
    """
    values = plane.astype(np.float64)
    height, width = values.shape

    def shifted(down: int, right: int) -> Floats:
        return values[1 + down : height - 1 + down, 1 + right : width - 1 + right]

    middle = shifted(0, 0)
    code = np.zeros(middle.shape, np.uint8)
    for bit, (down, right) in enumerate(_AROUND):
        neighbour = shifted(down, right)
        if down and right:
            near, far = 1 - _DIAGONAL, _DIAGONAL
            sides = shifted(down, 0) + shifted(0, right)
            neighbour = near * near * middle + near * far * sides + far * far * neighbour
        # a flat neighbourhood must not depend on the rounding of the interpolation
        code |= (neighbour - middle >= -1e-9).astype(np.uint8) << bit
    return _uniform()[code]


def _uniform() -> NDArray[np.uint8]:
    """Number the 58 codes with at most two changes around the circle; all others get 58."""
    codes = np.arange(256)
    bits = codes[:, None] >> np.arange(8) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    table = np.full(256, BINS - 1, np.uint8)
    table[changes <= 2] = np.arange(BINS - 1)
    return table


def _histogram(found: NDArray[np.uint8]) -> Floats:
    return np.bincount(found.ravel(), minlength=BINS) / found.size
