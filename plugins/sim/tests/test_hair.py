"""Tests of hair: what a cut covers, where its surface lies, and that it belongs to a person."""

import functools

import numpy as np
import pytest

from fasharness_sim.fields import F32, f32, stream
from fasharness_sim.people import chart, shape
from fasharness_sim.people.hair import Hair, hair
from fasharness_sim.people.person import Person, person

USERS = tuple(range(1, 9))


@functools.cache
def _bare(user: int) -> tuple[Person, F32]:
    """Give a person and the height of his bare head."""
    who = person(0, user)
    return who, f32(np.maximum(chart.relief(who.shape.vertices, shape.model().polygons), -12))


@functools.cache
def _worn(user: int) -> Hair:
    who, skull = _bare(user)
    return hair(who, skull, stream(0, "hair test", user))


@pytest.mark.parametrize("user", USERS)
def test_maps_are_finite_and_in_range(user: int) -> None:
    worn = _worn(user)
    plane = (chart.SIZE, chart.SIZE)
    for values, wanted in zip(worn, [plane, plane, (*plane, 3), plane], strict=True):
        assert values.shape == wanted
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    for share in (worn.cover, worn.colour, worn.outline):
        assert share.min() >= 0
        assert share.max() <= 1 + 1e-6


@pytest.mark.parametrize("user", USERS)
def test_eyes_nose_and_mouth_stay_free(user: int) -> None:
    points = chart.to_chart(_bare(user)[0].shape.points[[4, 13, *chart.LEFT_EYE, *chart.RIGHT_EYE]])
    columns, rows = np.round(points).astype(int).T
    assert _worn(user).outline[rows, columns].max() < 0.05


@pytest.mark.parametrize("user", USERS)
def test_surface_of_hair_lies_outside_the_skull_but_near_it(user: int) -> None:
    worn, skull = _worn(user), _bare(user)[1]
    lift = (worn.height - skull)[(worn.cover > 0.5) & (skull > 0) & (worn.height > -11)]
    assert lift.min(initial=0) > -0.3
    assert lift.max(initial=0) < 3.0


def test_nothing_sticks_out_of_the_chart() -> None:
    for user in USERS:
        edge = _worn(user).outline
        assert max(edge[0].max(), edge[:, 0].max(), edge[:, -1].max()) == 0


def test_same_stream_gives_the_same_hair() -> None:
    who, skull = _bare(3)
    again = hair(who, skull, stream(0, "hair test", 3))
    assert all(np.array_equal(a, b) for a, b in zip(again, _worn(3), strict=True))


def test_users_wear_different_hair() -> None:
    covers = [_worn(user).outline for user in USERS]
    for k, one in enumerate(covers):
        assert all(np.abs(one - other).mean() > 0.003 for other in covers[:k])
