"""OULU-NPU's official lists: coded names, failures and the mark of simulated data survive."""

import math
from pathlib import Path

import pytest

from fasharness.errors import DataError
from fasharness.scorefiles.official_lists import (
    SIMULATED_LINE,
    ListedScore,
    oulu_code,
    oulu_name,
    read_oulu_list,
    write_oulu_lists,
)
from fasharness.scores import Score


def good(name: str, **changes: object) -> Score:
    fields: dict[str, object] = {
        "presentation": name, "split": "test", "subject": "20", "species": None, "group": None,
        "value": 0.75,
    }  # fmt: skip
    return Score(**{**fields, **changes})  # type: ignore[arg-type]


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
    with pytest.raises(DataError, match="not an OULU-NPU name"):
        oulu_code(name)


@pytest.mark.parametrize("code", ["", "zz", "0", "0ffffff", "ef88", "6_3_20_1"])
def test_other_codes_have_no_name(code: str) -> None:
    with pytest.raises(DataError, match="not a coded OULU-NPU name"):
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
    found = read_oulu_list(tmp_path / "Test_scores.txt")
    assert found == ((ListedScore("6_3_20_1", 0.75, ""),), True)
    one, lost = read_oulu_list(tmp_path / "Dev_scores.txt").scores
    assert one == ("1_1_21_2", 0.1, "")
    assert lost.presentation == "1_1_22_1"
    assert lost.failure == "no face"
    assert math.isnan(lost.value)


def test_real_oulu_lists_have_no_comment(tmp_path: Path) -> None:
    write_oulu_lists(tmp_path, [good("6_3_20_1")])
    assert (tmp_path / "Test_scores.txt").read_text() == "0ef88,0.75\n"
    assert (tmp_path / "Dev_scores.txt").read_text() == ""
    assert not read_oulu_list(tmp_path / "Test_scores.txt").simulated


@pytest.mark.parametrize("cell", ["nan", "inf", ""])
def test_what_is_no_number_has_failed_and_is_not_dropped(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "Test_scores.txt"
    path.write_text(f"0ef88,{cell}\r\n")
    (found,) = read_oulu_list(path).scores
    assert found.presentation == "6_3_20_1"
    assert math.isnan(found.value)
    assert (cell or "empty") in found.failure


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0ef88", "line 2: '0ef88', expected name,score"),
        ("0ef88,x", "line 2: score 'x' is not a number"),
        ("0ef88,1_0", "line 2: score '1_0' is not a number"),
        (
            "# failed: who: no face",
            "line 2: 'who' is not an OULU-NPU name|line 2: 'who' is not a coded",
        ),
        ("hello,1", "not a coded"),
        ("0ef88,1\n6_3_20_1,1", "line 3: presentation '6_3_20_1' is scored twice"),
    ],
)
def test_broken_oulu_lists_are_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "Test_scores.txt"
    path.write_text(f"# a comment\n{line}\n")
    with pytest.raises(DataError, match=message):
        read_oulu_list(path)
