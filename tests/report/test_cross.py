"""The table of cross-data-set tasks: leaks only on request, simulated data marked, means added."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.evaluation.cross import cross, read_tasks
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.report.cross import numbers, table
from fasharness.scores import Score, write_csv

Draw = Callable[..., tuple[Score, ...]]
Tasks = Callable[..., Path]
LEAKING = EvaluationOptions(replicates=50, allow_leaks=True)
STRICT = EvaluationOptions(replicates=50)
ROWS = ("A,A,a.csv,", "A,B,a-on-b.csv,a.csv", "B,A,b-on-a.csv,b.csv")


def test_the_table_shows_leaking_figures_only_on_request(tasks_file: Tasks) -> None:
    tasks = read_tasks(tasks_file(*ROWS))
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


def test_simulated_tasks_are_marked(cross_folder: Path, tasks_file: Tasks, oulu_like: Draw) -> None:
    write_csv(cross_folder / "a.csv", oulu_like(1, 12, 12, True))
    grid = table(cross(read_tasks(tasks_file(*ROWS)), STRICT), STRICT)
    assert [row[-1] for row in grid.rows] == ["SIMULATED", "SIMULATED", "real", "SIMULATED"]
    assert "SIMULATED" in grid.notes[0]


def test_without_dev_scores_there_is_only_the_leaking_figure(tasks_file: Tasks) -> None:
    path = tasks_file("A,B,a-on-b.csv", header="train,test,scores")
    found = cross(read_tasks(path), LEAKING)
    (row,) = table(found, LEAKING).rows
    assert (row[3], row[6]) == ("–", f"{found[0].target.metric('auc_pooled').value:.4f}")  # type: ignore[union-attr]
    assert row[8].endswith(" %")
    assert any("no dev scores" in note for note in table(found, LEAKING).notes)


def test_csv_holds_plain_numbers(tasks_file: Tasks) -> None:
    found = cross(read_tasks(tasks_file(*ROWS)), LEAKING)
    grid = numbers(found, LEAKING)
    rows = [dict(zip(grid.header, row, strict=True)) for row in grid.rows]
    assert [row["tasks"] for row in rows] == ["1", "1", "1", "2"]
    hter = found[1].source.metric("hter")  # type: ignore[union-attr]
    assert [rows[1][key] for key in ("hter", "hter_low", "hter_high", "hter_std")] == [
        repr(hter.value), repr(hter.low), repr(hter.high), "",
    ]  # fmt: skip
    one, two, mean = (float(row["hter"]) for row in rows[1:])
    assert mean == pytest.approx((one + two) / 2)
    assert float(rows[3]["hter_std"]) == pytest.approx(abs(one - two) / 2**0.5)
    leak = found[2].target.metric("hter").value  # type: ignore[union-attr]
    assert float(rows[2]["hter_at_target_eer_LEAKS"]) == leak
    assert "hter_at_target_eer_LEAKS" not in numbers(found, STRICT).header
