"""One score file, all outputs: its page, its plots, and the page of stored figures."""

import dataclasses
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fasharness import scorefiles
from fasharness.report.numbers import figure
from fasharness.result import Result
from fasharness.scores import Score

Draw = Callable[..., tuple[Score, ...]]
Finish = Callable[..., Path]
Run = Callable[..., Any]
Words = Callable[[str], str]
FEW = ("--replicates", 50)


@pytest.fixture(autouse=True)
def files(here: Path, oulu_like: Draw) -> None:
    """Two score files in the working folder."""
    for seed, name in enumerate(("a.csv", "b.csv")):
        scorefiles.write(Path(name), oulu_like(seed))


def test_a_score_file_has_a_page_and_plots_of_its_own(command: Run, words: Words) -> None:
    ended = command("report", "a.csv", *FEW, "--plots", "p")
    assert ended.out == "report: a.html\nplots: 24 files in p\n", ended.err
    shown = words(Path("a.html").read_text())
    found = command("evaluate", "a.csv", *FEW, "--all", "--out", "e.json").out
    assert "a score file, per presentation; nothing is known of the run behind it" in shown
    acer = found.partition("ACER ")[2].split("%")[0].strip()
    assert f"ACER{acer} %" in shown
    assert "Partial AUC" in shown
    assert "Scores and threshold" in shown
    assert "Options and provenance" not in shown
    assert "SIMULATED" not in shown
    assert {path.suffix for path in Path("p").iterdir()} == {".png", ".svg", ".csv"}


def test_the_commands_on_the_page_of_a_score_file_make_it_again(command: Run, words: Words) -> None:
    rules = ("--threshold", "bpcer=0.05", "--seed", 3, "--confidence", 0.9, *FEW)
    Path("a.csv").rename("my scores.csv")
    assert command("report", "my scores.csv", *rules).out == "report: my scores.html\n"
    first = Path("my scores.html").read_bytes()
    lines = [line for line in words(first.decode()).splitlines() if "fasharness " in line]
    evaluated, reported = (shlex.split(line)[1:] for line in lines)
    assert command(*evaluated).code == 0
    assert "90% interval" in command(*evaluated).out
    assert command(*reported[: reported.index("--plots")]).code == 0
    assert Path("my scores.html").read_bytes() == first


def test_a_test_set_without_dev_is_reported_at_a_fixed_threshold(
    command: Run, words: Words
) -> None:
    test = [score for score in scorefiles.read(Path("a.csv")) if score.split == "test"]
    scorefiles.write(Path("t.csv"), test)
    assert command("report", "t.csv").error.startswith("t.csv: the dev split has no")
    assert command("report", "t.csv", "--threshold", "fixed=1", *FEW).code == 0
    assert "fixed beforehand" in words(Path("t.html").read_text())


def test_stored_figures_have_a_page_without_plots(command: Run, words: Words) -> None:
    assert command("evaluate", "a.csv", *FEW, "--out", "e.json").code == 0
    assert command("report", "e.json").out == "report: e.html\n"
    shown = words(Path("e.html").read_text())
    assert "figures that `fasharness evaluate --out` wrote" in shown
    assert "Scores and threshold" not in shown
    error = command("report", "e.json", "--plots", "p").error
    assert error == "e.json: figures without scores, so there is nothing to plot"
    assert not Path("p").exists()


def test_stored_folds_have_a_page(command: Run, words: Words) -> None:
    assert command("evaluate", "a.csv", "b.csv", *FEW, "--out", "f.json").code == 0
    assert command("report", "f.json").code == 0
    shown = words(Path("f.html").read_text())
    assert "f.json, 2 folds" in shown
    assert "b.csv" in shown
    assert "Pooled" in shown


def test_runs_score_files_and_stored_figures_stand_side_by_side(
    command: Run, words: Words, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    real = [dataclasses.replace(score, simulated=False) for score in scores]
    finish(Path("run"), dataclasses.replace(result, simulated=False), real)
    assert command("evaluate", "b.csv", *FEW, "--out", "e.json").code == 0
    ended = command("report", "run", "a.csv", "e.json", *FEW)
    assert ended.out == "report: comparison.html\n", ended.err
    shown = words(Path("comparison.html").read_text())
    assert "3 runs compared" in shown
    assert "a.csv against run" in shown
    assert "e.json is not compared with run pair by pair: e.json holds figures without" in shown
    scored = sum(c.scored for c in result.evaluation.counts if c.split == "test")
    assert f"eer on dev{scored}real" in shown
    assert "eer on dev160real" in shown  # of the stored figures, which have no scores


def test_what_cannot_be_reported_is_told_in_one_line(
    command: Run, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    finish(Path("run"), result, scores)
    Path("note.json").write_text('{"kind": "note"}')
    Path("broken.json").write_text("{")
    for given, message in {
        ("nothing.csv",): "nothing.csv: there is no such run, score file or JSON of figures",
        ("note.json",): "note.json: schema None, expected 4",
        ("broken.json",): "broken.json: not JSON",
        ("run/report.html",): "there is no such run",
        ("run", "--seed", 3): "a run keeps those that it was evaluated by",
        ("a.csv", "--pictures"): "--pictures needs the folders of runs",
        ("a.csv", "./a.csv"): "named twice",
        ("a.csv", "--threshold", "x"): "no threshold rule 'x'",
    }.items():
        assert message in command("report", *given).error, given
    assert not list(Path().glob("*.html"))
    assert command("report", "run/result.json").out == "report: run/report.html\n"


@pytest.mark.usefixtures("here")
def test_no_page_is_written_into_the_folder_of_a_run_by_itself(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("run.json").write_text("{}")
    assert "holds a run, which keeps its own files" in command("report", "a.csv").error


def test_every_baseline_has_its_interval_or_the_reason(
    words: Words, command: Run, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    finish(Path("run"), result, scores)
    assert command("report", "run").code == 0
    shown = words(Path("run/report.html").read_text())
    (constant,) = result.baselines
    table = shown[shown.index("know nothing of faces") :]
    for metric in constant.metrics:
        if metric.name in ("eer", "auc"):
            assert metric.low is None
            assert f"{figure(metric.name, metric.value)}{metric.reason}" in table
