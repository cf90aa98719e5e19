"""The table of two runs: the figures side by side, and what a reader must know as notes."""

import dataclasses
from pathlib import Path

from fasharness.evaluation.compare import Comparison, Difference
from fasharness.report.comparison import comparison, numbers, run_names


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


def test_csv_holds_plain_numbers_and_every_test() -> None:
    found = Comparison(
        (Difference("acer", 0.2, 0.1, -0.15, -0.05), Difference("auc", 0.9, 0.8, None, None)),
        0.001, 1e-9, 0.5, 160, ("x",), "words", leaks=True, warnings=(("few",), ("few",)),
    )  # fmt: skip
    grid = numbers("old", {"new": found, "newer": found})
    rows = [dict(zip(grid.header, row, strict=True)) for row in grid.rows]
    assert [row["second_run"] for row in rows] == ["new"] * 4 + ["newer"] * 4
    assert [float(rows[0][key]) for key in ("first", "second", "low", "high", "p")] == [
        0.2, 0.1, -0.15, -0.05, 0.001,
    ]  # fmt: skip
    assert float(rows[0]["difference"]) == 0.1 - 0.2
    assert (rows[1]["low"], rows[1]["p"]) == ("", "")
    assert (rows[2]["metric"], float(rows[2]["p"])) == ("mcnemar_bona_fide", 1e-9)
    assert {(row["shared"], row["dropped"], row["data"]) for row in rows} == {
        ("160", "1", "real, LEAKS"),
    }  # fmt: skip
    assert grid.notes[0] == "warning: few (old and new)"
