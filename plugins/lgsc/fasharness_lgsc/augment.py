"""Random changes of a training frame, as published: colour, erased parts, rotation, crop."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.data import RGB, Clip

BRIGHTNESS = 32.0
"""Largest number that is added, of 255."""
CONTRAST = (0.5, 1.5)
SATURATION = (0.8, 1.2)
HUE = 16.0
"""Largest turn of the hue in degrees."""
ERASED = (0.01, 0.03)
"""Area of an erased rectangle, of the picture's."""
ASPECT = (0.5, 2.0)
FILL = 80.0
"""Grey of erased rectangles."""
CUTOUT = 20 / 224
"""Side of the square that is cut out: less than this part of the picture's side."""
TURN = 30
"""Degrees by which a picture is turned: a whole number from -30 to 29."""
CUT = 0.12
"""Largest part that is cut off at each side."""

Pixels = NDArray[np.float32]
Change = Callable[[Pixels, np.random.Generator], Pixels]


def augment(clip: Clip, rng: np.random.Generator) -> Clip:
    """Recolour, erase, cut out, rotate, crop and mirror at random.

    Args:
        clip: a training clip of one frame without label maps, its side at least 32.
        rng: draws the changes.

    Returns:
        The changed clip, rounded to 8 bits.

    Source: the authors' training code with its published numbers. Each change but the colours',
        which have chances of their own, has a chance of one half.
    """
    side = clip.rgb.shape[1]
    frame = recolour(clip.rgb[0].astype(np.float32), rng)
    changes: tuple[Change, ...] = (erase, cut_out, rotate, crop)
    for change in changes:
        if rng.random() < 0.5:
            frame = change(frame, rng)
    frame = np.asarray(cv2.resize(frame, (side, side)), np.float32)
    if rng.random() < 0.5:
        frame = frame[:, ::-1]
    rounded = np.clip(np.rint(frame), 0, 255).astype(np.uint8)
    return dataclasses.replace(clip, images={**clip.images, RGB: rounded[None]})


def recolour(frame: Pixels, rng: np.random.Generator) -> Pixels:
    """Change brightness, contrast, saturation and hue, each with a chance of one half.

    Args:
        frame: float32 (H, W, 3), RGB, 0 to 255; may leave the range.
        rng: draws the changes.
    """
    added = rng.uniform(-BRIGHTNESS, BRIGHTNESS) if rng.random() < 0.5 else 0.0
    contrast = rng.uniform(*CONTRAST) if rng.random() < 0.5 else 1.0
    saturation = rng.uniform(*SATURATION) if rng.random() < 0.5 else 1.0
    turn = rng.uniform(-HUE, HUE) if rng.random() < 0.5 else 0.0
    return recoloured(frame, added, contrast, saturation, turn)


def recoloured(
    frame: Pixels, added: float, contrast: float, saturation: float, turn: float
) -> Pixels:
    """A frame in other colours.

    Args:
        frame: float32 (H, W, 3), RGB, 0 to 255.
        added: brightness, of 255.
        contrast: factor on all values.
        saturation: factor on the saturation.
        turn: of the hue in degrees.
    """
    frame = (frame + np.float32(added)) * np.float32(contrast)
    hue, saturated, value = cv2.split(cv2.cvtColor(frame, cv2.COLOR_RGB2HSV))
    hue = (hue + np.float32(turn)) % 360
    colours = cv2.merge([hue, saturated * np.float32(saturation), value])
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_HSV2RGB), np.float32)


def erase(frame: Pixels, rng: np.random.Generator) -> Pixels:
    """Fill one or two rectangles of 1 to 3 % of the picture with grey."""
    for _ in range(int(rng.integers(1, 3))):
        rows, columns = frame.shape[:2]
        height, width = rectangle(rows, columns, rng.uniform(*ERASED), rng.uniform(*ASPECT))
        top = int(rng.integers(0, rows - height))
        left = int(rng.integers(0, columns - width))
        frame = filled(frame, slice(top, top + height), slice(left, left + width), FILL)
    return frame


def rectangle(rows: int, columns: int, share: float, aspect: float) -> tuple[int, int]:
    """Height and width of a rectangle.

    Args:
        rows: of the picture.
        columns: of the picture.
        share: its part of the picture's area.
        aspect: height over width.
    """
    area = share * rows * columns
    return round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))


def cut_out(frame: Pixels, rng: np.random.Generator) -> Pixels:
    """Blacken a square around any pixel."""
    rows, columns = frame.shape[:2]
    column, row = int(rng.integers(columns)), int(rng.integers(rows))
    length = int(rng.integers(1, round(CUTOUT * rows)))
    return filled(frame, around(row, length), around(column, length), 0.0)


def around(middle: int, length: int) -> slice:
    """The pixels of a side of a square, from a pixel on; it may end outside the picture."""
    half = length // 2
    return slice(max(0, middle - half), middle + half)


def filled(frame: Pixels, rows: slice, columns: slice, value: float) -> Pixels:
    """A copy with one value in a rectangle."""
    frame = frame.copy()
    frame[rows, columns] = value
    return frame


def rotate(frame: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn by a whole number of degrees around the middle; the corners become black."""
    return rotated(frame, int(rng.integers(-TURN, TURN)))


def rotated(frame: Pixels, degrees: int) -> Pixels:
    """A frame turned counter-clockwise."""
    rows, columns = frame.shape[:2]
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(frame, turn, (columns, rows)), np.float32)


def crop(frame: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut up to 12 % off each side."""
    rows, columns = frame.shape[:2]
    left, top = (int(rng.integers(0, int(CUT * side))) for side in (columns, rows))
    right, bottom = (int(rng.integers(int((1 - CUT) * side), side)) for side in (columns, rows))
    return frame[top:bottom, left:right]
