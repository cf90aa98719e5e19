"""A simulated OULU-NPU: a folder in the data set's own layout, written video by video."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import cv2

from fasharness.errors import DataError, OptionError
from fasharness.files import sweep
from fasharness.sim import head, oulu_lists, record, storing
from fasharness.sim.oulu_lists import FILES, Shoot
from fasharness.sim.person import person
from fasharness.workers import default_jobs, run_all

VERSION = 1
SIZES: Mapping[str, str] = MappingProxyType(
    {
        "mini": "200 videos of 40 sittings: every protocol has both classes in every list",
        "small": "1000 videos of 200 sittings, balanced over users, sessions and phones",
        "full": "all 4950 videos of OULU-NPU",
    }
)
_KNOWN = MappingProxyType(
    {
        "mini": {"Train": 12, "Dev": 7, "Test": 9},
        "small": {"Train": 60, "Dev": 35, "Test": 45},
    }
)
_UNSEEN = MappingProxyType(
    {
        "mini": {"Train": 2, "Dev": 2, "Test": 8},
        "small": {"Train": 10, "Dev": 10, "Test": 40},
    }
)
_ENDINGS = (".txt", ".depth.npz", ".avi")
_DONE, _BEGUN = "SIMULATED.json", ".simulating.json"
_README = """This folder is SIMULATED. It is not OULU-NPU and shows no real person.

The videos are drawn by the simulator of fasharness: procedural heads, rooms, phones, printers
and displays. They lie in the layout of the OULU-NPU data set, so that programs which read that
data set can be tried without it. Figures obtained here say nothing about OULU-NPU itself.

Phone_Session_User_File.avi        the video; file 1 is bona fide, 2 and 3 print, 4 and 5 display
Phone_Session_User_File.txt        frame,x_left,y_left,x_right,y_right (left: in the image)
Phone_Session_User_File.depth.npz  exact depth of the (depicted) face, 0 none, 255 nearest
Protocols/                         the lists of the four protocols, for the videos that exist
SIMULATED.json                     simulator version, seed, size, number of videos
"""
_LICENSE = """The simulated videos, eye positions and depth maps in this folder are dedicated to
the public domain under CC0 1.0 Universal: https://creativecommons.org/publicdomain/zero/1.0/
"""


class _Task(NamedTuple):
    """One sitting to record: where to, with which seed, which of its files are missing."""

    out: str
    seed: int
    shoot: Shoot
    files: tuple[int, ...]


def names(size: str) -> tuple[str, ...]:
    """List the videos of a size.

    Args:
        size: a key of ``SIZES``.

    Returns:
        The sorted names, e.g. ``1_1_01_1``.

    Raises:
        OptionError: there is no such size.
    """
    return tuple(sorted(shoot.name(file) for shoot in _shoots(size) for file in FILES))


def simulate(
    out: Path,
    *,
    size: str = "mini",
    seed: int = 0,
    jobs: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a simulated OULU-NPU; what an earlier, interrupted call wrote is kept.

    Args:
        out: the folder; made when missing, else empty or begun with the same settings.
        size: a key of ``SIZES``.
        seed: 0 or above; every video depends on it and its own name only.
        jobs: number of processes, 0 for one per core.
        progress: called with the number of videos that are done and of all.

    Raises:
        DataError: the folder holds something else, or the disk is full.
        OptionError: no such size, or the seed or the number of jobs is negative.
        RunError: a worker process was killed.
    """
    shoots = _shoots(size)
    if seed < 0 or jobs < 0:
        raise OptionError(f"seed and jobs must be 0 or above, got seed {seed} and jobs {jobs}")
    settings = {"data": "simulated OULU-NPU", "version": VERSION, "seed": seed, "size": size}
    _begin(out, settings)
    tasks = [task for shoot in shoots if (task := _task(out, seed, shoot)).files]
    report, total = progress or _silent, len(shoots) * len(FILES)
    done = total - sum(len(task.files) for task in tasks)
    report(done, total)
    for count in _record_all(tasks, jobs or default_jobs()):
        done += count
        report(done, total)
    _finish(out, shoots, settings)


def _record_all(tasks: list[_Task], jobs: int) -> Iterator[int]:
    """Record sittings in processes; gives the number of videos of each as it is finished."""
    if tasks:
        for _, count in run_all(_record, tasks, jobs=jobs, start=_one_thread):
            yield count


def _silent(done: int, total: int) -> None:
    """Report nothing."""


def _shoots(size: str) -> list[Shoot]:
    """List the sittings of a size."""
    if size not in SIZES:
        raise OptionError(f"no size {size!r} of the simulation; available: {', '.join(SIZES)}")
    if size == "full":
        return oulu_lists.every_shoot()
    return sorted(oulu_lists.some_shoots(_KNOWN[size], _UNSEEN[size]))


def _begin(out: Path, settings: Mapping[str, object]) -> None:
    """Make the folder ours, or see that it is ours already with the same settings."""
    out.mkdir(parents=True, exist_ok=True)
    marks = [out / _DONE, out / _BEGUN]
    found = [_settings(mark, settings) for mark in marks if mark.is_file()]
    if not found and any(out.iterdir()):
        raise DataError(f"{out} holds files that are not a simulation; choose an empty folder")
    if any(other != settings for other in found):
        raise DataError(
            f"{out} holds a simulation with other settings {found[0]}, wanted {dict(settings)}; "
            "choose another folder or delete it"
        )
    for split in oulu_lists.USERS:
        (out / f"{split}_files").mkdir(exist_ok=True)
    if not found:
        storing.text(out / _BEGUN, json.dumps(settings))
    for folder in (out, *out.glob("*_files"), *out.glob("Protocols/*")):
        sweep(folder)


def _settings(mark: Path, wanted: Mapping[str, object]) -> dict[str, object]:
    """Read which settings a folder was begun with."""
    try:
        stored = json.loads(mark.read_text(encoding="utf-8"))
        return {key: stored[key] for key in wanted}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{mark} is damaged; delete the folder and simulate again") from error


def _base(out: Path, shoot: Shoot, file: int) -> Path:
    """Give the path of a video without its suffix."""
    return out / f"{oulu_lists.split_of(shoot.user)}_files" / shoot.name(file)


def _task(out: Path, seed: int, shoot: Shoot) -> _Task:
    """Find out which videos of a sitting lack one of their files."""
    bases = {file: _base(out, shoot, file) for file in FILES}
    missing = [f for f, b in bases.items() if not all(b.with_suffix(e).is_file() for e in _ENDINGS)]
    return _Task(str(out), seed, shoot, tuple(missing))


def _one_thread() -> None:
    """Keep OpenCV from starting threads of its own in a worker."""
    cv2.setNumThreads(1)


def _record(task: _Task) -> int:
    """Record the missing videos of one sitting; gives how many."""
    shoot = task.shoot
    who = head.build(person(task.seed, shoot.user), task.seed)
    capture = record.Capture(task.seed, shoot.user, shoot.session, shoot.phone, who)
    take = record.source(capture) if max(task.files) > 1 else None
    for file in task.files:
        if take is None or file == 1:
            recording = record.bona_fide(capture)
        else:
            recording = record.attacked(capture, file, take)
        _store(_base(Path(task.out), shoot, file), recording)
    return len(task.files)


def _store(base: Path, recording: record.Recording) -> None:
    """Write the files of one video."""
    storing.eyes(base.with_suffix(".txt"), recording.eyes)
    storing.depth(base.with_suffix(".depth.npz"), storing.depth_maps(recording.depth))
    storing.video(base.with_suffix(".avi"), recording.frames, record.FPS, recording.quality)


def _finish(out: Path, shoots: list[Shoot], settings: Mapping[str, object]) -> None:
    """Write lists, licence and, last of all, the mark that everything is there."""
    for path, text in oulu_lists.lists(shoots).items():
        target = out / "Protocols" / path
        storing.text(target, text)
    storing.text(out / "README.txt", _README)
    storing.text(out / "LICENSE.txt", _LICENSE)
    count = len(shoots) * len(FILES)
    storing.text(out / _DONE, json.dumps({**settings, "videos": count}, indent=1) + "\n")
    (out / _BEGUN).unlink(missing_ok=True)
