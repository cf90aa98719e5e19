"""The flat chart of a head, seen straight from the front: every map of a head lies on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from fasharness.sim.fields import F32, blur, f32
from fasharness.sim.person import Mesh

SIZE = 448
SPAN = 31.0
SCALE = SIZE / SPAN
CENTRE_Y = 1.5
_SHIFT = 4
_EMPTY = -99.0

LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LEFT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
RIGHT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
MOUTH = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
TOP, NOSE = 10, 2


class Relief(NamedTuple):
    """Heights in cm over the chart and where they come from a face: both float32 (SIZE, SIZE)."""

    height: F32
    inside: F32


@dataclass(frozen=True)
class Grid:
    """The head coordinates x (to the right) and y (up) of the chart's points, in cm."""

    x: F32
    y: F32


def grid() -> Grid:
    """Give the coordinates of every point of the chart."""
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


def ellipse(centre: Sequence[float], radii: Sequence[float], g: Grid, soft: float = 0.25) -> F32:
    """Fill an ellipse given in head coordinates; ``soft`` is the width of its edge as a share."""
    r = np.hypot((g.x - centre[0]) / radii[0], (g.y - centre[1]) / radii[1])
    return f32(np.clip((1 + soft / 2 - r) / soft, 0, 1))


def bell(centre: Sequence[float], radii: Sequence[float], g: Grid) -> F32:
    """Give a Gaussian bell in head coordinates with the radii as standard deviations."""
    square = ((g.x - centre[0]) / radii[0]) ** 2 + ((g.y - centre[1]) / radii[1]) ** 2
    return f32(np.exp(-square / 2))


def relief(mesh: Mesh) -> Relief:
    """Rasterise a face mesh from the front with a z-buffer, nearest surface first.

    Args:
        mesh: the face in head coordinates.

    Returns:
        Heights (0 outside) and a mask that is 1 on the face.
    """
    corners = to_chart(mesh.vertices)
    height = np.full((SIZE, SIZE), _EMPTY, np.float32)
    for triangle in mesh.triangles:
        _fill(height, corners[triangle], mesh.vertices[triangle, 2])
    inside = height > _EMPTY / 2
    return Relief(f32(np.where(inside, height, 0)), f32(inside))


def _fill(height: F32, p: F32, z: F32) -> None:
    """Put one triangle with barycentric heights into the z-buffer."""
    (ax, ay), (bx, by), (cx, cy) = p.tolist()
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    if abs(area) < 1e-6:
        return
    (left, top), (right, bottom) = np.floor(p.min(0)).astype(int), np.ceil(p.max(0)).astype(int) + 1
    x, y = np.arange(left, right)[None] - cx, np.arange(top, bottom)[:, None] - cy
    u = ((by - cy) * x + (cx - bx) * y) / area
    v = ((cy - ay) * x + (ax - cx) * y) / area
    covered = (u > -1e-4) & (v > -1e-4) & (u + v < 1 + 1e-4)
    part = height[top:bottom, left:right]
    surface = u * z[0] + v * z[1] + (1 - u - v) * z[2]
    np.maximum(part, np.where(covered, surface, _EMPTY), out=part)
