"""From stored clips to batches: orders and draws that depend on the seeds alone."""

from collections.abc import Callable

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from fasharness.data import Clip, ClipSpec
from fasharness.engine.clips import (
    ClipSource,
    EpochClips,
    batch_count,
    batches,
    scoring_batches,
    stack,
)

Sources = Callable[..., list[ClipSource]]
DRAWN = ClipSpec(length=2, size=8, depth_size=4, scale=(1.0, 1.5))
FIXED = ClipSpec(length=1, size=8, depth_size=4)


def same(clip: Clip, rng: np.random.Generator) -> Clip:
    return clip


def load(clips: EpochClips, skip: int = 0, drop_last: bool = False) -> list[torch.Tensor]:
    found = batches(clips, 4, skip=skip, drop_last=drop_last, workers=0, pin=False)
    return [frames for frames, *_ in found]


def test_stacking_puts_channels_first(sources: Sources):
    clip = sources(DRAWN)[0].load(0)
    frames, depth, mask, bona_fide = stack([clip, clip])
    assert frames.shape == (2, 2, 3, 8, 8)
    assert frames.dtype == torch.uint8
    assert frames[1, 1, 2, 3, 4] == clip.frames[1, 3, 4, 2]
    assert depth.shape == mask.shape == (2, 2, 4, 4)
    assert bona_fide.tolist() == [True, True]


def test_every_clip_comes_once_in_an_order_of_its_epoch(sources: Sources):
    clips = [EpochClips(sources(DRAWN), same, (7, 0, epoch)) for epoch in (0, 1)]
    orders = [c.order() for c in clips]
    assert [sorted(order) for order in orders] == [list(range(12))] * 2
    assert orders[0] != orders[1]
    assert EpochClips(sources(DRAWN), same, (7, 0, 0)).order() == orders[0]


def test_a_draw_depends_on_seed_and_position_alone(sources: Sources):
    clips = EpochClips(sources(DRAWN), same, (7, 0, 0))
    other = EpochClips(sources(DRAWN), same, (7, 0, 1))
    first = {position: clips[position].frames for position in range(12)}
    for position in reversed(range(12)):
        np.testing.assert_array_equal(clips[position].frames, first[position])
    assert any(not np.array_equal(other[p].frames, first[p]) for p in first)


def test_skipped_batches_are_not_read_and_the_rest_is_the_same(sources: Sources):
    read: list[str] = []

    def note(clip: Clip, rng: np.random.Generator) -> Clip:
        read.append(clip.presentation)
        return clip

    clips = EpochClips(sources(DRAWN, count=5), note, (1, 0, 0))
    whole = load(clips)
    assert [len(batch) for batch in whole] == [4, 4, 2]
    read.clear()
    rest = load(clips, skip=1)
    assert len(read) == 6
    assert all(map(torch.equal, rest, whole[1:]))
    assert [len(batch) for batch in load(clips, drop_last=True)] == [4, 4]


@given(st.integers(0, 50), st.integers(1, 20), st.booleans())
def test_the_number_of_batches(clips: int, size: int, drop_last: bool):
    sizes = [min(size, clips - start) for start in range(0, clips, size)]
    expected = sum(number == size for number in sizes) if drop_last else len(sizes)
    assert batch_count(clips, size, drop_last) == expected


def test_scoring_reads_every_clip_in_order(sources: Sources):
    (source,) = sources(FIXED, count=1, clips=19)
    found = list(scoring_batches(source, 16))
    assert [len(batch.frames) for batch in found] == [16, 3]
    again = torch.cat([batch.frames for batch in found])
    expected = stack([source.load(index) for index in range(19)])[0]
    assert torch.equal(again, expected)
