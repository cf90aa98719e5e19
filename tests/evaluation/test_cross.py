"""Cross-data-set tasks: the convention decides the threshold, and the table says which."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fasharness.errors import DataError
from fasharness.evaluation.cross import cross, read_tasks, table
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.scores import Score, write_csv

Draw = Callable[..., tuple[Score, ...]]
LEAKING = EvaluationOptions(replicates=50, allow_leaks=True)
STRICT = EvaluationOptions(replicates=50)


@pytest.fixture
def folder(tmp_path: Path, oulu_like: Draw) -> Path:
    """Score files of two runs on A and of A's model on B, whose scores lie one higher."""
    first, second = oulu_like(1, 12, 12), oulu_like(2, 12, 12)
    shifted = [dataclasses.replace(s, value=s.value + 1) for s in second if s.split == "test"]
    write_csv(tmp_path / "a.csv", first)
    write_csv(tmp_path / "b.csv", second)
    write_csv(tmp_path / "a-on-b.csv", shifted)
    write_csv(tmp_path / "b-on-a.csv", [s for s in first if s.split == "test"])
    return tmp_path


def tasks_file(folder: Path, *rows: str, header: str = "train,test,scores,dev") -> Path:
    path = folder / "tasks.csv"
    path.write_text("".join(f"{line}\n" for line in (header, *rows)))
    return path


ROWS = ("A,A,a.csv,", "A,B,a-on-b.csv,a.csv", "B,A,b-on-a.csv,b.csv")


def test_the_threshold_comes_from_the_training_datas_dev_split(folder: Path) -> None:
    home, away, back = cross(read_tasks(tasks_file(folder, *ROWS)), LEAKING)
    assert home.source is not None
    assert away.source is not None
    assert home.source.threshold == away.source.threshold
    assert not away.source.threshold.leaks
    # The shift moves everything over the source's threshold and nothing relative to its own.
    assert away.target is not None
    assert away.target.threshold.leaks
    assert away.source.metric("apcer_pooled").value > away.target.metric("apcer_pooled").value
    assert away.source.metric("auc").value == away.target.metric("auc").value
    assert back.source is not None
    assert back.source.threshold.value == evaluate_b(folder).threshold.value


def evaluate_b(folder: Path) -> Any:
    from fasharness.scores import read_csv

    return evaluate(read_csv(folder / "b.csv"), STRICT)


def test_equal_names_of_two_data_sets_are_not_one_subject(folder: Path, oulu_like: Draw) -> None:
    namesakes = [dataclasses.replace(s, split="dev") for s in oulu_like(3, 0, 12)]
    write_csv(folder / "dev.csv", namesakes)
    (found,) = cross(read_tasks(tasks_file(folder, "A,B,b.csv,dev.csv")), STRICT)
    assert found.source is not None
    dev, test = found.source.counts
    assert (dev.subjects, test.subjects) == (12, 12)
    twice = r"test rows of .*b\.csv after the dev rows of .*dev\.csv: row 241: .* scored twice"
    with pytest.raises(DataError, match=twice):
        cross(read_tasks(tasks_file(folder, "A,A,b.csv,dev.csv")), STRICT)


def test_the_table_shows_leaking_figures_only_on_request(folder: Path) -> None:
    tasks = read_tasks(tasks_file(folder, *ROWS))
    strict = table(cross(tasks, STRICT), STRICT)
    assert not any("LEAKS" in text for text in (*strict.header, *strict.notes))
    leaking = table(cross(tasks, LEAKING), LEAKING)
    assert "HTER at target EER (LEAKS)" in leaking.header
    assert any("LEAKS" in note and "O, C, I, M" in note for note in leaking.notes)
    assert [row[0] for row in leaking.rows] == ["A", "A", "B", "mean of 2"]
    column = leaking.header.index("BPCER")
    cells = [row[column] for row in leaking.rows]
    first, second = (float(cell.split()[0]) for cell in cells[1:3])
    assert float(cells[3].split()[0]) == pytest.approx((first + second) / 2, abs=0.011)
    assert all(row[-1] == "real" for row in leaking.rows)
    assert all(row[-2] == "6.05 %" for row in leaking.rows[:3])  # 48 bona fide: 1 - 0.05 ** (1/48)


def test_simulated_tasks_are_marked(folder: Path, oulu_like: Draw) -> None:
    write_csv(folder / "a.csv", oulu_like(1, 12, 12, True))
    grid = table(cross(read_tasks(tasks_file(folder, *ROWS)), STRICT), STRICT)
    assert [row[-1] for row in grid.rows] == ["SIMULATED", "SIMULATED", "real", "SIMULATED"]
    assert "SIMULATED" in grid.notes[0]


def test_without_dev_scores_there_is_only_the_leaking_figure(folder: Path) -> None:
    path = tasks_file(folder, "A,B,a-on-b.csv", header="train,test,scores")
    with pytest.raises(DataError, match=r"a-on-b\.csv: no dev scores of the training data 'A'"):
        cross(read_tasks(path), STRICT)
    found = cross(read_tasks(path), LEAKING)
    (row,) = table(found, LEAKING).rows
    assert (row[3], row[6]) == ("–", f"{found[0].target.metric('auc').value:.4f}")  # type: ignore[union-attr]
    assert row[8].endswith(" %")
    assert any("no dev scores" in note for note in table(found, LEAKING).notes)


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("train,test", ("A,B",), "line 1: column 'scores' is missing or unknown"),
        ("train,test,scores,x", ("A,B,b.csv,",), "line 1: column 'x' is missing or unknown"),
        ("train,test,scores", (), r"tasks\.csv: no tasks after the header"),
        ("train,test,scores", ("A,,b.csv",), "line 2: column 'test' is empty"),
        ("train,test,scores", ("A,B",), "line 2: column 'scores' is empty"),
        ("train,test,scores", ("A,B,b.csv,4",), "line 2: more cells than columns"),
        ("train,test,scores", ("O+C,C,b.csv",), "line 2: the test set 'C' is among the training"),
        ("train,test,scores", ("A,B,b.csv", "A,B,b.csv"), "line 3: the same task twice"),
        ("train,test,scores", ("A,B,none.csv",), r"none\.csv: cannot be read"),
        ("train,test,scores", ("A,A,a-on-b.csv",), r"a-on-b\.csv: no dev scores"),
    ],
)
def test_bad_tables_are_refused_by_line(
    folder: Path, header: str, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        cross(read_tasks(tasks_file(folder, *rows, header=header)), STRICT)
    assert "\n" not in str(caught.value)


def test_from_the_command_line(folder: Path, command: Callable[..., Any]) -> None:
    path = tasks_file(folder, *ROWS)
    ended = command("cross", path, "--style", "csv", "--out", folder / "o.json", "--replicates", 50)
    assert ended.code == 0
    assert ended.out.splitlines()[0].startswith("trained on,tested on,method,HTER")
    content = json.loads((folder / "o.json").read_text())
    assert (content["kind"], len(content["result"]), content["simulated"]) == ("cross", 3, False)
    assert content["result"][1]["target"] is None
    leaking = command("cross", path, "--threshold", "test:eer", "--allow-leaks").error
    assert "tasks take it from the training data's dev scores" in leaking
    assert "none.csv: cannot be read" in command("cross", folder / "none.csv").error
