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


def test_a_folder_is_worked_in_by_one_process_at_a_time(tmp_path: Path):
    with claim(tmp_path, SETTINGS), pytest.raises(RunError, match="another process"):
        claim(tmp_path, SETTINGS).__enter__()
    with claim(tmp_path, SETTINGS):
        pass


def test_a_damaged_record_is_named(tmp_path: Path):
    (tmp_path / "run.json").write_text('{"plugin": ')
    with pytest.raises(OptionError, match=r"run\.json: damaged"):
        claim(tmp_path, SETTINGS).__enter__()


def test_a_run_that_was_killed_at_its_first_write_goes_on(tmp_path: Path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".run.abc.part.json").touch()
    with claim(tmp_path, SETTINGS):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "run.json"]


def test_steps_are_done_under_their_key_while_their_outputs_are_there(tmp_path: Path):
    output = tmp_path / "model"
    output.touch()
    Steps(tmp_path / "steps.json").finish("train", "key")
    steps = Steps(tmp_path / "steps.json")
    assert steps.current("train", "key", output)
    assert not steps.current("train", "other", output)
    assert not steps.current("score", "key", output)
    output.unlink()
    assert not steps.current("train", "key", output)


def test_the_time_of_an_interrupted_step_is_kept(tmp_path: Path):
    steps = Steps(tmp_path / "steps.json")
    with pytest.raises(KeyboardInterrupt), steps.timed("train"):
        raise KeyboardInterrupt
    assert Steps(tmp_path / "steps.json").seconds["train"] >= 0
    assert Steps(tmp_path / "steps.json").keys == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keys": {}}', "null"])
def test_a_damaged_note_of_steps_only_costs_the_work_again(tmp_path: Path, text: str):
    (tmp_path / "steps.json").write_text(text)
    assert Steps(tmp_path / "steps.json").keys == {}
