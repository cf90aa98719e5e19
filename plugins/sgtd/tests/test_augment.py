"""Random changes of training clips: what they may and may not touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fasharness.data import RGB, Clip, Presentation, rgb
from fasharness_sgtd.augment import augment, compat_augment, mirrored


def example(size=32, frames=5):
    rng = np.random.default_rng(5)
    return Clip(
        Presentation("1_1_01_1", rgb(Path("1_1_01_1.avi"))),
        {RGB: np.repeat(rng.integers(60, 190, (1, size, size, 3), dtype=np.uint8), frames, 0)},
        {
            "depth": np.repeat(rng.random((1, size // 8, size // 8), dtype=np.float32), frames, 0),
            "mask": np.repeat(rng.random((1, size // 8, size // 8)) > 0.5, frames, 0),
        },
    )


def drawn(change, count=200):
    clip = example()
    return clip, [change(clip, np.random.default_rng(seed)) for seed in range(count)]


@pytest.mark.parametrize("change", [augment, compat_augment])
def test_same_generator_same_clip(change):
    clip = example()
    first, second = (change(clip, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.labels["depth"], second.labels["depth"])


@pytest.mark.parametrize("change", [augment, compat_augment])
def test_shape_type_and_source_stay(change):
    clip = example()
    before = clip.rgb.copy()
    for seed in range(20):
        new = change(clip, np.random.default_rng(seed))
        assert (new.rgb.shape, new.rgb.dtype) == (clip.rgb.shape, np.uint8)
        assert (new.presentation, new.bona_fide) == (clip.presentation, clip.bona_fide)
    np.testing.assert_array_equal(clip.rgb, before)


def test_about_half_are_mirrored_with_depth_and_mask():
    clip, changed = drawn(augment)
    seen = mirrored(clip)
    flips = [np.array_equal(new.labels["depth"], seen.labels["depth"]) for new in changed]
    assert 70 < sum(flips) < 130
    for new, flip in zip(changed, flips, strict=True):
        expected = (seen if flip else clip).labels["mask"]
        np.testing.assert_array_equal(new.labels["mask"], expected)


def test_a_clip_changes_alike_in_all_frames():
    _, changed = drawn(augment)
    assert all((new.rgb == new.rgb[:1]).all() for new in changed)


def test_compat_keeps_depth_and_lets_colours_flicker():
    clip, changed = drawn(compat_augment)
    assert all(np.array_equal(new.labels["depth"], clip.labels["depth"]) for new in changed)
    flicker = [bool((new.rgb != new.rgb[:1]).any()) for new in changed]
    assert 70 < sum(flicker) < 130


def test_black_square_is_within_its_largest_side():
    _, changed = drawn(augment)
    black = [(new.rgb[0] == 0).all(-1) for new in changed]
    covered = [square for square in black if square.any()]
    # Colour alone makes a pixel of 60 black only with contrast and brightness near their ends.
    assert 60 < len(covered) < 140
    assert max(square.any(0).sum() for square in covered if square.mean() < 0.3) <= 6
