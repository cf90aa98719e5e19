"""Tests of ``fasharness sim`` in real processes: what it writes, says, refuses, and resumes."""

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

from fasharness_sim.layouts.oulu_npu import OuluNpuLayout

# four sittings of two frames, so that the tests take seconds; the rest is the real command
PROGRAM = """
import sys
from fasharness.cli import main
from fasharness_sim.formats import Format
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout, sitting

OuluNpuLayout.sittings = lambda *_: [
    sitting(*who)._replace(format=Format(frames=2))
    for who in ((1, 1, 2), (21, 1, 1), (36, 3, 5), (37, 3, 6))
]
if __name__ == "__main__":
    sys.exit(main())
"""
FULL = """
set -u
mount -t tmpfs -o size=64m,nr_inodes=40 none {disk} || exit 77
"$@"; code=$?
mount -o remount,nr_inodes=1000 {disk}
"$@"; echo "codes $code $?"
cp -r {disk}/sim {out}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "sim.py"
    path.write_text(PROGRAM)
    return [sys.executable, str(path), "sim"]


@pytest.fixture(scope="module")
def run(program):
    def call(*words):
        return subprocess.run(
            [*program, *map(str, words)], capture_output=True, text=True, check=False
        )

    return call


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """A folder that was written in one go, and what the command said."""
    out = tmp_path_factory.mktemp("whole") / "sim"
    sheet = out.parent / "sheet.png"
    done = run("oulu-npu", "--out", out, "--jobs", 2, "--preview", sheet)
    assert done.returncode == 0, done.stderr
    return out, done


def contents(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def refused(done, *words):
    """See that a command ended with one line that has these words."""
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("fasharness: error: ")
    for word in words:
        assert word in line


def test_it_says_what_it_will_write_before_it_starts(whole):
    out, done = whole
    first = done.stderr.splitlines()[0]
    assert first.startswith(f"{out}: 20 SIMULATED videos to write, about 2 MB, about ")
    assert "2 processes" in first
    assert "SIMULATED" in done.stdout
    size = sum(len(data) for data in contents(out).values())
    assert 0.4e6 < size < 4e6


def test_everything_lies_in_the_folder_and_says_that_it_is_simulated(whole):
    out, _ = whole
    mark = json.loads((out / "SIMULATED.json").read_text())
    assert mark == {
        "data": "simulated OULU-NPU", "version": OuluNpuLayout.version, "seed": 0, "size": "mini",
        "users": None, "videos": 20,
    }  # fmt: skip
    assert "SIMULATED" in (out / "README.txt").read_text()
    assert "CC0" in (out / "LICENSE.txt").read_text()
    assert len(list(out.glob("*_files/*.avi"))) == 20
    assert not [name for name in contents(out) if Path(name).name.startswith(".")]


def test_the_truth_beside_a_video_is_right_in_tenths_of_a_pixel(whole):
    base = whole[0] / "Test_files" / "5_3_36_4"
    with np.load(base.with_suffix(".truth.npz")) as truth:
        box, eyes, landmarks = (truth[name] for name in ("box", "eyes", "landmarks"))
    assert (box.shape, eyes.shape, landmarks.shape) == ((2, 4), (2, 2, 2), (2, 68, 2))
    assert {array.dtype for array in (box, eyes, landmarks)} == {np.dtype(np.int16)}
    written = np.loadtxt(base.with_suffix(".txt"), delimiter=",")[:, 1:].reshape(2, 2, 2)
    assert np.abs(eyes / 10 - written).max() <= 0.55
    assert np.abs(landmarks[:, 36:42].mean(1) - eyes[:, 0]).max() < 30
    depth = np.load(base.with_suffix(".depth.npz"))["depth"] > 0
    for face, (left, top, right, bottom) in zip(depth, box / 10, strict=True):
        rows, columns = np.nonzero(face)
        true = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) * 4
        assert np.abs(true - [left, top, right, bottom]).max() < 12
    assert base.with_suffix(".truth.npz").stat().st_size < 6000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_an_interrupted_command_goes_on_and_gives_the_same_bytes(
    number, whole, run, program, tmp_path
):
    out, errors = tmp_path / "sim", tmp_path / "errors"
    with errors.open("wb") as file:
        process = subprocess.Popen(
            [*program, "oulu-npu", "--out", str(out), "--jobs", "1", "--quiet"],
            stdout=file, stderr=file, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(out.glob("*/[0-9]*.avi")):
        assert process.poll() is None, errors.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(process.pid, number)
    code = process.wait(timeout=60)
    if number == signal.SIGINT:
        told = "fasharness: interrupted; repeat the command to go on from here\n"
        assert (code, errors.read_text()) == (130, told)
    else:
        assert (code, errors.read_text()) == (-signal.SIGKILL, "")
    assert not (out / "SIMULATED.json").exists()
    before = len(list(out.glob("*/[0-9]*.avi")))
    assert 0 < before < 20
    done = run("oulu-npu", "--out", out, "--jobs", 2)
    assert done.returncode == 0
    assert f"{out}: {20 - before} SIMULATED videos to write" in done.stderr
    assert contents(out) == contents(whole[0])


def test_a_full_disk_ends_in_one_line_and_space_lets_it_go_on(whole, program, tmp_path):
    """A real file system runs out of inodes, which no estimate foresees; it is then enlarged."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = FULL.format(disk=disk, out=tmp_path / "copy")
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", *program, "oulu-npu",
         "--out", str(disk / "sim"), "--jobs", "1", "--quiet"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77 or (shutil.which("unshare") and "unshare" in done.stderr):
        pytest.skip("no mount namespaces here")
    (error,) = done.stderr.splitlines()
    assert error.startswith("fasharness: error: cannot write ")
    assert "No space left on device; free some space and run again" in error
    assert "codes 2 0" in done.stdout
    assert contents(tmp_path / "copy") == contents(whole[0])


def test_a_disk_that_is_too_small_is_refused_before_the_work(program, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=1m none {disk} || exit 77; "$@"; ls {disk}/sim'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", *program, "oulu-npu",
         "--out", str(disk / "sim")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77 or (shutil.which("unshare") and "unshare" in done.stderr):
        pytest.skip("no mount namespaces here")
    (error,) = done.stderr.splitlines()
    assert "no space left: about 2 MB are needed, 1 MB are free; free some space" in error
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--size", "mni"], ["no size 'mni'", "available: tiny, mini, small, full"]),
        (["--users", "0"], ["users must be 3 (one of each part) to 55, got 0"]),
        (["--users", "1,56"], ["no user 56; users are 1 to 55"]),
        (["--users", "few"], ["users 'few': give a number of users"]),
        (["--seed", "-1"], ["seed and jobs must be 0 or above, got seed -1"]),
        (["--jobs", "-1"], ["and jobs -1"]),
        (["--jobs", "100000"], ["jobs must be 0 (one per core) to ", "got 100000"]),
        (["--preview", "sheet.jpg"], ["sheet.jpg", "ends with .png"]),
        (["--seed", "x"], ["--seed", "invalid whole value: 'x'"]),
    ],
)
def test_impossible_options_are_refused_and_nothing_is_written(run, tmp_path, words, told):
    refused(run("oulu-npu", "--out", tmp_path / "sim", *words), *told)
    assert not (tmp_path / "sim").exists()


def test_users_of_one_part_alone_and_other_users_are_refused(whole, tmp_path):
    done = _real("--out", tmp_path / "sim", "--users", "1-20")
    refused(done, "Protocols/Protocol_1/Dev.txt", "would be empty", "Dev 21-35, Test 36-55")
    assert not (tmp_path / "sim").exists()
    done = _real("--out", whole[0], "--users", 3)
    refused(done, "users all, wanted 1,21,36")


def _real(*words):
    program = [sys.executable, "-m", "fasharness", "sim", "oulu-npu"]
    return subprocess.run([*program, *map(str, words)], capture_output=True, text=True, check=False)


def test_a_folder_that_is_not_ours_is_refused_untouched(run, whole, tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"sea")
    refused(run("oulu-npu", "--out", tmp_path), "holds files that are not a simulation")
    assert contents(tmp_path) == {"holiday.jpg": b"sea"}
    refused(run("oulu-npu", "--out", tmp_path / "holiday.jpg"), "holiday.jpg is a file")
    refused(run("oulu-npu", "--out", whole[0], "--seed", 1), "with seed 0, wanted 1")
    refused(run("oulu-npu", "--out", whole[0], "--size", "small"), "size mini, wanted small")
    old = tmp_path / "old"
    old.mkdir()
    mark = json.loads((whole[0] / "SIMULATED.json").read_text())
    (old / "SIMULATED.json").write_text(json.dumps({**mark, "version": 1}))
    before = contents(old)
    refused(
        run("oulu-npu", "--out", old),
        f"version 1, wanted {OuluNpuLayout.version}",
        "another folder",
    )
    assert contents(old) == before


def test_a_finished_folder_is_left_as_it_is(run, whole):
    before = {p: p.stat().st_mtime_ns for p in whole[0].rglob("*.avi")}
    done = run("oulu-npu", "--out", whole[0])
    assert done.returncode == 0
    assert "to write" not in done.stderr
    assert {p: p.stat().st_mtime_ns for p in whole[0].rglob("*.avi")} == before


def test_the_contact_sheet_shows_the_frames(run, whole, tmp_path):
    sheet = cv2.imread(str(whole[0].parent / "sheet.png"))
    assert sheet.shape[1] == 1440
    assert 1500 < sheet.shape[0] < 5000
    video = cv2.VideoCapture(str(whole[0] / "Train_files" / "2_1_01_1.avi"))
    frames = [video.read()[1] for _ in range(2)]
    video.release()
    small = cv2.resize(frames[1], (120, 213), interpolation=cv2.INTER_AREA)
    away = cv2.matchTemplate(sheet[:300], small, cv2.TM_SQDIFF)  # the users' panel
    assert away.min() / small.size < 1
    done = run("preview", whole[0], "--out", tmp_path / "again.png")
    assert done.returncode == 0
    assert (tmp_path / "again.png").read_bytes() == (whole[0].parent / "sheet.png").read_bytes()


def test_the_faces_fill_the_sheet(whole):
    """The four sittings here make two rows of ten faces, unscaled and without a gap."""
    sheet = cv2.imread(str(whole[0].parent / "sheet.png"))
    video = cv2.VideoCapture(str(whole[0] / "Train_files" / "2_1_01_1.avi"))
    frame = [video.read()[1] for _ in range(2)][1]
    video.release()
    position = np.loadtxt(whole[0] / "Train_files" / "2_1_01_1.txt", delimiter=",")[1, 1:]
    x, y = position.reshape(2, 2).mean(0).astype(int)
    face = frame[y - 40 : y + 40, x - 60 : x + 60]
    away = cv2.matchTemplate(sheet, face, cv2.TM_SQDIFF)
    _, _, (left, top), _ = cv2.minMaxLoc(away)
    assert np.array_equal(sheet[top : top + 80, left : left + 120], face)
    assert left < 144
    rows = [sheet[top + down : top + down + 80] for down in (0, 160)]
    faces = [row[:, at : at + 144] for row in rows for at in range(0, 1440, 144)]
    assert min(face.std() for face in faces) > 5
    assert len({face.tobytes() for face in faces}) == 20


def test_a_contact_sheet_needs_a_simulated_folder_with_videos(run, whole, tmp_path):
    sheet = tmp_path / "sheet.png"
    refused(run("preview", tmp_path, "--out", sheet), "not a simulated folder")
    shutil.copy(whole[0] / "SIMULATED.json", tmp_path)
    refused(run("preview", tmp_path, "--out", sheet), "no video yet")
    (tmp_path / "SIMULATED.json").rename(tmp_path / ".simulating.json")
    refused(run("preview", tmp_path, "--out", sheet), "an unfinished simulation; repeat the ")
    (tmp_path / ".simulating.json").rename(tmp_path / "SIMULATED.json")
    (tmp_path / "Train_files").mkdir()
    (tmp_path / "Train_files" / "2_1_01_1.avi").write_bytes(b"RIFF")
    refused(run("preview", tmp_path, "--out", sheet), "2_1_01_1.avi")
    assert not sheet.exists()
