"""Writing a simulated data set: its videos are recorded, and an interrupted call is resumed."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2

from fasharness.common.files import sweep
from fasharness.common.formats import json_file
from fasharness.common.marks import BEGUN, DONE
from fasharness.common.workers import default_jobs, run_all
from fasharness.errors import DataError, OptionError
from fasharness_sim.capture import camera, record, sides, storing
from fasharness_sim.formats import Format
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.studio import Studio

DEPTH, TRUTH = ".depth.npz", ".truth.npz"
_PROCESSES_PER_CORE = 8
# Start of the name of the first mark's temporary file (`files.replacing`): all that a call leaves
# that was killed at its first write.
_HALF_BEGUN = "..simulating."
_BESIDE_A_VIDEO = 40_000
_SITTING_TO_VIDEO = 6.0


@dataclass(frozen=True)
class Content:
    """What a simulated data set consists of.

    Attributes:
        seed: every video depends on it, its sitting and its number only.
        people: added to a user's number to draw the person.
        settings: what decides the content, for ``SIMULATED.json``: plain JSON values.
        sittings: all to be recorded.
        texts: the other files by their path below the folder; written last.
    """

    seed: int
    people: int
    settings: Mapping[str, object]
    sittings: Sequence[Sitting]
    texts: Mapping[str, str]

    @property
    def videos(self) -> int:
        """Number of videos."""
        return sum(len(sitting.videos) for sitting in self.sittings)


class Plan(NamedTuple):
    """What a call will write: videos, bytes, about how many seconds it takes, and processes."""

    videos: int
    size: int
    seconds: float
    processes: int


class _Task(NamedTuple):
    """A sitting of which some videos are missing."""

    out: str
    seed: int
    people: int
    sitting: Sitting


def write(
    out: Path,
    content: Content,
    *,
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
    announce: Callable[[Plan], None] | None = None,
) -> None:
    """Write a simulated data set; what an earlier, interrupted call wrote is kept.

    Args:
        out: the folder; made when missing, else empty or started with the same settings.
        content: what belongs there.
        jobs: number of processes, 0 for one per core.
        progress: called with the number of videos that are done and of all.
        announce: called before the first video with what will be written; this costs a
            measurement.

    Raises:
        DataError: the folder holds something else, or the disk is full.
        OptionError: there are far more processes than cores.
        RunError: a worker process was killed.
    """
    _few_enough(jobs)
    _claim(out, content)
    tasks = [task for sitting in content.sittings if (task := _task(out, content, sitting))]
    missing = sum(len(task.sitting.videos) for task in tasks)
    _need_space(out, tasks)
    processes = min(jobs or default_jobs(), max(len(tasks), 1))
    if announce is not None and tasks:
        announce(_plan(tasks, missing, min(processes, default_jobs())))
    done, total = content.videos - missing, content.videos
    for count in _record_all(tasks, processes):
        done += count
        if progress is not None:
            progress(done, total)
    _finish(out, content)


def _few_enough(jobs: int) -> None:
    """Refuse numbers of processes that only fill the memory."""
    most = _PROCESSES_PER_CORE * default_jobs()
    if jobs > most:
        raise OptionError(f"jobs must be 0 (one per core) to {most} on this machine, got {jobs}")


def _claim(out: Path, content: Content) -> None:
    """Mark the folder as a simulation in progress, or check that it is one with these settings."""
    if out.is_file():
        raise DataError(f"{out} is a file; choose an empty folder")
    marks = [mark for name in (DONE, BEGUN) if (mark := out / name).is_file()]
    for mark in marks:
        _check(mark, content.settings)
    if not marks:
        if out.is_dir() and any(not path.name.startswith(_HALF_BEGUN) for path in out.iterdir()):
            raise DataError(f"{out} holds files that are not a simulation; choose an empty folder")
        # Before any video: half a simulation without this mark would pass for real data.
        storing.text(out / BEGUN, json.dumps(dict(content.settings)))
    folders = {(out / text).parent for text in content.texts}
    videos = (video for sitting in content.sittings for video in sitting.videos)
    folders |= {(out / file).parent for video in videos for file in files(video)}
    # Temporary files of a call that was killed; nobody else writes into these folders.
    for folder in folders | {out}:
        if folder.is_dir():
            sweep(folder)


def _check(mark: Path, wanted: Mapping[str, object]) -> None:
    """Refuse a folder that was started with other settings."""
    try:
        stored = json_file(mark)
    except DataError as error:
        raise DataError(f"{mark} is damaged; delete the folder and simulate again") from error
    for name, value in wanted.items():
        if stored.get(name) != value:
            raise DataError(
                f"{mark.parent} holds a simulation with {name} {_shown(stored.get(name))}, wanted "
                f"{_shown(value)}; choose another folder or delete it"
            )


def _shown(value: object) -> str:
    """Put a setting in words; a list without brackets, None as all."""
    if value is None:
        return "all"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _task(out: Path, content: Content, sitting: Sitting) -> _Task | None:
    """Return the videos of a sitting that lack one of their files, None if all are complete."""
    missing = tuple(v for v in sitting.videos if not all((out / f).is_file() for f in files(v)))
    if not missing:
        return None
    return _Task(str(out), content.seed, content.people, sitting._replace(videos=missing))


def files(video: Video) -> tuple[str, ...]:
    """List a video's files by their paths below the folder, in the order they are written."""
    # The video is written last, so that a reader who finds it also finds the files beside it.
    beside = (side.path for side in video.sides)
    return (*beside, f"{video.path}{DEPTH}", f"{video.path}{TRUTH}", video.file)


def _need_space(out: Path, tasks: Sequence[_Task]) -> None:
    """Refuse to start what the disk cannot hold."""
    needed, free = _size(tasks), shutil.disk_usage(out).free
    if needed > free:
        raise DataError(
            f"{out}: no space left: about {_megabytes(needed)} are needed, {_megabytes(free)} are "
            "free; free some space or choose a smaller size or fewer users"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _size(tasks: Sequence[_Task]) -> int:
    """Estimate the bytes of videos from the bit rates of their cameras."""
    size = 0.0
    for task in tasks:
        shape = task.sitting.format
        one = camera.usual_rate(shape) * shape.frames + _BESIDE_A_VIDEO * shape.scale**2
        size += len(task.sitting.videos) * one
    return int(size)


def _plan(tasks: Sequence[_Task], videos: int, processes: int) -> Plan:
    """Estimate the work by recording a head and a bona fide video, without storing them."""
    # One thread, as the workers have; with more, the estimate would be too short.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    start = time.perf_counter()
    capture = _studio(tasks[0]).capture
    built = time.perf_counter()
    record.bona_fide(capture)
    cv2.setNumThreads(threads)
    one = built - start + _SITTING_TO_VIDEO * (time.perf_counter() - built)
    return Plan(videos, _size(tasks), one * len(tasks) / processes, processes)


def _record_all(tasks: list[_Task], jobs: int) -> Iterator[int]:
    """Record sittings in processes; gives 0, then the number of videos of each when finished."""
    yield 0
    if tasks:
        for _, count in run_all(_record, tasks, jobs=jobs, start=_one_thread):
            yield count


def _one_thread() -> None:
    """Keep OpenCV from starting threads of its own in a worker, which never loads torch."""
    cv2.setNumThreads(1)


def _studio(task: _Task) -> Studio:
    return Studio(task.seed, task.people, task.sitting)


def _record(task: _Task) -> int:
    """Record the missing videos of one sitting; gives how many."""
    studio = _studio(task)
    # Each video has a random stream of its own, so what is left out changes no other video.
    for video in task.sitting.videos:
        _store(Path(task.out), video, studio.recording(video), task.sitting.format)
    return len(task.sitting.videos)


def _store(out: Path, video: Video, recording: record.Recording, shape: Format) -> None:
    """Write the files of one video."""
    eyes, marks = recording.eyes, recording.marks
    for side in video.sides:
        storing.text(out / side.path, sides.text(side, eyes, marks, (shape.width, shape.height)))
    storing.depth(out / f"{video.path}{DEPTH}", storing.depth_maps(recording.depth))
    storing.truth(out / f"{video.path}{TRUTH}", eyes, marks)
    storing.video(out / video.file, recording, shape.fps, video.crf, video.turn)


def _finish(out: Path, content: Content) -> None:
    """Write lists, licence and, last of all, the mark that everything is there."""
    for path, text in content.texts.items():
        storing.text(out / path, text)
    # Last of all: readers refuse a folder that has only the first mark.
    mark = {**content.settings, "videos": content.videos}
    storing.text(out / DONE, json.dumps(mark, indent=1) + "\n")
    (out / BEGUN).unlink(missing_ok=True)
