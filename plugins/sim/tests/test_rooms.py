"""Tests of rooms: light of their session, different each time, things in perspective."""

import cv2
import numpy as np
import pytest

from fasharness_sim.fields import F32, f32, stream
from fasharness_sim.optics import Lens
from fasharness_sim.rooms import room
from fasharness_sim.rooms.canvas import Canvas, Wall
from fasharness_sim.rooms.furniture import FURNITURE
from fasharness_sim.rooms.session import SESSIONS, lighting
from fasharness_sim.rooms.sheets import Sheet

LENS = Lens(200, 144, 256)


def drawn_room(session: int, sitting: int) -> F32:
    rng = stream(sitting, "room", session)
    return room.draw(SESSIONS[session], lighting(SESSIONS[session], rng), LENS, rng)


@pytest.mark.parametrize("session", SESSIONS)
def test_a_room_is_finite_light_larger_than_the_frame_and_repeatable(session: int) -> None:
    drawn = drawn_room(session, 0)
    assert drawn.dtype == np.float32
    assert drawn.shape == (int(256 * 1.12), int(144 * 1.12), 3)
    assert np.isfinite(drawn).all()
    assert 0 < drawn.min() < drawn.max() < 30
    np.testing.assert_array_equal(drawn, drawn_room(session, 0))


@pytest.mark.parametrize("session", SESSIONS)
def test_sittings_of_a_session_see_different_rooms(session: int) -> None:
    first, second = drawn_room(session, 0), drawn_room(session, 1)
    assert np.abs(np.log(first / second)).mean() > 0.1


def test_sittings_differ_in_fine_detail_by_a_factor_of_ten_and_more() -> None:
    # what a trivial scorer of sharpness has to cope with
    detail = []
    for sitting in range(12):
        log = np.log(drawn_room(1 + sitting % 3, sitting).mean(2))
        detail.append(np.log(cv2.Laplacian(log, cv2.CV_32F).var()))
    assert np.ptp(detail) > np.log(10)
    assert np.std(detail) > 0.6


def test_the_light_of_the_session_colours_the_room() -> None:
    def warmth(session: int) -> float:
        means = np.mean([drawn_room(session, k).mean((0, 1)) for k in range(4)], 0)
        return float(means[0] / means[2])

    assert warmth(2) > 2 * warmth(1)


@pytest.mark.parametrize("kind", FURNITURE)
def test_things_paint_in_their_sheet_with_colours_under_their_cover(kind: str) -> None:
    things = {*FURNITURE[kind].tall, *FURNITURE[kind].low, *FURNITURE[kind].high}
    for thing in sorted(things, key=repr):
        for paint in filter(None, (thing.paint, thing.glow)):
            shape = (int(thing.height[0] * 0.6), int(thing.width[0] * 0.6), 4)
            sheet = Sheet(np.zeros(shape, np.uint8), 0.6, stream(0, paint.__name__))
            paint(sheet)
            cover = sheet.pixels[..., 3].astype(int)
            assert cover.max() > 200, paint
            assert (sheet.pixels[..., :3].max(2) <= cover + 48).all(), paint


def test_a_sheet_lands_where_a_pinhole_sees_it_and_not_behind_the_camera() -> None:
    def look(z: float) -> Canvas:
        eye = f32([[100, 0, 50], [0, -100, 50], [0, 0, 1]])
        paint, light = np.zeros((100, 100, 3), np.uint8), np.ones((100, 100), np.float32)
        canvas = Canvas(paint, light, eye, f32([0, 0, 0]), 100)
        wall = Wall(f32([10, 20, z]), f32([1, 0, 0]), f32([0, 1, 0]), 40, 20, 1)
        sheet = Sheet(np.full((20, 40, 4), 255, np.uint8), 1.0, stream(0))
        canvas.put(wall, (0, 20, 0), sheet, f32([[3]]))
        return canvas

    canvas = look(200.0)
    rows, columns = np.nonzero(canvas.paint[..., 0] > 128)
    # u = 50 + 100 X / Z, v = 50 - 100 Y / Z
    assert (columns.min(), columns.max() + 1) == pytest.approx((55, 75), abs=1)
    assert (rows.min(), rows.max() + 1) == pytest.approx((30, 40), abs=1)
    np.testing.assert_allclose(canvas.light[32:38, 58:72], 3)
    assert not look(-200.0).paint.any()
