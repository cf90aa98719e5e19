"""Presentations, protocols and clip specifications: what they refuse and what they give."""

import pickle
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fasharness.clips import At, ClipSpec, Crop, Every, Frames, Label, Spread, View
from fasharness.data import RGB, Batch, Presentation, Split, rgb
from fasharness.errors import DataError
from fasharness.protocol import Protocol


def capture(name: str, subject: str, species: str | None = None) -> Presentation:
    return Presentation(name, rgb(Path(f"{name}.avi")), subject=subject, species=species)


def pair(split: str) -> tuple[Presentation, ...]:
    return capture(f"{split}1", split), capture(f"{split}2", split, "print")


def protocol(**changes: object) -> Protocol:
    parts = {split: pair(split) for split in ("train", "dev", "test")}
    settings = {"groups": {"paper": ("print", "cut")}, **parts, **changes}
    return Protocol("p", "set", "files", **settings)  # type: ignore[arg-type]


def test_a_presentation_without_species_is_bona_fide():
    assert capture("a", "1").bona_fide
    assert not capture("a", "1", "print").bona_fide


def test_a_presentation_is_sent_to_another_process_whatever_its_attributes_are():
    facts = MappingProxyType({"light": "adverse"})
    shown = Presentation("a", rgb(Path("a.avi")), species="print", attributes=facts)
    assert pickle.loads(pickle.dumps(shown)) == shown
    assert shown.attributes == facts


def test_items_come_train_first():
    found = protocol()
    assert [(str(split), p.id) for split, p in found.items()] == [
        ("train", "train1"), ("train", "train2"), ("dev", "dev1"),
        ("dev", "dev2"), ("test", "test1"), ("test", "test2"),
    ]  # fmt: skip
    assert found.split(Split.DEV) == pair("dev")


def test_the_group_of_a_species():
    assert protocol().group_of("cut") == "paper"
    assert protocol().group_of(None) is None


def test_a_presentation_twice_is_refused():
    twice = (*pair("dev"), capture("dev1", "dev"))
    with pytest.raises(DataError, match="listed more than once: dev1"):
        protocol(dev=twice)


def test_a_subject_in_two_splits_is_refused_unless_the_protocol_says_so():
    test = (capture("x", "dev"), capture("y", "dev", "print"))
    with pytest.raises(DataError, match="subject dev is in both dev and test"):
        protocol(test=test)
    assert protocol(test=test, subjects="overlap").test == test


@pytest.mark.parametrize(("keep", "word"), [(0, "attack"), (1, "bona fide")])
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_a_split_without_a_class_is_refused(split: str, keep: int, word: str):
    with pytest.raises(DataError, match=f"no {word} presentation in {split}"):
        protocol(**{split: (pair(split)[keep],)})


def test_a_species_without_a_group_is_refused():
    with pytest.raises(DataError, match="species 'mask' of z belongs to no species group"):
        protocol(test=(*pair("test"), capture("z", "test", "mask")))


def test_a_limit_takes_turns_between_the_classes():
    test = tuple(capture(f"b{n}", "t") for n in range(5))
    test += tuple(capture(f"{s}{n}", "t", s) for s in ("print", "cut") for n in range(5))
    limited = protocol(test=test).limited(4)
    assert [p.id for p in limited.test] == ["b0", "print0", "cut0", "b1"]
    assert limited.train == pair("train")
    assert protocol(test=test).limited(0).test == test


def test_clips_by_hand():
    spec = Frames(2, 3, Every(4, 2))
    # starts 0 4 8 12 16 (the last frame of a clip is start + 3); every second one is kept
    assert spec.clips(20) == ((0, 3), (8, 11), (16, 19))
    assert spec.clips(19) == ((0, 3), (8, 11))
    assert spec.clips(4) == ((0, 3),)
    assert spec.clips(3) == ()


@given(
    length=st.integers(1, 6),
    step=st.integers(1, 5),
    stride=st.integers(1, 7),
    keep=st.integers(1, 9),
    frames=st.integers(0, 200),
)
def test_clips_are_whole_distinct_and_as_many_as_promised(length, step, stride, keep, frames):
    clips = Frames(length, step, Every(stride, keep)).clips(frames)
    candidates = len([s for s in range(0, frames, stride) if s + (length - 1) * step < frames])
    assert len(set(clips)) == len(clips)
    for clip in clips:
        assert list(clip) == [clip[0] + step * n for n in range(length)]
        assert clip[0] >= 0
        assert clip[-1] < frames
        assert clip[0] % stride == 0
    if candidates >= keep:
        assert keep <= len(clips) <= 2 * keep - 1
    else:
        assert len(clips) == candidates


@pytest.mark.parametrize(
    "build",
    [
        lambda: Frames(0), lambda: Frames(1, 0), lambda: Frames(pick=Every(0)), lambda: Crop(0),
        lambda: Frames(pick=Every(1, 0)), lambda: Frames(pick=Spread(0)),
        lambda: Frames(pick=At(())),
        lambda: Frames(pick=At((3, -1))), lambda: ClipSpec(labels=(Label("depth", 0),)),
        lambda: ClipSpec(views=(View("far", 0, 2.7),)), lambda: ClipSpec(views=(View("a", 8, 0),)),
    ],
)  # fmt: skip
def test_a_clip_specification_needs_positive_numbers(build: Callable[[], object]):
    with pytest.raises(ValueError, match="positive"):
        build()


@pytest.mark.parametrize(
    ("crop", "names", "words"),
    [(Crop(), ("rgb",), "twice"), (Crop(), ("a", "a"), "twice"),
     (Crop(faces="none"), ("a",), "looks for none")],
)  # fmt: skip
def test_views_have_names_of_their_own_and_a_face(crop: Crop, names: tuple[str, ...], words: str):
    with pytest.raises(ValueError, match=words):
        ClipSpec(crop=crop, views=tuple(View(name, 8, 2.7) for name in names))


@pytest.mark.parametrize("scale", [(0.0, 1.0), (1.5, 1.2), (-1.0, 1.0)])
def test_a_scale_is_a_range_above_zero(scale: tuple[float, float]):
    with pytest.raises(ValueError, match="0 < low <= high"):
        Crop(scale=scale)


def test_the_margin_is_the_range_of_the_scale():
    assert Crop(scale=(1.2, 1.5)).margin == pytest.approx(1.25)
    assert Crop().margin == 1


def test_a_batch_moves_to_a_device_whole():
    shown = [capture("a", "1"), capture("b", "2", "print")]
    images, labels = {RGB: torch.zeros(2, 1, 3, 4, 4)}, {"depth": torch.zeros(2, 1, 2, 2)}
    partner = Batch(images, labels, torch.ones(2), shown, ["", ""])
    batch = Batch(images, labels, torch.ones(2), shown, ["", "made"], partner)
    assert (len(batch), batch.own, list(batch.ids())) == (2, 1, ["a", "b"])
    moved = batch.to(torch.device("meta"))
    for one in (moved, moved.partner):
        assert one is not None
        assert one.rgb.is_meta
        assert one.labels["depth"].is_meta
        assert one.bona_fide.is_meta
    assert moved.origins == ("", "made")


def test_names_of_a_data_set_are_told_from_those_of_others_and_given_back():
    shown = Presentation(
        "1", rgb(Path("1.avi")), "casia", "7", others=("8",), species="print", device="phone1"
    )
    prefixed = shown.prefixed()
    assert (prefixed.id, prefixed.subject, prefixed.others) == ("casia:1", "casia:7", ("casia:8",))
    assert (prefixed.device, prefixed.session, prefixed.species) == ("casia:phone1", "", "print")
    assert prefixed.own() == shown
