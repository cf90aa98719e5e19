"""Tests of names and protocol lists against the published counts of OULU-NPU."""

from collections import Counter

import pytest

from fasharness.sim import oulu_lists, oulu_npu

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


def _labels(text):
    return Counter(line.split(",")[0] for line in text.splitlines())


def test_full_lists_have_the_published_counts():
    texts = oulu_lists.lists(oulu_lists.every_shoot())
    assert texts.keys() == FULL.keys()
    for path, (live, fake) in FULL.items():
        labels = _labels(texts[path])
        assert (labels["+1"], labels["-1"] + labels["-2"]) == (live, fake), path


def test_a_line_names_label_and_video():
    lines = oulu_lists.lists(oulu_lists.every_shoot())["Protocol_1/Train.txt"].splitlines()
    assert lines[:5] == ["+1,1_1_01_1", "-1,1_1_01_2", "-1,1_1_01_3", "-2,1_1_01_4", "-2,1_1_01_5"]


@pytest.mark.parametrize("size", ["mini", "small"])
def test_every_list_of_a_small_size_has_all_classes(size):
    for path, text in oulu_lists.lists(oulu_npu._shoots(size)).items():
        assert _labels(text).keys() == {"+1", "-1", "-2"}, path


@pytest.mark.parametrize(("size", "count"), [("mini", 200), ("small", 1000), ("full", 4950)])
def test_names_are_as_many_as_promised_and_different(size, count):
    names = oulu_npu.names(size)
    assert len(set(names)) == len(names) == count
    assert list(names) == sorted(names)
    assert set(names) <= set(oulu_npu.names("full"))


def test_mini_is_spread_over_users_phones_and_sessions():
    shoots = oulu_npu._shoots("mini")
    assert len({s.user for s in shoots}) == 40
    split = Counter((oulu_lists.split_of(s.user), s.session == 3) for s in shoots)
    assert split == {
        ("Train", False): 12,
        ("Train", True): 2,
        ("Dev", False): 7,
        ("Dev", True): 2,
        ("Test", False): 9,
        ("Test", True): 8,
    }
    phones = Counter(s.phone for s in shoots)
    assert set(phones) == set(range(1, 7))
    assert max(phones.values()) - min(phones.values()) <= 2
    unseen = {s.phone for s in shoots if s.user > 35 and s.session == 3}
    assert unseen == set(range(1, 7))
