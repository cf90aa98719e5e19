"""Score files: exact round trip, and one clear line for every way a file can be broken."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.scores import (
    COLUMNS,
    SIMULATED_LINE,
    Score,
    oulu_code,
    oulu_name,
    read_csv,
    read_oulu_list,
    stream_csv,
    write_csv,
    write_oulu_lists,
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
names = texts.filter(bool)


@st.composite
def scores(draw: st.DrawFn) -> Score:
    species = draw(st.none() | names)
    failure = draw(st.just("") | names)
    value = math.nan if failure else draw(st.floats(allow_nan=False, allow_infinity=False))
    return Score(
        draw(names), draw(st.sampled_from(["train", "dev", "test"])), draw(texts), species,
        None if species is None else draw(st.none() | names), value, draw(st.integers(0, 99)),
        draw(st.integers(0, 99)), failure, draw(texts), draw(texts), draw(st.booleans()),
    )  # fmt: skip


@given(st.lists(scores(), min_size=1, max_size=8, unique_by=lambda s: s.presentation))
def test_csv_gives_back_exactly_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[Score]
) -> None:
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    write_csv(path, wanted)
    found = read_csv(path)
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


def test_a_presentation_written_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="occurs twice"):
        write_csv(tmp_path / "s.csv", [good(), good()])
    assert not list(tmp_path.iterdir())


def test_minimal_columns_and_own_columns_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(
        b"\xef\xbb\xbfscore,presentation,x_note,species,split\r\n1e-3,a,hello,,dev\r\n"
    )
    assert read_csv(path) == (Score("a", "dev", "", None, None, 0.001),)


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
    "header only": (f"{HEADER}\n", "no scores after the header"),
    "missing column": ("presentation,split,species\na,dev,\n", "line 1: no column 'score'"),
    "unknown column": (f"{HEADER},speceis\n{ROW},x\n", "line 1: unknown column 'speceis'"),
    "doubled column": (f"{HEADER},score\n{ROW},1\n", "line 1: a column occurs twice"),
    "delimiter": (HEADER.replace(",", ";") + "\n", "line 1: the delimiter is not a comma"),
    "number": (f"{HEADER}\n{ROW}\n" + ROW.replace("0.75", "0,75"), "last line is cut off"),
    "not a number": (f"{HEADER}\n{ROW.replace('0.75', 'high')}\n", "line 2: score 'high' is not"),
    "decimal comma": (f"{HEADER}\n{ROW.replace('0.75', '0,75')}\n", "line 2: 13 fields"),
    "twice": (f"{HEADER}\n{ROW}\n{ROW}\n", "line 3: presentation '1_3_36_1' is scored twice"),
    "split": (f"{HEADER}\n{ROW.replace('test', 'eval')}\n", "line 2: .*unknown split 'eval'"),
    "half a last line": (f"{HEADER}\n{ROW}\n1_3_36_2,te", "line 3: the last line is cut off"),
    "half, but ended": (f"{HEADER}\n{ROW}\n1_3_36_2,te\n", "line 3: 2 fields, expected 12"),
    "open quote": (f'{HEADER}\n"{ROW}\n', "line 2: not CSV"),
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


def test_wrong_encodings_giant_headers_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n".encode() + b"M\xfcller,test,,,,1,1,1,,,,real\n")
    with pytest.raises(DataError, match="line 3: not UTF-8"):
        read_csv(path)
    path.write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n")
    with pytest.raises(DataError, match="line 1: longer than"):
        read_csv(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(tmp_path / "missing.csv")


def test_streaming_gives_the_same_scores_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    wanted = [good(str(i), value=i / 7) for i in range(50)]
    write_csv(path, wanted)
    assert list(stream_csv(path)) == wanted
    path.write_text(f"{HEADER}\n{ROW}\n{ROW.replace('0.75', 'x')}\n")
    stream = stream_csv(path)
    assert next(stream).presentation == "1_3_36_1"
    with pytest.raises(DataError, match="line 3: score 'x' is not"):
        next(stream)


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
    ],
)
def test_a_score_cannot_contradict_itself(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        good(**changes)


def test_kind_is_the_group_or_else_the_species() -> None:
    assert good().kind is None
    assert good(species="print1").kind == "print1"
    assert good(species="print1", group="print").kind == "print"


def test_every_oulu_name_has_its_own_code_and_comes_back() -> None:
    names = [
        f"{phone}_{session}_{user:02d}_{file}"
        for phone in range(1, 7)
        for session in range(1, 4)
        for user in range(1, 56)
        for file in range(1, 6)
    ]
    codes = [oulu_code(name) for name in names]
    assert len(set(codes)) == 4950
    assert [oulu_name(code) for code in codes] == names
    # Worked by hand: phone 6, file 1, session 3, user 20 is 61320 = 0xef88.
    assert oulu_code("6_3_20_1") == "0ef88"


@pytest.mark.parametrize("name", ["", "6_3_20", "6_3_020_1", "x_3_20_1", "0_1_01_1", "6-3-20-1"])
def test_other_names_have_no_code(name: str) -> None:
    with pytest.raises(DataError, match="no OULU-NPU name"):
        oulu_code(name)


@pytest.mark.parametrize("code", ["", "zz", "0", "0ffffff", "ef88", "6_3_20_1"])
def test_other_codes_have_no_name(code: str) -> None:
    with pytest.raises(DataError, match="no coded OULU-NPU name"):
        oulu_name(code)


def test_oulu_lists(tmp_path: Path) -> None:
    simulated = [
        good("6_3_20_1", simulated=True),
        good("1_1_21_2", split="dev", species="print1", group="print", value=0.1, simulated=True),
        good("1_1_22_1", split="dev", value=math.nan, failure="no face", simulated=True),
        good("1_1_01_1", split="train"),
    ]
    write_oulu_lists(tmp_path, simulated)
    assert (tmp_path / "Test_scores.txt").read_text() == f"{SIMULATED_LINE}\n0ef88,0.75\n"
    assert (tmp_path / "Dev_scores.txt").read_text() == (
        f"{SIMULATED_LINE}\n1_1_21_2,0.1\n# failed: 1_1_22_1: no face\n"
    )
    assert read_oulu_list(tmp_path / "Test_scores.txt") == (("6_3_20_1", 0.75),)
    assert read_oulu_list(tmp_path / "Dev_scores.txt") == (("1_1_21_2", 0.1),)


def test_real_oulu_lists_have_no_comment(tmp_path: Path) -> None:
    write_oulu_lists(tmp_path, [good("6_3_20_1")])
    assert (tmp_path / "Test_scores.txt").read_text() == "0ef88,0.75\n"
    assert (tmp_path / "Dev_scores.txt").read_text() == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0ef88", "not a finite number"),
        ("0ef88,x", "could not convert"),
        ("0ef88,nan", "not a finite number"),
        ("hello,1", "no coded"),
        ("0ef88,1\n6_3_20_1,1", "line 3: presentation '6_3_20_1' is scored twice"),
    ],
)
def test_broken_oulu_lists_are_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "Test_scores.txt"
    path.write_text(f"# a comment\n{line}\n")
    with pytest.raises(DataError, match=message):
        read_oulu_list(path)
