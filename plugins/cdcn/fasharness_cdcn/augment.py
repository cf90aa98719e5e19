"""Random changes of a training frame, as published: colour, erased rectangles, mirror, cutout."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from fasharness.data import RGB, Clip

BRIGHTNESS = 40
"""Largest change of each channel, of 255."""
GAMMA = (0.5, 1.5)
ERASED = (0.01, 0.05)
"""Area of an erased rectangle, of the picture's."""
ASPECT = (0.5, 2.0)
CUTOUT = 49 / 256
"""Largest side of the square that is cut out, of the picture's side."""

Pixels = NDArray[np.uint8]


def augment(clip: Clip, rng: np.random.Generator) -> Clip:
    """Recolour, erase up to two rectangles (p = 0.5), mirror (p = 0.5) and cut out a square.

    Args:
        clip: a training clip of one frame.
        rng: draws the changes.

    Returns:
        The changed clip; its maps are mirrored with the frame.

    Source: the authors' training code (imgaug's Add and GammaContrast, RandomErasing,
        RandomHorizontalFlip and Cutout with their published numbers); erased pixels are black:
        the code writes fractions into 8-bit pixels, which become 0. Lengths are for pictures of
        256 pixels and scale with the picture.
    """
    frames = recoloured(clip.rgb, rng)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 3))):
            frames = erased(frames, drawn_rectangle(frames.shape[1], rng))
    clip = dataclasses.replace(clip, images={**clip.images, RGB: frames})
    if rng.random() < 0.5:
        clip = clip.mapped(lambda array: array[:, :, ::-1])
    side = clip.rgb.shape[1]
    row, column = (int(v) for v in rng.integers(0, side, 2))
    length = int(rng.integers(1, max(2, round(CUTOUT * side) + 1)))
    square = cut_square(side, row, column, length)
    return dataclasses.replace(clip, images={**clip.images, RGB: erased(clip.rgb, square)})


@dataclasses.dataclass(frozen=True, slots=True)
class Rectangle:
    """Rows from `top` to `bottom` and columns from `left` to `right`; the ends are exclusive."""

    top: int
    bottom: int
    left: int
    right: int


def recoloured(frames: Pixels, rng: np.random.Generator) -> Pixels:
    """Add a number to each channel, then apply one gamma to all; saturating, as imgaug does.

    Args:
        frames: uint8 (T, S, S, 3).
        rng: draws the numbers.
    """
    added = rng.integers(-BRIGHTNESS, BRIGHTNESS, 3, endpoint=True)
    gamma = rng.uniform(*GAMMA)
    levels = np.clip(np.arange(256)[:, None] + added, 0, 255)
    table = np.clip(255 * (levels / 255) ** gamma, 0, 255).astype(np.uint8)
    return np.stack([table[frames[..., channel], channel] for channel in range(3)], axis=-1)


def drawn_rectangle(side: int, rng: np.random.Generator) -> Rectangle:
    """Draw a rectangle of the published areas and aspects inside a square picture."""
    area = rng.uniform(*ERASED) * side * side
    aspect = rng.uniform(*ASPECT)
    return placed_rectangle(side, area, aspect, rng.random(), rng.random())


def placed_rectangle(
    side: int, area: float, aspect: float, down: float, across: float
) -> Rectangle:
    """A rectangle by its area and aspect.

    Args:
        side: of the picture in pixels.
        area: in pixels.
        aspect: height over width.
        down: where in the picture it is, from 0 (top) to 1 (bottom).
        across: from 0 (left) to 1 (right).
    """
    height = min(side, round(math.sqrt(area * aspect)))
    width = min(side, round(math.sqrt(area / aspect)))
    top = min(side - height, int(down * (side - height + 1)))
    left = min(side - width, int(across * (side - width + 1)))
    return Rectangle(top, top + height, left, left + width)


def cut_square(side: int, row: int, column: int, length: int) -> Rectangle:
    """The part of a square around a pixel that is inside the picture."""
    half = length // 2
    return Rectangle(
        max(0, row - half), min(side, row + half), max(0, column - half), min(side, column + half)
    )


def erased(frames: Pixels, part: Rectangle) -> Pixels:
    """A copy with a black rectangle in every frame, uint8 (T, S, S, 3)."""
    frames = frames.copy()
    frames[:, part.top : part.bottom, part.left : part.right] = 0
    return frames
