"""Tests of landmarks: symmetric, in their usual order, on the surface, moved by expressions."""

from importlib import resources

import cv2
import numpy as np
import pytest

from fasharness.prepare.canonical_face import canonical_face
from fasharness_sim.capture import view
from fasharness_sim.fields import f32
from fasharness_sim.optics import Lens, Lighting, Pose, project
from fasharness_sim.people import head, landmarks
from fasharness_sim.people.person import person

MIRROR = [
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47,
    46, 39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60,
    67, 66, 65,
]  # fmt: skip
LENS = Lens(500.0, 360, 640)
STRAIGHT = Pose(0, 0, 0, 0, 0, 55)


@pytest.fixture(scope="module")
def heads():
    return [head.build(person(0, user), 0) for user in (1, 25, 46)]


def test_there_are_68_different_points_in_the_usual_groups():
    assert len(set(landmarks.IBUG)) == len(landmarks.IBUG) == 68
    assert [len(g) for g in (landmarks.JAW, landmarks.BROWS, landmarks.NOSE)] == [17, 10, 9]
    assert len(set(landmarks.OUTLINE)) == 36


def test_left_and_right_mirror_each_other_on_the_canonical_face():
    points = canonical_face().vertices[list(landmarks.IBUG)]
    mirrored = points[MIRROR] * f32([-1, 1, 1])
    assert np.abs(points - mirrored).max() < 0.02


def test_groups_lie_in_their_usual_order_from_top_to_bottom():
    x, y, z = canonical_face().vertices[list(landmarks.IBUG)].T
    assert y.argmin() == 8
    assert (np.diff(x[:9]) > 0).all()
    assert (np.diff(y[:9]) < 0).all()
    assert abs(y[0] - y[36:48].mean()) < 0.5
    assert (np.diff(y[27:31]) < 0).all()
    assert z.argmax() == 30
    assert y[17:27].min() > y[36:48].max() > y[36:48].min() > y[31:36].max() > y[48:].max()
    assert (np.diff(x[31:36]) > 0).all()
    assert (np.diff(x[48:52]) > 0).all()
    assert (np.diff(x[60:63]) > 0).all()


def test_eyes_are_the_means_of_their_landmarks(heads):
    for one in heads:
        left, right = one.marks[36:42].mean(0), one.marks[42:48].mean(0)
        assert np.abs(np.stack([left, right]) - one.eyes)[:, :2].max() < 0.12


@pytest.mark.parametrize(("yaw", "pitch"), [(-0.3, 0.0), (0.0, -0.12), (0.0, 0.12), (0.3, 0.05)])
def test_all_lie_on_the_drawn_face_and_in_its_box(heads, yaw, pitch):
    pose = Pose(yaw, pitch, 0.04, 1, 0, 55, blink=0.5, talk=0.8)
    for one in heads:
        marks = project(landmarks.moved(one.marks, pose.blink, pose.talk), pose, LENS)
        left, top, right, bottom = landmarks.box(marks)
        x, y = marks[:68].T
        assert left <= x.min() < x.max() <= right
        assert top <= y.min() < y.max() <= bottom
        shown = np.isfinite(_drawn(one, pose).depth)
        rows, columns = np.nonzero(shown)
        true = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) * 4
        assert np.abs(true - [left, top, right, bottom]).max() < 8
        inner = marks[17:68].astype(int) // 4
        shown = cv2.dilate(shown.astype(np.uint8), np.ones((3, 3)))  # an outer brow is at the edge
        assert shown[inner[:, 1], inner[:, 0]].all()


def test_lids_close_and_the_lower_lip_falls(heads):
    points = heads[0].marks
    shut, opened = landmarks.moved(points, 1.0, 0.0), landmarks.moved(points, 0.0, 1.0)
    np.testing.assert_allclose(shut[[37, 38, 43, 44]], shut[[41, 40, 47, 46]])
    np.testing.assert_array_equal(shut[:36], points[:36])
    fall = points[:68, 1] - opened[:68, 1]
    assert fall[57] == pytest.approx(1.05)
    assert set(np.flatnonzero(fall)) == {55, 56, 57, 58, 59, 65, 66, 67}
    np.testing.assert_allclose(fall[[55, 56, 65]], fall[[59, 58, 67]], rtol=1e-5)
    np.testing.assert_array_equal(landmarks.moved(points, 0.0, 0.0), points)


def test_the_nose_moves_more_than_the_outline_when_the_head_turns(heads):
    turned = Pose(0.2, 0, 0, 0, 0, 55)
    straight, yawed = (project(heads[0].marks, p, LENS)[:, 0] for p in (STRAIGHT, turned))
    assert abs(yawed - straight)[30] > 1.5 * abs(yawed - straight)[8]


def _drawn(one, pose):
    light = Lighting(f32([[0, 0, 1]]), f32([[1, 1, 1]]), f32([0.5] * 3), f32([0.3] * 3))
    return view.draw(view.lit(one, light, pose), pose, LENS, light)


def test_the_licences_of_the_meshes_and_textures_lie_in_the_package():
    notice = resources.files("fasharness_sim").joinpath("NOTICE").read_text()
    for name in ("heads", "brows", "hair", "clothes"):
        assert f"{name}.np" in notice or f"{name}.png" in notice
    ours = resources.files("fasharness.prepare").joinpath("NOTICE").read_text()
    assert "canonical_face.npz" in ours
    assert "Apache" in ours
