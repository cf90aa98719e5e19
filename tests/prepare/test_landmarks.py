"""Depth from landmarks: the z-buffer against ray casting, window geometry, and the model."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fasharness.errors import DataError, FasharnessError
from fasharness.faces import Face
from fasharness.prepare.canonical_face import canonical_face
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.landmarks import (
    LandmarkDepth,
    Window,
    depth_map,
    window_of_face,
    window_of_points,
)

PHOTO = Path(__file__).parent / "data" / "astronaut.jpg"
EYES = np.array([[91.3, 100.3], [134.6, 103.0], [112.4, 127.8], [88.6, 138.6], [133.7, 140.3]])
FACE = Face((68.7, 62.3, 84.8, 109.9), 0.999, EYES)


def cast(points: np.ndarray, triangles: np.ndarray, side: int) -> np.ndarray:
    """The nearest triangle under each pixel centre, each triangle solved as a plane."""
    far, near = points[:, 2].max(), points[:, 2].min()
    drawn = np.zeros((side, side))
    for triangle in triangles:
        a, b, c = points[triangle]
        edges = np.stack([b - a, c - a], 1)[:2]
        if abs(np.linalg.det(edges)) < 1e-9:
            continue
        for y in range(side):
            for x in range(side):
                u, v = np.linalg.solve(edges, np.array([x + 0.5, y + 0.5]) - a[:2])
                if u >= 0 and v >= 0 and u + v <= 1:
                    z = a[2] + u * (b - a)[2] + v * (c - a)[2]
                    drawn[y, x] = max(drawn[y, x], 1 + 254 * (far - z) / (far - near))
    return drawn


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_the_z_buffer_is_ray_casting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-3, 15, (9, 3))
    triangles = rng.integers(0, 9, (8, 3))
    drawn = depth_map(points, triangles, 12)
    np.testing.assert_allclose(drawn, cast(points, triangles, 12), atol=0.5 + 1e-6)


def test_worked_map() -> None:
    # a slope that rises from the left edge to the right, and a nearer triangle above it
    points = np.array([[0, 0, 4.0], [8, 0, 0], [0, 8, 4], [8, 8, 0]])
    slope = depth_map(points, np.array([[0, 1, 2], [1, 3, 2]]), 8)
    expected = np.round(1 + 254 * (np.arange(8) + 0.5) / 8)
    np.testing.assert_array_equal(slope, np.tile(expected, (8, 1)))


def test_a_mesh_outside_of_the_map_draws_nothing() -> None:
    points = np.array([[20, 20, 0.0], [30, 20, 1], [20, 30, 2]])
    assert not depth_map(points, np.array([[0, 1, 2]]), 8).any()


def test_the_mesh_is_whole() -> None:
    triangles = canonical_face().triangles
    assert triangles.shape == (898, 3)
    assert set(triangles.reshape(-1)) == set(range(468))


def test_the_window_is_turned_with_the_eyes() -> None:
    window = window_of_face(FACE)
    assert window[:3] == pytest.approx((111.1, 117.25, 1.5 * 109.9))
    assert window.angle == pytest.approx(math.atan2(2.7, 43.3))
    assert window_of_face(Face(FACE.box, 1.0)).angle == 0


def test_the_window_of_points() -> None:
    xyz = np.zeros((468, 3))
    xyz[:, 0], xyz[:, 1] = 50, 70
    xyz[33, :2], xyz[263, :2] = (30, 60), (70, 100)
    assert window_of_points(xyz) == pytest.approx(Window(50, 80, 60, math.pi / 4))


@pytest.fixture(scope="module")
def estimator() -> LandmarkDepth:
    try:
        return LandmarkDepth()
    except FasharnessError as error:
        pytest.skip(str(error))


def photo() -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(PHOTO)), cv2.COLOR_BGR2RGB)


def test_depth_of_a_photo(estimator: LandmarkDepth) -> None:
    region = PILLOW.region(FACE.box, 1.3, 1.3, (224, 224))
    depth = estimator.crop(0, photo(), FACE, region, 32, PILLOW)
    assert depth.shape == (32, 32)
    assert depth.dtype == np.float32
    assert 0 <= depth.min() <= depth.max() <= 1
    nose = (EYES[2] - region[:2]) * 32 / np.subtract(region[2:], region[:2])
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    assert math.dist((x + 0.5, y + 0.5), nose) < 3
    assert 0.3 < (depth > 0).mean() < 0.8
    assert not depth[0].any()
    assert not depth[-1, 0]


def test_points_move_with_the_picture(estimator: LandmarkDepth) -> None:
    """A turned, shrunk picture has turned, shrunk points."""
    turn = cv2.getRotationMatrix2D((112, 112), 20, 0.8)
    moved = cv2.warpAffine(photo(), turn, (224, 224), flags=cv2.INTER_AREA)
    eyes = EYES @ turn[:, :2].T + turn[:, 2]
    x, y = np.array([111.1, 117.2]) @ turn[:, :2].T + turn[:, 2]
    face = Face((x - 34, y - 44, 68, 88), 1.0, eyes)
    before = estimator.points(photo(), window_of_face(FACE))
    after = estimator.points(moved, window_of_face(face))
    expected = before.xyz[:, :2] @ turn[:, :2].T + turn[:, 2]
    assert before.presence > 0.9
    assert after.presence > 0.9
    assert np.abs(after.xyz[:, :2] - expected).mean() < 1.5
    assert np.corrcoef(after.xyz[:, 2], before.xyz[:, 2])[0, 1] > 0.99


def test_where_the_model_sees_no_face_there_is_no_depth(estimator: LandmarkDepth) -> None:
    grey = np.full((224, 224, 3), 128, np.uint8)
    with pytest.raises(DataError, match="frame 7: the landmark model sees no face"):
        estimator.crop(7, grey, FACE, (60, 50, 160, 180), 32, PILLOW)


def test_a_bad_model_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model")
    with pytest.raises(DataError, match=r"model\.tflite: not a model that OpenCV can read"):
        LandmarkDepth(tmp_path / "model.tflite")


def test_without_weights_the_command_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FASHARNESS_CACHE", str(tmp_path))
    with pytest.raises(FasharnessError, match="fasharness weights get face-landmark"):
        LandmarkDepth()
