"""Tests of head shapes and of their relief, seen from the front."""

from importlib import resources

import cv2
import numpy as np
import pytest

from fasharness.prepare.canonical_face import canonical_face
from fasharness_sim.fields import f32
from fasharness_sim.people import chart, shape


@pytest.fixture(scope="module")
def shapes():
    return [shape.draw(np.random.default_rng(k)) for k in range(3)]


def test_the_mean_head_lies_in_the_frame_of_the_canonical_face():
    m = shape.model()
    points = (m.mean[m.corners] * m.weights[..., None]).sum(1)
    apart = np.linalg.norm(points - canonical_face().vertices, axis=1)
    assert np.median(apart) < 0.6
    assert apart.max() < 2.5


def test_heads_vary_as_people_do_and_repeat(shapes):
    again = shape.draw(np.random.default_rng(0))
    np.testing.assert_array_equal(again.vertices, shapes[0].vertices)
    apart = np.linalg.norm(shapes[0].points - shapes[1].points, axis=1)
    assert 0.2 < np.median(apart) < 2


def test_a_head_from_the_front_has_no_holes(shapes):
    for one in shapes:
        seen = chart.relief(one.vertices, shape.model().polygons) > chart.EMPTY
        shut = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3)))
        assert (shut - seen).sum() < 40
        assert 0.3 < seen.mean() < 0.5


def test_the_face_points_lie_on_the_relief(shapes):
    one = shapes[0]
    height = chart.relief(one.vertices, shape.model().polygons)
    inner = one.points[[1, 4, 6, 9, 50, 280, 197, 205, 425, 151, 199]]
    columns, rows = np.rint(chart.to_chart(inner)).astype(int).T
    np.testing.assert_allclose(height[rows, columns], inner[:, 2], atol=0.15)


def test_a_relief_shows_the_nearest_surface_that_faces_the_camera():
    square = f32([[-2, -2, 0], [2, -2, 0], [2, 2, 0], [-2, 2, 0]])
    near = square + f32([0, 0, 3])
    both = np.vstack([square, near])
    facing, away = [0, 1, 2, 3], [4, 7, 6, 5]
    middle = chart.SIZE // 2, chart.SIZE // 2
    assert chart.relief(both, np.array([facing, away]))[middle] == 0
    for order in ([facing, [4, 5, 6, 7]], [[4, 5, 6, 7], facing]):
        assert chart.relief(both, np.array(order))[middle] == 3
    assert (chart.relief(both, np.array([away])) == chart.EMPTY).all()


def test_a_relief_is_that_of_the_plane_and_ends_where_it_ends():
    corners = f32([[-5, -5, -1], [5, -5, 1], [5, 5, 1], [-5, 5, -1]])
    height = chart.relief(corners, np.array([[0, 1, 2, 3]]))
    g = chart.grid()
    inside = (np.abs(g.x) < 4.9) & (np.abs(g.y) < 4.9)
    np.testing.assert_allclose(height[inside], g.x[inside] / 5, atol=0.02)
    assert (height[(np.abs(g.x) > 5.1) | (np.abs(g.y) > 5.1)] == chart.EMPTY).all()


def test_the_licence_of_the_heads_lies_in_the_package():
    notice = resources.files("fasharness_sim").joinpath("NOTICE").read_text()
    assert "heads.npz" in notice
    assert "Permission is hereby granted" in notice
