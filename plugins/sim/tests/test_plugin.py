"""The simulator as a plugin: it is found by its entry point, and a run without it says so."""

import importlib.metadata
import re
import subprocess
import sys

import pytest

from fasharness import plugins
from fasharness_sim.layouts import LAYOUTS


@pytest.fixture
def without_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator is not installed."""
    real = importlib.metadata.entry_points

    def others(*, group: str) -> list[importlib.metadata.EntryPoint]:
        return [entry for entry in real(group=group) if entry.name != "sim"]

    assert len(others(group=plugins.GROUP)) < len(real(group=plugins.GROUP))
    monkeypatch.setattr(importlib.metadata, "entry_points", others)


def test_every_layout_is_offered_as_a_simulator_of_a_data_set_that_is_there():
    found = plugins.load()
    assert {offer.name for offer in found.offers("simulator") if offer.owner == "sim"} == set(
        LAYOUTS
    )
    for name, layout in LAYOUTS.items():
        simulator, dataset = found.simulator(name), found.make("dataset", name)
        assert simulator is not None
        assert (simulator.sizes, simulator.version) == (tuple(layout.sizes), layout.version)
        assert set(layout.protocols) <= set(dataset.folds)


def test_the_command_is_listed_and_has_a_command_for_each_layout(command):
    assert "sim" in command("ls", "commands").out.split()
    shown = command("sim")
    assert shown.code == 0
    for word in (*LAYOUTS, "preview", "validate"):
        assert re.search(rf"^    {word}\s", shown.out, re.MULTILINE), word


def test_offering_and_listing_draws_nothing():
    code = (
        "import sys, fasharness_sim as sim\n"
        "sim.fasharness_simulators(), sim.fasharness_commands()\n"
        "sys.exit('cv2' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_without_the_plugin_says_in_one_line_how_to_get_it(without_the_plugin, command, here):
    ended = command("run", "--plugin", "sgtd", "--protocol", "oulu1")
    assert "no folder of OULU-NPU is configured" in ended.error
    assert "install the plugin fasharness-sim" in ended.error
    assert "pip install --no-build-isolation ./plugins/sim" in ended.error
    assert not list(here.iterdir())


def test_without_the_plugin_there_is_no_command(without_the_plugin, command, capsys):
    with pytest.raises(SystemExit) as stopped:
        command("sim", "oulu-npu", "--out", "x")
    assert stopped.value.code == 2
    assert "invalid choice: 'sim'" in capsys.readouterr().err
