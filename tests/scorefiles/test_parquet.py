"""Parquet beside CSV: the same scores, the same checks, and a clear word where it is missing."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from fasharness import scorefiles
from fasharness.errors import DataError
from fasharness.scorefiles import parquet
from fasharness.scores import Score, row_of

SCORES = (
    Score("1_1_21_1", "dev", "21", None, None, 0.1 + 0.2, 6, 30, "", "1", "3", True),
    Score("=1_1_21_2", "dev", "21", "print1", "print", -1e-300, simulated=True),
    Score("lost", "test", "36", None, None, math.nan, 0, 0, "no face"),
    Score("lost#3", "test", "36", None, None, 0.5, unit="frame", video="lost"),
)


def write(path: Path, **columns: Any) -> Path:
    given: dict[str, Any] = {
        "presentation": ["a", "b"], "split": ["dev", "test"], "species": [None, "print"],
        "score": [0.25, 0.5],
    }  # fmt: skip
    kept = {name: cells for name, cells in {**given, **columns}.items() if cells is not None}
    pyarrow.parquet.write_table(pyarrow.table(kept), path)
    return path


def test_parquet_and_csv_give_back_exactly_the_same(tmp_path: Path) -> None:
    for name in ("scores.csv", "scores.parquet"):
        scorefiles.write(tmp_path / name, SCORES)
        assert list(map(repr, scorefiles.read(tmp_path / name))) == list(map(repr, SCORES))
        assert list(map(repr, scorefiles.stream(tmp_path / name))) == list(map(repr, SCORES))
    table = pyarrow.parquet.read_table(tmp_path / "scores.parquet")
    assert table["data"].to_pylist() == ["simulated", "simulated", "real", "real"]
    assert table["score"].to_pylist() == [0.1 + 0.2, -1e-300, None, 0.5]
    assert table["species"].to_pylist() == [None, "print1", None, None]
    assert [tuple(row) for row in table.to_pylist()] == [tuple(row_of(s)) for s in SCORES]


def test_few_columns_other_types_and_own_columns_are_enough(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.parquet",
        score=pyarrow.array([0.25, math.nan], pyarrow.float32()),
        subject=[36, None],
        split=pyarrow.array(["dev", "test"]).dictionary_encode(),
        x_note=[[1, 2], []],
    )
    one, two = scorefiles.read(path)
    assert one == Score("a", "dev", "36", None, None, 0.25)
    assert (two.subject, two.failure) == ("", "the score is nan")


def test_walking_does_not_stop_at_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_BATCH", 3)
    scores = [Score(f"p{i}", "dev", "", None, None, i / 7) for i in range(20)]
    scorefiles.write(tmp_path / "x.parquet", scores)
    assert list(parquet.numbered_parquet(tmp_path / "x.parquet")) == list(enumerate(scores, 1))


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "twice": ({"presentation": ["a", "a"]}, "row 2: presentation 'a' is scored twice"),
    "missing": ({"score": None}, "no column 'score' in the header"),
    "unknown": ({"speceis": ["a", "b"]}, "unknown column 'speceis'"),
    "text": ({"score": ["0.5", "0.5"]}, "column 'score' holds string, expected numbers"),
    "truth": ({"score": [True, False]}, "column 'score' holds bool, expected numbers"),
    "half precision": (
        {"score": np.array([0.5, 0.25], np.float16)},
        "column 'score' holds halffloat, expected numbers of at least 32 bits",
    ),
    "halves": ({"subject": [36.0, None]}, "column 'subject' holds double, expected text"),
    "count": ({"clips": [1.0, 2.0]}, "column 'clips' holds double, expected whole numbers"),
    "negative": ({"clips": [1, -1]}, "row 2: column clips is '-1'"),
    "split": ({"split": ["dev", "val"]}, "row 2: .*unknown split 'val'"),
    "line break": ({"presentation": ["a", "b\nc"]}, "row 2: .*line break"),
    "group": ({"group": ["print", None]}, "row 1: .*bona fide"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_tables_are_refused_in_one_line_with_the_row(tmp_path: Path, case: str) -> None:
    columns, message = BROKEN[case]
    path = write(tmp_path / "x.parquet", **columns)
    with pytest.raises(DataError, match=message) as caught:
        scorefiles.read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_what_is_no_whole_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    scorefiles.write(path, SCORES)
    whole = path.read_bytes()
    for content in (b"", b"presentation,split\n", whole[: len(whole) // 2], whole[40:]):
        path.write_bytes(content)
        with pytest.raises(
            DataError, match=r"x\.parquet: not a complete Parquet file \(.*write it"
        ):
            scorefiles.read(path)
    path.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        scorefiles.read(path)
    path.mkdir()
    with pytest.raises(DataError, match="is a folder; name a file"):
        scorefiles.read(path)
    scorefiles.write(tmp_path / "none.parquet", [])
    with pytest.raises(DataError, match="no scores in it"):
        scorefiles.read(tmp_path / "none.parquet")


def test_a_damaged_file_never_gives_other_scores(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    scores = [Score(f"p{i}", "dev", "", None, None, i / 7) for i in range(50)]
    scorefiles.write(path, scores)
    whole = path.read_bytes()
    told = 0
    for place in range(4, len(whole) - 8, 11):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            found = scorefiles.read(path)
        except DataError:
            told += 1
        else:
            assert list(found) == scores, place
    assert told > 50


def test_a_presentation_written_twice_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="occurs twice"):
        scorefiles.write(tmp_path / "x.parquet", [SCORES[0], SCORES[0]])
    assert not list(tmp_path.iterdir())


def test_without_pyarrow_one_line_says_what_to_install(
    tmp_path: Path, child_environment: Callable[..., dict[str, str]]
) -> None:
    scorefiles.write(tmp_path / "x.parquet", SCORES)
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"  # as if it were not installed
        "from fasharness.cli import main; sys.exit(main(['evaluate', 'x.parquet']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=child_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "fasharness: error: x.parquet: Parquet needs the package pyarrow: "
        "pip install 'fasharness[parquet]', or use CSV\n"
    )
