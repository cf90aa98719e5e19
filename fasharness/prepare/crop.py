"""Cutting a face out of a frame: the box rules and resizing of the published codes, by name."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fasharness.faces import CropRule


def _bicubic(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
    return np.array(resized)


def _bilinear(image: NDArray[Any], size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


PILLOW = CropRule("pillow", round, _bicubic)
"""SGTD's published code under today's Pillow: edges rounded half to even, antialiased bicubic."""

FLOOR = CropRule("floor", math.floor, _bilinear)
"""CDCN's published code: edges rounded down, OpenCV's bilinear."""
