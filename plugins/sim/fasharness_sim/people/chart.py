"""The flat chart of a head, seen straight from the front: every map of a head uses it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fasharness_sim.fields import F32, blur, f32

SIZE = 448
SPAN = 31.0
SCALE = SIZE / SPAN
CENTRE_Y = 1.5
EMPTY = -99.0
_SHIFT = 4  # binary digits of a pixel's fraction in OpenCV's drawing
# polygons are drawn in groups of about the same length in pixels, each with as many points
_SIDES = (0, 2, 3, 4, 6, 8, 11, 16, 24, 2 * SIZE)

LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LEFT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
RIGHT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
MOUTH = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
TOP, NOSE = 10, 2


@dataclass(frozen=True)
class Grid:
    """The head coordinates x (to the right) and y (up) of the chart's points, in cm."""

    x: F32
    y: F32


def grid() -> Grid:
    """Return the coordinates of every point of the chart."""
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    return Grid(f32((columns - SIZE / 2) / SCALE), f32(CENTRE_Y - (rows - SIZE / 2) / SCALE))


def to_chart(points: ArrayLike) -> F32:
    """Map head coordinates (..., 2 or 3) in cm to chart pixels (..., 2) as (column, row)."""
    p = f32(points)
    column, row = SIZE / 2 + p[..., 0] * SCALE, SIZE / 2 - (p[..., 1] - CENTRE_Y) * SCALE
    return f32(np.stack([column, row], -1))


def polygon(points: F32, softness: float = 0.6) -> F32:
    """Fill a polygon of chart pixels (N, 2) with 1 and soften its edge."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    corners = np.round(points * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1.0, cv2.LINE_AA, _SHIFT)
    return blur(mask, softness)


def stroke(points: F32, width: int, softness: float = 0.6) -> F32:
    """Draw an open line through chart pixels (N, 2) with value 1 and soften it."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    corners = np.round(points * 2**_SHIFT).astype(np.int32)
    cv2.polylines(mask, [corners], False, 1.0, width, cv2.LINE_AA, _SHIFT)
    return blur(mask, softness)


def bell(centre: Sequence[float], radii: Sequence[float], g: Grid) -> F32:
    """Return a Gaussian bell in head coordinates with the radii as standard deviations."""
    square = ((g.x - centre[0]) / radii[0]) ** 2 + ((g.y - centre[1]) / radii[1]) ** 2
    return f32(np.exp(-square / 2))


def relief(vertices: F32, polygons: NDArray[np.int64]) -> F32:
    """Rasterise a surface from the front, nearest part first, as a cloud of dense points.

    Args:
        vertices: float32 (N, 3) head coordinates in cm.
        polygons: int (Q, 4), the corners of each; triangles repeat one.

    Returns:
        float32 (SIZE, SIZE) heights in cm, ``EMPTY`` where there is nothing.
    """
    height = np.full(SIZE * SIZE, EMPTY, np.float32)
    flat = to_chart(vertices)
    corners = flat[polygons]
    across = corners[:, 2:] - corners[:, :2]  # both diagonals: their turn shows which way it faces
    front = across[:, 0, 0] * across[:, 1, 1] - across[:, 0, 1] * across[:, 1, 0] < 0
    long = np.where(front, np.ptp(corners, axis=1).max(1), -1)  # -1: in no group, so not drawn
    solid = np.column_stack([flat, vertices[:, 2]])
    for low, high in itertools.pairwise(_SIDES):
        part = solid[polygons[(long >= low) & (long < high)]]
        cloud = np.matmul(_inside(min(high, int(long.max())) + 1), part).reshape(-1, 3)
        columns, rows = np.rint(cloud[:, :2].T).astype(np.int32)
        seen = (columns >= 0) & (columns < SIZE) & (rows >= 0) & (rows < SIZE)
        # Unbuffered: plain indexing keeps the last of several points in a pixel, not the nearest.
        np.maximum.at(height, (rows * SIZE + columns)[seen], cloud[seen, 2])
    return height.reshape(SIZE, SIZE)


@cache
def _inside(count: int) -> F32:
    """Spread points over a four-sided polygon: weights of its corners, (count * count, 4)."""
    a, b = np.meshgrid(*[(np.arange(count) + 0.5) / count] * 2)
    return f32(np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], -1).reshape(-1, 4))
