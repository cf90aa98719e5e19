"""Random changes of a training clip: mirror image, colour, a black square."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from fasharness.data import RGB, Clip

CONTRAST = (0.5, 1.5)
BRIGHTNESS = 40
SQUARE = 49 / 256  # largest side of the black square, of the frame's side

Pixels = NDArray[np.uint8]


def augment(clip: Clip, rng: np.random.Generator) -> Clip:
    """Mirror, recolour and black out a square, each with p = 0.5 and alike in all frames.

    Args:
        clip: a training clip.
        rng: draws the changes.

    Returns:
        The changed clip; depth and mask are mirrored with the frames.

    Source: published training recipe; its ranges are for frames of 256 pixels.
    """
    mirror, colour, square = rng.random(3) < 0.5
    if mirror:
        # Depth too: unmirrored, the label is wrong for every face that is not symmetric.
        clip = mirrored(clip)
    frames = clip.rgb
    if colour:
        frames = _colour_table(rng)[frames]
    return _shown(clip, _black_square(frames, rng) if square else frames)


def compat_augment(clip: Clip, rng: np.random.Generator) -> Clip:
    """Augment a clip as the published code does: depth stays unmirrored, colours flicker.

    Args:
        clip: a training clip.
        rng: draws the changes; colour is drawn for each frame.

    Returns:
        The changed clip. In the published code the black square ends multi-frame training
        with an error; here it is drawn as in `augment`.
    """
    mirror, colour, square = rng.random(3) < 0.5
    frames = mirrored(clip).rgb if mirror else clip.rgb
    if colour:
        # The code draws once for the clip, ignores that and draws again for each frame: brightness
        # jumps feed the temporal gradient.
        frames = np.stack([_colour_table(rng)[frame] for frame in frames])
    return _shown(clip, _black_square(frames, rng) if square else frames)


def mirrored(clip: Clip) -> Clip:
    """Flip a clip horizontally: frames, depth and mask."""
    return clip.mapped(lambda array: array[:, :, ::-1])


def _shown(clip: Clip, frames: Pixels) -> Clip:
    """The clip with other colour pictures."""
    return dataclasses.replace(clip, images={**clip.images, RGB: frames})


def _colour_table(rng: np.random.Generator) -> Pixels:
    contrast = rng.uniform(*CONTRAST)
    brightness = rng.integers(-BRIGHTNESS, BRIGHTNESS, endpoint=True)
    # Saturating, as published: round(contrast * x + brightness) on 8-bit pixels.
    values = np.rint(contrast * np.arange(256) + brightness)
    table: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return table


def _black_square(frames: Pixels, rng: np.random.Generator) -> Pixels:
    size = frames.shape[1]
    side = int(rng.integers(1, max(1, round(SQUARE * size)), endpoint=True))
    # The centre is uniform over the crop, so squares at the edge are cut. The code draws it in the
    # coordinates of the scene, where it often misses the crop.
    y, x = (int(v) - side // 2 for v in rng.integers(0, size, 2))
    # Without a colour change this is the clip's own array.
    frames = frames.copy()
    frames[:, max(0, y) : y + side, max(0, x) : x + side] = 0
    return frames
