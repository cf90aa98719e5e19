"""Random changes of a training clip: mirror image, colour, a black square."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from fasharness.data import Clip

CONTRAST = (0.5, 1.5)
BRIGHTNESS = 40
SQUARE = 49 / 256  # largest side of the black square, of the frame's side

Pixels = NDArray[np.uint8]


def augment(clip: Clip, rng: np.random.Generator) -> Clip:
    """Mirror, recolour and black out a square, each for half of the clips, alike in all frames.

    Args:
        clip: a training clip.
        rng: draws the changes.

    Returns:
        The changed clip; depth and mask are mirrored with the frames.

    Source: published training recipe; its ranges hold for frames of 256 pixels.
    """
    mirror, colour, square = rng.random(3) < 0.5
    if mirror:
        clip = mirrored(clip)
    frames = clip.frames
    if colour:
        frames = _colour_table(rng)[frames]
    return dataclasses.replace(clip, frames=_black_square(frames, rng) if square else frames)


def compat_augment(clip: Clip, rng: np.random.Generator) -> Clip:
    """Change a clip as the published code does: depth stays unmirrored, colours flicker.

    Args:
        clip: a training clip.
        rng: draws the changes; the colour anew for each frame.

    Returns:
        The changed clip. The code's black square stops the multi-frame training; it is
        drawn here as in `augment`.
    """
    mirror, colour, square = rng.random(3) < 0.5
    frames = mirrored(clip).frames if mirror else clip.frames
    if colour:
        frames = np.stack([_colour_table(rng)[frame] for frame in frames])
    return dataclasses.replace(clip, frames=_black_square(frames, rng) if square else frames)


def mirrored(clip: Clip) -> Clip:
    """The clip seen in a mirror: frames, depth and mask with left and right exchanged."""
    return dataclasses.replace(
        clip,
        frames=clip.frames[:, :, ::-1],
        depth=clip.depth[:, :, ::-1],
        mask=clip.mask[:, :, ::-1],
    )


def _colour_table(rng: np.random.Generator) -> Pixels:
    contrast = rng.uniform(*CONTRAST)
    brightness = rng.integers(-BRIGHTNESS, BRIGHTNESS, endpoint=True)
    values = np.rint(contrast * np.arange(256) + brightness)
    table: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return table


def _black_square(frames: Pixels, rng: np.random.Generator) -> Pixels:
    size = frames.shape[1]
    side = int(rng.integers(1, max(1, round(SQUARE * size)), endpoint=True))
    y, x = (int(v) - side // 2 for v in rng.integers(0, size, 2))
    frames = frames.copy()
    frames[:, max(0, y) : y + side, max(0, x) : x + side] = 0
    return frames
