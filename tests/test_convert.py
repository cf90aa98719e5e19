"""Other tools' score files: each form by hand, and there and back again."""

import math
from pathlib import Path

import pytest

from fasharness import convert
from fasharness.errors import DataError, OptionError
from fasharness.scores import Score

SCORES = (
    Score("1_1_21_1", "dev", "21", None, None, 0.75),
    Score("1_1_21_2", "dev", "21", "print1", "print", 0.1 + 0.2),
    Score("6_3_36_1", "test", "36", None, None, math.nan, failure="no face"),
    Score("6_3_36_5", "test", "36", "display2", "display", -1e-3),
)


@pytest.mark.parametrize("style", ["csv", *convert.FORMATS])
def test_there_and_back_keeps_what_the_form_can_hold(tmp_path: Path, style: str) -> None:
    written = convert.save(style, tmp_path, SCORES)
    splits = ("any",) if style == "csv" else ("dev", "test")
    found = convert.load(style, dict(zip(splits, written, strict=True)))
    lossy = style in ("oulu", "labelled")  # both drop failures
    expected = [s for s in SCORES if not (lossy and s.failed)]
    assert [s.split for s in found] == [s.split for s in expected]
    assert [s.bona_fide for s in found] == [s.bona_fide for s in expected]
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


@pytest.mark.parametrize(
    ("style", "text", "message"),
    [
        ("bob-csv", "a,b\n1,2\n", "line 1: no column 'claimed_id'"),
        (
            "bob-csv",
            "claimed_id,test_label,is_bonafide,attack_type,score\na,b,maybe,,1\n",
            "line 2: is_bonafide is 'maybe'",
        ),
        ("bob-csv", "claimed_id,test_label,is_bonafide,attack_type,score\na,b\n", "line 2: more"),
        ("four-column", "a b c\n", "line 1: 3 fields, expected 4 or 5"),
        ("four-column", "a a x 1\na a x 2\n", "presentation 'x' is scored twice"),
        ("four-column", "a a x high\n", "line 1: could not convert"),
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
    with pytest.raises(DataError, match="would part its columns"):
        convert.save("four-column", tmp_path, blank)
    with pytest.raises(DataError, match="no OULU-NPU name"):
        convert.save("oulu", tmp_path, blank)
    assert not list(tmp_path.iterdir())
    with pytest.raises(OptionError, match="no score format 'xlsx'; there are csv, bob-csv"):
        convert.save("xlsx", tmp_path, SCORES)


def test_two_files_that_score_one_presentation_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("a a x 1\n")
    with pytest.raises(DataError, match="'x' is scored twice"):
        convert.load("four-column", {"dev": path, "test": path})
