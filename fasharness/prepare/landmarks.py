"""Face depth from the 468-point landmark model: points, triangles, z-buffer.

Kartynnik, Ablavatski, Grishchenko and Grundmann, "Real-time Facial Surface Geometry from
Monocular Video on Mobile GPUs", 2019. The model runs in OpenCV; MediaPipe itself is not
needed.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.faces import CropRule, Face, Frame, Region
from fasharness.prepare import weights
from fasharness.prepare.canonical_face import canonical_face
from fasharness.prepare.own_weights import FACE_LANDMARK

INPUT = 192  # side of the model's input
MARGIN = 1.5  # of the model's input over the longer side of the face
LEFT_EYE, RIGHT_EYE = 33, 263  # outer corners, left and right in the image
OUTPUTS = ("conv2d_21", "conv2d_31")  # points and presence
FINE = 4  # the mesh is drawn this much finer than the map, whose cells hold several triangles


class Window(NamedTuple):
    """A rotated square of a frame.

    Attributes:
        x: centre in pixels.
        y: centre in pixels.
        side: in pixels.
        angle: in radians; positive turns the right side down.
    """

    x: float
    y: float
    side: float
    angle: float


class Points(NamedTuple):
    """What the model finds in a window.

    Attributes:
        xyz: float64 (468, 3), x and y in pixels of the frame, z in the same unit, smaller is
            nearer.
        presence: probability that there is a face.
    """

    xyz: NDArray[np.float64]
    presence: float


class LandmarkDepth:
    """Estimates face depth from a single picture; a flat photo of a face gets the depth of a face.

    Args:
        model: the model file; None uses the fetched weights ``face-landmark``.

    Raises:
        fasharness.errors.WeightsError: if the weights were not fetched.
        DataError: if the file is not such a model.
    """

    def __init__(self, model: Path | None = None) -> None:
        file = weights.path(FACE_LANDMARK) if model is None else model
        self._net = _load(file)
        self._triangles = canonical_face().triangles

    def points(self, frame: Frame, window: Window) -> Points:
        """Find the 468 points of the face in a window.

        Args:
            frame: uint8 (H, W, 3), RGB.
            window: where the face is, upright and with a margin of a quarter on each side.

        Returns:
            The points and the probability of a face.
        """
        to_frame = _to_frame(window)
        inverse = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        # The model's coordinates count from pixel edges, OpenCV's from pixel centres: half a pixel.
        shift = to_frame @ np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]) - [[0, 0, 0.5]] * 2
        picture = cv2.warpAffine(frame, shift, (INPUT, INPUT), flags=inverse)
        self._net.setInput(cv2.dnn.blobFromImage(picture, 1 / 255))
        # By name: getUnconnectedOutLayersNames() is incomplete in OpenCV 5.
        raw, logit = self._net.forward(OUTPUTS)
        found = raw.reshape(-1, 3).astype(np.float64)
        flat = np.column_stack([found[:, :2], np.ones(len(found))]) @ to_frame.T
        depth = found[:, 2:] * (window.side / INPUT)
        return Points(np.hstack([flat, depth]), 1 / (1 + math.exp(-float(logit.reshape(-1)[0]))))

    def estimate(self, index: int, frame: Frame, face: Face) -> NDArray[np.float64]:
        """Find the points of a face, float64 (468, 3); see `DepthEstimator.estimate`."""
        # Two passes: the second window is placed on the points of the first, so that the result
        # does not depend on how tight the detector's box is.
        first = self.points(frame, window_of_face(face))
        found = self.points(frame, window_of_points(first.xyz))
        if found.presence < 0.5:
            raise DataError(f"frame {index}: the landmark model sees no face in the detected box")
        return found.xyz

    def draw(
        self, estimate: NDArray[Any], region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        """Draw the points of a face as a depth map; see `DepthEstimator.draw`."""
        x0, y0, x1, y1 = region
        # Drawn fine and then shrunk by the crop rule, as the picture is.
        scale = np.array([side * FINE / (x1 - x0), side * FINE / (y1 - y0), 1])
        drawn = depth_map((estimate - [x0, y0, 0]) * scale, self._triangles, side * FINE)
        return rule.resize(drawn, side).astype(np.float32) / np.float32(255)


def _load(file: Path) -> cv2.dnn.Net:
    # OpenCV 5's new engine returns only the first output; OpenCV 4 has one engine, no such name.
    engine = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    try:
        if engine is None:
            return cv2.dnn.readNetFromTFLite(str(file))
        return cv2.dnn.readNetFromTFLite(str(file), engine)
    except cv2.error as error:
        raise DataError(f"{file}: not a model that OpenCV can read: {error.err}") from error


def window_of_face(face: Face) -> Window:
    """Place the model's window on a detected face.

    Args:
        face: its eyes, where known, give the rotation.

    Returns:
        A square one and a half times the longer side of the box.
    """
    x, y, width, height = face.box
    angle = 0.0
    if face.landmarks is not None:
        across, down = face.landmarks[1] - face.landmarks[0]
        angle = math.atan2(down, across)
    return Window(x + width / 2, y + height / 2, MARGIN * max(width, height), angle)


def window_of_points(xyz: NDArray[np.float64]) -> Window:
    """Place the model's window on a face whose points are known.

    Args:
        xyz: float64 (468, 3).

    Returns:
        A square one and a half times the longer side of the points' upright box.
    """
    low, high = xyz[:, :2].min(0), xyz[:, :2].max(0)
    across, down = xyz[RIGHT_EYE, :2] - xyz[LEFT_EYE, :2]
    x, y = (low + high) / 2
    side = MARGIN * float((high - low).max())
    return Window(float(x), float(y), side, math.atan2(down, across))


def depth_map(
    points: NDArray[np.float64], triangles: NDArray[np.int64], side: int
) -> NDArray[np.uint8]:
    """Draw a mesh into a depth map with a z-buffer.

    Args:
        points: float64 (N, 3), x and y in pixels of the map, z smaller is nearer.
        triangles: int64 (T, 3), numbers of the corner points.
        side: of the map.

    Returns:
        uint8 (side, side): 0 outside the mesh, 1 at the farthest and 255 at the nearest
        point of the mesh.
    """
    far, near = points[:, 2].max(), points[:, 2].min()
    # From 1, as 0 means no face. Relative to this face: z has no absolute scale.
    height = 1 + 254 * (far - points[:, 2]) / max(far - near, 1e-9)
    corner = points[triangles, :2]
    pixel = _pixels(corner, side)
    centre = np.column_stack([pixel.x, pixel.y]) + 0.5
    share = _barycentric(corner[pixel.triangle], centre.astype(np.float64))
    # The tolerance gives a pixel centre on a shared edge to both triangles; without it rounding
    # leaves holes in the mesh.
    inside = (share >= -1e-9).all(1)
    value = (share * height[triangles[pixel.triangle]]).sum(1)
    drawn = np.zeros((side, side))
    # Not drawn[y, x] = value: with repeated pixels the last triangle would win, not the nearest.
    np.maximum.at(drawn, (pixel.y[inside], pixel.x[inside]), value[inside])
    return np.round(drawn).astype(np.uint8)


class _Pixels(NamedTuple):
    """Pairs of a triangle and a pixel in its bounding box: three int64 (P,)."""

    triangle: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]


def _pixels(corner: NDArray[np.float64], side: int) -> _Pixels:
    low = np.clip(np.ceil(corner.min(1) - 0.5), 0, side).astype(np.int64)
    high = np.clip(np.floor(corner.max(1) - 0.5), -1, side - 1).astype(np.int64)
    size = np.maximum(high - low + 1, 0)
    count = size.prod(1)
    triangle = np.repeat(np.arange(len(corner)), count)
    place = np.arange(len(triangle)) - np.repeat(np.cumsum(count) - count, count)
    wide = size[triangle, 0]
    return _Pixels(triangle, low[triangle, 0] + place % wide, low[triangle, 1] + place // wide)


def _barycentric(corner: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = point.T
    (ax, ay), (bx, by), (cx, cy) = corner.transpose(1, 2, 0)
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    area = np.where(np.abs(area) < 1e-12, np.nan, area)  # edge-on: NaN fails every comparison
    first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
    second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
    return np.stack([first, second, 1 - first - second], 1)


def _to_frame(window: Window) -> NDArray[np.float64]:
    """(2, 3) from the model's pixels to the frame's."""
    scale = window.side / INPUT
    cos, sin = scale * math.cos(window.angle), scale * math.sin(window.angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    centre = np.array([window.x, window.y]) - turn @ np.full(2, INPUT / 2)
    return np.column_stack([turn, centre])
