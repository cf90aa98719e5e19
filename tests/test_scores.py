"""Score files: exact round trip, and one clear line for every way a file can be broken."""

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fasharness import scorefiles
from fasharness.common.keys import refuse_spellings_in, words_for_nothing
from fasharness.errors import DataError
from fasharness.scores import (
    COLUMNS,
    COMPARED,
    Score,
    numbered_csv,
    read_csv,
    write_csv,
)

HEADER = ",".join(COLUMNS)
ROW = "1_3_36_1,test,36,,,0.75,6,30,,1,3,real"


def good(name: str = "1_3_36_1", **changes: object) -> Score:
    fields: dict[str, object] = {
        "presentation": name, "split": "test", "subject": "36", "species": None, "group": None,
        "value": 0.75, "clips": 6, "frames": 30, "device": "1", "session": "3",
    }  # fmt: skip
    return Score(**{**fields, **changes})  # type: ignore[arg-type]


texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8)
names = texts.filter(lambda text: text and not words_for_nothing(text, text))


@st.composite
def scores(draw: st.DrawFn) -> Score:
    species = draw(st.none() | names)
    failure = draw(st.just("") | names)
    unit = draw(st.sampled_from(["video", "clip", "frame"]))
    value = math.nan if failure else draw(st.floats(allow_nan=False, allow_infinity=False))
    extra = draw(st.dictionaries(names, names, max_size=2))
    return Score(
        draw(names), draw(st.sampled_from(["train", "dev", "test"])), draw(names), species,
        None if species is None else draw(st.none() | names), value, draw(st.integers(0, 99)),
        draw(st.integers(0, 99)), failure, draw(texts), draw(texts), draw(st.booleans()), unit,
        "" if unit == "video" else draw(names), tuple(sorted(extra.items())),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
@settings(deadline=None, max_examples=60)  # each example waits for the disk
@given(st.lists(scores(), min_size=1, max_size=8, unique_by=lambda s: s.presentation))
def test_files_give_back_exactly_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, name: str, wanted: list[Score]
) -> None:
    try:
        refuse_spellings_in(wanted, COMPARED, str)
    except DataError:
        assume(False)
    path = tmp_path_factory.mktemp("scores") / name
    scorefiles.write(path, wanted)
    found = scorefiles.read(path)
    # The columns of a file have one order, that of the first score with each.
    order = list(dict.fromkeys(n for s in wanted for n, _ in s.attributes)).index
    wanted = [replace(s, attributes=tuple(sorted(s.attributes, key=lambda a: order(a[0]))))
              for s in wanted]  # fmt: skip
    # repr tells NaN from NaN, which == does not, and -0.0 from 0.0.
    assert [repr(s) for s in found] == [repr(s) for s in wanted]


def test_csv_is_what_the_documentation_says(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scores.csv"
    lost = good("2", species="print1", group="print", value=math.nan, failure="no face")
    write_csv(path, [good(), lost])
    assert path.read_text() == (
        "presentation,split,subject,species,group,score,clips,frames,failure,device,session,data\n"
        "1_3_36_1,test,36,,,0.75,6,30,,1,3,real\n"
        "2,test,36,print1,print,,6,30,no face,1,3,real\n"
    )
    assert [p.name for p in path.parent.iterdir()] == ["scores.csv"]


def test_formulas_are_defused_for_spreadsheets_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    evil = good("=cmd|' /C calc'!A0", device="@SUM(1)", session="-1")
    write_csv(path, [evil])
    assert "\n'=cmd" in path.read_text()
    assert read_csv(path) == (evil,)


def test_an_apostrophe_that_guards_no_formula_stays(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("presentation,split,species,score\n'tHooft,dev,,1\n'=1,dev,,1\n")
    assert [s.presentation for s in read_csv(path)] == ["'tHooft", "=1"]


def test_clips_and_frames_bring_two_columns_more(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    rows = [good("a#1", unit="frame", video="a"), good("b")]
    write_csv(path, rows)
    assert path.read_text().splitlines()[0] == f"{HEADER},unit,video"
    assert read_csv(path) == tuple(rows)


def test_a_presentation_written_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="occurs twice"):
        write_csv(tmp_path / "s.csv", [good(), good()])
    assert not list(tmp_path.iterdir())


def test_minimal_columns_and_own_columns_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(
        b"\xef\xbb\xbfscore,presentation,x_note,species,split\r\n1e-3,a,hello,,dev\r\n"
    )
    note = (("note", "hello"),)
    assert read_csv(path) == (Score("a", "dev", "", None, None, 0.001, attributes=note),)


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1e999", ""])
def test_a_score_that_is_not_finite_is_a_failure_never_a_number(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f"presentation,split,species,score\na,dev,,{cell}\n")
    (found,) = read_csv(path)
    assert found.failed
    assert math.isnan(found.value)
    assert (cell or "empty") in found.failure


BROKEN = {
    "empty file": ("", "the file is empty"),
    "header only": (f"{HEADER}\n", "no scores in it"),
    "missing column": ("presentation,split,species\na,dev,\n", "line 1: no column 'score'"),
    "unknown column": (f"{HEADER},speceis\n{ROW},x\n", "line 1: unknown column 'speceis'"),
    "doubled column": (f"{HEADER},score\n{ROW},1\n", "line 1: a column occurs twice"),
    "semicolons": (HEADER.replace(",", ";") + "\n", "line 1: the delimiter is ';', not a comma"),
    "tabs": (HEADER.replace(",", "\t") + "\n", "line 1: the delimiter is '.t', not a comma"),
    "number": (f"{HEADER}\n{ROW}\n" + ROW.replace("0.75", "0,75"), "last line is cut off"),
    "not a number": (f"{HEADER}\n{ROW.replace('0.75', 'high')}\n", "line 2: score 'high' is not"),
    "decimal comma": (f"{HEADER}\n{ROW.replace('0.75', '0,75')}\n", "line 2: 13 fields"),
    "twice": (
        f"{HEADER}\n{ROW}\n{ROW}\n",
        "line 3: presentation '1_3_36_1' is scored twice, in line 2 and line 3, both test; keep",
    ),
    "leak": (
        f"{HEADER}\n{ROW.replace('test', 'devel')}\n{ROW}\n",
        "line 3: .* scored twice, as dev in line 2 and as test in line 3: LEAK, .* remove it from",
    ),
    "Excel's line": (f"sep=,\n{HEADER}\n{ROW}\n", "line 1: 'sep=,' is a line for Excel.*delete it"),
    "Excel's other line": (f"SEP=;\n{HEADER}\n{ROW}\n", "line 1: 'SEP=;' is a line for Excel"),
    "capitals": (
        f"{HEADER.title()}\n{ROW}\n",
        "line 1: column 'Presentation' is called 'presentation' here; rename it, or .*--columns",
    ),
    "an index": (f",{HEADER}\n0,{ROW}\n", "line 1: column 1 has no name in the header; delete"),
    "a comma at the end": (f"{HEADER},\n{ROW},\n", "line 1: column 13 has no name in the header"),
    "an empty line": (f"{HEADER}\n\n{ROW}\n", "line 2: an empty row; delete it"),
    "commas alone": (f"{HEADER}\n{ROW}\n{',' * 11}\n", "line 3: an empty row; delete it"),
    "an attribute of no name": (f"{HEADER},x_\n{ROW},1\n", "line 2: .*attribute without a name"),
    "split": (f"{HEADER}\n{ROW.replace('test', 'val')}\n", "line 2: .*unknown split 'val'"),
    "half a last line": (f"{HEADER}\n{ROW}\n1_3_36_2,te", "line 3: the last line is cut off"),
    "half, but ended": (f"{HEADER}\n{ROW}\n1_3_36_2,te\n", "line 3: 2 fields, expected 12"),
    "open quote": (f'{HEADER}\n"{ROW}\n{ROW}\n', "line 2: not CSV"),
    "Python's numbers": (f"{HEADER}\n{ROW.replace('0.75', '7_5')}\n", "line 2: score '7_5' is not"),
    "other digits": (f"{HEADER}\n{ROW.replace('0.75', '٣')}\n", "line 2: score '٣' is not"),
    "giant count": (f"{HEADER}\n{ROW.replace(',6,', ',' + '9' * 5000 + ',')}\n", "line 2: column"),
    "unit": (f"{HEADER},unit,video\n{ROW},shot,a\n", "line 2: .*unknown unit 'shot'"),
    "no video": (f"{HEADER},unit,video\n{ROW},frame,\n", "line 2: .*a frame with the video ''"),
    "data": (f"{HEADER}\n{ROW.replace('real', 'fake')}\n", "line 2: column data is 'fake'"),
    "clips": (f"{HEADER}\n{ROW.replace(',6,', ',-6,')}\n", "line 2: column clips is '-6'"),
    "no id": (f"{HEADER}\n{ROW.removeprefix('1_3_36_1')}\n", "line 2: .*its id is empty"),
    "both": (f"{HEADER}\n{ROW.replace('30,,', '30,lost,')}\n", "line 2: .*failed .lost., but has"),
    "group": (f"{HEADER}\n{ROW.replace('36,,,', '36,,print,')}\n", "line 2: .*species group"),
    "control": (f"{HEADER}\n{ROW.replace('1_3_36_1', 'a' + chr(7))}\n", "line 2: .*control char"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_refused_in_one_line_with_the_place(tmp_path: Path, case: str) -> None:
    text, message = BROKEN[case]
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_csv(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    whole = f"{HEADER}\n{ROW}\n"
    for content, message in {
        whole.encode() + b"M\xfcller,test,,,,1,1,1,,,,real\n": "line 3: not UTF-8",
        whole.encode("utf-16"): "line 1: UTF-16, not UTF-8 text; save",
        b",".join([b"c"] * 10_000_000) + b"\n": "line 1: longer than 65536 bytes",
        (whole + '"' + "x" * 70_000 + '"\n').encode(): "line 3: longer than 65536 bytes",
        whole.replace("\n", "\r").encode(): "line 1: a carriage return inside the line",
        f"{HEADER}\r\n{ROW}\r{ROW}\n".encode(): "line 2: a carriage return inside the line",
    }.items():
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_csv(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="is a folder; name a file"):
        read_csv(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is a pipe or device"):
        read_csv(tmp_path / "pipe")


def test_unix_and_windows_line_ends_may_be_mixed(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(f"{HEADER}\r\n{ROW}\n{ROW.replace('36_1', '37_1')}\r\n".encode())
    assert [s.presentation for s in read_csv(path)] == ["1_3_36_1", "1_3_37_1"]


def test_walking_over_a_file_gives_scores_until_the_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(f"{HEADER}\n{ROW}\n{ROW.replace('0.75', 'x')}\n")
    walk = numbered_csv(path)
    number, score = next(walk)
    assert (number, score.presentation) == (2, "1_3_36_1")
    with pytest.raises(DataError, match="line 3: score 'x' is not"):
        next(walk)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": math.nan}, "without a failure"),
        ({"value": math.inf}, "without a failure"),
        ({"failure": "lost"}, "failed"),
        ({"species": ""}, "expected None"),
        ({"group": "print"}, "bona fide"),
        ({"clips": -1}, "negative"),
        ({"split": "eval"}, "unknown split"),
        ({"unit": "clip"}, "a clip with the video ''"),
        ({"video": "a"}, "a video with the video 'a'"),
    ],
)
def test_a_score_cannot_contradict_itself(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        good(**changes)


def test_kind_is_the_group_or_else_the_species() -> None:
    assert good().kind is None
    assert good(species="print1").kind == "print1"
    assert good(species="print1", group="print").kind == "print"


def test_the_words_of_other_tools_for_splits_are_read(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    words = ("train", "dev", "devel", "Devel", "test", "eval", " EVAL ")
    rows = "".join(f"{i},{word},,1\n" for i, word in enumerate(words))
    path.write_text(f"presentation,split,species,score\n{rows}")
    splits = [s.split for s in read_csv(path)]
    assert splits == ["train", "dev", "dev", "dev", "test", "test", "test"]


@pytest.mark.parametrize(
    "value", [1j, np.complex64(1), np.float16(0.1), True, np.bool_(True), "0.5", None, [0.5]]
)
def test_a_score_of_another_type_is_refused(value: object):
    with pytest.raises(ValueError, match="expected a real number of at least 32 bits"):
        good(value=value)


@pytest.mark.parametrize("value", [1, np.float32(0.1), np.float64(0.1), np.int64(3)])
def test_a_score_may_be_any_real_number(value: object, tmp_path: Path):
    write_csv(tmp_path / "a.csv", [good(value=value)])
    (found,) = read_csv(tmp_path / "a.csv")
    assert found.value == value


@pytest.mark.parametrize("name", ["presentation", "subject", "species", "group", "session"])
def test_a_name_that_nothing_can_show_is_refused(name: str):
    changes = {"species": "print"} if name == "group" else {}
    with pytest.raises(
        ValueError, match=rf"{name} 'x+'\.\.\. is longer than 500 characters"
    ) as caught:
        good(**{**changes, name: "x" * 60_000})
    assert len(str(caught.value)) < 200
    good(**{**changes, name: "x" * 200})
