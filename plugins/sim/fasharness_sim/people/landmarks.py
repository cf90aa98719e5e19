"""Where the 68 landmarks of the iBUG scheme and the outline of a face lie on a head."""

import cv2
import numpy as np

from fasharness_sim.fields import F32, f32
from fasharness_sim.people import chart, skin

# The vertices of MediaPipe's face mesh that lie where Sagonas et al., "300 Faces in-the-Wild
# Challenge" (ICCV Workshops 2013), put their points; the image's left side first.
JAW = (127, 234, 93, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 323, 454, 356)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
NOSE = (168, 197, 5, 4, 98, 97, 2, 326, 327)
EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
MOUTH = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87)
IBUG = JAW + BROWS + NOSE + EYES + MOUTH
OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_EDGE = 7
_UPPER_LIDS, _LOWER_LIDS = (37, 38, 43, 44), (41, 40, 47, 46)


def marks(face: F32, height: F32) -> F32:
    """Find the points on the surface that is drawn, which is smoother than the mesh.

    Args:
        face: float32 (468, 3), the vertices of the face in cm.
        height: float32 (S, S), the head's height in cm over the chart.

    Returns:
        float32 (104, 3) head coordinates in cm: 68 landmarks, then 36 points of the outline.
    """
    points = face[list(IBUG + OUTLINE)]
    # what is seen of an edge that falls away is what lies just before it
    edge = cv2.dilate(height, np.ones((_EDGE, _EDGE), np.uint8))
    columns, rows = chart.to_chart(points).T
    on, near = (
        cv2.remap(solid, columns, rows, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE).ravel()
        for solid in (height, edge)
    )
    inner = slice(len(JAW), len(IBUG))
    points[:, 2] = near
    points[inner, 2] = on[inner]
    return points


def moved(points: F32, blink: float, talk: float) -> F32:
    """Move lids and lower lip as an expression does.

    Args:
        points: float32 (104, 3), as `marks` gives them.
        blink: how far the eyes are closed, 0..1.
        talk: how far the mouth is open, 0..1.

    Returns:
        The points, same shape.
    """
    upper, lower = list(_UPPER_LIDS), list(_LOWER_LIDS)
    placed = points.copy()
    placed[upper] += np.float32(blink) * (points[lower] - points[upper])
    placed[:68, 1] -= np.float32(talk) * _drop()
    return placed


def _drop() -> F32:
    """Return how far down an open mouth moves each landmark, in cm."""
    away = np.zeros(68, np.float32)
    for ring, share in ((chart.LIPS, 1.0), (chart.MOUTH, skin.HOLLOW)):
        for k, vertex in enumerate(ring[:11]):
            if vertex in MOUTH:
                away[IBUG.index(vertex)] = share * skin.DROP * np.sin(np.pi * k / 10)
    return away


def box(points: F32) -> F32:
    """Return the face boxes, left, top, right, bottom, around marks (..., 104, 2): (..., 4)."""
    return f32(np.concatenate([points.min(-2), points.max(-2)], -1))
