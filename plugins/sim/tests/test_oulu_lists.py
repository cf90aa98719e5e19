"""Tests of names and protocol lists against the published counts of OULU-NPU."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.errors import OptionError
from fasharness_sim.layouts import oulu_lists, oulu_npu

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
    texts = oulu_lists.lists(oulu_lists.every_shoot(oulu_lists.seated(None)))
    assert texts.keys() == FULL.keys()
    for path, (live, fake) in FULL.items():
        labels = _labels(texts[path])
        assert (labels["+1"], labels["-1"] + labels["-2"]) == (live, fake), path


def test_a_line_names_label_and_video():
    lines = oulu_lists.lists(oulu_lists.every_shoot(oulu_lists.seated(None)))[
        "Protocol_1/Train.txt"
    ].splitlines()
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


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("3", (1, 21, 36)),
        ("5", (1, 2, 21, 36, 37)),
        ("1,21,36", (1, 21, 36)),
        ("34-37, 2", (2, 34, 35, 36, 37)),
        ("55", tuple(range(1, 56))),
    ],
)
def test_users_are_a_number_or_a_list(text, users):
    assert oulu_lists.parse_users(text) == users


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "users must be 3 .* to 55, got 0"),
        ("2", "users must be 3 .* to 55, got 2"),
        ("56", "users must be 3 .* to 55, got 56"),
        ("1,60", "no user 60; users are 1 to 55"),
        ("0,1", "no user 0"),
        ("many", "'many': give a number of users"),
        ("1-2-x", "give a number of users"),
        ("-3", "give a number of users"),
    ],
)
def test_impossible_users_are_refused(text, message):
    with pytest.raises(OptionError, match=message):
        oulu_lists.parse_users(text)


@given(st.integers(3, 55))
def test_fewer_users_are_part_of_more_and_in_proportion(count):
    users = oulu_lists.parse_users(str(count))
    assert len(users) == count
    assert count == 55 or set(users) < set(oulu_lists.parse_users(str(count + 1)))
    share = Counter(oulu_lists.split_of(user) for user in users)
    assert abs(share["Dev"] - count * 15 / 55) <= 1
    assert abs(share["Train"] - share["Test"]) <= 1


@pytest.mark.parametrize("size", ["mini", "small", "full"])
@pytest.mark.parametrize("count", [3, 7, 40])
def test_lists_of_some_users_hold_them_alone_and_all_classes(size, count):
    users = oulu_lists.parse_users(str(count))
    for path, text in oulu_lists.lists(oulu_npu._shoots(size, users)).items():
        assert _labels(text).keys() == {"+1", "-1", "-2"}, path
        assert {int(line.split("_")[2]) for line in text.splitlines()} <= set(users)


def test_a_list_of_all_users_is_the_same_as_none():
    assert oulu_npu.names("small", range(1, 56)) == oulu_npu.names("small")


def test_all_users_are_told_as_none_and_others_sorted():
    assert oulu_lists.told(None) is oulu_lists.told(range(55, 0, -1)) is None
    assert oulu_lists.told([36, 1, 21, 1]) == [1, 21, 36]
