"""Roots of data sets: what is asked first, what is remembered, what is simulated."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from fasharness.common.paths import config_file
from fasharness.dataset import Dataset, Simulator
from fasharness.errors import OptionError, UnknownNameError
from fasharness.protocol import Protocol
from fasharness.run.data_roots import configured, locate, remember, simulate, simulated_root

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
    name = "oulu-npu"
    title = "Drawn"
    folds: ClassVar = {"drawn": ("drawn",)}

    def protocol(self, name: str) -> Protocol:
        raise NotImplementedError


class Pen(Simulator):
    """A simulator that writes its mark alone."""

    sizes = ("mini",)
    version = 7

    def write(self, out, *, size, seed, jobs, progress=None):
        out.mkdir(parents=True)
        progress(1, 1)
        (out / "SIMULATED.json").write_text(json.dumps({"size": size, "seed": seed}))


def found(given: Path | None = None) -> Path:
    return locate(Drawn, given, Pen(), "mini").path


def test_the_given_root_wins_over_the_environment_and_that_over_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    given, variable, stored = (tmp_path / name for name in ("given", "variable", "stored"))
    stored.mkdir()
    assert configured("oulu-npu") is None
    assert remember("oulu-npu", stored) == config_file()
    assert found() == stored
    monkeypatch.setenv("FASHARNESS_OULU_NPU", str(variable))
    assert found() == variable
    assert found(given) == given


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
    with pytest.raises(OptionError, match=r"broken settings file: .*config\.json"):
        configured("oulu-npu")


def test_without_a_root_the_data_are_simulated_once():
    first, second = Lines(), Lines()
    root = locate(Drawn, None, Pen(), "mini")
    assert root.path == simulated_root("oulu-npu", Pen(), "mini")
    assert root.path.name == "oulu-npu-mini-v7-seed0"
    assert not root.path.exists()
    simulate(Drawn, root, 1, first)
    assert json.loads((root.path / "SIMULATED.json").read_text()) == {"size": "mini", "seed": 0}
    assert "FASHARNESS_OULU_NPU" in first.lines[0]
    assert first.lines[1:] == ["simulate 1/1 videos"]
    simulate(Drawn, locate(Drawn, None, Pen(), "mini"), 1, second)
    assert second.lines == []


def test_a_folder_of_the_users_is_never_simulated_into(tmp_path: Path):
    root = locate(Drawn, tmp_path / "given", Pen(), "mini")
    simulate(Drawn, root, 1, Lines())
    assert not root.path.exists()


def test_an_unknown_size_is_refused_before_anything_is_simulated():
    with pytest.raises(UnknownNameError, match=r"no simulation size 'big'.*available: mini"):
        locate(Drawn, None, Pen(), "big")


def test_a_data_set_that_nothing_simulates_wants_its_folder_or_a_plugin():
    words = "no installed plugin simulates it: give its folder with --data or FASHARNESS_OULU_NPU, "
    with pytest.raises(OptionError, match=f"{words}or, .*install the plugin fasharness-sim"):
        locate(Drawn, None, None, "mini")
