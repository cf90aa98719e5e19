"""A run's folder: claimed by one run and one process, and what it says of finished steps."""

import json
from pathlib import Path

import pytest

from fasharness.errors import OptionError, RunError
from fasharness.run.folder import Steps, claim

SETTINGS = {"plugin": "a", "seed": 0}


def test_a_folder_is_claimed_again_by_the_same_run(tmp_path: Path):
    folder = tmp_path / "run"
    for _ in range(2):
        with claim(folder, SETTINGS):
            (folder / "work").touch()
    assert json.loads((folder / "run.json").read_text()) == SETTINGS


def test_a_folder_of_another_run_is_refused_with_the_difference(tmp_path: Path):
    with claim(tmp_path / "run", SETTINGS):
        pass
    with (
        pytest.raises(OptionError, match=r"another run \(seed 0, not 1\); choose another --out"),
        claim(tmp_path / "run", {**SETTINGS, "seed": 1}),
    ):
        pass


def test_a_folder_with_foreign_files_is_refused_and_untouched(tmp_path: Path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(OptionError, match="not empty and not a run's folder"):
        claim(tmp_path, SETTINGS).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path):
    (tmp_path / "run").touch()
    with pytest.raises(OptionError, match="run: is a file; name a folder with --out"):
        claim(tmp_path / "run", SETTINGS).__enter__()


def test_a_folder_is_worked_in_by_one_process_at_a_time(tmp_path: Path):
    with claim(tmp_path, SETTINGS), pytest.raises(RunError, match="another process"):
        claim(tmp_path, SETTINGS).__enter__()
    with claim(tmp_path, SETTINGS):
        pass


@pytest.mark.parametrize("text", ['{"plugin": ', "[1]", '"x"', "null"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(OptionError, match=r"run\.json: damaged"):
        claim(tmp_path, SETTINGS).__enter__()


def test_a_run_that_was_killed_at_its_first_write_goes_on(tmp_path: Path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".run.abc.part.json").touch()
    with claim(tmp_path, SETTINGS):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "run.json"]


def test_a_step_is_done_once_under_its_key_while_its_outputs_are_there(tmp_path: Path):
    output, done = tmp_path / "model", []

    def step(key: str, name: str = "train") -> None:
        def work() -> None:
            done.append((name, key))
            output.write_text(key)

        Steps(tmp_path / "steps.json").once(name, key, [output], work)

    step("key")
    step("key")
    assert done == [("train", "key")]
    step("other")
    step("other", "score")
    assert done[1:] == [("train", "other"), ("score", "other")]
    output.unlink()
    step("other")
    assert done[3:] == [("train", "other")]


def test_a_step_is_done_again_where_its_output_was_changed(tmp_path: Path):
    output, done = tmp_path / "scores.csv", []
    steps = Steps(tmp_path / "steps.json")

    def work() -> None:
        done.append(1)
        output.write_text("scores")

    for _ in range(2):
        steps.once("score", "key", [output], work, unchanged=[output])
    assert len(done) == 1
    assert not output.with_name("scores.csv.changed").exists()
    output.write_text("better scores")
    steps.once("score", "key", [output], work, unchanged=[output])
    assert len(done) == 2
    assert output.read_text() == "scores"


def test_a_step_that_fails_is_not_done_and_its_time_counts(tmp_path: Path):
    steps = Steps(tmp_path / "steps.json")
    with pytest.raises(ZeroDivisionError):
        steps.once("train", "key", [], lambda: 1 / 0)
    assert Steps(tmp_path / "steps.json").keys == {}
    assert "train" in Steps(tmp_path / "steps.json").seconds
    done: list[str] = []
    steps.once("train", "key", [], lambda: done.append("again"))
    assert done == ["again"]


def test_the_time_of_an_interrupted_step_is_kept(tmp_path: Path):
    steps = Steps(tmp_path / "steps.json")
    with pytest.raises(KeyboardInterrupt), steps.timed("train"):
        raise KeyboardInterrupt
    assert Steps(tmp_path / "steps.json").seconds["train"] >= 0
    assert Steps(tmp_path / "steps.json").keys == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"keys": {}}',
        "null",
        '{"keys": [], "seconds": {}}',
        '{"keys": {"train": 1}, "seconds": {}}',
        '{"keys": {}, "seconds": {"train": "3"}}',
        '{"keys": {}, "seconds": {"train": 1e999}}',
        '{"keys": {}, "keys": {}, "seconds": {}}',
        '{"keys": ' + "[" * 5000,
        "\xff",
    ],
)
def test_a_damaged_note_of_steps_only_costs_the_work_again(tmp_path: Path, text: str):
    (tmp_path / "steps.json").write_bytes(text.encode("latin-1"))
    said: list[str] = []
    steps = Steps(tmp_path / "steps.json", said.append)
    assert steps.keys == {}
    steps.once("train", "key", [], lambda: said.append("done"))
    assert "the steps of this run are done again" in said[0]
    assert said[1:] == ["done"]
    assert Steps(tmp_path / "steps.json").keys == {"train": "key"}
