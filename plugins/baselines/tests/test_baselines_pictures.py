"""Random changes of pictures: what they keep, their extent, and colours worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fasharness.data import RGB, Clip, Presentation, rgb
from fasharness_baselines import pictures
from fasharness_baselines.pictures import imagenet, jittered, mirrored, resized_crop, turned


class Fixed:
    """A generator that gives the numbers it is told."""

    def __init__(self, *values: object) -> None:
        self.values = list(values)

    def uniform(self, low: float, high: float, count: int | None = None) -> object:
        value = self.values.pop(0)
        assert np.all((low <= np.asarray(value)) & (np.asarray(value) <= high))
        return value


def frame(*colour: int) -> np.ndarray:
    return np.full((1, 4, 4, 3), colour, np.uint8)


def random_frames(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (2, 32, 32, 3), np.uint8)


@pytest.mark.parametrize(
    ("factors", "turn", "expected"),
    [
        ((1, 1, 1), 0, (100, 50, 200)),
        ((1.2, 1, 1), 0, (120, 60, 240)),
        # grey 0.299 x 100 + 0.587 x 50 + 0.114 x 200 = 82.05; half way to it
        ((1, 1, 0.5), 0, (91, 66, 141)),
        # of a picture of one colour the mean grey is that grey too
        ((1, 0.5, 1), 0, (91, 66, 141)),
        # a third of a turn moves red to green, green to blue, blue to red
        ((1, 1, 1), 1 / 3, (200, 100, 50)),
    ],
)
def test_colours_by_hand(factors, turn, expected):
    found = jittered(frame(100, 50, 200), 0.5, 0.5, Fixed(factors, turn))
    np.testing.assert_allclose(found[0, 0, 0], expected, atol=1)
    assert (found == found[0, 0, 0]).all()


def test_jitter_depends_on_the_generator_alone():
    frames = random_frames()
    found = [jittered(frames, 0.4, 0.1, np.random.default_rng(s)) for s in (1, 1, 2)]
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
    assert found[0].dtype == np.uint8


def test_a_crop_keeps_most_of_the_picture():
    columns = np.broadcast_to(np.arange(96, dtype=np.uint8)[:, None], (1, 96, 96, 3))
    shares, whole = [], 0
    for seed in range(60):
        found = resized_crop(columns, np.random.default_rng(seed))
        assert found.shape == columns.shape
        shares.append((int(found[0, 0, -1, 0]) - int(found[0, 0, 0, 0]) + 1) / 96)
        whole += int((found == columns).all())
    assert 0.75 <= min(shares) < 0.95  # up to an aspect of 3 / 4
    assert max(shares) == 1
    assert whole < 30


def test_a_turn_by_nothing_and_by_much():
    frames = random_frames()
    np.testing.assert_array_equal(turned(frames, 10, Fixed(0.0)), frames)
    found = turned(np.full((1, 33, 33, 3), 200, np.uint8), 10, Fixed(10.0))
    assert (found[0, 16, 16] == 200).all()
    assert (found[0, 0, 0] == 0).all()  # the corner came from outside


def test_all_pictures_of_a_clip_are_mirrored_together():
    shown = Presentation("x", rgb(Path("x")))
    clip = Clip(shown, {RGB: random_frames(), "wide": random_frames(1)})
    seen = set()
    for seed in range(8):
        found = mirrored(clip, np.random.default_rng(seed))
        turns = [(found.images[n] == clip.images[n][:, :, ::-1]).all() for n in clip.images]
        assert len(set(turns)) == 1
        seen.add(bool(turns[0]))
    assert seen == {True, False}


def test_imagenets_scale():
    pixels = torch.tensor([0, 255, 128], dtype=torch.uint8).view(1, 3, 1, 1)
    found = imagenet(pixels).flatten()
    expected = [-0.485 / 0.229, (1 - 0.456) / 0.224, (128 / 255 - 0.406) / 0.225]
    torch.testing.assert_close(found, torch.tensor(expected))
    assert pictures.AREA == (0.9, 1.1)
