"""Plugins: found by entry point, broken ones reported and never fatal, names looked up."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from fasharness.builtin import hooks as builtin
from fasharness.builtin.baselines import Constant
from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.cli import main
from fasharness.errors import PluginError, UnknownNameError
from fasharness.hookspecs import hookimpl
from fasharness.plugins import load

pytestmark = pytest.mark.usefixtures("own_machine")
CAUSES = {
    "broken-import": "RuntimeError: this plugin wants another machine",
    "broken-hook": "PluginValidationError: unknown hook 'fasharness_method'",
}


@pytest.fixture
def broken(installed: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The broken plugins in this process."""
    monkeypatch.syspath_prepend(str(installed["broken"]))
    return installed["broken"]


def offering(**methods: object) -> SimpleNamespace:
    """A plugin object that offers methods."""
    found = {name: lambda method=method: method for name, method in methods.items()}

    @hookimpl
    def fasharness_methods():
        return found

    return SimpleNamespace(fasharness_methods=fasharness_methods)


def test_an_installed_plugin_is_found_by_its_entry_point(
    installed: dict[str, Path], program: Path, child_environment
):
    def names(*folders: Path) -> list[str]:
        listed = subprocess.run(
            [program, "ls", "methods"],
            env=child_environment(*folders), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert listed.stderr == ""
        return [line.split("\t")[0] for line in listed.stdout.splitlines()]

    assert "toy" in names(installed["toy"])
    assert "toy" not in names()


@pytest.mark.usefixtures("toy")
def test_a_plugin_comes_with_its_version():
    plugins = load()
    assert plugins.versions["toy"] == "fasharness-toy 0.1.0"
    assert plugins.broken == []
    assert plugins.find("method", "toy").owner == "toy"
    assert plugins.method("toy").name == "toy"


@pytest.mark.usefixtures("broken", "toy")
@pytest.mark.parametrize(
    "what", ["plugins", "methods", "datasets", "protocols", "metrics", "detectors"]
)
def test_broken_plugins_are_named_with_their_cause_and_never_fatal_to_ls(
    what: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["ls", what]) == 0
    out, err = capsys.readouterr()
    for name, cause in CAUSES.items():
        assert f"broken: {name}: {cause}" in err
    assert all(line.startswith("broken: ") for line in err.splitlines())
    expected = {
        "plugins": "toy\tfasharness-toy 0.1.0",
        "methods": "toy\ttoy",
        "metrics": "gap\ttoy",
    }
    assert expected.get(what, "") in out
    if what in ("datasets", "protocols"):
        assert "a_package_that_nobody_has" in err
        assert "OULU-NPU" in out


def test_the_listing_says_what_the_baselines_are_for(capsys: pytest.CaptureFixture[str]):
    assert main(["ls", "methods"]) == 0
    words = "constant\tfasharness\tbaseline, in every result: the same score for every"
    assert words in capsys.readouterr().out


@pytest.mark.usefixtures("broken")
def test_a_broken_plugin_fails_what_may_have_needed_it():
    plugins = load()
    with pytest.raises(PluginError, match=r"no method 'sgtf'.*broken-import .RuntimeError: this"):
        plugins.find("method", "sgtf")
    with pytest.raises(PluginError, match=r"no protocol 'siw1'.*broken-import"):
        plugins.dataset_of("siw1")
    assert plugins.dataset_of("oulu1").name == "oulu-npu"


@pytest.mark.usefixtures("broken")
def test_a_name_offered_twice_is_refused_with_both_owners():
    plugins = load()
    with pytest.raises(PluginError) as caught:
        plugins.find("method", "brightness")
    owners = "broken-twin and fasharness"
    assert str(caught.value) == (
        f"method 'brightness' is offered by both {owners}: uninstall one of them"
    )
    assert plugins.find("method", "constant").owner == "fasharness"


@pytest.mark.usefixtures("broken")
def test_a_factory_that_fails_is_reported_with_its_plugin():
    with pytest.raises(PluginError) as caught:
        load().method("unloadable")
    assert str(caught.value) == (
        "method 'unloadable' of plugin broken-factory cannot be used: ModuleNotFoundError: "
        "No module named 'a_package_that_nobody_has'"
    )


def test_an_unknown_name_comes_with_suggestions():
    plugins = load()
    with pytest.raises(UnknownNameError, match="no method 'constent'; did you mean 'constant'"):
        plugins.find("method", "constent")
    with pytest.raises(UnknownNameError, match=r"no protocol 'oulu'.*did you mean 'oulu.*oulu3"):
        plugins.dataset_of("oulu")


def test_built_ins_come_through_the_same_hooks():
    plugins = load()
    assert plugins.manager.get_plugin("fasharness") is builtin
    assert plugins.versions["fasharness"].startswith("fasharness ")
    assert {o.name for o in plugins.offers("method") if o.owner == "fasharness"} == {
        "constant",
        "brightness",
    }


def test_two_plugins_of_one_name_leave_the_first_in_place():
    first, second = offering(one=Constant), offering(two=Constant)
    plugins = load([("same", first), ("same", second)])
    assert "one" in plugins.names("method")
    assert "two" not in plugins.names("method")
    assert [item.plugin for item in plugins.broken] == ["same (not installed)"]
    assert "the name 'same' is taken" in plugins.broken[0].cause


def test_a_hook_with_arguments_that_are_not_there_makes_a_plugin_broken():
    @hookimpl
    def fasharness_run_started(folder, colour):
        raise AssertionError

    plugins = load([("wrong", SimpleNamespace(fasharness_run_started=fasharness_run_started))])
    assert [item.plugin for item in plugins.broken] == ["wrong"]
    assert "colour" in plugins.broken[0].cause
    assert plugins.manager.get_plugin("wrong") is None
    plugins.hook.fasharness_run_started(folder=Path(), settings={})


@pytest.mark.parametrize("answer", [None, 3, RuntimeError("not today"), SystemExit(1)])
def test_a_hook_that_fails_makes_its_plugin_broken_alone(answer: object):
    @hookimpl
    def fasharness_methods():
        if isinstance(answer, BaseException):
            raise answer
        return answer

    bad = SimpleNamespace(fasharness_methods=fasharness_methods)
    plugins = load([("bad", bad), ("good", offering(good=Constant))])
    assert "good" in plugins.names("method")
    assert [item.plugin for item in plugins.broken] == ["bad"]


def test_ctrl_c_in_a_plugin_is_not_taken_for_a_broken_plugin():
    @hookimpl
    def fasharness_methods():
        raise KeyboardInterrupt

    plugins = load([("slow", SimpleNamespace(fasharness_methods=fasharness_methods))])
    with pytest.raises(KeyboardInterrupt):
        plugins.offers("method")


def test_each_manager_is_its_own():
    assert "one" in load([("own", offering(one=Constant))]).names("method")
    assert "one" not in load().names("method")


class Twin(OuluNpu):
    name = "twin"


class Renamed(Constant):
    name = "other"


def bringing(**hooks: object) -> SimpleNamespace:
    """A plugin object with hooks that return what is given."""
    return SimpleNamespace(**{
        f"fasharness_{name}": hookimpl(lambda found=found: found) for name, found in hooks.items()
    })  # fmt: skip


def test_a_protocol_of_two_data_sets_is_refused_with_both():
    plugins = load([("twin", bringing(datasets={"twin": lambda: Twin}))])
    with pytest.raises(PluginError, match=r"'oulu1' is offered by the data sets .*oulu-npu"):
        plugins.dataset_of("oulu1")
    assert plugins.dataset("twin") is Twin


def test_a_class_of_another_name_than_the_one_offered_is_refused():
    plugins = load([
        ("odd", bringing(methods={"mine": lambda: Renamed, "none": lambda: None},
                         datasets={"mine": lambda: Twin})),
    ])  # fmt: skip
    with pytest.raises(PluginError, match="'mine' of plugin odd: its class is named 'other'"):
        plugins.method("mine")
    with pytest.raises(PluginError, match="method 'none' of plugin odd: its class is named None"):
        plugins.method("none")
    with pytest.raises(PluginError, match="'mine' of plugin odd: its class is named 'twin'"):
        plugins.dataset("mine")
    assert "mine" not in plugins.datasets()
