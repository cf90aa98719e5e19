"""Random changes of training frames against the authors' pictures, and what they may touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fasharness.data import RGB, Clip, Presentation, rgb
from fasharness_lgsc import augment as changes
from fasharness_lgsc.augment import augment, filled, recoloured, rectangle, rotated
from fasharness_lgsc.method import normalise

GOLDEN = dict(np.load(Path(__file__).parent / "data" / "transforms.npz"))
PICTURE = GOLDEN["image_bgr_u8"][..., ::-1].astype(np.float32)  # 200 rows, 180 columns

# The authors' draws: brightness, contrast, saturation, hue.
COLOURS = {
    "s0": (0, 1.2151893663724196, 1.1431782470491028, -2.4430464211550493),
    "s1": (31.81982790008759, 1, 0.8512497791717427, -11.303811493852383),
    "s2": (0, 0.5259262318278913, 1, -2.06968343621514),
    "s3": (0, 1, 1.135979617508962, 0),
}


def shown(picture, step):
    """As their pictures are stored: BGR, every so many pixels."""
    return picture[::step, ::step, ::-1]


@pytest.mark.parametrize("case", COLOURS)
def test_the_authors_colours(case):
    found = recoloured(PICTURE, *COLOURS[case])
    np.testing.assert_allclose(shown(found, 6), GOLDEN[f"photo/{case}"], rtol=0, atol=1e-3)


def test_the_authors_rotation():
    np.testing.assert_allclose(shown(rotated(PICTURE, -18), 6), GOLDEN["rotate/s1"], atol=1e-3)


class Drawn:
    """Gives the authors' draws one after the other, and checks from what they are drawn."""

    def __init__(self, *draws):
        self.draws = list(draws)

    def integers(self, low, high=None):
        value, *expected = self.draws.pop(0)
        assert ([0, low] if high is None else [low, high]) == expected
        return value

    def uniform(self, low, high):
        return self.integers(low, high)


def changed(picture):
    return (shown(picture, 2) != shown(PICTURE, 2)).any(axis=2)


def test_the_authors_erased_rectangles():
    first = [(0.02863081731642223, 0.01, 0.03), (1.921595917291817, 0.5, 2.0)]
    second = [(0.016410728742232143, 0.01, 0.03), (0.7316400096339952, 0.5, 2.0)]
    places = [(75, 0, 155), (104, 0, 157)], [(75, 0, 179), (47, 0, 152)]
    rng = Drawn((2, 1, 3), *first, *places[0], *second, *places[1])
    found = changes.erase(PICTURE, rng)
    np.testing.assert_array_equal(changed(found), GOLDEN["erase/s2"])
    assert (shown(found, 2)[GOLDEN["erase/s2"]] == 80).all()
    assert not rng.draws


def test_the_authors_cutout():
    # For 224 rows, lengths are drawn below 20; this picture has 200.
    rng = Drawn((140, 0, 180), (72, 0, 200), (10, 1, 18))
    found = changes.cut_out(PICTURE, rng)
    np.testing.assert_array_equal(changed(found), GOLDEN["cutout/s1"])
    assert (shown(found, 2)[GOLDEN["cutout/s1"]] == 0).all()
    assert round(changes.CUTOUT * 224) == 20


def test_the_authors_crop():
    rng = Drawn((12, 0, 21), (8, 0, 24), (167, 158, 180), (187, 176, 200))
    found = changes.crop(PICTURE, rng)
    assert found.shape == (179, 155, 3)
    np.testing.assert_array_equal(shown(found, 4), GOLDEN["crop/s1"])


def test_rotations_are_whole_degrees_from_minus_30_to_29():
    np.testing.assert_array_equal(
        changes.rotate(PICTURE, Drawn((-18, -30, 30))), rotated(PICTURE, -18)
    )


def test_the_authors_input_of_the_network():
    import cv2
    import torch

    small = cv2.resize(PICTURE, (224, 224))[:, ::-1].transpose(2, 0, 1)
    found = normalise(torch.from_numpy(np.ascontiguousarray(small))).numpy()
    np.testing.assert_allclose(found[:, ::5, ::5], GOLDEN["input"], rtol=0, atol=1e-6)


def example():
    picture = np.random.default_rng(5).integers(60, 190, (1, 64, 64, 3), dtype=np.uint8)
    return Clip(Presentation("a", rgb(Path("a"))), {RGB: picture})


def test_the_same_generator_gives_the_same_clip_and_the_source_stays():
    clip = example()
    before = clip.rgb.copy()
    first, second = (augment(clip, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(clip.rgb, before)
    assert (first.rgb.shape, first.rgb.dtype) == (clip.rgb.shape, np.uint8)


def test_about_half_are_only_mirrored_when_nothing_else_is_drawn(monkeypatch):
    for name in ("erase", "cut_out", "rotate", "crop", "recolour"):
        monkeypatch.setattr(changes, name, lambda frame, rng: frame)
    clip = example()
    mirrored = [
        np.array_equal(augment(clip, np.random.default_rng(seed)).rgb, clip.rgb[:, :, ::-1])
        for seed in range(200)
    ]
    assert 70 < sum(mirrored) < 130


def test_each_change_is_made_to_about_half_of_the_clips(monkeypatch):
    made = []
    for name in ("erase", "cut_out", "rotate", "crop"):
        monkeypatch.setattr(
            changes, name, lambda frame, rng, name=name: (made.append(name), frame)[1]
        )
    for seed in range(200):
        augment(example(), np.random.default_rng(seed))
    for name in ("erase", "cut_out", "rotate", "crop"):
        assert 70 < made.count(name) < 130


def test_colours_are_drawn_from_the_published_ranges(monkeypatch):
    seen = []
    monkeypatch.setattr(changes, "recoloured", lambda frame, *drawn: seen.append(drawn))
    for seed in range(400):
        changes.recolour(PICTURE, np.random.default_rng(seed))
    neutral = (0, 1, 1, 0)
    ranges = ((-32, 32), (0.5, 1.5), (0.8, 1.2), (-16, 16))
    for drawn, stays, (low, high) in zip(zip(*seen, strict=True), neutral, ranges, strict=True):
        assert 140 < drawn.count(stays) < 260
        assert low <= min(drawn) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(drawn) <= high


def test_a_rectangle_by_hand():
    assert rectangle(100, 200, 0.02, 1.0) == (20, 20)
    assert rectangle(100, 100, 0.02, 2.0) == (20, 10)
    assert filled(np.zeros((2, 2, 3), np.float32), slice(0, 1), slice(1, 2), 5)[
        ..., 0
    ].tolist() == [
        [0, 5],
        [0, 0],
    ]
