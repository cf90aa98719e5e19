"""Configuration files: they mirror the flags, and the command line wins."""

from pathlib import Path

import pytest

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
        ("[1, 2]", "expected flags and values, got list"),
        ("a: b: c", "not YAML"),
        ("\xff", "not YAML"),
        ("option: [a]", "option must map names to values"),
        ("plugin: a\nprotocol: b\nseed: many", "--seed must be a whole number, got 'many'"),
        ("plugin: a\nprotocol: b\nseed: 1.5", "--seed must be a whole number, got 1.5"),
        ("plugin: a\nprotocol: b\nseed: true", "--seed must be a whole number, got True"),
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
