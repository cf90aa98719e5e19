"""What several baselines do to pictures: scales of values, and random changes in training."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from fasharness.data import Clip

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, RGB, from 0 to 1."""
AREA = (0.9, 1.1)
ASPECT = (3 / 4, 4 / 3)

Pixels = NDArray[np.uint8]


def imagenet(pictures: torch.Tensor) -> torch.Tensor:
    """Scale pixels as networks trained on ImageNet expect them.

    Args:
        pictures: uint8 tensor (B, 3, S, S), RGB.

    Returns:
        float32 tensor of the same shape.
    """
    mean, deviation = (
        torch.tensor(values, device=pictures.device).view(3, 1, 1) for values in (MEAN, DEVIATION)
    )
    return (pictures.float() / 255 - mean) / deviation


def changed(clip: Clip, pixels: dict[str, Pixels]) -> Clip:
    """Return a clip with other pictures of some names, uint8 (T, S, S, 3)."""
    return dataclasses.replace(clip, images={**clip.images, **pixels})


def mirrored(clip: Clip, rng: np.random.Generator) -> Clip:
    """Mirror all pictures and maps with a chance of one half."""
    return clip.mapped(lambda array: array[:, :, ::-1]) if rng.random() < 0.5 else clip


def jittered(frames: Pixels, strength: float, hue: float, rng: np.random.Generator) -> Pixels:
    """Change brightness, contrast, saturation and hue by random amounts.

    Args:
        frames: uint8 (T, S, S, 3), RGB.
        strength: brightness, contrast and saturation are multiplied by up to 1 +- this.
        hue: largest turn of the hue, of a whole turn.
        rng: draws the amounts.

    Returns:
        uint8 (T, S, S, 3).

    Source: torchvision's ColorJitter, in the order of its arguments; it draws the order too.
    """
    brightness, contrast, saturation = rng.uniform(1 - strength, 1 + strength, 3)
    turn = rng.uniform(-hue, hue)
    return np.stack([_recoloured(f, brightness, contrast, saturation, turn) for f in frames])


def _recoloured(
    frame: Pixels, brightness: float, contrast: float, saturation: float, turn: float
) -> Pixels:
    pixels = np.clip(frame * np.float32(brightness), 0, 255).astype(np.float32)
    pixels = _blended(pixels, cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).mean(), contrast)
    pixels = _blended(pixels, cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], saturation)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + np.float32(360 * turn)) % 360
    return np.clip(np.rint(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)), 0, 255).astype(np.uint8)


def _blended(pixels: NDArray[np.float32], grey: object, factor: float) -> NDArray[np.float32]:
    """Move pixels away from a grey by a factor; below 1 towards it."""
    moved = np.float32(factor) * pixels + np.float32(1 - factor) * np.asarray(grey, np.float32)
    return np.clip(moved, 0, 255)


def resized_crop(frames: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut out 0.9 to all of the area at a random aspect, and resize it to the old side.

    Args:
        frames: uint8 (T, S, S, 3).
        rng: draws area, aspect and place.

    Source: torchvision's RandomResizedCrop with the area (0.9, 1.1): where what is drawn does not
        fit ten times, the whole picture is kept.
    """
    side = frames.shape[1]
    for _ in range(10):
        area = rng.uniform(*AREA) * side * side
        aspect = math.exp(rng.uniform(math.log(ASPECT[0]), math.log(ASPECT[1])))
        width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if max(width, height) <= side:
            top, left = (int(rng.integers(0, side - length + 1)) for length in (height, width))
            cut = frames[:, top : top + height, left : left + width]
            return np.stack([np.asarray(cv2.resize(f, (side, side)), np.uint8) for f in cut])
    return frames


def turned(frames: Pixels, most: float, rng: np.random.Generator) -> Pixels:
    """Turn about the middle by up to so many degrees; the corners become black, no smoothing."""
    side = frames.shape[1]
    middle = (side - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), rng.uniform(-most, most), 1.0)
    return np.stack(
        [
            np.asarray(cv2.warpAffine(f, turn, (side, side), flags=cv2.INTER_NEAREST), np.uint8)
            for f in frames
        ]
    )
