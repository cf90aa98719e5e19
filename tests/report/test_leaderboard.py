"""Tables over runs: found, sorted, noted."""

import dataclasses
import json
from pathlib import Path

import pytest

from fasharness import result as results
from fasharness.common.files import digest
from fasharness.errors import DataError
from fasharness.evaluation.folds import Folds, combine_folds, over_folds
from fasharness.report.grid import Grid
from fasharness.report.leaderboard import collect, leaderboard, numbers
from fasharness.report.literature import literature
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


def board(*paths: Path) -> Grid:
    """The only table of what is below some folders."""
    (grid,) = leaderboard(collect(paths))
    return grid


def test_runs_are_found_and_sorted_and_folds_are_one_row(tmp_path: Path) -> None:
    results.write(tmp_path / "b" / "result.json", one("worse", 0.2))
    results.write(tmp_path / "deep" / "a" / "result.json", one("better", 0.1, preset="demo"))
    results.write(tmp_path / "c" / "result.json", one("lost", None))
    folds = [one("sgtd", x, protocol="oulu3", fold=f"oulu3_{i}") for i, x in ((1, 0.1), (2, 0.2))]
    results.write(tmp_path / "f" / "result.json", combine_folds("oulu3", folds))
    for fold in folds:
        results.write(tmp_path / "f" / fold.fold / "result.json", fold)
    grid = board(tmp_path)
    assert [row[0] for row in grid.rows] == ["better (demo)", "worse", "lost", "sgtd"]
    assert grid.rows[0][2] == "10.00 %"
    assert grid.rows[2][2] == "–"
    assert grid.rows[3][1:3] == ("oulu3", "15.00 % ± 7.07 %")
    assert any("CDCN++ ACER 0.20 %" in note for note in grid.notes)


def test_simulated_runs_are_never_set_beside_published_figures(tmp_path: Path) -> None:
    results.write(tmp_path / "result.json", one("sgtd", 0.2, simulated=True))
    grid = board(tmp_path)
    assert grid.rows[0][-2] == "SIMULATED"
    assert grid.title == "Runs on SIMULATED data, by protocol"
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
    grid = board(tmp_path)
    assert "chosen on the test split" in grid.notes[0]
    assert grid.rows[0][-2] == "real, LEAKS"


def test_nothing_found_and_broken_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no result\.json"):
        board(tmp_path)
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(DataError, match=r"result\.json: not JSON"):
        board(tmp_path)


def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    results.write(tmp_path / "a" / "result.json", one("good", 0.1))
    for name, text in {
        "cut": "{",
        "old": '{"schema": 1, "kind": "protocol", "result": {}}',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(text)
    grid = board(tmp_path)
    assert [row[0] for row in grid.rows] == ["good"]
    cut, old = (note for note in grid.notes if note.startswith("Left out: "))
    assert "cut/result.json: not JSON" in cut
    assert "old/result.json" in old
    assert "schema" in old


def test_real_and_simulated_runs_are_never_in_one_table(tmp_path: Path) -> None:
    results.write(tmp_path / "a" / "result.json", one("real", 0.2))
    results.write(tmp_path / "b" / "result.json", one("simulated", 0.1, simulated=True))
    real, simulated = leaderboard(collect([tmp_path]))
    assert [row[0] for row in real.rows] == ["real"]
    assert [row[0] for row in simulated.rows] == ["simulated"]
    assert not any("SIMULATED" in note for note in real.notes)


def test_limited_and_leaking_runs_come_last_and_say_so(tmp_path: Path) -> None:
    evaluation = one("x", 0.05).evaluation
    threshold = dataclasses.replace(evaluation.threshold, leaks=True)
    leaking = dataclasses.replace(evaluation, threshold=threshold)
    for name, run in {
        "a": one("limited", 0.0, provenance={"limit": 8, "seed": 3}),
        "b": one("leaking", 0.05, evaluation=leaking),
        "c": one("whole", 0.3, provenance={"limit": 0, "seed": 1}),
        "d": one("lost", None),
    }.items():
        results.write(tmp_path / name / "result.json", run)
    grid = board(tmp_path)
    assert [row[0] for row in grid.rows] == ["whole", "lost", "limited", "leaking"]
    assert [row[-2] for row in grid.rows] == ["real", "real", "real, LIMIT 8", "real, LEAKS"]
    assert [row[grid.header.index("seed")] for row in grid.rows] == ["1", "0", "3", "0"]
    assert any("not the protocol's figure" in note for note in grid.notes)


def test_options_are_shown_where_runs_of_a_method_differ(tmp_path: Path) -> None:
    for name, width in (("a", 0.5), ("b", 1.0)):
        options = {"width": width, "depth": 3, "loss": "l1"}
        results.write(tmp_path / name / "result.json", one("cdcn", width / 10, options=options))
    results.write(tmp_path / "c" / "result.json", one("sgtd", 0.2, options={"width": 7}))
    grid = board(tmp_path)
    column = grid.header.index("options")
    assert [row[column] for row in grid.rows] == ["width=0.5", "width=1.0", "–"]


def test_csv_has_one_row_a_run_and_plain_numbers(tmp_path: Path) -> None:
    metrics = (Metric("acer", 1 / 3, 0.25, 0.5), Metric("auc", 0.9))
    evaluation = dataclasses.replace(one("x", 0.1).evaluation, metrics=metrics)
    results.write(tmp_path / "a" / "result.json", one("x", 0.1, evaluation=evaluation))
    folds = [one("sgtd", x, protocol="oulu3", fold=f"oulu3_{i}") for i, x in ((1, 0.1), (2, 0.2))]
    results.write(tmp_path / "f" / "result.json", combine_folds("oulu3", folds))
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "result.json").write_text("{")
    grid = numbers(collect([tmp_path]))
    first, second = (dict(zip(grid.header, row, strict=True)) for row in grid.rows)
    assert (first["acer"], first["acer_low"], first["acer_std"]) == (repr(1 / 3), "0.25", "")
    assert float(second["acer"]) == pytest.approx(0.15)
    assert float(second["acer_std"]) == pytest.approx(0.1 / 2**0.5)
    assert (second["acer_low"], second["bpcer"]) == ("", "")
    assert first["run"] == str(tmp_path / "a")
    assert grid.notes[0].startswith("warning: left out: ")


def stored(path: Path, kind: str, figures: object) -> None:
    path.write_text(results.figures_json(kind, figures, simulated=False))


def test_stored_evaluations_are_rows_of_their_own(tmp_path: Path) -> None:
    evaluation = one("x", 0.25).evaluation
    folds = {name: one("x", acer).evaluation for name, acer in (("a.csv", 0.1), ("b.csv", 0.3))}
    averages = over_folds({name: fold.metrics for name, fold in folds.items()})
    results.write(tmp_path / "run" / "result.json", one("sgtd", 0.2))
    (tmp_path / "run" / "steps.json").write_text("{}")
    stored(tmp_path / "e.json", "evaluation", evaluation)
    stored(tmp_path / "f.json", "evaluations", Folds(folds, averages, (), (), ()))
    stored(tmp_path / "c.json", "comparisons", [])
    grid = board(tmp_path)
    shown = [(row[0], row[1], row[2], row[-1]) for row in grid.rows]
    assert shown == [
        ("sgtd", "oulu1", "20.00 %", "run"),
        ("–", "–", "20.00 % ± 14.14 %", "f.json"),
        ("–", "–", "25.00 %", "e.json"),
    ]
    assert board(tmp_path / "e.json", tmp_path / "run").rows == [grid.rows[0], grid.rows[2]]
    assert any("do not say of which presentations" in note for note in grid.notes)
    with pytest.raises(DataError, match="kind 'comparisons', expected one of protocol, folds, ev"):
        board(tmp_path / "c.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"simulated": false', "simulated is 'no', expected true or false"),
        ('"unit": "video"', "unit: expected str, got 3"),
        ('"schema": 4', "schema 1, expected 4"),
    ],
)
def test_a_stored_evaluation_is_read_strictly(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "e.json"
    stored(path, "evaluation", one("x", 0.25).evaluation)
    wrong = {"simulated": '"no"', "unit": "3", "schema": "1"}[text.split('"')[1]]
    key = text.partition(":")[0]
    assert text in path.read_text()
    content = json.loads(path.read_text().replace(text, f"{key}: {wrong}"))
    del content["checksum"]
    path.write_text(json.dumps({**content, "checksum": digest(content)}))
    with pytest.raises(DataError, match=message):
        board(path)


def test_a_changed_figure_is_left_out_by_name(tmp_path: Path) -> None:
    for name, acer in (("a", 0.25), ("b", 0.125)):
        results.write(tmp_path / name / "result.json", one(name, acer))
    path = tmp_path / "b" / "result.json"
    path.write_text(path.read_text().replace("0.125", "0.001"))
    found = collect([tmp_path])
    assert [entry.method for entry in found.entries] == ["a"]
    assert "result.json: damaged or changed since it was written" in found.broken[0]
