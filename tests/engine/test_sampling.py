"""Sampling: a plan by hand, shares that are exact, and draws that depend on the seeds alone."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fasharness.clips import Sampling
from fasharness.data import Presentation, rgb
from fasharness.engine.sampling import Batches, Draw, Item, Pick, plan_epoch
from fasharness.errors import DataError


def item(name: str, species: str | None = None, clips: int = 1, **more: object) -> Item:
    facts = {key: more.pop(key) for key in ("subject", "dataset") if key in more}
    shown = Presentation(name, rgb(Path(name)), species=species, **facts)  # type: ignore[arg-type]
    return Item(shown, clips, **more)  # type: ignore[arg-type]


def flat(plan: Batches) -> list[Draw]:
    return [draw for batch in plan for draw in batch]


def names(items: list[Item], plan: Batches) -> Counter[str]:
    return Counter(items[draw.pick.item].presentation.id for draw in flat(plan))


MIXED = [item("a", clips=3), item("b", "print", 5), item("c", "mask", 4), item("d", "print", 2)]


def test_without_rules_every_clip_comes_once():
    plan = plan_epoch(MIXED, Sampling(), 4, (0, 0, 0))
    expected = {Pick(n, clip) for n, one in enumerate(MIXED) for clip in range(one.clips)}
    assert {draw.pick for draw in flat(plan)} == expected
    assert [len(batch) for batch in plan] == [4, 4, 4, 2]
    assert sorted(draw.seed for draw in flat(plan)) == list(range(14))
    whole = plan_epoch(MIXED, Sampling(), 4, (0, 0, 0), drop_last=True)
    assert whole == plan[:3]


def test_the_same_seeds_give_the_same_plan_and_others_another():
    sampling = Sampling(per_presentation=1, balance="class")
    plans = [plan_epoch(MIXED, sampling, 2, seed) for seed in ((1, 0, 0), (1, 0, 0), (1, 0, 1))]
    assert plans[0] == plans[1] != plans[2]


def test_some_clips_of_each_presentation_are_drawn_anew_in_every_epoch():
    plans = [plan_epoch(MIXED, Sampling(2), 3, (0, 0, epoch)) for epoch in range(9)]
    for plan in plans:
        assert names(MIXED, plan) == {"a": 2, "b": 2, "c": 2, "d": 2}
        assert len({draw.pick for draw in flat(plan)}) == 8
    seen = {draw.pick for plan in plans for draw in flat(plan)}
    assert len(seen) == 14


@pytest.mark.parametrize(
    ("balance", "shares"),
    [
        ("class", {"live": 7, "attack": 7}),
        ("species", {"live": 5, "mask": 5, "print": 4}),  # in alphabetical order of "", mask, print
    ],
)
def test_a_balanced_epoch_gives_equal_shares(balance: str, shares: dict[str, int]):
    plan = plan_epoch(MIXED, Sampling(balance=balance), 5, (3, 0, 0))  # type: ignore[arg-type]
    species = [MIXED[draw.pick.item].presentation.species for draw in flat(plan)]
    count = Counter(one or "live" for one in species)
    if balance == "class":
        count = Counter("live" if one is None else "attack" for one in species)
    assert count == shares
    used = Counter(draw.pick for draw in flat(plan) if draw.pick.item == 0)
    assert max(used.values()) - min(used.values()) <= 1  # none again before all were shown


def test_smaller_groups_are_repeated_up_to_the_largest():
    plan = plan_epoch(MIXED, Sampling(balance="species", length="largest"), 5, (3, 0, 0))
    shown = Counter(draw.pick for draw in flat(plan))
    # 3 bona fide clips, 4 of masks, 7 of prints
    times = {number: sum(shown[Pick(number, k)] for k in range(7)) for number in range(4)}
    assert times == {0: 7, 1: 5, 2: 7, 3: 2}
    assert {shown[Pick(1, k)] for k in range(5)} == {1}
    assert sorted(shown[Pick(0, k)] for k in range(3)) == [2, 2, 3]


DOMAINS = [
    item(f"{domain}{species}{n}", species, clips=n, dataset=domain)
    for domain in ("o", "c") for species, n in ((None, 2), ("print", 5), ("mask", 4))
]  # fmt: skip


def test_even_batches_hold_as_many_clips_of_each_group():
    sampling = Sampling(balance="domain+class", length="largest", batches="even")
    plan = plan_epoch(DOMAINS, sampling, 8, (3, 0, 0))
    for batch in plan[:-1]:
        shown = [DOMAINS[draw.pick.item].presentation for draw in batch]
        count = Counter((one.dataset, one.bona_fide) for one in shown)
        assert count == {(d, live): 2 for d in "oc" for live in (True, False)}
    # 9 attack clips in each domain; four groups of as many
    assert sum(map(len, plan)) == 4 * 9
    mixed = plan_epoch(DOMAINS, Sampling(balance="domain+class", length="largest"), 8, (3, 0, 0))
    assert sorted(flat(mixed)) == sorted(flat(plan))  # the same clips in other batches
    first = [draw.pick for draw in plan[0]]
    assert first != [draw.pick for draw in plan_epoch(DOMAINS, sampling, 8, (3, 0, 1))[0]]


def test_groups_by_device_and_session():
    shown = [
        Item(Presentation(f"{d}{s}", rgb(Path("x")), device=d, session=s), n)
        for n, (d, s) in enumerate([("1", "a"), ("1", "b"), ("2", "a")], 1)
    ]
    for balance, shares in (("device", [3, 3]), ("session", [3, 3]), ("device+session", [2] * 3)):
        plan = plan_epoch(shown, Sampling(balance=balance), 2, (0, 0, 0))
        facts = [shown[draw.pick.item].presentation for draw in flat(plan)]
        groups = Counter(tuple(getattr(one, part) for part in balance.split("+")) for one in facts)
        assert sorted(groups.values()) == shares


@pytest.mark.parametrize(
    "wrong", [{"balance": "domain+colour"}, {"balance": "+"}, {"batches": "even"}]
)
def test_impossible_groups_are_refused(wrong: dict[str, str]):
    with pytest.raises(ValueError, match="balance"):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_domains_are_data_sets():
    items = [item("a", clips=6, dataset="one"), item("b", "print", 2, dataset="two")]
    plan = plan_epoch(items, Sampling(balance="domain"), 4, (0, 0, 0))
    assert names(items, plan) == {"a": 4, "b": 4}


def test_one_class_alone():
    plan = plan_epoch(MIXED, Sampling(classes="attack"), 4, (0, 0, 0))
    assert set(names(MIXED, plan)) == {"b", "c", "d"}
    assert set(names(MIXED, plan_epoch(MIXED, Sampling(classes="bona fide"), 4, (0, 0, 0)))) == {
        "a"
    }


def test_a_list_that_repeats_a_presentation_shows_it_more_often():
    items = [item("a", weight=3), item("b", "print")]
    assert names(items, plan_epoch(items, Sampling(), 2, (0, 0, 0))) == {"a": 3, "b": 1}


def test_an_auxiliary_set_gets_its_share_of_each_batch_behind_the_own_clips():
    items = [*MIXED, item("g1", "print", 2, origin="made"), item("g2", clips=1, origin="made")]
    plan = plan_epoch(items, Sampling(mix={"made": 0.25}), 4, (0, 0, 0))
    for batch in plan[:-1]:
        assert [items[draw.pick.item].origin for draw in batch] == ["", "", "", "made"]
    assert len(plan) == 5
    assert [items[draw.pick.item].origin for draw in plan[-1]] == ["", "", "made"]
    made = [draw.pick for draw in flat(plan) if items[draw.pick.item].origin]
    assert len(set(made[:3])) == 3  # none again before all were shown
    seeds = [draw.seed for draw in flat(plan)]
    assert len(set(seeds)) == len(seeds)


def test_an_optional_set_is_mixed_in_where_it_is_given_and_else_takes_no_place():
    sampling = Sampling(mix={"made": 0.25}, optional=("made",))
    given = [*MIXED, item("g", "print", 2, origin="made")]
    needed = Sampling(mix={"made": 0.25})
    assert plan_epoch(given, sampling, 4, (0, 0, 0)) == plan_epoch(given, needed, 4, (0, 0, 0))
    assert plan_epoch(MIXED, sampling, 4, (0, 0, 0)) == plan_epoch(MIXED, Sampling(), 4, (0, 0, 0))
    lost = [*MIXED, item("g", "print", 0, origin="made")]
    with pytest.raises(DataError, match=r"mixes in clips of 'made', of which there are none"):
        plan_epoch(lost, sampling, 4, (0, 0, 0))
    with pytest.raises(ValueError, match="optional must name sets of mix, got 'other'"):
        Sampling(mix={"made": 0.25}, optional=("other",))


def test_a_partner_is_a_bona_fide_clip_of_the_same_subject():
    items = [
        item("a", clips=4, subject="1"), item("b", "print", 3, subject="1"),
        item("c", clips=2, subject="2"), item("d", "print", 5, subject="2"),
    ]  # fmt: skip
    sampling = Sampling(classes="attack", partner="bona fide of subject")
    plans = [plan_epoch(items, sampling, 4, (0, 0, epoch)) for epoch in range(6)]
    for draw in (draw for plan in plans for draw in flat(plan)):
        assert draw.partner is not None
        assert draw.partner.item == {1: 0, 3: 2}[draw.pick.item]
    assert len({draw.partner for plan in plans for draw in flat(plan)}) == 6


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(
        DataError, match=r"mixes in clips of 'made'.*given: none.*--auxiliary made="
    ):
        plan_epoch(MIXED, Sampling(mix={"made": 0.5}), 4, (0, 0, 0))
    with pytest.raises(DataError, match=r"a batch of 2 clips has no room for the share 0\.1 of"):
        plan_epoch(MIXED, Sampling(mix={"made": 0.1}), 2, (0, 0, 0))
    items = [item("a", subject="1"), item("b", "print", subject="2")]
    with pytest.raises(DataError, match=r"b: training pairs .* subject '2' has none"):
        plan_epoch(items, Sampling(partner="bona fide of subject"), 2, (0, 0, 0))
    # unknown subjects are not one subject
    items = [item("a"), item("b", "print")]
    with pytest.raises(DataError, match=r"subject '\(unknown\)' has none"):
        plan_epoch(items, Sampling(partner="bona fide of subject"), 2, (0, 0, 0))


@given(
    counts=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    size=st.integers(1, 7),
    per=st.integers(0, 3),
    balance=st.sampled_from(["", "class", "species"]),
    drop=st.booleans(),
)
@settings(max_examples=60)
def test_any_plan_holds_clips_that_exist_in_full_batches(counts, size, per, balance, drop):
    items = [item(str(n), None if n % 2 else "print", count) for n, count in enumerate(counts)]
    sampling = Sampling(per_presentation=per, balance=balance)
    plan = plan_epoch(items, sampling, size, (0, 1, 2), drop_last=drop)
    expected = sum(min(count, per) if per else count for count in counts)
    total = sum(map(len, plan))
    assert total == (expected // size * size if drop else expected)
    assert all(len(batch) == size for batch in plan[:-1])
    for draw in flat(plan):
        assert 0 <= draw.pick.clip < counts[draw.pick.item]
