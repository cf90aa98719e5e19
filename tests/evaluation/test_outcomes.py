"""What is absent is named: species without a score, species of dev alone, failures by species."""

import csv
import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fasharness.counts import Outcome
from fasharness.evaluation.compare import compare, compare_folds
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.folds import evaluate_folds
from fasharness.report import tables
from fasharness.report.drawing.files import evaluation_plots
from fasharness.report.drawing.model import Heading
from fasharness.report.grid import render
from fasharness.report.text import (
    evaluation_grid,
    evaluation_json,
    evaluation_numbers,
    evaluation_table,
    folds_table,
)
from fasharness.scores import Score, write_csv

FEW = EvaluationOptions(replicates=20)
ALL = dataclasses.replace(FEW, max_failed_share=1.0)


def row(name: str, species: str | None, value: float | None, split: str = "test") -> Score:
    failure = "" if value is not None else "no face"
    group = None if species is None else species.rstrip("12")
    value = math.nan if value is None else value
    return Score(name, split, f"{split}-{name[-1]}", species, group, value, failure=failure)


# Dev: the EER threshold is 0.5. Test: at 0.5 one of four bona fide is refused, print1 is accepted
# once in two times; print2 never answered, and replay is in dev alone.
DEV = (
    row("a1", None, 0.9, "dev"), row("a2", None, 0.7, "dev"), row("b1", "print1", 0.3, "dev"),
    row("b2", "replay", 0.1, "dev"),
)  # fmt: skip
SCORED = (
    row("c1", None, 0.9), row("c2", None, 0.8), row("c3", None, 0.7), row("c4", None, 0.2),
    row("d1", "print1", 0.6), row("d2", "print1", 0.1),
)  # fmt: skip
LOST = (row("e1", "print2", None), row("e2", "print2", None), row("e3", "print2", None))
SCORES = (*DEV, *SCORED, *LOST)
EXPECTED = (
    Outcome("bona fide", "bona fide", 3, 1, 0),
    Outcome("species group", "print", 1, 1, 3),
    Outcome("species group", "replay", 0, 0, 0),
    Outcome("PAI species", "print1", 1, 1, 0),
    Outcome("PAI species", "print2", 0, 0, 3),
    Outcome("PAI species", "replay", 0, 0, 0),
)


def test_every_class_is_counted_by_hand() -> None:
    found = evaluate(SCORES, ALL)
    assert found.outcomes == EXPECTED
    shares = [one.non_response for one in found.outcomes]
    assert shares == [0.0, 3 / 5, None, 0.0, 1.0, None]
    assert (found.metric("apnrr").value, found.metric("bpnrr").value) == (3 / 5, 0.0)


def test_a_species_without_a_score_keeps_its_row_and_flags_the_headline() -> None:
    found = evaluate(SCORES, ALL)
    rows = {m.name: (m.value, m.reason) for m in found.apcer_by_species}
    assert rows["print2"] == (None, "none of its 3 presentations has a score")
    assert rows["replay"] == (None, "dev has it, test does not")
    assert [m.name for m in found.apcer_by_group] == ["print", "replay"]
    assert found.metric("apcer").value == 1 / 2
    assert found.warnings[:2] == (
        "every test presentation of these species failed: print2 (3); APCER is the largest of the "
        "others",
        "dev has species that test lacks: replay; no figure says anything of them",
    )


def test_the_share_of_failures_is_limited_for_each_species() -> None:
    # Of all attacks only 3 of 23 failed, but of print2 all did.
    many = tuple(row(f"x{i}", "print1", 0.1) for i in range(18))
    blocked = evaluate((*SCORES, *many), FEW)
    words = "100.0% of the 'print2' test presentations failed, more than the 20.0% allowed"
    assert blocked.metric("acer").value is None
    assert blocked.metric("acer").reason.startswith(words)
    assert blocked.warnings[0].startswith(words)
    # The table still says why the species itself has no rate.
    absent = {m.name: m.reason for m in blocked.apcer_by_species}
    assert absent["print2"] == "none of its 3 presentations has a score"
    # Dev as well: a species lost there moves the threshold.
    gone = tuple(row(f"y{i}", "mask", None, "dev") for i in range(2))
    dev = tuple(row(f"z{i}", "print1", 0.1, "dev") for i in range(9))
    found = evaluate((*DEV, *SCORED, *gone, *dev), FEW)
    assert found.metric("acer").reason.startswith("100.0% of the 'mask' dev presentations failed")


def test_every_table_has_n_accepted_refused_and_no_response() -> None:
    found = evaluate(SCORES, ALL)
    lines = evaluation_table(found, simulated=False).splitlines()
    at = lines.index("test presentations  n  accepted  refused         no response")
    assert lines[at + 1 : at + 7] == [
        "bona fide           4         3        1    0 (BPNRR 0.00 %)",
        "print               5         1        1   3 (APNRR 60.00 %)",
        "replay              0         0        0                   0",
        "  print1            2         1        1    0 (APNRR 0.00 %)",
        "  print2            3         0        0  3 (APNRR 100.00 %)",
        "  replay            0         0        0                   0",
    ]
    for style in ("terminal", "markdown", "latex", "html"):
        text = render(evaluation_grid(found, simulated=False), style)
        assert "no response" in text
        assert "none of its 3 presentations has a score" in text
    page = tables.attacks(found)
    for cell in ("print2", "3 (APNRR 100.00 %)", "dev has it, test does not", "0 (BPNRR 0.00 %)"):
        assert cell in page
    numbers = render(evaluation_numbers(found, simulated=False), "csv")
    cells = {(r["metric"], r["of"]): r["value"] for r in csv.DictReader(numbers.splitlines())}
    assert cells["presented", "species print2"] == "3"
    assert cells["no_response", "species print2"] == "3"
    assert cells["apnrr", "species print2"] == "1.0"
    assert cells["accepted", "group print"] == "1"
    assert cells["refused", "bona fide"] == "1"
    assert cells["bpnrr", "bona fide"] == "0.0"
    assert cells["apnrr", "species replay"] == ""
    content = json.loads(evaluation_json(found, simulated=False))["result"]
    assert {"kind", "name", "accepted", "refused", "no_response"} == set(content["outcomes"][0])


def test_plots_name_what_they_cannot_draw() -> None:
    plots = evaluation_plots(evaluate(SCORES, ALL), SCORES, Heading(False, "title"))
    for plot in plots.values():
        assert plot.heading.title == (
            "title; not drawn: print2 (none of its 3 presentations has a score), replay (dev has "
            "it, test does not)"
        )
    assert [tick.word for tick in plots["apcer"].panels[0].up.ticks] == [
        "print", "replay (no score)", "print1", "print2 (no score)",
    ]  # fmt: skip
    whole = evaluate((*DEV[:3], *SCORED), FEW)
    assert evaluation_plots(whole, SCORED, Heading(False, "t"))["det"].heading.title == "t"


def test_folds_add_what_became_of_their_presentations() -> None:
    folds = evaluate_folds({"one": SCORES, "two": (*DEV, *SCORED)}, ALL)
    assert folds.outcomes[:2] == (
        Outcome("bona fide", "bona fide", 6, 2, 0),
        Outcome("species group", "print", 2, 2, 3),
    )
    assert "print2" in folds_table(folds, simulated=False)


def failed(scores: Sequence[Score], species: str) -> list[Score]:
    return [
        dataclasses.replace(s, value=math.nan, failure="x")
        if s.species == species and s.split == "test"
        else s
        for s in scores
    ]


def test_a_species_that_two_runs_never_both_scored_is_named() -> None:
    more = (row("f1", "mask", 0.4), row("f2", "mask", 0.1))
    one, two = (*DEV, *SCORED, *more), failed((*DEV, *SCORED, *more), "mask")
    found = compare(one, two, ALL)
    words = "no test presentation of mask was scored by both runs: not compared"
    assert [words in warnings for warnings in found.warnings] == [True, True]
    assert words not in compare(one, one, ALL).warnings[0]
    folds = compare_folds({"a": one, "b": one}, {"a": two, "b": one}, ALL)
    assert [w for w in folds.warnings[1] if words in w] == [f"a: {words}"]


def test_from_the_command_line(tmp_path: Path, command: Callable[..., Any]) -> None:
    path = tmp_path / "s.csv"
    write_csv(path, SCORES)
    ended = command("evaluate", path, "--replicates", 9)
    acer = next(line for line in ended.out.splitlines() if line.startswith("ACER "))
    assert acer.split("–  ")[1].startswith("60.0% of the attack test presentations failed")
    ended = command("evaluate", path, "--replicates", 9, "--max-failed", 1, "--plots", tmp_path)
    assert "  APCER print2" in ended.out
    assert "warning: every test presentation of these species failed: print2 (3)" in ended.out
    assert (
        "print2,," in (tmp_path / "apcer.csv").read_text()
        or "print2,nan" in (tmp_path / "apcer.csv").read_text()
    )


@pytest.mark.parametrize(("kept", "words"), [(1, "dev has it"), (0, "")])
def test_absence_is_told_only_where_there_is_no_rate(kept: int, words: str) -> None:
    one = Outcome("PAI species", "mask", 0, 1 - kept, 0)
    assert one.absence.startswith(words)
    assert bool(one.absence) is bool(words)
