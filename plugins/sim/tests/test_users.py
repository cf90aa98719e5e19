"""Tests of who is simulated: numbers and lists of users, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.data import Split
from fasharness.errors import OptionError
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout
from fasharness_sim.users import by_split, for_mark, parse_users

USERS = OuluNpuLayout.users


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
    assert parse_users(text, USERS) == users


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
        parse_users(text, USERS)


@given(st.integers(3, 55))
def test_fewer_users_are_part_of_more_and_in_proportion(count):
    users = parse_users(str(count), USERS)
    assert len(users) == count
    assert count == 55 or set(users) < set(parse_users(str(count + 1), USERS))
    share = {split: len(part) for split, part in by_split(users, USERS).items()}
    assert abs(share[Split.DEV] - count * 15 / 55) <= 1
    assert abs(share[Split.TRAIN] - share[Split.TEST]) <= 1


def test_all_users_are_marked_as_none_and_others_sorted():
    assert for_mark(None, USERS) is for_mark(range(55, 0, -1), USERS) is None
    assert for_mark([36, 1, 21, 1], USERS) == [1, 21, 36]
