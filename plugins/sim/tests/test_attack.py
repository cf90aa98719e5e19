"""Tests of attacks: flat pictures that move as one plane, and carry eyes and depth along."""

import numpy as np
import pytest

from fasharness_sim.capture import attack, motion
from fasharness_sim.capture.attack import INSTRUMENTS, Stage, Take
from fasharness_sim.fields import f32, stream
from fasharness_sim.optics import Lens, Lighting

LENS = Lens(500.0, 360, 640)
LIGHT = Lighting(f32([[0.2, 0.3, 0.93]]), f32([[1.0, 1.0, 1.0]]), f32([0.5] * 3), f32([0.3] * 3))
SPOTS = f32([[156.0, 300.0], [276.0, 310.0]])


@pytest.fixture(scope="module")
def take():
    picture = np.full((768, 432, 3), 30, np.uint8)
    for x, y in SPOTS.astype(int):
        picture[y - 6 : y + 7, x - 6 : x + 7] = 255
    depth = np.full((3, 192, 108), np.nan, np.float32)
    depth[:, 60:100, 30:78] = np.linspace(-2, 8, 48)
    marks = np.concatenate([SPOTS, SPOTS - 30, SPOTS + 30])
    return Take([picture] * 3, depth, np.stack([SPOTS] * 3), np.stack([marks] * 3))


@pytest.fixture(scope="module")
def stage():
    room = np.full((716, 403, 3), 0.02, np.float32)
    return Stage(LENS, 0.5, LIGHT, room, 0.8, (5.0, -20.0))


def _shots(take, stage, file):
    return list(attack.show(take, INSTRUMENTS[file], stage, 15, stream(0, "test", file)))


@pytest.mark.parametrize("file", INSTRUMENTS)
def test_eyes_lie_where_the_picture_shows_them(take, stage, file):
    for shot in _shots(take, stage, file):
        grey = shot.light.mean(-1)
        for x, y in shot.eyes:
            top, left = int(y) - 14, int(x) - 14
            patch = grey[top : top + 29, left : left + 29]
            weight = np.clip(patch - np.percentile(patch, 60), 0, None)
            rows, columns = np.mgrid[:29, :29]
            middle = [(columns * weight).sum(), (rows * weight).sum()] / weight.sum()
            found = middle + np.array([left + 0.5, top + 0.5])
            assert np.abs(found - [x, y]).max() < 1.5


@pytest.mark.parametrize("file", INSTRUMENTS)
def test_marks_are_carried_as_the_eyes_are(take, stage, file):
    for shot in _shots(take, stage, file):
        np.testing.assert_allclose(shot.marks[:2], shot.eyes, atol=1e-3)
        turned = np.diff(shot.marks[[2, 0, 4]], axis=0)
        np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 30 * 2**0.5 * 0.8, rtol=0.06)


@pytest.mark.parametrize("file", INSTRUMENTS)
def test_depth_is_carried_with_the_picture(take, stage, file):
    for shot in _shots(take, stage, file):
        assert shot.depth.shape == (160, 90)
        rows, columns = np.nonzero(np.isfinite(shot.depth))
        middle = np.array([columns.mean(), rows.mean()]) * 4 + 2
        spots = shot.eyes.mean(0)
        wanted = spots + (np.array([216, 320]) - SPOTS.mean(0)) * 0.8
        assert np.abs(middle - wanted).max() < 8


@pytest.mark.parametrize("file", INSTRUMENTS)
def test_light_is_never_negative(take, stage, file):
    assert min(float(shot.light.min()) for shot in _shots(take, stage, file)) > -1e-3


def test_where_the_instrument_ends_the_room_begins(take, stage):
    small = Stage(LENS, 0.5, LIGHT, stage.room + 3.0, 0.5, (0.0, 0.0))
    light = _shots(take, small, "display1")[0].light
    np.testing.assert_allclose(light[5:20, 5:20], 3.02, rtol=1e-5)


def test_the_plane_turns_about_the_eyes(take, stage):
    hands = (0.0, 0.0)
    sheets = attack._sheets(take, stage, 15, hands, stream(0, "still"))
    middle = SPOTS.mean(0)
    at = [s.to_frame @ [*middle, 1] for s in sheets]
    places = np.array([a[:2] / a[2] for a in at])
    assert np.abs(places - (180 + 5, 320 - 20)).max() < 12


def test_movements_keep_their_usual_size():
    spans = f32([1.0, 3.0])
    ways = [motion.wander(stream(0, k), 24, 15, spans, 0.5) for k in range(60)]
    size = np.sqrt(np.mean(np.square(ways), axis=(0, 1)))
    np.testing.assert_allclose(size, spans * 0.85, rtol=0.25)


def test_heads_turn_within_their_limit():
    for k in range(30):
        poses = motion.head_way(stream(1, k), 24, 15, (0.0, 0.0, 55.0))
        assert max(abs(p.yaw) for p in poses) <= 0.3
        assert all(0 <= p.blink <= 1 and 0 <= p.talk <= 1 for p in poses)
