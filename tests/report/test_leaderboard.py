"""Tables over runs: found, sorted, noted, and safe in five formats."""

import csv
import dataclasses
import io
from pathlib import Path

import pytest

from fasharness import result as results
from fasharness.errors import DataError, OptionError
from fasharness.evaluation.compare import Comparison, Difference
from fasharness.evaluation.folds import combine_folds
from fasharness.report.grid import FORMATS, Grid, render
from fasharness.report.leaderboard import comparison, leaderboard, published, run_names
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
    rows = published().rows
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


def test_runs_are_called_by_their_folders_where_that_tells_them_apart() -> None:
    assert run_names([Path("x/one/scores.csv"), Path("x/two"), Path("b.csv")]) == [
        "one", "two", "b.csv",
    ]  # fmt: skip
    assert run_names([Path("x/b.csv"), Path("y/b.csv")]) == ["x/b.csv", "y/b.csv"]


def test_what_the_evaluations_warn_of_stands_below() -> None:
    found = Comparison(
        (), 1.0, 1.0, 1.0, 160, (), "words", warnings=(("few", "reversed"), ("few",))
    )
    notes = comparison("old", "new", found).notes
    assert notes[:2] == ["warning: few (old and new)", "warning: reversed (old)"]


EVIL = Grid("A & <b>", ("name", "x_1"), (("=1+1|<i>", "50 % ± 1"), ("\\b", "#1")), ("take care",))


def test_every_format_holds_every_cell() -> None:
    assert render(EVIL, "terminal") == (
        "A & <b>\nname           x_1\n------------------\n=1+1|<i>  50 % ± 1\n"
        "\\b              #1\ntake care\n"
    )
    assert "| =1+1\\|<i> | 50 % ± 1 |" in render(EVIL, "markdown")
    assert r"=1+1|<i> & 50 \% $\pm$ 1 \\" in render(EVIL, "latex")
    assert r"\textbackslash{}b & \#1 \\" in render(EVIL, "latex")
    assert r"\caption{A \& <b>}" in render(EVIL, "latex")
    rows = list(csv.reader(io.StringIO(render(EVIL, "csv"))))
    assert rows == [["name", "x_1"], ["'=1+1|<i>", "50 % ± 1"], ["\\b", "#1"]]
    assert "=1+1|&lt;i&gt;" in render(EVIL, "html")
    assert "<i>" not in render(EVIL, "html")
    assert set(FORMATS) == {"terminal", "markdown", "latex", "csv", "html"}
    with pytest.raises(OptionError, match="no table format 'xlsx'"):
        render(EVIL, "xlsx")


def test_a_comparison_is_laid_out() -> None:
    found = Comparison(
        (Difference("acer", 0.2, 0.1, -0.15, -0.05), Difference("auc", 0.9, 0.9, None, None)),
        0.001, 1.0, 0.5, 160, ("x",), "words",
    )  # fmt: skip
    grid = comparison("old", "new", found)
    assert grid.rows[0] == ("ACER", "20.00 %", "10.00 %", "-10.00 pp", "-15.00 to -5.00", "real")
    assert grid.rows[1][3] == "+0.0000"
    assert grid.rows[1][-2] == "–"
    assert grid.notes[0].startswith("160 test presentations that both scored; 1 that only one")
    assert grid.notes[0].endswith("left out (x).")
    assert grid.notes[2].startswith("ACER difference: p = 0.0010; McNemar")
    assert "smallest error rate" in grid.notes[3]
    many = dataclasses.replace(found, dropped=tuple("abcdefg"))
    assert (
        "7 that only one scored left out (a, b, c, d, e, ...)"
        in comparison("o", "n", many).notes[0]
    )
    rare = comparison("old", "new", dataclasses.replace(found, mcnemar_attack=1e-9))
    assert "attacks p < 0.0001" in rare.notes[2]
    marked = dataclasses.replace(found, simulated=True, leaks=True)
    grid = comparison("old", "new", marked)
    assert all(row[-1] == "SIMULATED, LEAKS" for row in grid.rows)
    assert "SIMULATED" in grid.notes[0]
    assert "LEAKS" in grid.notes[1]
