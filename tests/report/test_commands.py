"""What a page refuses to be made from or over, and the commands on it, run as they are printed."""

import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fasharness import report
from fasharness.cli import main
from fasharness.common import records
from fasharness.common.files import sha256
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.folds import combine_folds, pool
from fasharness.report.commands import commands
from fasharness.report.runs import read
from fasharness.result import Result
from fasharness.scores import Score, read_csv, write_csv

Finish = Callable[..., Path]
RULES = {
    "seed": EvaluationOptions(replicates=100, seed=1, more=True),
    "usual": EvaluationOptions(),
    "all": EvaluationOptions(
        "apcer=0.05", 50, 7, confidence=0.9, interval="bca", more=True, published=True
    ),
    "fixed": EvaluationOptions("fixed=-0.25", 50, interval="exact"),
    "leaking": EvaluationOptions("test:eer", 50, allow_leaks=True),
}


def evaluated(result: Result, scores: tuple[Score, ...], rules: EvaluationOptions) -> Result:
    """The result of some scores by other rules."""
    return dataclasses.replace(result, evaluation=evaluate(scores, rules))


def printed(page: str, run: Path) -> list[list[str]]:
    """The words of each `fasharness evaluate` that a page prints, for a run."""
    lines = [line for line in page.splitlines() if line.startswith("fasharness evaluate ")]
    return [shlex.split(line.replace("RUN", str(run)))[1:] for line in lines]


def figures(words: list[str], out: Path) -> Any:
    """What a printed command finds."""
    assert main([*words, "--out", str(out)]) == 0
    return json.loads(out.read_text())["result"]


def plain(value: object) -> Any:
    """A record as JSON gives it back."""
    return json.loads(records.dumps(records.to_plain(value)))


@pytest.mark.usefixtures("own_machine")
@pytest.mark.parametrize("name", RULES)
def test_the_printed_command_gives_the_same_figures(
    tmp_path: Path,
    finish: Finish,
    words: Callable[[str], str],
    result: Result,
    scores: tuple[Score, ...],
    name: str,
) -> None:
    write_csv(tmp_path / "scores.csv", scores)
    kept = tuple(read_csv(tmp_path / "scores.csv"))
    found = evaluated(result, kept, RULES[name])
    run = finish(tmp_path / "run", found, kept)
    (command,) = printed(words(report.write(run).read_text()), run)
    assert figures(command, tmp_path / "again.json") == plain(found.evaluation)


@pytest.mark.usefixtures("own_machine")
def test_the_printed_commands_of_folds_give_each_and_all_together(
    tmp_path: Path,
    finish: Finish,
    words: Callable[[str], str],
    result: Result,
    scores: tuple[Score, ...],
) -> None:
    write_csv(tmp_path / "scores.csv", scores)
    kept = tuple(read_csv(tmp_path / "scores.csv"))
    one = evaluated(result, kept, RULES["seed"])
    folds = [dataclasses.replace(one, protocol="oulu3", fold=f"oulu3_{i}") for i in (1, 2)]
    named = {fold.fold: fold.evaluation for fold in folds}
    pooled = pool(named, dict.fromkeys(named, kept), RULES["seed"])
    found = combine_folds("oulu3", folds, pooled)
    run = finish(tmp_path / "folds", found, kept)
    *each, together = printed(words(report.write(run).read_text()), run)
    assert len(each) == 2
    for fold, command in zip(folds, each, strict=True):
        assert f"{run}/{fold.fold}/scores.csv" in command
        assert figures(command, tmp_path / "again.json") == plain(fold.evaluation)
    again = figures(together, tmp_path / "together.json")
    for part in ("metrics", "more", "pooled"):
        assert again[part] == plain(getattr(found, part))


def test_the_usual_rules_need_no_flag_and_a_fold_alone_lies_in_its_folder(
    tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    usual = evaluated(result, scores, EvaluationOptions())
    finish(tmp_path / "run", usual, scores)
    assert "fasharness evaluate RUN/scores.csv" in list(commands(read(tmp_path / "run")))
    fold = dataclasses.replace(usual, fold="oulu3_1")
    finish(tmp_path / "folds", combine_folds("oulu3", [fold]), scores)
    listed = list(commands(read(tmp_path / "folds")))
    assert "fasharness evaluate RUN/oulu3_1/scores.csv" in listed
    assert sum(line.startswith("fasharness evaluate") for line in listed) == 1


@pytest.mark.parametrize("folds", [False, True])
def test_scores_of_another_run_are_refused(
    tmp_path: Path,
    finish: Finish,
    capsys: pytest.CaptureFixture[str],
    result: Result,
    scores: tuple[Score, ...],
    folds: bool,
) -> None:
    run = tmp_path / "run"
    write_csv(tmp_path / "scores.csv", scores)
    provenance = {**result.provenance, "scores_sha256": sha256(tmp_path / "scores.csv")}
    known = dataclasses.replace(result, provenance=provenance)
    fold = dataclasses.replace(known, protocol="oulu3", fold="oulu3_1")
    finish(run, combine_folds("oulu3", [fold]) if folds else known, scores)
    page = str(tmp_path / "page.html")
    assert main(["report", str(run), "--out", page]) == 0
    Path(page).unlink()
    file = run / "oulu3_1" / "scores.csv" if folds else run / "scores.csv"
    write_csv(file, [dataclasses.replace(s, value=-s.value) for s in scores])
    capsys.readouterr()
    for extra in ([], ["--out", page], ["--plots", str(tmp_path / "plots")]):
        assert main(["report", str(run), *extra]) == 2
        assert capsys.readouterr().err == (
            f"fasharness: error: {file} is not the file that result.json was made from; "
            "repeat the run's command\n"
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "scores.csv"]
    assert not list(run.glob("*.html"))


@pytest.mark.parametrize("name", ["scores.csv", "result.json", "page", "page.html.gz"])
def test_a_page_is_written_over_no_other_file(
    tmp_path: Path,
    finish: Finish,
    capsys: pytest.CaptureFixture[str],
    result: Result,
    scores: tuple[Score, ...],
    name: str,
) -> None:
    run = finish(tmp_path / "run", result, scores)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert main(["report", str(run), "--out", str(run / name)]) == 2
    assert capsys.readouterr().err == (
        f"fasharness: error: --out {run / name}: the page's file must end in .html\n"
    )
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert main(["report", str(run), "--out", str(run / "Page.HTML")]) == 0
