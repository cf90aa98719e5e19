"""Ctrl-C, SIGTERM, SIGHUP and kill -9: the same command then gives the same bytes."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.cli import main
from fasharness.common.signals import ENDING

OUTPUTS = (
    "result.json", "scores.csv", "clip_scores.csv", "model.safetensors", "training.json",
    "Test_scores.txt",
)  # fmt: skip


@pytest.fixture
def words(oulu: Path) -> list[str]:
    """The command; the epochs make the training long enough to be met in the middle."""
    fixed = ["run", "--plugin", "toy", "--protocol", "oulu1", "--faces", "dataset", "--quiet"]
    return [*fixed, "--data", str(oulu), "--option", "epochs=12", "--save-every", "0"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Outputs of an uninterrupted run; filled by the first test that needs them."""
    return {}


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something is seen in the files of a running process."""
    end = time.monotonic() + 120
    while not ready():
        assert process.poll() is None, "the process ended before the moment came"
        assert time.monotonic() < end, "the moment never came"
        time.sleep(0.002)


def size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def strike(process: subprocess.Popen[bytes], number: signal.Signals, errors: Path) -> None:
    """Send a signal to the whole group, as a terminal does with Ctrl-C; check how it ends."""
    os.killpg(process.pid, number)
    code = process.wait(timeout=120)
    text = errors.read_text()
    if number == signal.SIGKILL:
        assert (code, text) == (-signal.SIGKILL, "")
    else:
        said = "fasharness: interrupted; repeat the command to go on from here\n"
        assert (code, text) == (128 + number, said)


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGINT, signal.SIGTERM, signal.SIGHUP), (signal.SIGKILL,) * 3],
    ids=["asked", "killed"],
)
def test_a_run_that_is_stopped_in_every_step_gives_the_same_bytes(
    numbers: tuple[signal.Signals, ...],
    words: list[str],
    reference: dict[str, bytes],
    installed: dict[str, Path],
    child_environment: Callable[..., dict[str, str]],
    program: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    store, out = tmp_path / "store", tmp_path / "out"
    plugins = [installed["toy"], installed["slow"]]

    def start(slow: str, *more: str) -> tuple[subprocess.Popen[bytes], Path]:
        errors = tmp_path / f"{slow}.txt"
        command = [program, *words, "--store", store, "--out", out, *more]
        environment = child_environment(*plugins, FASHARNESS_SLOW=slow)
        with errors.open("wb") as file:
            return subprocess.Popen(
                command,
                env=environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
                # a shell's background jobs, such as a CI's, start with Ctrl-C ignored
                preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in ENDING],
            ), errors

    # the death of a parent with its workers is a test of its own
    process, errors = start("prepare", "--jobs", "1" if signal.SIGKILL in numbers else "2")
    until(lambda: len(list(store.glob("packs/*/*.pack"))) > 5, process)
    strike(process, numbers[0], errors)
    kept = len(list(store.glob("packs/*/*.pack")))
    assert 5 < kept < 60  # a pack for each video

    process, errors = start("train", "--jobs", "1", "--workers", "1")
    state = out / "training.safetensors"
    until(state.is_file, process)
    first = state.stat().st_mtime_ns
    until(lambda: state.is_file() and state.stat().st_mtime_ns != first, process)
    strike(process, numbers[1], errors)
    assert state.is_file()
    assert not (out / "model.safetensors").exists()

    process, errors = start("score", "--jobs", "1")
    journal = out / "scoring.jsonl"
    until(lambda: size(journal) > 300, process)
    strike(process, numbers[2], errors)
    assert journal.is_file()
    assert not (out / "scores.csv").exists()

    for folder in plugins:
        monkeypatch.syspath_prepend(str(folder))
    more = ["--jobs", "1", "--store"]
    assert main([*words, *more, str(store), "--out", str(out)]) == 0
    assert not list(out.glob(".*.part*"))
    if not reference:
        whole = tmp_path / "whole"
        assert main([*words, *more, str(tmp_path / "fresh"), "--out", str(whole)]) == 0
        reference |= {name: (whole / name).read_bytes() for name in OUTPUTS}
    assert {name: (out / name).read_bytes() for name in OUTPUTS} == reference
