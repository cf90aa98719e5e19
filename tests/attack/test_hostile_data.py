"""Hostile files in a data set: pipes, devices, bombs and links cost one presentation, at once."""

import io
import json
import os
import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "Ended"]  # noqa: F821
VICTIM = "1_1_01_1"


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def bomb(path: Path) -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
        made.open("depth.npy", "w", force_zip64=True) as entry,
    ):
        for _ in range(300):
            entry.write(bytes(1 << 20))
    path.write_bytes(file.getvalue())


def secret(path: Path) -> None:
    (path.parent / "passwords").write_text("root:hunter2\n")
    path.unlink()
    path.symlink_to(path.parent / "passwords")


def far(path: Path) -> None:
    path.write_text("0,1e300,5,-1e300,5\n")


HOSTILE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "pipe for a video": (".avi", pipe),
    "device for a video": (".avi", endless),
    "pipe for eyes": (".txt", pipe),
    "device for eyes": (".txt", endless),
    "link for eyes": (".txt", secret),
    "eyes beyond any picture": (".txt", far),
    "bomb for depth": (".depth.npz", bomb),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_costs_its_presentation_in_one_line(toy_run: Run, own_oulu: Path, case: str):
    ending, make = HOSTILE[case]
    make(own_oulu / "Train_files" / f"{VICTIM}{ending}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    words = ("--out", "r", "--max-failures", "50%", "--preset", "short")
    ended = toy_run(own_oulu, *words, step="prepare")
    assert time.monotonic() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 << 10
    assert ended.code == 0, ended.err
    failures = json.loads(Path("r/preparation.json").read_text())["failed"]
    assert [*failures] == [VICTIM]
    assert len(str(failures).splitlines()) == 1
    assert "hunter2" not in str(failures) + ended.out + ended.err
