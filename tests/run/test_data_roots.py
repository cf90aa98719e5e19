"""Roots of data sets: what is asked first, what is remembered, what is simulated."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from fasharness.common.paths import config_file
from fasharness.data import Protocol
from fasharness.dataset import Dataset
from fasharness.errors import OptionError, UnknownNameError
from fasharness.run.data_roots import configured, remember, resolve, simulated_root

pytestmark = pytest.mark.usefixtures("own_machine")


class Lines:
    """A console that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    @contextlib.contextmanager
    def bar(self, title: str, unit: str) -> Iterator[object]:
        yield lambda done, total, text: self.lines.append(f"{title} {done}/{total} {unit}")


class Drawn(Dataset):
    """A data set whose simulation writes its mark alone."""

    name = "oulu-npu"
    title = "Drawn"
    folds: ClassVar = {"drawn": ("drawn",)}
    simulated_sizes = ("mini",)

    def protocol(self, name: str) -> Protocol:
        raise NotImplementedError

    @classmethod
    def simulate(cls, out, *, size, seed, jobs, progress=None):
        out.mkdir(parents=True)
        progress(1, 1)
        (out / "SIMULATED.json").write_text(json.dumps({"size": size, "seed": seed}))


class Released(Drawn):
    simulated_sizes = ()


def test_the_given_root_wins_over_the_environment_and_that_over_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    given, variable, stored = (tmp_path / name for name in ("given", "variable", "stored"))
    stored.mkdir()
    assert configured("oulu-npu") is None
    assert remember("oulu-npu", stored) == config_file()
    assert resolve(Drawn, None, "mini", 1, Lines()) == stored
    monkeypatch.setenv("FASHARNESS_OULU_NPU", str(variable))
    assert resolve(Drawn, None, "mini", 1, Lines()) == variable
    assert resolve(Drawn, given, "mini", 1, Lines()) == given


def test_a_relative_root_is_remembered_absolutely_beside_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("a").mkdir()
    remember("siw", Path("a"))
    remember("oulu-npu", Path("a"))
    assert configured("siw") == configured("oulu-npu") == tmp_path / "a"


def test_a_root_that_is_not_there_is_not_remembered(tmp_path: Path):
    with pytest.raises(OptionError, match="no such folder"):
        remember("oulu-npu", tmp_path / "nowhere")
    assert not config_file().exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"data": []}', "\xff"])
def test_a_broken_settings_file_is_named(text: str):
    config_file().parent.mkdir(parents=True)
    config_file().write_bytes(text.encode("latin-1"))
    with pytest.raises(OptionError, match=r"config\.json: broken settings file"):
        configured("oulu-npu")


def test_without_a_root_the_data_are_simulated_once():
    first, second = Lines(), Lines()
    root = resolve(Drawn, None, "mini", 1, first)
    assert root == simulated_root(Drawn, "mini")
    assert json.loads((root / "SIMULATED.json").read_text()) == {"size": "mini", "seed": 0}
    assert "FASHARNESS_OULU_NPU" in first.lines[0]
    assert first.lines[1:] == ["simulate 1/1 videos"]
    assert resolve(Drawn, None, "mini", 1, second) == root
    assert second.lines == []


def test_an_unknown_size_is_refused_before_anything_is_simulated():
    with pytest.raises(UnknownNameError, match=r"no simulation size 'big'.*available: mini"):
        resolve(Drawn, None, "big", 1, Lines())
    assert not simulated_root(Drawn, "big").exists()


def test_a_data_set_without_simulation_wants_its_folder():
    lines = Lines()
    with pytest.raises(OptionError, match="has no simulation: give its folder with --data or FASH"):
        resolve(Released, None, "mini", 1, lines)
    assert lines.lines == []
