"""Colour texture of a face and a support vector machine.

Source: Boulkenafet, Komulainen and Hadid, "Face anti-spoofing based on color texture analysis",
ICIP 2015, and "Face spoofing detection using colour texture analysis", TIFS 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import cv2
import numpy as np

from fasharness_baselines.classic import Classic
from fasharness_baselines.describing import Floats, Pixels, Plane
from fasharness_baselines.needs import need

BINS = 59
_NEIGHBOURS, _RADIUS = 8, 1


def colour_texture(face: Pixels) -> Floats:
    """Describe a picture by the local binary patterns of six colour channels.

    The 58 uniform patterns of 8 neighbours on a circle of radius 1, and all others as one (Ojala,
    Pietikainen and Maenpaa, PAMI 2002), of the pixels that have all neighbours.

    Args:
        face: uint8 (H, W, 3), RGB, at least 3 x 3.

    Returns:
        float64 (354,): histograms of Y, Cr, Cb, H, S and V, each of sum 1.
    """
    spaces = (cv2.COLOR_RGB2YCrCb, cv2.COLOR_RGB2HSV)
    planes = [plane for space in spaces for plane in cv2.split(cv2.cvtColor(face, space))]
    return np.concatenate([_histogram(np.asarray(plane, np.uint8)) for plane in planes])


def _histogram(plane: Plane) -> Floats:
    from skimage import feature

    find: Any = feature.local_binary_pattern
    patterns = find(plane, _NEIGHBOURS, _RADIUS, "nri_uniform")
    # Beyond the border it takes neighbours as zero.
    inner = patterns[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS].astype(np.int64)
    return np.asarray(np.bincount(inner.ravel(), minlength=BINS) / inner.size)


class ColourLBP(Classic):
    """Boulkenafet et al. (2015, 2016): uniform patterns of YCbCr and HSV."""

    name: ClassVar[str] = "colour-lbp"
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType({}),
            "paper": MappingProxyType({"side": 64, "frames": 30, "score_frames": 30}),
        }
    )

    def __init__(self, options: object) -> None:
        need(self.name, "skimage", "scikit-image", "classic")
        super().__init__(options)

    def describe(self, face: Pixels) -> Floats:
        """Return the colour texture, float64 (354,)."""
        return colour_texture(face)
