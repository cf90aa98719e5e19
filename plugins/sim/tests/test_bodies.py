"""Tests of the torsos below the heads."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from fasharness_sim.fields import f32, stream
from fasharness_sim.people import bodies
from fasharness_sim.people.person import person
from fasharness_sim.rooms.session import SESSIONS, lighting

USERS = range(1, 9)


@pytest.fixture(scope="module")
def light():
    return lighting(SESSIONS[1], stream(0, "light"))


@pytest.fixture(scope="module")
def people():
    return [person(0, user) for user in USERS]


@pytest.fixture(scope="module")
def drawn(people, light):
    return [bodies.body(one, light, stream(0, "sitting", one.user)) for one in people]


def test_a_body_is_a_finite_picture_with_cover(drawn):
    for one in drawn:
        assert one.shape == (*bodies.SIZE, 4)
        assert one.dtype == np.float32
        assert np.isfinite(one).all()
        assert one[..., :3].min() >= 0
        assert one[..., 3].min() >= 0
        assert one[..., 3].max() <= 1


def test_a_body_repeats(people, light, drawn):
    again = bodies.body(people[0], light, stream(0, "sitting", people[0].user))
    np.testing.assert_array_equal(again, drawn[0])


def test_a_person_wears_the_same_in_all_sittings_and_others_wear_something_else(
    people, light, drawn
):
    again = bodies.body(people[0], light, stream(0, "another sitting"))
    small = [cv2.resize(one, (26, 23), interpolation=cv2.INTER_AREA) for one in (again, *drawn)]
    apart = [float(np.abs(one - small[0]).mean()) for one in small[1:]]
    assert apart[0] > 0
    assert 2 * apart[0] < min(apart[1:])


def test_shoulders_are_as_broad_as_peoples_and_the_neck_joins_them(drawn):
    for one in drawn:
        cover = one[..., 3] > 0.5
        neck, shoulders = (
            cover[round((bodies.NECK_Y - y) * bodies.SCALE)].sum() for y in (-12, -22)
        )
        assert 8 < neck / bodies.SCALE < 26
        assert 32 < shoulders / bodies.SCALE < 48
        middle = cover[round((bodies.NECK_Y + 10) * bodies.SCALE) :, bodies.SIZE[1] // 2]
        assert middle.all()


def test_the_side_towards_the_lamp_is_brighter(people, light):
    bare = replace(light, sky=0 * light.sky, ground=0 * light.ground)
    bare = replace(bare, colours=f32(bare.colours * [[1], [0]]))
    left = replace(bare, directions=f32([[-0.8, 0.2, 0.57], [0, 0, 1]]))
    right = replace(bare, directions=f32([[0.8, 0.2, 0.57], [0, 0, 1]]))
    half = bodies.SIZE[1] // 2
    one, two = (bodies.body(people[2], lamp, stream(0, "s"))[200:, :, 1] for lamp in (left, right))
    assert one[:, :half].mean() > 1.2 * one[:, half:].mean()
    assert two[:, half:].mean() > 1.2 * two[:, :half].mean()


def test_the_fineness_of_a_cloth_differs_between_sittings(people, light):
    fine = []
    for k in range(7):
        grey = bodies.body(people[0], light, stream(0, "s", k))[160:, 120:300, 1]
        fine.append(np.log(cv2.Laplacian(grey, cv2.CV_32F).var()))
    assert np.std(fine) > 0.6
