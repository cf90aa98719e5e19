"""Text from outside on its way to the terminal: names of files, in results and of plugins."""

import dataclasses
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness import result as results
from fasharness.evaluation.evaluate import evaluate
from fasharness.evaluation.stored import nameless
from fasharness.report.grid import FORMATS, Grid, render
from fasharness.scores import Score, read_csv, write_csv

Run = Callable[..., "Ended"]  # noqa: F821
EVIL = "a\x1b[2J\x9bb\nc\u202e"


def scored() -> list[Score]:
    return [
        Score(f"{split}{n}", split, f"{split}{n}", None if n % 2 else "print", None, n % 2 + n / 50)
        for split in ("dev", "test")
        for n in range(20)
    ]


def harmless(text: str) -> bool:
    text = text.replace("\x1b[A", "")  # two progress bars, one below the other
    return all(c.isprintable() or c in "\r\n" for c in text)


@pytest.mark.parametrize("style", FORMATS)
def test_names_in_results_break_no_table(here: Path, command: Run, style: str):
    one = nameless(evaluate(scored()), simulated=False)
    evil = dataclasses.replace(
        one, method=EVIL, protocol=EVIL, options={"x": EVIL}, dataset=EVIL, aggregator=EVIL
    )
    results.write(here / EVIL / "result.json", evil)
    shown = command("leaderboard", ".", "--style", style).out
    assert harmless(shown)
    plain = dataclasses.replace(one, method="a", protocol="a", options={"x": "a"})
    shutil.rmtree(here / EVIL)
    results.write(here / "a" / "result.json", plain)
    # No line more than with plain names.
    assert len(shown.splitlines()) == len(
        command("leaderboard", ".", "--style", style).out.splitlines()
    )


def test_a_file_of_any_name_is_evaluated_and_named(here: Path, command: Run):
    write_csv(here / f"{EVIL}.csv", scored())
    for words in (
        ["evaluate", f"{EVIL}.csv"],
        ["stream", f"{EVIL}.csv"],
        ["report", f"{EVIL}.csv"],
    ):
        ended = command(*words)
        assert ended.code == 0, ended.err
        assert harmless(ended.out + ended.err)
    assert harmless(command("evaluate", EVIL).error)
    assert harmless(command("report", EVIL, "--out", f"{EVIL}.html").error)
    with pytest.raises(SystemExit):
        command("evaluate", "--bins", EVIL)


def test_a_data_set_in_a_folder_of_any_name_is_run(toy_run: Run, own_oulu: Path, here: Path):
    root = here / EVIL
    shutil.move(own_oulu, root)
    (root / "Test_files" / "1_3_36_1.avi").write_bytes(b"text")
    ended = toy_run(root, "--plugin", "brightness", "--out", "r", "--max-failures", "10")
    assert ended.code == 0, ended.err
    assert harmless(ended.out + ended.err)
    (lost,) = (score for score in read_csv(Path("r/scores.csv")) if score.failed)
    assert r"\x1b[2J" in lost.failure
    assert r"\n" in lost.failure


def test_a_name_that_is_no_text_is_refused_at_once(command: Run, here: Path):
    folder = here / "a\udcff"
    folder.mkdir()
    words = ("--plugin", "brightness", "--protocol", "oulu1", "--data", folder)
    assert command("run", *words).error == "--data: the name is not UTF-8 text; rename it"


def test_cells_stay_in_their_rows():
    grid = Grid("t\n", ["a", "b\n"], [["x\ny", "1"]], ["n\no"])
    assert grid.rows == [(r"x\ny", "1")]
    assert len(render(grid, "markdown").splitlines()) == 7


def test_a_terminal_of_few_characters_ends_nothing(here: Path, program: Path, child_environment):
    write_csv(here / "漢字.csv", scored())
    ended = subprocess.run(
        [program, "evaluate", "漢字.csv", "no\udcffne.csv"],
        env=child_environment(PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0"),
        capture_output=True, text=True, check=False, cwd=here,
    )  # fmt: skip
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
