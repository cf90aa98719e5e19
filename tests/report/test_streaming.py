"""What is shown of a file counted in bins: the table, its notes, and the curve as CSV."""

import csv
from pathlib import Path

import numpy as np
import pytest

from fasharness import scorefiles
from fasharness.evaluation.streaming import count_file
from fasharness.report.streaming import grid, write_curve
from fasharness.scores import Score


def draw(count: int) -> list[Score]:
    values = np.random.default_rng(0).normal(size=count).tolist()
    kinds, shifts = (None, "print", "replay"), (1.5, 0.25, 0.5)
    return [
        Score(f"p{i}", "test", "", kinds[i % 3], None, value + shifts[i % 3])
        for i, value in enumerate(values)
    ]


def test_the_table_and_the_curve_say_what_they_are(tmp_path: Path) -> None:
    path, curve = tmp_path / "scores.csv", tmp_path / "curve.csv"
    simulated = Score("s", "test", "", None, None, 0.5, simulated=True)
    scorefiles.write(path, [*draw(90), simulated])
    counts = count_file(path, bins=10)
    table = grid("scores.csv", counts)
    assert table.title == "scores.csv per presentation, counted in 10 bins"
    assert [row[:1] + row[3:4] for row in table.rows] == [
        ("EER of test, worst species group (%)", ""), ("EER of test, all attacks pooled (%)", ""),
        ("AUC of test, worst species group", ""), ("AUC of test, all attacks pooled", ""),
        ("BPCER (%)", "31"), ("  APCER print (%)", "30"), ("  APCER replay (%)", "30"),
    ]  # fmt: skip
    assert "SIMULATED" in table.notes[0]
    assert {row[-1] for row in table.rows} == {"SIMULATED"}
    assert "no threshold" in table.notes[1]
    write_curve(curve, counts)
    rows = list(csv.DictReader(curve.read_text().splitlines()))
    assert len(rows) == 11
    assert {row["data"] for row in rows} == {"simulated"}
    assert (rows[0]["apcer"], rows[0]["bpcer"]) == ("1.0", "0.0")
    assert float(rows[0]["threshold"]) == counts.low
    with pytest.raises(ValueError, match="both classes in dev"):
        write_curve(curve, counts, "dev")


def test_reversed_scores_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    scorefiles.write(path, [Score(s.presentation, "test", "", s.species, None, -s.value)
                            for s in draw(90)])  # fmt: skip
    assert any("reversed" in note for note in grid("x", count_file(path)).notes)


def test_every_class_stands_in_the_table_with_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    values = {None: [0.9, 0.8, 0.1], "print1": [0.2, 0.7], "print2": [0.1, 0.15, 0.0]}
    rows = [
        Score(f"{split}{kind}{i}", split, "", kind, kind and "print", value)
        for split in ("dev", "test")
        for kind, found in values.items()
        for i, value in enumerate(found)
        if split == "test" or value not in (0.1, 0.7)
    ]
    rows.append(Score("dev-mask", "dev", "", "mask", "mask", 0.05))
    scorefiles.write(path, rows)
    table = grid("x", count_file(path))
    cells = {row[0]: row[1:7] for row in table.rows}
    assert cells["BPCER (%)"] == ("33.33", "exact", "3", "2", "1", "0 (BPNRR 0.00 %)")
    assert cells["  APCER print (%)"] == ("20.00", "exact", "5", "1", "4", "0 (APNRR 0.00 %)")
    assert cells["    APCER print1 (%)"][:5] == ("50.00", "exact", "2", "1", "1")
    assert cells["    APCER print2 (%)"][:5] == ("0.00", "exact", "3", "0", "3")
    assert cells["    APCER mask (%)"][:3] == ("–", "dev has it, test does not", "0")
    assert cells["APCER (%)"][0] == "20.00"
    assert any("dev has species that test lacks: mask" in note for note in table.notes)
