"""Scores that cannot be evaluated, as a user meets them: one line, the row, nothing written."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fasharness.scores import Score, write_csv

Draw = Callable[..., tuple[Score, ...]]
Change = Callable[[list[Score]], Sequence[Score]]


def replaced(place: int, **changes: object) -> Change:
    """A change of one row, counted from 1."""

    def change(scores: list[Score]) -> Sequence[Score]:
        scores[place - 1] = dataclasses.replace(scores[place - 1], **changes)  # type: ignore[arg-type]
        return scores

    return change


def kept(keep: Callable[[Score], bool]) -> Change:
    return lambda scores: [score for score in scores if keep(score)]


def every(**changes: object) -> Change:
    return lambda scores: [dataclasses.replace(s, **changes) for s in scores]  # type: ignore[arg-type]


def failing(split: str, species: str | None, number: int) -> Change:
    """Lose the first presentations of a kind."""

    def change(scores: list[Score]) -> Sequence[Score]:
        lost = [s for s in scores if (s.split, s.species) == (split, species)][:number]
        names = {score.presentation for score in lost}
        gone = {"value": math.nan, "failure": "no face"}
        return [dataclasses.replace(s, **gone) if s.presentation in names else s for s in scores]  # type: ignore[arg-type]

    return change


# Row 1 is 1_1_21_1 (bona fide), row 2 is 1_1_21_2 (print1); rows 121 to 280 are of test.
REFUSED: dict[str, tuple[Change, str]] = {
    "constant dev": (every(value=0.5), "all 120 scores of the dev split equal 0.5"),
    "no bona fide in dev": (
        kept(lambda s: s.split == "test" or not s.bona_fide),
        "the dev split has no bona fide score (0 failed)",
    ),
    "no attack in dev": (
        kept(lambda s: s.split == "test" or s.bona_fide),
        "the dev split has no attack score",
    ),
    "no bona fide in test": (
        kept(lambda s: s.split == "dev" or not s.bona_fide),
        "the test split has no bona fide score",
    ),
    "no attack in test": (
        kept(lambda s: s.split == "dev" or s.bona_fide),
        "the test split has no attack score",
    ),
    "all failed": (failing("test", None, 999), "no bona fide score (32 failed)"),
    "subject overlap": (
        replaced(121, subject="21"),
        "row 121: subject '21' is in both dev and test ('1_1_36_1')",
    ),
    "attack labelled bona fide": (
        replaced(2, species=None, group=None),
        "row 2: presentation '1_1_21_2' is an attack by its OULU-NPU name (file 2), but bona fide",
    ),
    "bona fide labelled attack": (
        replaced(126, species="print1", group="print"),
        "row 126: presentation '1_3_36_1' is bona fide by its OULU-NPU name (file 1), but the "
        "attack 'print1'",
    ),
    "units mixed": (
        replaced(3, unit="frame", video="1_1_21_3"),
        "row 3: '1_1_21_3' is a frame, row 1 a video",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_scores_are_refused_in_one_line(
    case: str, oulu_like: Draw, command: Callable[..., Any], tmp_path: Path
) -> None:
    change, message = REFUSED[case]
    path, out = tmp_path / "s.csv", tmp_path / "e.json"
    write_csv(path, change(list(oulu_like())))
    error = command("evaluate", path, "--out", out, "--replicates", 10).error
    assert message in error
    assert error.startswith(f"{path}: ")
    assert list(tmp_path.iterdir()) == [path]


def test_a_presentation_scored_twice_is_named_by_line(
    oulu_like: Draw, command: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "s.csv"
    write_csv(path, oulu_like())
    text = path.read_text()
    path.write_text(text + text.splitlines()[5] + "\n")
    assert "line 282: presentation '1_1_21_5' is scored twice" in command("evaluate", path).error


@pytest.mark.parametrize("word", ["nan", "inf", "-inf", "NaN", ""])
def test_scores_that_are_not_finite_are_counted_never_replaced(
    word: str, oulu_like: Draw, command: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "s.csv"
    write_csv(path, oulu_like())
    lines = path.read_text().splitlines()
    cells = lines[121].split(",")
    assert cells[:2] == ["1_1_36_1", "test"]
    lines[121] = ",".join([*cells[:5], word, *cells[6:]])
    path.write_text("".join(f"{line}\n" for line in lines))
    ended = command("evaluate", path, "--replicates", 10)
    assert ended.code == 0
    assert "test: 31 bona fide + 128 attack presentations of 8 subjects, 1 failed" in ended.out
    assert "BPNRR                                      3.13 %" in ended.out
    assert "bona fide           32" in ended.out
    assert "1 (BPNRR 3.13 %)" in ended.out
    assert "warning: 1 of the test presentations failed: counted" in ended.out


WARNED: dict[str, tuple[Change, str]] = {
    "too many failures": (
        failing("test", None, 8),
        "25.0% of the bona fide test presentations failed, more than the 20.0% allowed",
    ),
    "reversed": (
        lambda scores: [dataclasses.replace(s, value=-s.value) for s in scores],
        "is below 0.5: attacks score higher; are the scores reversed?",
    ),
    "constant test": (
        lambda scores: [s if s.split == "dev" else dataclasses.replace(s, value=0.5)
                        for s in scores],
        "all test scores are equal",
    ),
    "unseen species": (
        kept(lambda s: s.split == "test" or s.group != "display"),
        "the threshold never saw the species display: none in dev",
    ),
    "mixed data": (replaced(5, simulated=True), "simulated and real presentations are mixed"),
}  # fmt: skip


@pytest.mark.parametrize("case", WARNED)
def test_what_can_still_be_evaluated_is_warned_of(
    case: str, oulu_like: Draw, command: Callable[..., Any], tmp_path: Path
) -> None:
    change, message = WARNED[case]
    path = tmp_path / "s.csv"
    write_csv(path, change(list(oulu_like())))
    ended = command("evaluate", path, "--replicates", 10)
    assert ended.code == 0
    found = [line for line in ended.out.splitlines() if message in line]
    assert [line.startswith("warning: ") for line in found].count(True) == 1
    acer = next(line for line in ended.out.splitlines() if line.startswith("ACER "))
    assert ("–" in acer) is (case == "too many failures")


def test_presentations_are_compared_with_the_manifest(
    oulu_like: Draw, command: Callable[..., Any], tmp_path: Path
) -> None:
    path, manifest = tmp_path / "s.csv", tmp_path / "expected.csv"
    scores = oulu_like()
    write_csv(manifest, scores)
    write_csv(path, scores[:-2])
    error = command("evaluate", path, "--manifest", manifest).error
    assert "presentations of test that have no score: 2 (2_3_43_4, 2_3_43_5)" in error
    write_csv(path, [dataclasses.replace(s, presentation=f"x{s.presentation}") for s in scores])
    assert "have no score: 120 (" in command("evaluate", path, "--manifest", manifest).error
    write_csv(path, scores)
    assert command("evaluate", path, "--manifest", manifest, "--replicates", 10).code == 0
    manifest.write_text(manifest.read_text().replace(",test", ",eval").replace(",dev", ",devel"))
    assert command("evaluate", path, "--manifest", manifest, "--replicates", 10).code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("presentation\na\n", "line 1: no column 'split' in the header"),
        ("presentation,split\na,dev\na,test\n", "line 3: presentation 'a' of split 'test'"),
        ("presentation,split\na,val\n", "line 2: presentation 'a' of split 'val'"),
        ("presentation,split\na\n", "line 2: presentation 'a' of split ''"),
        ("presentation,split\n,dev\n", "line 2: presentation '' of split 'dev'"),
        ('presentation,split\n"a,dev\n', "not CSV"),
        ("", "the file is empty"),
    ],
)
def test_bad_manifests_are_refused_by_line(
    text: str, message: str, oulu_like: Draw, command: Callable[..., Any], tmp_path: Path
) -> None:
    path, manifest = tmp_path / "s.csv", tmp_path / "expected.csv"
    write_csv(path, oulu_like())
    manifest.write_text(text)
    assert message in command("evaluate", path, "--manifest", manifest).error
