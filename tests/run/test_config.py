"""Configuration files: they mirror the flags, and the command line wins."""

import os
from pathlib import Path

import pytest

import fasharness
from fasharness.cli import build_parser
from fasharness.errors import OptionError
from fasharness.run.config import build, merge
from fasharness.run.settings import Settings


def settings(*words: str) -> Settings:
    return build(merge(vars(build_parser().parse_args(["run", *words]))))


def test_the_command_line_wins_over_the_configuration(tmp_path: Path):
    path = tmp_path / "run.yaml"
    path.write_text(
        "plugin: toy\nprotocol: oulu1\nseed: 7\nsave-every: 3\nmax_failures: 10%\n"
        "option: {epochs: 4, flip: false, scale: [1, 2]}\ndata: /somewhere\nlimit:\n"
    )
    found = settings("--config", str(path))
    assert (found.plugin, found.seed, found.save_every, found.limit) == ("toy", 7, 3.0, 0)
    assert found.option == {"epochs": "4", "flip": "False", "scale": "1,2"}
    assert found.data == Path("/somewhere")
    found = settings("--config", str(path), "--seed", "0", "--option", "epochs=5", "--data", "here")
    assert found.seed == 0
    assert found.option == {"epochs": "5", "flip": "False", "scale": "1,2"}
    assert (found.data, found.max_failures) == (Path("here"), "10%")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plugni: toy", "no flag 'plugni'; did you mean 'plugin'"),
        ("[1, 2]", "expected names and values, got list"),
        ("a: b: c", "not YAML"),
        ("\xff", "not UTF-8"),
        ("option: [a]", "option must map names to values"),
        ("plugin: a\nprotocol: b\nseed: many", "--seed must be a whole number, got 'many'"),
        ("plugin: a\nprotocol: b\nseed: 1.5", "--seed must be a whole number, got 1.5"),
        ("plugin: a\nprotocol: b\nseed: true", "--seed must be a whole number, got True"),
        ("plugin: a\nprotocol: b\nseed: '010'", "--seed must be a whole number, got '010'"),
        ("plugin: a\nprotocol: b\nseed: '1_0'", "--seed must be a whole number, got '1_0'"),
        ("plugin: a\nprotocol: b\nseed: 010", "line 3: not YAML: '010' can be read in two ways"),
        ("plugin: a\nseed: 1:30", "line 2: not YAML: '1:30' can be read in two ways"),
        ("plugin: a\nquiet: no", "line 2: not YAML: 'no' can be read in two ways"),
        ("seed: 1\nplugin: a\nseed: 2", "line 3: not YAML: 'seed' occurs twice"),
        ("max-failures: 1\nmax_failures: 2", "--max-failures is given twice"),
        ("plugin: a\nprotocol: b\ndevice: true", "--device must be a text, got True"),
        ("plugin: a\nprotocol: [b]", "--protocol must be a text, got ['b']"),
        ("a: &x [1]\nb: *x", "line 2: not YAML: an alias"),
        ("a: " + "[" * 3000, "line 1: not YAML: nested too deeply"),
        ("protocol: oulu1", "--plugin is missing; see `fasharness ls methods`"),
        ("plugin: toy", "--protocol is missing; see `fasharness ls protocols`"),
    ],
)
def test_a_bad_configuration_is_refused(tmp_path: Path, text: str, words: str):
    path = tmp_path / "run.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(OptionError) as caught:
        settings("--config", str(path))
    assert words in str(caught.value)


def test_a_pipe_in_place_of_the_configuration_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "run.yaml")
    with pytest.raises(OptionError, match="is a pipe or device"):
        settings("--config", str(tmp_path / "run.yaml"))


@pytest.mark.parametrize("text", ["010", "1_0", "\u0663", "1e1", " 7", ""])
def test_a_number_in_a_flag_is_not_guessed(text: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["run", "--seed", text])
    assert "argument --seed: invalid whole value" in capsys.readouterr().err


def test_a_text_is_no_truth_value(tmp_path: Path):
    with pytest.raises(OptionError, match="--quiet must be true or false, got 'no'"):
        fasharness.run(plugin="toy", protocol="oulu1", quiet="no")  # type: ignore[arg-type]
