"""Cutting a face out of a frame: the box and resizing rules of the published code, by name."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fasharness.faces import CropRule


def _bicubic(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    # The authors call resize without a filter. Pillow before version 7 took nearest there, later
    # versions bicubic; which version the authors had is not known. Unlike OpenCV, Pillow
    # antialiases when it shrinks.
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
    return np.array(resized)


def _bilinear(image: NDArray[Any], size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


# Python's round: half to even, as PIL.Image.crop rounds the edges it is given.
PILLOW = CropRule("pillow", round, _bicubic)
"""SGTD's published code under today's Pillow: edges rounded half to even, antialiased bicubic."""

# All four edges are rounded down, the far ones too, so a crop can lose a pixel against PILLOW.
FLOOR = CropRule("floor", math.floor, _bilinear)
"""CDCN's published code: edges rounded down, OpenCV's bilinear."""
