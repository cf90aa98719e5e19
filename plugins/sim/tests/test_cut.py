"""Tests of cut and warped photos: own eyes behind holes that blink, and paper that bends."""

import dataclasses

import numpy as np
import pytest

from fasharness_sim.capture import attack, cut, record
from fasharness_sim.capture.attack import INSTRUMENTS, Stage
from fasharness_sim.fields import f32, stream
from fasharness_sim.formats import Format
from fasharness_sim.optics import Lens, Lighting
from fasharness_sim.people import head
from fasharness_sim.people.person import person

LENS = Lens(340.0, 240, 320)
LIGHT = Lighting(f32([[0.2, 0.3, 0.93]]), f32([[1.0, 1.0, 1.0]]), f32([0.5] * 3), f32([0.3] * 3))


@pytest.fixture(scope="module")
def take():
    who = head.build(person(0, 1), 0)
    return record.source(record.Capture(0, 1, 1, 3, who, Format(240, 320, 12, 12)))


@pytest.fixture(scope="module")
def stage():
    room = np.full((358, 268, 3), 0.02, np.float32)
    return Stage(LENS, 0.5, LIGHT, room, 0.75, (0.0, 0.0), scale=240 / 360)


@pytest.fixture(scope="module")
def other():
    return head.build(person(0, 2), 0)


def _shots(take, stage, instrument="cut"):
    return list(attack.show(take, INSTRUMENTS[instrument], stage, 12, stream(0, "test")))


def _near_eyes(shot, reach):
    rows, columns = np.mgrid[:320, :240] + 0.5
    away = [np.hypot(columns - x, rows - y) for x, y in shot.eyes.tolist()]
    return np.minimum(*away) < reach


def test_only_the_eyes_differ_from_a_whole_print(take, stage, other):
    whole = _shots(take, stage)
    holed = _shots(take, dataclasses.replace(stage, behind=other))
    for a, b in zip(whole, holed, strict=True):
        changed = np.abs(a.light - b.light).max(-1) > 1e-4
        assert not changed[~_near_eyes(a, 14)].any()
        for x, y in b.eyes.astype(int):
            assert changed[y - 1 : y + 2, x - 1 : x + 2].all()
        np.testing.assert_array_equal(a.marks, b.marks)


def test_the_eyes_behind_the_holes_move_and_the_printed_ones_do_not(take, stage, other):
    """Seen from the sheet, only what is behind it changes."""

    def changes(shots):
        patches = []
        for shot in shots:
            (x, y), _ = np.rint(shot.eyes).astype(int)
            patch = shot.light[y - 3 : y + 4, x - 5 : x + 6].mean(-1)
            patches.append(patch / shot.light[_near_eyes(shot, 40)].mean())
        return np.std(patches, axis=0).mean()

    holed = _shots(take, dataclasses.replace(stage, behind=other))
    assert changes(holed) > 1.3 * changes(_shots(take, stage))


def test_the_eyes_behind_the_holes_blink(take, stage, other):
    mask = cut.eyes_out(take.marks[0], take.frames[0].shape, 0)
    behind = cut.holes(mask, other, LENS, LIGHT, 2, 12, stream(0, "still"))
    still = dataclasses.replace(behind, sway=f32(np.zeros((2, 5))), blinks=f32([0, 1]))
    eyes, cover = f32([[105, 150], [140, 150]]), f32(np.ones((320, 240)))
    frames = []
    for at in (0, 1):
        light = np.zeros((320, 240, 3), np.float32)
        still.show(light, cover, at, eyes, 50.0)
        frames.append(light)
    changed = np.abs(frames[0] - frames[1]).max(-1) > 0.02
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 40
    assert np.abs(rows - 150).max() < 12
    assert columns.min() > 85
    assert columns.max() < 160


def test_holes_lie_on_the_eyes(take):
    mask = cut.eyes_out(take.marks[0], take.frames[0].shape, 7)
    assert mask.shape == (take.frames[0].shape[0] + 14, take.frames[0].shape[1] + 14)
    for x, y in take.eyes[0].astype(int) + 7:
        assert mask[y, x] == 1
    assert 0.0005 < mask.mean() < 0.01


def test_a_warped_photo_bends_and_a_held_one_keeps_its_shape(take, stage):
    """A line across the face is straight on a plane; its middle leaves it where the sheet bends."""

    def bends(instrument):
        jaw = np.stack([shot.marks[[0, 8, 16]] for shot in _shots(take, stage, instrument)])
        span = np.linalg.norm(jaw[:, 2] - jaw[:, 0], axis=1)
        return np.ptp(np.linalg.norm(jaw[:, 1] - jaw[:, 0], axis=1) / span)

    assert bends("warped") > 3 * bends("print1")


def test_shifted_points_are_those_that_a_bent_sheet_shows():
    sheet = attack._Sheet(f32(np.eye(3)), f32([0, 0, 1]), f32([120, 200, 600]), 50.0)
    points = f32([[20, 30], [150, 90], [230, 300]])
    seen = attack._shifted(points, sheet, 2e-3, 120)
    shown, _ = attack._bent(attack._Seen(seen[:, 0], seen[:, 1]), sheet, 2e-3, 120)
    np.testing.assert_allclose(np.stack([shown.columns, shown.rows], 1), points, atol=0.01)
    assert np.abs(seen - points).max() > 3
