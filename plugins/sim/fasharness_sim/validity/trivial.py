"""One number a video: what a scorer would use that knows nothing of faces or attacks."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.validity.video import Floats, Pixels, Video, cut

_IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


class Trivial(NamedTuple):
    """The numbers of a video, each the mean over all its frames where it varies.

    Attributes:
        brightness_face: mean luma of the true face box.
        brightness_frame: of the whole frame.
        red_face: mean of the channel in the face box, likewise the next two.
        green_face: see ``red_face``.
        blue_face: see ``red_face``.
        saturation_face: mean HSV saturation of the face box.
        sharpness_face: variance of the Laplacian of luma in the face box.
        sharpness_frame: of the whole frame.
        noise_face: noise level of luma (Immerkaer 1996) in the face box.
        noise_frame: of the whole frame.
        difference: mean absolute difference of luma from one frame to the next.
        file_size: bytes of the file.
        box_width: width of the true face box in pixels.
        box_height: its height.
        box_movement: how far the box's middle strays from its mean, in box widths.
        length: number of frames.
    """

    brightness_face: float
    brightness_frame: float
    red_face: float
    green_face: float
    blue_face: float
    saturation_face: float
    sharpness_face: float
    sharpness_frame: float
    noise_face: float
    noise_frame: float
    difference: float
    file_size: float
    box_width: float
    box_height: float
    box_movement: float
    length: float


def measure(video: Video) -> Trivial:
    """Take all numbers of a video."""
    faces = [cut(f, b) for f, b in zip(video.frames, video.truths, strict=True)]
    greys = [cut(g, b) for g, b in zip(video.greys, video.truths, strict=True)]
    red, green, blue, saturation = np.mean([_colours(face) for face in faces], axis=0)
    boxes = np.array(video.truths)
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    width, height = boxes[:, 2:].mean(axis=0)
    strays = np.linalg.norm(middles - middles.mean(axis=0), axis=1)
    return Trivial(
        brightness_face=_mean(_brightness, greys),
        brightness_frame=_mean(_brightness, video.greys),
        red_face=float(red),
        green_face=float(green),
        blue_face=float(blue),
        saturation_face=float(saturation),
        sharpness_face=_mean(_sharpness, greys),
        sharpness_frame=_mean(_sharpness, video.greys),
        noise_face=_mean(noise_level, greys),
        noise_frame=_mean(noise_level, video.greys),
        difference=_difference(video.greys),
        file_size=float(video.size),
        box_width=float(width),
        box_height=float(height),
        box_movement=float(np.sqrt(np.mean(strays**2)) / width),
        length=float(len(video.frames)),
    )


def _mean(number: Callable[[Pixels], float], pictures: Sequence[Pixels]) -> float:
    return float(np.mean([number(picture) for picture in pictures]))


def _brightness(grey: Pixels) -> float:
    return float(grey.mean())


def _colours(face: Pixels) -> Floats:
    """Mean red, green, blue and saturation of a picture."""
    whole = np.ascontiguousarray(face)
    saturation = np.asarray(cv2.cvtColor(whole, cv2.COLOR_RGB2HSV))[..., 1].mean()
    return np.array([*whole.reshape(-1, 3).mean(axis=0), saturation], np.float64)


def _sharpness(grey: Pixels) -> float:
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def noise_level(grey: Pixels) -> float:
    """Estimate the standard deviation of a picture's noise.

    Source: Immerkaer, "Fast noise variance estimation", CVIU 1996: the difference of two
    Laplacians, which ignores smooth structure.

    Args:
        grey: uint8 (H, W).

    Returns:
        The estimate in grey levels.
    """
    answer = cv2.filter2D(grey.astype(np.float32), -1, _IMMERKAER)[1:-1, 1:-1]
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(answer).mean()) if answer.size else 0.0


def _difference(greys: tuple[Pixels, ...]) -> float:
    steps = [cv2.absdiff(before, after).mean() for before, after in pairwise(greys)]
    return float(np.mean(steps)) if steps else 0.0
