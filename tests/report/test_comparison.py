"""The table of two runs: the figures side by side, and what a reader must know as notes."""

import dataclasses
from pathlib import Path

from fasharness.evaluation.compare import Comparison, Difference
from fasharness.report.comparison import comparison, run_names


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
