"""Colour texture of a video's faces."""

import cv2
import numpy as np

from fasharness_baselines.colour_lbp import colour_texture
from fasharness_sim.validity.video import Floats, Pixels, Video, cut

SIDE = 128
FRAMES = 8


def measure(video: Video) -> Floats:
    """Average the texture of some frames' faces.

    Args:
        video: the video.

    Returns:
        float64 (354,), see `fasharness_baselines.colour_lbp.colour_texture`.
    """
    found = [colour_texture(face_crop(video, n, SIDE)) for n in video.some(FRAMES)]
    return np.asarray(np.mean(found, axis=0))


def face_crop(video: Video, number: int, side: int) -> Pixels:
    """Cut the annotated face out of a frame and resize it to a square, uint8 (side, side, 3)."""
    face = cut(video.frames[number], video.faces[number].box)
    return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
