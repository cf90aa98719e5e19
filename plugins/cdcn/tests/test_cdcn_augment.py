"""Random changes of training frames against the authors' pictures, and what they may touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fasharness.data import RGB, Clip, Presentation, rgb
from fasharness_cdcn import augment as changes
from fasharness_cdcn.augment import augment, cut_square, erased, placed_rectangle, recoloured

# The authors' draws: rectangles (area share, aspect, row, column), mirrored, cut out (row, column,
# length).
DRAWS = {
    "s1": (
        [(0.04389734947748931, 1.645661928464921, 65, 30),
         (0.02981740348367764, 1.1742365971831072, 166, 97)],
        False, (235, 140, 9),
    ),
    "s4": ([(0.014126641369228633, 1.0940873639160216, 39, 23)], True, (174, 183, 6)),
}  # fmt: skip


def shown(picture: np.ndarray, depth: np.ndarray) -> Clip:
    return Clip(Presentation("a", rgb(Path("a"))), {RGB: picture[None]}, {"depth": depth[None]})


@pytest.mark.parametrize("case", DRAWS)
def test_the_authors_pictures(case):
    golden = np.load(Path(__file__).parent / "data" / "transforms.npz")
    rectangles, mirror, square = DRAWS[case]
    frames = golden["image_bgr_u8"][None, ..., ::-1]
    for share, aspect, row, column in rectangles:
        free = placed_rectangle(256, share * 65536, aspect, 0, 0)
        # Placed at the row and column that they drew.
        down, across = (row + 0.5) / (257 - free.bottom), (column + 0.5) / (257 - free.right)
        part = placed_rectangle(256, share * 65536, aspect, down, across)
        assert (part.top, part.left) == (row, column)
        frames = erased(frames, part)
    depth = golden["map_u8"].astype(np.float32) / 255
    clip = shown(frames[0], depth)
    if mirror:
        clip = clip.mapped(lambda array: array[:, :, ::-1])
    found = erased(clip.rgb, cut_square(256, *square))[0]
    np.testing.assert_array_equal(found.transpose(2, 0, 1)[:, ::2, ::2], golden[f"{case}/image"])
    np.testing.assert_allclose(clip.labels["depth"][0], golden[f"{case}/map"], atol=1e-6)


def example(side: int = 64) -> Clip:
    rng = np.random.default_rng(5)
    picture = rng.integers(60, 190, (side, side, 3), dtype=np.uint8)
    return shown(picture, rng.random((32, 32), dtype=np.float32))


def test_the_same_generator_gives_the_same_clip_and_the_source_stays():
    clip = example()
    before = clip.rgb.copy()
    first, second = (augment(clip, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(clip.rgb, before)
    assert (first.rgb.shape, first.rgb.dtype) == (clip.rgb.shape, np.uint8)


def test_about_half_are_mirrored_with_their_depth():
    clip = example()
    mirrored = clip.labels["depth"][:, :, ::-1]
    changed = [augment(clip, np.random.default_rng(seed)) for seed in range(200)]
    flips = [np.array_equal(new.labels["depth"], mirrored) for new in changed]
    assert 70 < sum(flips) < 130
    stay = [np.array_equal(new.labels["depth"], clip.labels["depth"]) for new in changed]
    assert all(a != b for a, b in zip(flips, stay, strict=True))


def test_colours_by_hand(monkeypatch):
    class Draws:
        def integers(self, low, high, size, endpoint):
            assert (low, high, size, endpoint) == (-40, 40, 3, True)
            return np.array([-10, 0, 40])

        def uniform(self, low, high):
            assert (low, high) == (0.5, 1.5)
            return 0.5

    frames = np.array([[[[10, 64, 255]]]], np.uint8)
    # (10 - 10, 64, 255 + 40 cut to 255), then 255 * (x / 255) ** 0.5
    assert recoloured(frames, Draws()).tolist() == [[[[0, 127, 255]]]]


def test_black_parts_have_the_published_sizes():
    sides = []
    for seed in range(300):
        part = changes.drawn_rectangle(256, np.random.default_rng(seed))
        height, width = part.bottom - part.top, part.right - part.left
        assert 0 <= part.top < part.bottom <= 256
        assert 0 <= part.left < part.right <= 256
        assert 0.0095 < height * width / 65536 < 0.0505
        sides.append(height / width)
    assert 0.49 < min(sides) < 0.55
    assert 1.9 < max(sides) < 2.05
    assert cut_square(256, 0, 255, 49) == changes.Rectangle(0, 24, 231, 256)
