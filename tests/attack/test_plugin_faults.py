"""Faults of plugins: one line names the plugin, the function and the presentation or batch."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness import plugins
from fasharness.cli import main
from fasharness.common.workers import run_all
from fasharness.errors import RunError

Run = Callable[..., "Ended"]  # noqa: F821

PLUGIN = """
import os
import sys

from fasharness.hookspecs import hookimpl


def fault(function):
    wanted, _, kind = os.environ.get("FAULT", "").partition("=")
    if wanted == function:
        exec(kind)


fault("import")


@hookimpl
def fasharness_methods():
    def load():
        from fasharness_toy.method import Toy

        class Faulty(Toy):
            name = "faulty"

            def network(self, files):
                fault("network")
                return super().network(files)

            def losses(self, *given):
                fault("losses")
                return super().losses(*given)

            def score(self, *given):
                fault("score")
                return super().score(*given)

            def maps(self, *given):
                fault("maps")
                return super().maps(*given)

            def augment(self, *given):
                fault("augment")
                return super().augment(*given)

        return Faulty

    return {"faulty": load}


@hookimpl(tryfirst=True)
def fasharness_decode(path, wanted):
    fault("decode")


@hookimpl
def fasharness_run_started(folder, settings):
    fault("started")


@hookimpl
def fasharness_presentation_scored(folder, score):
    fault("scored")


@hookimpl
def fasharness_metrics():
    def odd(given):
        fault("metric")
        return 0.5

    return {"odd": odd}
"""


@pytest.fixture
def faulty(
    toy: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin, found by its entry point."""
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "fasharness_faulty.py").write_text(PLUGIN)
    info = folder / "fasharness_faulty-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fasharness-faulty\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[fasharness]\nfaulty = fasharness_faulty\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "fasharness_faulty", raising=False)


FATAL = {
    "network=raise KeyError('depth')": ("Faulty.network", "KeyError: 'depth'"),
    "losses=raise RuntimeError('no\\nway')": (
        "Faulty.losses",
        "(epoch 1, batch 1): RuntimeError: no way",
    ),
    "augment=sys.exit(0)": ("Faulty.augment", "SystemExit: 0"),
    "score=sys.exit(0)": ("Faulty.score", "(batch of 1_2_21_1, 1_2_21_2"),
    "score=raise OSError('gone')": ("Faulty.score", "OSError: gone"),
    "decode=raise ValueError('bits')": ("fasharness_decode", "(presentation "),
    "decode=sys.exit('so')": ("fasharness_decode", "SystemExit: so"),
}


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("fault", FATAL)
def test_a_fault_ends_the_run_in_one_line_and_its_traceback_is_kept(
    toy_run: Run, oulu: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: str
):
    function, words = FATAL[fault]
    monkeypatch.setenv("FAULT", fault)
    own = ("--store", tmp_path / "store") if function == "fasharness_decode" else ()
    more = ("--plugin", "faulty", "--preset", "short", "--limit", "5", "--out", "r")
    error = toy_run(oulu, *more, *own).error
    assert error.startswith("plugin faulty: fasharness_")
    assert f"{function} failed" in error
    assert words in error
    assert error.endswith("its traceback is in r/errors.log")
    log = Path("r/errors.log").read_text()
    assert "Traceback (most recent call last)" in log
    assert "fasharness_faulty.py" in log


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("kind", ["raise KeyError('x')", "sys.exit(0)"])
@pytest.mark.parametrize("function", ["started", "scored"])
def test_an_observer_that_fails_costs_only_itself(
    toy_run: Run, oulu: Path, monkeypatch: pytest.MonkeyPatch, function: str, kind: str
):
    monkeypatch.setenv("FAULT", f"{function}={kind}")
    ended = toy_run(oulu, "--plugin", "brightness", "--out", "r")
    assert ended.code == 0, ended.err
    assert ended.err.count(f"{function} failed: ") == 1
    assert Path("r/report.html").is_file()


@pytest.mark.usefixtures("faulty")
def test_maps_that_fail_cost_only_themselves(
    toy_run: Run, oulu: Path, command: Run, shared_store: Path, monkeypatch: pytest.MonkeyPatch
):
    assert toy_run(oulu, "--plugin", "faulty", "--preset", "short", "--out", "r").code == 0
    monkeypatch.setenv("FAULT", "maps=sys.exit(0)")
    ended = command("report", "r", "--pictures", "--store", shared_store)
    assert ended.code == 0, ended.err
    assert "the report shows no maps: faulty.maps failed: SystemExit: 0" in ended.err


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("kind", ["raise KeyError('x')", "sys.exit(0)"])
def test_a_metric_that_fails_is_named(
    toy_run: Run, oulu: Path, command: Run, monkeypatch: pytest.MonkeyPatch, kind: str
):
    assert toy_run(oulu, "--plugin", "brightness", "--out", "r").code == 0
    monkeypatch.setenv("FAULT", f"metric={kind}")
    assert "the plugin's metric 'odd' failed: " in command("evaluate", "r", "--all").error


@pytest.mark.usefixtures("faulty")
def test_what_a_plugin_prints_is_no_part_of_the_output(
    toy_run: Run, oulu: Path, command: Run, monkeypatch: pytest.MonkeyPatch
):
    assert toy_run(oulu, "--plugin", "brightness", "--out", "r").code == 0
    words = ("evaluate", "r", "--all", "--style", "csv")
    expected = command(*words).out
    monkeypatch.setenv("FAULT", "metric=print('hello')")
    ended = command(*words)
    assert ended.out == expected
    assert "hello" in ended.err


@pytest.mark.usefixtures("faulty")
def test_a_plugin_whose_import_takes_long_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("FAULT", "import=import time; time.sleep(0.3)")
    monkeypatch.setattr(plugins, "_PATIENCE", 0.1)
    plugins.load()
    assert "still importing plugin faulty" in caplog.messages
    caplog.clear()
    monkeypatch.delenv("FAULT")
    monkeypatch.setattr(plugins, "_PATIENCE", 60.0)
    plugins.load()
    assert not caplog.messages


def test_a_command_that_ends_itself_has_failed(
    monkeypatch: pytest.MonkeyPatch, own_machine: None, capsys: pytest.CaptureFixture[str]
):
    from fasharness.cli import setup

    monkeypatch.setattr(setup, "_info", lambda options: sys.exit(0))
    assert main(["info"]) == 2
    assert "SystemExit: 0; its traceback is in" in capsys.readouterr().err


def _leave(code: int) -> None:
    import os
    import signal

    if code < 0:
        os.kill(os.getpid(), -code)
        signal.pause()
    os._exit(code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (7, "ended itself with exit code 7, as a plugin or a library does"),
        (-9, "was killed .out of memory"),
        (-11, "crashed .SIGSEGV"),
    ],
)
def test_how_a_worker_ended_is_told(code: int, words: str):
    with pytest.raises(RunError, match=words):
        list(run_all(_leave, [code], jobs=1))
