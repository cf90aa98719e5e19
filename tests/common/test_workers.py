"""Worker processes: results, errors with their words, and no process outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fasharness.common.signals import ENDING
from fasharness.common.workers import default_jobs, run_all
from fasharness.errors import RunError, UnknownNameError

CHILD = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
from worker_tasks import wait
from fasharness.common.signals import ENDING
from fasharness.common.workers import run_all
if __name__ == "__main__":
    list(run_all(wait, [{folder!r}] * 2, jobs=2))
"""
TASKS = '''"""Tasks for worker processes."""
import os, time
from pathlib import Path
from fasharness.errors import UnknownNameError

def square(number):
    return number * number

def process(number):
    return os.getpid()

def die(number):
    os._exit(9)

def fail(number):
    raise UnknownNameError("crop", "pilow", ["pillow"])

def mark():
    os.environ["WORKER_TASKS_MARK"] = "begun"

def read_mark(number):
    return os.environ.get("WORKER_TASKS_MARK")

def wait(folder):
    Path(folder, f"{os.getpid()}.pid").touch()
    time.sleep(60)
'''


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "worker_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "worker_tasks", raising=False)
    import worker_tasks

    return worker_tasks


def test_every_item_comes_with_its_result_from_other_processes(tasks):
    assert dict(run_all(tasks.square, [1, 2, 3], jobs=2)) == {1: 1, 2: 4, 3: 9}
    assert os.getpid() not in dict(run_all(tasks.process, [1], jobs=1)).values()


def test_each_process_is_prepared_before_its_work(tasks):
    assert dict(run_all(tasks.read_mark, [1], jobs=1, start=tasks.mark)) == {1: "begun"}


def test_an_error_of_the_work_keeps_its_words(tasks):
    with pytest.raises(UnknownNameError, match="no crop 'pilow'; did you mean 'pillow'"):
        list(run_all(tasks.fail, [1], jobs=1))


def test_a_killed_worker_is_an_error_with_a_way_on(tasks):
    with pytest.raises(RunError, match=r"ended itself with exit code 9.*repeat the command"):
        list(run_all(tasks.die, [1], jobs=1))


@pytest.mark.usefixtures("tasks")
def test_workers_end_with_a_killed_parent_and_not_with_signals(tmp_path: Path):
    parent, workers = _busy(tmp_path)
    for worker in workers:
        for number in ENDING:
            os.kill(worker, number)
    time.sleep(0.1)
    assert all(map(_alive, workers))
    parent.kill()
    parent.wait()
    _until(lambda: [w for w in workers if _alive(w)], lambda alive: not alive)


@pytest.mark.usefixtures("tasks")
def test_an_interruption_does_not_wait_for_what_the_workers_do(tmp_path: Path):
    parent, workers = _busy(tmp_path)  # their work takes a minute
    parent.send_signal(signal.SIGINT)
    assert parent.wait(timeout=20) == -signal.SIGINT
    assert not [w for w in workers if _alive(w)]


def test_the_default_is_what_this_process_may_use():
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)


def _busy(folder: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start a process with two workers; returns it and their numbers when they are at work."""
    script = folder / "parent.py"
    script.write_text(CHILD.format(folder=str(folder)))
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    seen = _until(lambda: [int(p.stem) for p in folder.glob("*.pid")], lambda w: len(w) == 2)
    return parent, seen


def _until(look, good, seconds: float = 30):
    end = time.monotonic() + seconds
    while not good(value := look()):
        assert time.monotonic() < end, value
        time.sleep(0.01)
    return value


def _alive(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    try:
        return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
