"""Tests of heads and their perspective view against projected mesh points."""

import numpy as np
import pytest

from fasharness.prepare.canonical_face import canonical_face
from fasharness_sim.capture import view
from fasharness_sim.fields import f32, linear
from fasharness_sim.optics import Lens, Lighting, Pose, project, rotation
from fasharness_sim.people import chart, head, person

LENS = Lens(500.0, 360, 640)
LIGHT = Lighting(f32([[0.0, 0.0, 1.0]]), f32([[1.0, 1.0, 1.0]]), f32([0.4] * 3), f32([0.2] * 3))
INNER = [4, 6, 9, 50, 280, 197, 205, 425, 151, 199]


@pytest.fixture(scope="module")
def built():
    return head.build(person.person(0, 3), 0)


def _view(built, pose):
    return view.draw(view.lit(built, LIGHT, pose), pose, LENS, LIGHT)


@pytest.mark.parametrize("yaw", [-0.26, 0.0, 0.26])
def test_depth_is_that_of_the_mesh(built, yaw):
    pose = Pose(yaw, 0.05, -0.03, 1.0, 2.0, 55.0)
    points = built.person.shape.points[INNER]
    wanted = (points @ rotation(pose).T)[:, 2]
    at = np.round((project(points, pose, LENS) - 2) / view.DEPTH_STEP).astype(int)
    found = _view(built, pose).depth[at[:, 1], at[:, 0]]
    visible = np.isfinite(found)
    assert visible.sum() >= len(INNER) - 2
    assert np.median(np.abs(found - wanted)[visible]) < 0.5
    assert np.corrcoef(found[visible], wanted[visible])[0, 1] > 0.96


def test_a_nearer_head_is_larger_by_perspective(built):
    near, far = (_view(built, Pose(0, 0, 0, 0, 0, z)).eyes for z in (45.0, 60.0))
    eye = built.eyes.mean(0)[2]
    ratio = np.ptp(near[:, 0]) / np.ptp(far[:, 0])
    assert abs(ratio - (60 - eye) / (45 - eye)) < 0.01


def test_turning_moves_the_nose_more_than_the_eyes(built):
    nose = built.person.shape.points[[4]]
    moved = []
    for yaw in (0.0, 0.15):
        pose = Pose(yaw, 0, 0, 0, 0, 55.0)
        middle = project(built.eyes, pose, LENS).mean(0)
        moved.append(float(project(nose, pose, LENS)[0, 0] - middle[0]))
    assert moved[1] - moved[0] > 2


def test_eyes_are_found_dark_and_in_order(built):
    pose = Pose(0, 0, 0, 0, 0, 50.0)
    seen = _view(built, pose)
    (x0, y0), (x1, y1) = seen.eyes - f32([seen.window.left, seen.window.top])
    assert x0 < x1
    grey = seen.light.mean(-1)
    cheek = grey[int(y0) + 30, int(x0)]
    assert grey[int(y0) - 2 : int(y0) + 3, int(x0) - 2 : int(x0) + 3].min() < 0.5 * cheek
    assert grey[int(y1) - 2 : int(y1) + 3, int(x1) - 2 : int(x1) + 3].min() < 0.5 * cheek


def test_closing_the_eyes_changes_only_the_eyes(built):
    still, blink = (_view(built, Pose(0, 0, 0, 0, 0, 50.0, blink=b)).light for b in (0.0, 1.0))
    change = np.abs(still - blink).max(-1)
    rows = np.flatnonzero(change.max(1) > 0.02)
    assert 4 < len(rows) < 0.15 * change.shape[0]


def test_a_head_at_the_border_is_cut(built):
    seen = _view(built, Pose(0, 0, 0, -16.0, 0, 50.0))
    assert seen.window.left == 0
    assert np.isfinite(seen.light).all()


def test_light_from_one_side_shades_the_other(built):
    left = Lighting(f32([[-0.8, 0.0, 0.6]]), LIGHT.colours, LIGHT.sky, LIGHT.ground)
    pose = Pose(0, 0, 0, 0, 0, 50.0)
    seen = view.draw(view.lit(built, left, pose), pose, LENS, left)
    (x0, y0), (x1, y1) = seen.eyes - f32([seen.window.left, seen.window.top])
    near, far = (
        seen.light[int(y) + 20 : int(y) + 40, int(x) - 8 : int(x) + 9].mean()
        for x, y in ((x0 - 12, y0), (x1 + 12, y1))
    )
    assert near > 1.5 * far


def test_the_nose_throws_a_shadow_away_from_the_lamp(built):
    slant = Lighting(f32([[-0.8, 0.0, 0.6]]), LIGHT.colours, LIGHT.sky, LIGHT.ground)
    pose = Pose(0, 0, 0, 0, 0, 50.0)
    scene = view.lit(built, slant, pose)
    open_ = scene._replace(extra=np.dstack([scene.extra[..., :2], np.ones_like(built.height)]))
    shaded, bare = (view.draw(one, pose, LENS, slant) for one in (scene, open_))
    x, y = project(built.person.shape.points[[50, 280]], pose, LENS).T.astype(int)
    at = (y - shaded.window.top, x - shaded.window.left)
    lost = 1 - shaded.light[at].mean(-1) / bare.light[at].mean(-1)
    assert (shaded.light <= bare.light + 1e-6).all()
    assert lost[0] < 0.01
    assert lost[1] > 0.03


def test_people_are_themselves_and_not_each_other():
    first, again, other = (person.person(0, user) for user in (5, 5, 6))
    np.testing.assert_array_equal(first.shape.points, again.shape.points)
    assert np.abs(first.shape.points - other.shape.points).max() > 0.3


def test_the_canonical_face_is_whole():
    mesh = canonical_face()
    assert mesh.vertices.shape == (468, 3)
    assert mesh.triangles.shape == (898, 3)
    height = chart.relief(mesh.vertices, mesh.triangles[:, [0, 1, 2, 2]])
    inside = height > chart.EMPTY
    assert 0.1 < inside.mean() < 0.4
    assert height.max() == pytest.approx(mesh.vertices[:, 2].max(), abs=0.05)


def test_skin_colour_is_the_persons(built):
    forehead = chart.to_chart(built.person.shape.points[[151]])[0].astype(int)
    patch = built.colour[forehead[1] - 3 : forehead[1] + 4, forehead[0] - 3 : forehead[0] + 4, :3]
    np.testing.assert_allclose(patch.mean((0, 1)), linear(built.person.skin), atol=0.12)
