"""Image quality of a face and a support vector machine.

Sources: `fidelity` (Galbally et al., TIP 2014), and Wen, Han and Jain, "Face spoof detection with
image distortion analysis", TIFS 2015. Departures from the latter: the specular part is what a
smoothed minimum of the channels leaves over, in place of Tan and Ikeuchi's iteration; the second
blur figure is the mean slope of edges, in place of Marziliano's edge width.
"""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from fasharness_baselines import fidelity
from fasharness_baselines.classic import Classic
from fasharness_baselines.describing import Floats, Pixels

_BOX = 9
_LEVELS = 32
_COLOURS = 100
_MOMENT_BINS = 16


def features(face: Pixels) -> Floats:
    """Describe the quality of a picture.

    Args:
        face: uint8 (H, W, 3), RGB.

    Returns:
        float64 (137,): fidelity 16, reflection 3, blur 2, colour moments 15, diversity 101.
    """
    own = (_reflection(face), _blur(face), _moments(face), _diversity(face))
    return np.concatenate([fidelity.measures(face), *own])


def _reflection(face: Pixels) -> Floats:
    """Share, mean and spread of pixels whose specular part is well above the usual."""
    least = face.min(axis=2).astype(np.float32)
    specular = np.maximum(least - cv2.blur(least, (31, 31)), 0)
    bright = specular[specular > 1.5 * specular.mean()]
    if not bright.size:
        return np.zeros(3)
    return np.array([bright.size / specular.size, bright.mean() / 255, bright.std() / 255])


def _blur(face: Pixels) -> Floats:
    """How little a picture loses by blurring (Crete et al. 2007), and the mean slope of edges."""
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kept = []
    for size in ((_BOX, 1), (1, _BOX)):
        axis = 1 if size[0] > 1 else 0
        sharp = np.abs(np.diff(grey, axis=axis))
        soft = np.abs(np.diff(cv2.blur(grey, size), axis=axis))
        lost = np.maximum(sharp - soft, 0).sum()
        kept.append(1 - lost / max(float(sharp.sum()), 1e-9))
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    edges = slope[slope > np.percentile(slope, 90)]
    return np.array([max(kept), (edges.mean() if edges.size else 0.0) / 255])


def _moments(face: Pixels) -> Floats:
    """Mean, deviation, skewness and the shares of both end bins of hue, saturation, value."""
    planes = cv2.cvtColor(face, cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(np.float64)
    found = []
    for plane, top in zip(planes.T, (180.0, 256.0, 256.0), strict=True):
        values = plane / top
        mean, deviation = values.mean(), values.std()
        # Not divided by the deviation: a flat plane has none.
        skewness = float(np.cbrt(((values - mean) ** 3).mean()))
        shares = np.histogram(values, _MOMENT_BINS, (0, 1))[0] / values.size
        found += [mean, deviation, skewness, shares[0], shares[-1]]
    return np.array(found)


def _diversity(face: Pixels) -> Floats:
    """Shares of the most frequent of 32768 colours, and how many colours there are."""
    steps = (face // (256 // _LEVELS)).astype(np.int64)
    codes = (steps[..., 0] * _LEVELS + steps[..., 1]) * _LEVELS + steps[..., 2]
    counts = np.sort(np.unique(codes, return_counts=True)[1])[::-1]
    top = np.zeros(_COLOURS)
    top[: min(_COLOURS, counts.size)] = counts[:_COLOURS]
    return np.append(top / codes.size, counts.size / codes.size)


class ImageQuality(Classic):
    """Galbally et al. (2014) and Wen et al. (2015): what recapturing does to a picture."""

    name: ClassVar[str] = "image-quality"

    def describe(self, face: Pixels) -> Floats:
        """Return the quality features, float64 (137,)."""
        return features(face)
