"""Tables over runs: found, sorted, noted."""

import dataclasses
from pathlib import Path

import pytest

from fasharness import result as results
from fasharness.errors import DataError
from fasharness.evaluation.folds import combine_folds
from fasharness.report.leaderboard import leaderboard, literature
from fasharness.result import Evaluation, IntervalRule, Metric, Result, Threshold


def one(method: str, acer: float | None, **more: object) -> Result:
    metrics = (
        Metric("acer", acer, reason="" if acer is not None else "too many failures"),
        Metric("auc", 0.9),
    )
    rule = IntervalRule("", "percentile", 0.95, 1, 0, 1)
    evaluation = Evaluation(Threshold("eer", "", "dev", 0.5), metrics, (), (), (), rule)
    fields: dict[str, object] = {
        "method": method, "method_version": "1", "preset": "", "options": {}, "dataset": "oulu-npu",
        "protocol": "oulu1", "fold": "", "simulated": False, "aggregator": "mean",
        "evaluation": evaluation,
    }  # fmt: skip
    return Result(**{**fields, **more})  # type: ignore[arg-type]


def test_runs_are_found_and_sorted_and_folds_are_one_row(tmp_path: Path) -> None:
    results.write(tmp_path / "b" / "result.json", one("worse", 0.2))
    results.write(tmp_path / "deep" / "a" / "result.json", one("better", 0.1, preset="demo"))
    results.write(tmp_path / "c" / "result.json", one("lost", None))
    folds = [one("sgtd", x, protocol="oulu3", fold=f"oulu3_{i}") for i, x in ((1, 0.1), (2, 0.2))]
    results.write(tmp_path / "f" / "result.json", combine_folds("oulu3", folds))
    for fold in folds:
        results.write(tmp_path / "f" / fold.fold / "result.json", fold)
    grid = leaderboard(tmp_path)
    assert [row[0] for row in grid.rows] == ["better (demo)", "worse", "lost", "sgtd"]
    assert grid.rows[0][2] == "10.00 %"
    assert grid.rows[2][2] == "–"
    assert grid.rows[3][1:3] == ("oulu3", "15.00 % ± 7.07 %")
    assert any("CDCN++ ACER 0.20 %" in note for note in grid.notes)


def test_simulated_runs_are_never_set_beside_published_figures(tmp_path: Path) -> None:
    results.write(tmp_path / "result.json", one("sgtd", 0.2, simulated=True))
    grid = leaderboard(tmp_path)
    assert grid.rows[0][-2] == "SIMULATED"
    assert "floor: the smallest error rate" in grid.notes[-1]
    assert "SIMULATED" in grid.notes[0]
    assert not any("Published" in note for note in grid.notes)


def test_published_figures_have_a_source_each() -> None:
    rows = literature().rows
    assert ("CDCN++", "oulu1", "ACER", "0.20 %") in {tuple(row[:4]) for row in rows}
    assert all(row[-1] for row in rows)


def test_leaks_are_noted(tmp_path: Path) -> None:
    evaluation = one("x", 0.1).evaluation
    leaking = dataclasses.replace(
        evaluation, threshold=dataclasses.replace(evaluation.threshold, leaks=True)
    )
    results.write(tmp_path / "result.json", one("x", 0.1, evaluation=leaking))
    grid = leaderboard(tmp_path)
    assert "chosen on the test split" in grid.notes[0]
    assert grid.rows[0][-2] == "real, LEAKS"


def test_nothing_found_and_broken_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no result\.json"):
        leaderboard(tmp_path)
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(DataError, match=r"result\.json: not JSON"):
        leaderboard(tmp_path)


def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    results.write(tmp_path / "a" / "result.json", one("good", 0.1))
    for name, text in {
        "cut": "{",
        "old": '{"schema": 1, "kind": "protocol", "result": {}}',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(text)
    grid = leaderboard(tmp_path)
    assert [row[0] for row in grid.rows] == ["good"]
    cut, old = (note for note in grid.notes if note.startswith("Left out: "))
    assert "cut/result.json: not JSON" in cut
    assert "old/result.json" in old
    assert "schema" in old
