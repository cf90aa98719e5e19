"""Tests of the simulated OULU-NPU folder: its layout, its repeatability, interruption, refusals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from fasharness.errors import DataError
from fasharness_sim import writing
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout, sitting
from fasharness_sim.simulator import simulate

SITTINGS = [sitting(1, 1, 2), sitting(36, 3, 5)]
WORKER = """
import sys
from pathlib import Path
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout, sitting
from fasharness_sim.simulator import simulate
if __name__ == "__main__":
    OuluNpuLayout.sittings = lambda *_: [sitting(1, 1, 2), sitting(36, 3, 5)]
    report = lambda done, total: print(done, flush=True)
    simulate(OuluNpuLayout(), Path(sys.argv[1]), jobs=2, progress=report)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two sittings, that is ten videos, simulated once for all tests here."""
    out, seen = tmp_path_factory.mktemp("sim") / "oulu", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OuluNpuLayout, "sittings", lambda *_: SITTINGS)
        simulate(
            OuluNpuLayout(), out, jobs=2, progress=lambda done, total: seen.append((done, total))
        )
    assert seen == [(0, 10), (5, 10), (10, 10)]
    return out


def _read(path):
    video, frames = cv2.VideoCapture(str(path)), []
    while (found := video.read())[0]:
        frames.append(found[1])
    video.release()
    return np.stack(frames)


def _contents(root):
    return {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_the_layout_is_that_of_the_data_set(root):
    names = [Path(video.path).name for s in SITTINGS for video in s.videos]
    files = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}
    for name in names:
        folder = "Train_files" if "_01_" in name else "Test_files"
        endings = (".txt", ".depth.npz", ".truth.npz", ".avi")
        assert {f"{folder}/{name}{end}" for end in endings} <= files
    assert "Protocols/Protocol_4/Dev_6.txt" in files
    assert {"README.txt", "LICENSE.txt", "SIMULATED.json"} <= files
    assert not [f for f in files if Path(f).name.startswith(".")]
    assert "SIMULATED" in (root / "README.txt").read_text()
    assert "CC0" in (root / "LICENSE.txt").read_text()
    done = json.loads((root / "SIMULATED.json").read_text())
    assert (done["seed"], done["size"], done["videos"]) == (0, "mini", 10)


@pytest.mark.parametrize("file", range(1, 6))
def test_a_video_with_its_eyes_and_depth(root, file):
    base = root / "Test_files" / f"5_3_36_{file}"
    frames = _read(base.with_suffix(".avi"))
    depth = np.load(base.with_suffix(".depth.npz"))["depth"]
    eyes = np.loadtxt(base.with_suffix(".txt"), delimiter=",")
    assert frames.shape == (24, 640, 360, 3)
    assert (depth.shape, depth.dtype) == ((24, 160, 90), np.uint8)
    assert eyes.shape == (24, 5)
    np.testing.assert_array_equal(eyes[:, 0], range(24))
    assert depth.max() == 255
    assert depth[depth > 0].min() == 1
    for row, face in zip(eyes.astype(int), depth, strict=True):
        _, x0, y0, x1, y1 = row
        rows, columns = np.nonzero(face)
        assert columns.min() * 4 < x0 < x1 < columns.max() * 4 + 4
        assert rows.min() * 4 < min(y0, y1)
        assert max(y0, y1) < rows.max() * 4
        assert 80 < np.ptp(columns) * 4 < 190


def test_frames_move_but_do_not_jump(root):
    frames = _read(root / "Train_files" / "2_1_01_1.avi").astype(np.int16)
    change = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    assert 0.3 < change.min() < change.max() < 25


def test_what_is_missing_is_made_again_with_the_same_bytes(root, tmp_path, monkeypatch):
    out = tmp_path / "oulu"
    shutil.copytree(root, out)
    for name in ("Test_files/5_3_36_1.avi", "Test_files/5_3_36_4.txt", "SIMULATED.json"):
        (out / name).unlink()
    mark = json.loads((root / "SIMULATED.json").read_text())
    del mark["videos"]
    (out / ".simulating.json").write_text(json.dumps(mark))
    monkeypatch.setattr(OuluNpuLayout, "sittings", lambda *_: SITTINGS)
    kept = (out / "Test_files/5_3_36_2.avi").stat().st_mtime_ns
    simulate(OuluNpuLayout(), out, jobs=1)
    assert _contents(out) == _contents(root)
    assert (out / "Test_files/5_3_36_2.avi").stat().st_mtime_ns == kept


def _children(pid):
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in tasks.read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_a_killed_run_leaves_no_workers_and_can_go_on(root, tmp_path, monkeypatch):
    out = tmp_path / "oulu"
    run = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(out)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "0\n"
    deadline = time.monotonic() + 60
    while not list(out.glob("*/[0-9]*.avi")) and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = _children(run.pid)
    assert len(workers) >= 2
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    while any(Path(f"/proc/{w}").is_dir() for w in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [w for w in workers if Path(f"/proc/{w}").is_dir()]
    assert not (out / "SIMULATED.json").exists()
    for path in out.glob("*/[0-9]*.*"):
        assert path.read_bytes() == (root / path.relative_to(out)).read_bytes()
    (out / "Train_files").mkdir(exist_ok=True)
    (out / "Train_files" / ".x.1.part.avi").write_bytes(b"half")
    monkeypatch.setattr(writing, "_record_all", lambda *_: [0])
    monkeypatch.setattr(OuluNpuLayout, "sittings", lambda *_: SITTINGS)
    simulate(OuluNpuLayout(), out)
    assert not list(out.glob("*/.*"))


def test_a_damaged_mark_is_named(tmp_path):
    (tmp_path / "SIMULATED.json").write_text("{")
    with pytest.raises(DataError, match=r"SIMULATED\.json is damaged"):
        simulate(OuluNpuLayout(), tmp_path)
