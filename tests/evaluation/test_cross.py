"""Cross-data-set tasks: the convention decides the threshold, and the table says which."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fasharness.errors import DataError
from fasharness.evaluation.cross import cross, read_tasks
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.scores import Score, write_csv

Draw = Callable[..., tuple[Score, ...]]
Tasks = Callable[..., Path]
LEAKING = EvaluationOptions(replicates=50, allow_leaks=True)
STRICT = EvaluationOptions(replicates=50)


ROWS = ("A,A,a.csv,", "A,B,a-on-b.csv,a.csv", "B,A,b-on-a.csv,b.csv")


def test_the_threshold_comes_from_the_training_datas_dev_split(
    cross_folder: Path, tasks_file: Tasks
) -> None:
    home, away, back = cross(read_tasks(tasks_file(*ROWS)), LEAKING)
    assert home.source is not None
    assert away.source is not None
    assert home.source.threshold == away.source.threshold
    assert not away.source.threshold.leaks
    # The shift moves everything over the source's threshold and nothing relative to its own.
    assert away.target is not None
    assert away.target.threshold.leaks
    assert away.source.metric("apcer_pooled").value > away.target.metric("apcer_pooled").value
    assert away.source.metric("auc_pooled").value == away.target.metric("auc_pooled").value
    assert back.source is not None
    assert back.source.threshold.value == evaluate_b(cross_folder).threshold.value


def evaluate_b(cross_folder: Path) -> Any:
    from fasharness.scores import read_csv

    return evaluate(read_csv(cross_folder / "b.csv"), STRICT)


def test_equal_names_of_two_data_sets_are_not_one_subject(
    cross_folder: Path, tasks_file: Tasks, oulu_like: Draw
) -> None:
    namesakes = [dataclasses.replace(s, split="dev") for s in oulu_like(3, 0, 12)]
    write_csv(cross_folder / "dev.csv", namesakes)
    (found,) = cross(read_tasks(tasks_file("A,B,b.csv,dev.csv")), STRICT)
    assert found.source is not None
    dev, test = found.source.counts
    assert (dev.subjects, test.subjects) == (12, 12)
    twice = r"test rows of .*b\.csv after the dev rows of .*dev\.csv: row 241: .* scored twice"
    with pytest.raises(DataError, match=twice):
        cross(read_tasks(tasks_file("A,A,b.csv,dev.csv")), STRICT)


def test_without_dev_scores_there_is_only_the_leaking_figure(tasks_file: Tasks) -> None:
    path = tasks_file("A,B,a-on-b.csv", header="train,test,scores")
    with pytest.raises(DataError, match=r"a-on-b\.csv: no dev scores of the training data 'A'"):
        cross(read_tasks(path), STRICT)
    (found,) = cross(read_tasks(path), LEAKING)
    assert found.source is None
    assert found.target is not None


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
    tasks_file: Tasks, header: str, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        cross(read_tasks(tasks_file(*rows, header=header)), STRICT)
    assert "\n" not in str(caught.value)


def test_from_the_command_line(
    cross_folder: Path, tasks_file: Tasks, command: Callable[..., Any]
) -> None:
    path = tasks_file(*ROWS)
    ended = command(
        "cross", path, "--style", "csv", "--out", cross_folder / "o.json", "--replicates", 50
    )
    assert ended.code == 0
    assert ended.out.splitlines()[0].startswith("train,test,method,tasks,hter,")
    content = json.loads((cross_folder / "o.json").read_text())
    assert (content["kind"], len(content["result"]), content["simulated"]) == ("cross", 3, False)
    assert content["result"][1]["target"] is None
    leaking = command("cross", path, "--threshold", "test:eer", "--allow-leaks").error
    assert "tasks take it from the training data's dev scores" in leaking
    assert "none.csv: cannot be read" in command("cross", cross_folder / "none.csv").error
