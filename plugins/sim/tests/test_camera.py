"""Tests of the phones' way from light to stored bytes."""

import numpy as np
import pytest

from fasharness_sim.capture import camera
from fasharness_sim.capture.camera import PHONES, REFERENCE
from fasharness_sim.capture.scene import Shot
from fasharness_sim.fields import f32, linear

EYES = f32([[40.0, 60.0], [80.0, 60.0]])
DEPTH = np.zeros((40, 30), np.float32)
MARKS = np.zeros((104, 2), np.float32)


def _picture(light, phone, seed=0):
    shot = Shot(f32(light), DEPTH, EYES, MARKS)
    return next(iter(camera.develop([shot], phone, np.random.default_rng(seed))))


def _ramp(gain=1.0):
    return np.tile(np.linspace(0.02, 0.5, 120)[None, :, None], (160, 1, 3)) * gain


def test_exposure_follows_the_light():
    dim, bright = (_picture(_ramp(gain), REFERENCE) for gain in (1.0, 20.0))
    apart = np.abs(dim.astype(int) - bright.astype(int))
    assert apart.max() <= 1  # rounding
    assert apart.mean() < 0.01


def test_what_is_too_bright_comes_out_white_under_any_lamp():
    scene = _ramp() * f32([1.6, 1.0, 0.5])
    scene[:40] = f32([16.0, 10.0, 5.0])
    assert _picture(scene, PHONES[1])[10:30, 20:100].min() > 235


def test_white_balance_takes_most_of_a_cast():
    ratios = []
    for cast in ([1.0, 1.0, 1.0], [1.6, 1.0, 0.5]):
        picture = _picture(_ramp() * f32(cast), REFERENCE)[40:120, 40:80]
        blue, _, red = linear(picture.reshape(-1, 3).mean(0) / 255)
        ratios.append(red / blue)
    assert 1.02 < ratios[1] / ratios[0] < 0.8 * 3.2


def test_a_brighter_place_is_stored_brighter():
    picture = _picture(_ramp(), REFERENCE).mean((0, 2))
    assert (np.diff(picture[5:100:5]) > 0).all()


@pytest.mark.parametrize("phone", PHONES)
def test_phones_have_noise_of_their_own(phone):
    flat = np.full((160, 120, 3), 0.2)
    grain = _grain(_picture(flat, PHONES[phone]))
    assert 0.5 < grain < 12
    assert grain > 1.5 * _grain(_picture(flat, REFERENCE))


def test_the_sensitivity_differs_from_video_to_video():
    flat = np.full((160, 120, 3), 0.2)
    grains = [_grain(_picture(flat, PHONES[5], seed)) for seed in range(6)]
    assert max(grains) > 1.5 * min(grains)


def _grain(picture):
    return picture[60:100, 40:80].astype(float).std((0, 1)).mean()


def test_noise_changes_from_frame_to_frame_and_is_repeatable():
    shot = Shot(f32(_ramp()), DEPTH, EYES, MARKS)
    first, second = camera.develop([shot, shot], PHONES[5], np.random.default_rng(1))
    assert (first != second).mean() > 0.3
    again = next(iter(camera.develop([shot, shot], PHONES[5], np.random.default_rng(1))))
    np.testing.assert_array_equal(first, again)
