"""Tests of OULU-NPU's names and protocol lists against the published counts of OULU-NPU."""

from collections import Counter
from pathlib import Path

import pytest

from fasharness.builtin.datasets.oulu_npu_files import Name
from fasharness.data import Split
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout
from fasharness_sim.users import by_split, parse_users

LAYOUT = OuluNpuLayout()

FULL = {
    "Protocol_1/Train.txt": (240, 960),
    "Protocol_1/Dev.txt": (180, 720),
    "Protocol_1/Test.txt": (120, 480),
    "Protocol_2/Train.txt": (360, 720),
    "Protocol_2/Dev.txt": (270, 540),
    "Protocol_2/Test.txt": (360, 720),
    **{f"Protocol_3/Train_{k}.txt": (300, 1200) for k in range(1, 7)},
    **{f"Protocol_3/Dev_{k}.txt": (225, 900) for k in range(1, 7)},
    **{f"Protocol_3/Test_{k}.txt": (60, 240) for k in range(1, 7)},
    **{f"Protocol_4/Train_{k}.txt": (200, 400) for k in range(1, 7)},
    **{f"Protocol_4/Dev_{k}.txt": (150, 300) for k in range(1, 7)},
    **{f"Protocol_4/Test_{k}.txt": (20, 40) for k in range(1, 7)},
}


def _sittings(size, users=None):
    return LAYOUT.sittings(size, by_split(users, LAYOUT.users))


def _lists(size, users=None):
    lists = LAYOUT.lists(_sittings(size, users))
    return {path.removeprefix("Protocols/"): text for path, text in lists.items()}


def _names(size, users=None):
    return [Path(v.path).name for s in _sittings(size, users) for v in s.videos]


def _labels(text):
    return Counter(line.split(",")[0] for line in text.splitlines())


def test_full_lists_have_the_published_counts():
    texts = _lists("full")
    assert texts.keys() == FULL.keys()
    for path, (live, fake) in FULL.items():
        labels = _labels(texts[path])
        assert (labels["+1"], labels["-1"] + labels["-2"]) == (live, fake), path


def test_a_line_names_label_and_video():
    lines = _lists("full")["Protocol_1/Train.txt"].splitlines()
    assert lines[:5] == ["+1,1_1_01_1", "-1,1_1_01_2", "-1,1_1_01_3", "-2,1_1_01_4", "-2,1_1_01_5"]


@pytest.mark.parametrize("size", ["mini", "small"])
def test_every_list_of_a_small_size_has_all_classes(size):
    for path, text in _lists(size).items():
        assert _labels(text).keys() == {"+1", "-1", "-2"}, path


@pytest.mark.parametrize(
    ("size", "count"), [("tiny", 30), ("mini", 280), ("small", 1000), ("full", 4950)]
)
def test_names_are_as_many_as_promised_and_different(size, count):
    names = _names(size)
    assert len(set(names)) == len(names) == count == LAYOUT.sizes[size]
    assert _sittings(size) == sorted(_sittings(size))
    assert set(names) <= set(_names("full"))


def test_tiny_is_the_least_for_protocol_1():
    """Two users of each part and every class; all of them are in mini."""
    texts = _lists("tiny")
    for part in ("Train", "Dev", "Test"):
        lines = texts[f"Protocol_1/{part}.txt"].splitlines()
        assert _labels(texts[f"Protocol_1/{part}.txt"]) == {"+1": 2, "-1": 4, "-2": 4}
        assert len({line.split("_")[2] for line in lines}) == 2
    assert set(_names("tiny")) <= set(_names("mini"))


def test_mini_is_what_protocol_1_needs():
    sittings = _sittings("mini")
    split = Counter((Name(s.phone, s.session, s.user, 1).split, s.session == 3) for s in sittings)
    assert split == {(Split.TRAIN, False): 18, (Split.DEV, False): 8, (Split.TEST, True): 30}
    lists = {path: _labels(text) for path, text in _lists("mini").items()}
    used = [lists[f"Protocol_1/{part}.txt"].total() for part in ("Train", "Dev", "Test")]
    assert sum(used) == LAYOUT.sizes["mini"]
    assert lists["Protocol_1/Test.txt"] == {"+1": 30, "-1": 60, "-2": 60}
    assert len({s.user for s in sittings if s.session == 3}) == 20


def test_mini_is_spread_over_phones_and_sessions():
    sittings = _sittings("mini")
    for first, last in ((1, 20), (21, 35), (36, 55)):
        phones = Counter(s.phone for s in sittings if first <= s.user <= last)
        assert set(phones) == set(range(1, 7))
        assert max(phones.values()) - min(phones.values()) <= 1
    for first, last in ((1, 20), (21, 35)):
        sessions = Counter(s.session for s in sittings if first <= s.user <= last)
        assert abs(sessions[1] - sessions[2]) <= 6


@pytest.mark.parametrize("size", ["mini", "small", "full"])
@pytest.mark.parametrize("count", [3, 7, 40])
def test_lists_of_some_users_hold_them_alone_and_all_classes(size, count):
    users = parse_users(str(count), LAYOUT.users)
    for path, text in _lists(size, users).items():
        assert _labels(text).keys() == {"+1", "-1", "-2"}, path
        assert {int(line.split("_")[2]) for line in text.splitlines()} <= set(users)


def test_a_list_of_all_users_is_the_same_as_none():
    assert _names("small", range(1, 56)) == _names("small")
