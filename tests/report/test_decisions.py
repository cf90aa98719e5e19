"""Decisions and factors: a table worked by hand, and an invariant."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.report.decisions import FACTORS, decide, errors, levels
from fasharness.report.decisions import factors as possible
from fasharness.report.mistakes import factors
from fasharness.report.runs import Exhibit, Part
from fasharness.result import Result
from fasharness.scores import Score


def score(name: str, species: str | None, value: float, device: str, **more: object) -> Score:
    group = None if species is None else species.rstrip("0123456789")
    return Score(name, "test", "7", species, group, value, device=device, **more)  # type: ignore[arg-type]


# Accepted at 0.5 and above; phone 2 has no bona fide, phone 10 no attack.
HAND = (
    score("a", None, 0.5, "1"), score("b", None, 0.4, "1"),
    score("c", "print1", 0.7, "1"), score("d", "print2", 0.1, "1"),
    score("e", "replay1", 0.1, "1"), score("f", "replay1", 0.2, "1"),
    score("g", "print1", 0.9, "2"), score("h", None, 0.1, "10"),
    score("i", None, math.nan, "10", failure="no face"), score("j", "print1", 0.9, ""),
)  # fmt: skip


def part(result: Result, scores: tuple[Score, ...], cut: float = 0.5) -> Part:
    threshold = dataclasses.replace(result.evaluation.threshold, value=cut)
    evaluation = dataclasses.replace(result.evaluation, threshold=threshold)
    found = dataclasses.replace(result, evaluation=evaluation)
    return Part(found, scores, lambda name: Exhibit(None, None, None))


def test_levels_worked_by_hand(result: Result) -> None:
    first, second, tenth = levels(decide([part(result, HAND)]), FACTORS["phone or sensor"])
    assert (first.name, second.name, tenth.name) == ("1", "2", "10")
    assert (first.bona_fide, first.refused, first.bpcer) == (2, 1, 0.5)
    assert (first.attacks, first.accepted) == ({"print": 2, "replay": 2}, {"print": 1, "replay": 0})
    assert (first.apcer, first.acer) == (0.5, 0.5)
    assert (second.apcer, second.bpcer, second.acer) == (1.0, None, None)
    assert (tenth.apcer, tenth.bpcer, tenth.bona_fide) == (None, 1.0, 1)


def test_instruments_are_attacks_only(result: Result) -> None:
    found = levels(decide([part(result, HAND)]), FACTORS["instrument (PAI species)"])
    assert [(level.name, level.apcer, level.bpcer) for level in found] == [
        ("print1", 1.0, None), ("print2", 0.0, None), ("replay1", 0.0, None),
    ]  # fmt: skip


def test_errors_lie_farthest_first_and_each_fold_keeps_its_threshold(result: Result) -> None:
    equal = (score("z", "print1", 0.75, "1"), score("y", "print1", 0.75, "1"))
    first, second = part(result, (*HAND[:3], *equal)), part(result, HAND[6:8], 0.95)
    found = errors(decide([first, second]))
    assert [(one.score.presentation, one.threshold) for one in found] == [
        ("h", 0.95), ("y", 0.5), ("z", 0.5), ("c", 0.5), ("b", 0.5),
    ]  # fmt: skip


def test_a_table_for_each_factor_that_is_known(result: Result) -> None:
    shown = factors([part(result, HAND)])
    assert shown.count("<table") == 3
    assert "Errors by session" not in shown
    many = tuple(dataclasses.replace(s, subject=str(i)) for i, s in enumerate(HAND * 2))
    assert "<details><summary>18 rows by subject" in factors([part(result, many)])
    assert factors([part(result, ())]) == ""


def test_of_very_many_subjects_those_with_most_errors_are_shown(result: Result) -> None:
    values = [0.9] * 5 + [0.1] * 400
    many = tuple(
        dataclasses.replace(score(f"p{i}", "print1", value, ""), subject=f"s{i}")
        for i, value in enumerate(reversed(values))
    )
    shown = factors([part(result, many)])
    assert "by subject, the 300 rows with most errors" in shown
    assert all(f">s{i}</th>" in shown for i in range(400, 405))
    assert shown.count("<tr>") == 301 + 2  # and the only instrument


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "print1", "replay1"]), st.floats(0, 1), st.integers(1, 3)),
        min_size=1,
        max_size=30,
    )
)
def test_every_level_adds_up_to_the_whole(
    result: Result, rows: list[tuple[str | None, float, int]]
) -> None:
    scores = tuple(score(str(i), s, v, str(d)) for i, (s, v, d) in enumerate(rows))
    decided = decide([part(result, scores)])
    found = levels(decided, FACTORS["phone or sensor"])
    assert sum(level.bona_fide + sum(level.attacks.values()) for level in found) == len(rows)
    wrong = sum(level.refused + sum(level.accepted.values()) for level in found)
    assert wrong == len(errors(decided))
    for level in found:
        for rate in (level.apcer, level.bpcer, level.acer):
            assert rate is None or rate == pytest.approx(min(max(rate, 0), 1))


def test_attributes_are_factors_too(result: Result) -> None:
    tones = {"a": "dark", "b": "light", "c": "dark"}
    marked = tuple(
        dataclasses.replace(s, attributes=(("skin_tone", tones[s.presentation]),))
        if s.presentation in tones else s for s in HAND
    )  # fmt: skip
    found = levels(decide([part(result, marked)]), possible(marked)["skin tone"])
    assert [(level.name, level.bona_fide, level.refused, level.apcer) for level in found] == [
        ("dark", 1, 0, 1.0), ("light", 1, 1, None),
    ]  # fmt: skip
    assert "Errors by skin tone" in factors([part(result, marked)])
    assert possible(HAND) == FACTORS
