"""Other tools' score files: each form by hand, and there and back again."""

import dataclasses
import math
from pathlib import Path

import pytest

from fasharness.errors import DataError, OptionError
from fasharness.scorefiles import convert
from fasharness.scores import Score

SCORES = (
    Score("1_1_21_1", "dev", "21", None, None, 0.75),
    Score("1_1_21_2", "dev", "21", "print1", "print", 0.1 + 0.2),
    Score("6_3_36_1", "test", "36", None, None, math.nan, failure="no face"),
    Score("6_3_36_5", "test", "36", "display2", "display", -1e-3),
)


@pytest.mark.parametrize("simulated", [False, True])
@pytest.mark.parametrize("style", [*convert.OWN, *convert.FORMATS])
def test_there_and_back_keeps_what_the_form_can_hold(
    tmp_path: Path, style: str, simulated: bool
) -> None:
    expected = [dataclasses.replace(s, simulated=simulated) for s in SCORES]
    written = convert.save(style, tmp_path, expected)
    splits = ("any",) if style in convert.OWN else ("dev", "test")
    found = convert.load(style, dict(zip(splits, written, strict=True))).scores
    assert [s.split for s in found] == [s.split for s in expected]
    assert [s.bona_fide for s in found] == [s.bona_fide for s in expected]
    assert [s.simulated for s in found] == [simulated] * len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.value == other.value or (one.failed and other.failed)
    if style != "labelled":
        assert [s.presentation for s in found] == [s.presentation for s in expected]
        assert [s.species for s in found] == [s.species for s in expected]
        assert [s.subject for s in found] == [s.subject for s in expected]


def test_the_forms_by_hand(tmp_path: Path) -> None:
    texts = {
        style: [path.name for path in convert.save(style, tmp_path / style, SCORES)]
        for style in convert.FORMATS
    }
    assert texts["bob-csv"] == ["scores-dev.csv", "scores-eval.csv"]
    assert (tmp_path / "bob-csv/scores-eval.csv").read_text() == (
        "claimed_id,test_label,is_bonafide,attack_type,score\n"
        "36,6_3_36_1,True,,nan\n36,6_3_36_5,False,display2,-0.001\n"
    )
    assert (tmp_path / "four-column/scores-dev.txt").read_text() == (
        "21 21 1_1_21_1 0.75\n21 print1 1_1_21_2 0.30000000000000004\n"
    )
    assert (tmp_path / "five-column/scores-dev.txt").read_text().startswith("21 21 21 1_1_21_1 ")
    assert (tmp_path / "oulu/Dev_scores.txt").read_text() == (
        "1_1_21_1,0.75\n1_1_21_2,0.30000000000000004\n"
    )
    assert (tmp_path / "oulu/Test_scores.txt").read_text().startswith("# failed: ")
    assert (tmp_path / "labelled/dev.txt").read_text() == "0.75 1\n0.30000000000000004 0\n"
    assert (tmp_path / "labelled/test.txt").read_text() == "nan 1\n-0.001 0\n"


@pytest.mark.parametrize(
    ("style", "text", "message"),
    [
        ("bob-csv", "a,b\n1,2\n", "line 1: no column 'claimed_id'"),
        (
            "bob-csv",
            "claimed_id,test_label,is_bonafide,attack_type,score\na,b,maybe,,1\n",
            "line 2: is_bonafide is 'maybe'",
        ),
        (
            "bob-csv",
            "claimed_id,test_label,is_bonafide,attack_type,score\na,b\n",
            "line 2: 2 fields",
        ),
        (
            "bob-csv",
            "claimed_id,test_label,is_bonafide,attack_type,score\na,b,True,print,1\n",
            "line 2: bona fide, but with the attack_type 'print'",
        ),
        ("four-column", "a b c\n", "line 1: 3 fields, expected 4"),
        ("four-column", "a b c d 1\n", "line 1: 5 fields, expected 4"),
        ("five-column", "a b c 1\n", "line 1: 4 fields, expected 5"),
        (
            "four-column",
            "a a x 1\na a x 2\n",
            "line 2: presentation 'x' is scored twice, in .*, line 1 and .*line 2, both dev; keep",
        ),
        ("four-column", "a a x high\n", "line 1: score 'high' is not a number"),
        ("five-column", "a a a x 1", "line 1: the last line is cut off"),
        ("oulu", "1_1_21_7,1\n", "1_1_21_7: OULU-NPU has the files 1 to 5"),
        ("labelled", "# note\n0.5 2\n", "line 2: '0.5 2', expected a score and the label"),
    ],
)
def test_broken_files_are_refused_with_the_place(
    tmp_path: Path, style: str, text: str, message: str
) -> None:
    path = tmp_path / "file.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        convert.load(style, {"dev": path})


def test_names_that_a_form_cannot_hold_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    blank = (SCORES[0], Score("a b", "test", "", None, None, 1.0))
    with pytest.raises(DataError, match="would be read as other columns"):
        convert.save("four-column", tmp_path, blank)
    with pytest.raises(DataError, match="not an OULU-NPU name"):
        convert.save("oulu", tmp_path, blank)
    same = (SCORES[0], Score("x", "test", "print1", "print1", None, 1.0))
    with pytest.raises(DataError, match="species and subject are both 'print1'"):
        convert.save("five-column", tmp_path, same)
    frame = Score("x#1", "test", "", None, None, 1.0, unit="frame", video="x")
    with pytest.raises(DataError, match="bob-csv has whole videos only"):
        convert.save("bob-csv", tmp_path, [frame])
    assert not list(tmp_path.iterdir())
    with pytest.raises(
        OptionError, match="no score format 'xlsx'; there are csv, parquet, bob-csv"
    ):
        convert.save("xlsx", tmp_path, SCORES)


def test_two_files_that_score_one_presentation_are_refused_as_a_leak(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("# note\na a x 1\n")
    files = {"dev": tmp_path / "a.txt", "test": tmp_path / "b.txt"}
    words = "scored twice, as dev in .*a.txt, line 2 and as test in .*b.txt, line 2: LEAK"
    with pytest.raises(DataError, match=words):
        convert.load("four-column", files)
    with pytest.raises(OptionError, match="given for both dev and test"):
        convert.load("four-column", {"dev": tmp_path / "a.txt", "test": tmp_path / "a.txt"})


def test_bob_csv_as_bob_writes_it_with_further_columns_and_formulas_defused(tmp_path: Path) -> None:
    path = tmp_path / "scores-eval.csv"
    path.write_text(
        "claimed_id,test_label,is_bonafide,attack_type,sample_n,score\n"
        "0,client/real/000,True,,0,9.5\n1,client/real/001,True,,0,10.25\n"
        "0,client/attack/000,False,type_0,0,-3\n1,client/attack/001,False,type_1,0,\n"
        "0,client/attack/002,False,,0,1\n"
    )
    found = convert.load("bob-csv", {"test": path}).scores
    assert [s.presentation for s in found[1:3]] == ["client/real/001", "client/attack/000"]
    assert [s.subject for s in found] == ["0", "1", "0", "1", "0"]
    assert [s.species for s in found] == [None, None, "type_0", "type_1", "attack"]
    assert [s.value for s in found[:3]] == [9.5, 10.25, -3.0]
    assert found[3].failure == "the score is empty"
    evil = dataclasses.replace(SCORES[0], presentation="=1+1", subject="@x")
    (written,) = convert.save("bob-csv", tmp_path, [evil])
    assert "\n'@x,'=1+1,True" in written.read_text()
    assert convert.load("bob-csv", {"dev": written}).scores[0].presentation == "=1+1"


def test_labelled_lines_as_the_published_codes_write_them(tmp_path: Path) -> None:
    path = tmp_path / "map_score_val.txt"
    path.write_text("-0.00041858767840406697 0\n0.0009239178009632239 0\n0.9575773187885801 1\n")
    found = convert.load("labelled", {"dev": path}).scores
    assert [(s.presentation, s.species, s.value) for s in found] == [
        ("dev-1", "attack", -0.00041858767840406697),
        ("dev-2", "attack", 0.0009239178009632239),
        ("dev-3", None, 0.9575773187885801),
    ]
