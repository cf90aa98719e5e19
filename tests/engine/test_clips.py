"""From stored clips to batches: orders and draws that depend on the seeds alone."""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from fasharness.clips import ClipSpec, Crop, Frames, Label, Sampling
from fasharness.data import Clip
from fasharness.engine.clips import (
    ClipSource,
    EpochClips,
    batches,
    scoring_batches,
    scoring_chunks,
    stack,
)
from fasharness.engine.sampling import Draw, Pick

Sources = Callable[..., list[ClipSource]]
LABELS = (Label("depth", 4), Label("mask", 4))
DRAWN = ClipSpec(Frames(2), Crop(8, scale=(1.0, 1.5)), labels=LABELS)
FIXED = ClipSpec(Frames(1), Crop(8), labels=LABELS)


def same(clip: Clip, rng: np.random.Generator) -> Clip:
    return clip


def load(clips: EpochClips, skip: int = 0, drop_last: bool = False) -> list[torch.Tensor]:
    plan = clips.plan(Sampling(), 4, drop_last=drop_last)
    return [batch.rgb for batch in batches(clips, plan[skip:], workers=0, pin=False)]


def flat(clips: EpochClips) -> list[Draw]:
    return [draw for batch in clips.plan(Sampling(), 4, drop_last=False) for draw in batch]


def test_stacking_puts_channels_first(sources: Sources):
    clip = sources(DRAWN)[0].load(0)
    batch = stack([clip, clip])
    assert batch.rgb.shape == (2, 2, 3, 8, 8)
    assert batch.rgb.dtype == torch.uint8
    assert batch.rgb[1, 1, 2, 3, 4] == clip.rgb[1, 3, 4, 2]
    assert batch.labels["depth"].shape == batch.labels["mask"].shape == (2, 2, 4, 4)
    assert batch.labels["mask"].dtype == torch.bool
    assert batch.bona_fide.tolist() == [True, True]
    assert list(batch.ids()) == ["p0", "p0"]


def test_every_clip_comes_once_in_an_order_of_its_epoch(sources: Sources):
    clips = [EpochClips(sources(DRAWN), same, (7, 0, epoch)) for epoch in (0, 1)]
    orders = [[draw.seed for draw in flat(c)] for c in clips]
    assert [sorted(order) for order in orders] == [list(range(12))] * 2
    assert orders[0] != orders[1]
    assert flat(EpochClips(sources(DRAWN), same, (7, 0, 0))) == flat(clips[0])


def test_a_draw_depends_on_seed_and_position_alone(sources: Sources):
    clips = EpochClips(sources(DRAWN), same, (7, 0, 0))
    other = EpochClips(sources(DRAWN), same, (7, 0, 1))
    draws = [Draw(Pick(position // 2, position % 2), position) for position in range(12)]
    first = [clips[draw][0].rgb for draw in draws]
    for draw, frames in reversed(list(zip(draws, first, strict=True))):
        np.testing.assert_array_equal(clips[draw][0].rgb, frames)
    assert any(not np.array_equal(other[d][0].rgb, f) for d, f in zip(draws, first, strict=True))


def test_skipped_batches_are_not_read_and_the_rest_is_the_same(sources: Sources):
    read: list[str] = []

    def note(clip: Clip, rng: np.random.Generator) -> Clip:
        read.append(clip.presentation.id)
        return clip

    clips = EpochClips(sources(DRAWN, count=5), note, (1, 0, 0))
    whole = load(clips)
    assert [len(batch) for batch in whole] == [4, 4, 2]
    read.clear()
    rest = load(clips, skip=1)
    assert len(read) == 6
    assert all(map(torch.equal, rest, whole[1:]))
    assert [len(batch) for batch in load(clips, drop_last=True)] == [4, 4]


def test_scoring_reads_every_clip_in_order(sources: Sources):
    (source,) = sources(FIXED, count=1, clips=19)
    found = scoring_batches([source], 16)
    assert [len(batch) for batch in found] == [16, 3]
    again = torch.cat([batch.rgb for batch in found])
    expected = stack([source.load(index) for index in range(19)]).rgb
    assert torch.equal(again, expected)


def test_chunks_are_whole_presentations_that_fit_a_batch(sources: Sources):
    found = sources(FIXED, count=5, clips=3)
    large = dataclasses.replace(found[2], stored=dataclasses.replace(found[2].stored, clips=9))
    lost = dataclasses.replace(found[3], stored=dataclasses.replace(found[3].stored, clips=0))
    some = [found[0], found[1], large, lost, found[4]]
    counts = [[s.stored.clips for s in chunk] for chunk in scoring_chunks(some, 7)]
    assert counts == [[3, 3], [9], [0, 3]]
    assert [s for chunk in scoring_chunks(some, 7) for s in chunk] == some
    batches = scoring_batches([found[0], found[1]], 4)
    assert [list(batch.ids()) for batch in batches] == [["p0"] * 3 + ["p1"], ["p1"] * 2]
    assert list(scoring_chunks([], 7)) == []
