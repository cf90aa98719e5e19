"""Tests of painted faces: pigments, identity, lids and lips where the landmarks say."""

from dataclasses import replace

import numpy as np
import pytest

from fasharness_sim.fields import f32, linear
from fasharness_sim.people import brushes, chart, head, person, skin

WEIGHTS = f32([0.21, 0.72, 0.07])


@pytest.fixture(scope="module")
def built():
    return head.build(replace(person.person(0, 3), stubble=0.0, beard=0.0, glasses=False), 0)


def _at(built, points):
    """Read colours at head coordinates, meaned over a few millimetres."""
    spots = np.round(chart.to_chart(points)).astype(int).reshape(-1, 2)
    near = [built.colour[y - 2 : y + 3, x - 2 : x + 3, :3].mean((0, 1)) for x, y in spots]
    return f32(near)


def test_the_same_person_is_painted_twice_the_same_and_others_differ(built):
    again = head.build(built.person, 0)
    assert np.array_equal(built.colour, again.colour)
    assert np.array_equal(built.talk.change, again.talk.change)
    other = head.build(replace(built.person, user=4), 0)
    part = np.s_[150:330, 150:300, :3]
    assert np.abs(built.colour[part] - other.colour[part]).mean() > 0.003


def test_colours_are_albedos(built):
    colour = built.colour[..., :3]
    assert colour.dtype == np.float32
    assert np.isfinite(colour).all()
    assert colour.min() >= 0
    assert colour.max() <= 1


def test_bare_skin_has_the_tone_of_the_person(built):
    v = built.person.shape.points
    seen = _at(built, v[[151, 9, 200, 205, 425]]).mean(0)
    assert np.all(np.abs(np.log(seen / linear(built.person.skin))) < 0.45)


def test_lips_are_redder_than_the_skin_around_them(built):
    v = built.person.shape.points
    lip, chin = _at(built, v[[17, 200]] + f32([[0, 0.4, 0], [0, 0, 0]]))
    assert lip[0] / lip[1] > 1.15 * chin[0] / chin[1]


def test_melanin_darkens_blue_more_than_red_and_blood_green_most():
    grey, one = np.full((8, 8, 3), 0.5, np.float32), np.ones((8, 8), np.float32)
    melanin = brushes.stained(grey, brushes.MELANIN, one)[4, 4]
    blood = brushes.stained(grey, brushes.BLOOD, one)[4, 4]
    assert melanin[0] > melanin[1] > melanin[2]
    assert blood[1] < blood[2] < blood[0] <= 0.5


def test_closed_lids_hide_the_dark_pupils(built):
    patch, eyes = built.blink, np.round(chart.to_chart(built.eyes)).astype(int)
    for x, y in eyes:
        change = patch.change[y - patch.row - 2, x - patch.column] @ WEIGHTS
        assert change > 0.02
        assert built.colour[y, x, :3] @ WEIGHTS < 0.5 * linear(built.person.skin) @ WEIGHTS


def test_an_open_mouth_is_dark_where_the_lower_lip_left(built):
    middle = built.person.shape.points[14] - f32([0, 0.6 * skin.DROP * skin.HOLLOW, 0])
    x, y = np.round(chart.to_chart(middle)).astype(int)
    patch = built.talk
    opened = built.colour[y, x, :3] + patch.change[y - patch.row, x - patch.column]
    # the lip that was there is a fifth as bright as the skin
    assert opened @ WEIGHTS < 0.1 * linear(built.person.skin) @ WEIGHTS


def test_brow_strips_are_hair_in_the_middle_and_nothing_at_the_border():
    strips = skin._brow_strips()
    middle, border = strips[:, 12:24].mean((1, 2)), strips[:, [0, -1]].mean((1, 2))
    assert np.all(middle > 0.12)
    assert np.all(border < 0.6 * middle)
