"""Everything that is measured of one video, once: the worker, and the store of its findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.common.array_files import MOST_ARRAY, npz_array
from fasharness.common.files import digest, replacing, sha256
from fasharness.common.formats import file_bytes
from fasharness.common.workers import one_thread, run_all
from fasharness.data import Presentation
from fasharness.dataset import Dataset
from fasharness.errors import DataError
from fasharness_sim.validity import (
    detection,
    identity,
    parallax,
    quality,
    spectra,
    texture,
    trivial,
)
from fasharness_sim.validity.video import Floats, read

# Part of the key of stored findings: raise it when a measurement changes, or old ones are kept.
VERSION = 7
_BESIDE = (".txt", ".depth.npz", ".truth.npz")


@dataclass(frozen=True, eq=False)
class Measured:
    """The findings of a video.

    Attributes:
        trivial: float64 (16,), the fields of `trivial.Trivial`.
        texture: float64 (354,), see `texture.measure`.
        quality: float64 (137,), see `quality.measure`.
        overlaps: float64 (K, 2), see `detection.measure`.
        parallax: float64 (2,), the fields of `parallax.Parallax`.
        rings: float64 (regions, 24), see `spectra.Spectrum`.
        traces: float64 (regions, 2), peak and level of each spectrum.
        signature: float32 (6912,), see `identity.measure`.
    """

    trivial: Floats
    texture: Floats
    quality: Floats
    overlaps: Floats
    parallax: Floats
    rings: Floats
    traces: Floats
    signature: NDArray[np.float32]


class Task(NamedTuple):
    """A video to measure: whose loader reads it, which one, and where the findings go."""

    loader: type[Dataset]
    root: Path
    presentation: Presentation
    stored: Path


def measure_all(
    dataset: Dataset,
    presentations: Sequence[Presentation],
    store: Path,
    jobs: int,
    progress: Callable[[int, int], None],
) -> Mapping[str, Measured]:
    """Measure videos in processes; what is stored already is not measured again.

    Args:
        dataset: the simulated data set, which each process opens for itself.
        presentations: which videos, all present.
        store: folder of the findings.
        jobs: number of processes.
        progress: called with (videos done, videos in all).

    Returns:
        The findings by presentation, in the order given.

    Raises:
        DataError: a video, its eyes or its depth are broken.
        RunError: a worker was killed.
    """
    # An id may have folders in it.
    paths = {p.id: store / f"{p.id.replace('/', '__')}-{_key(p)}.npz" for p in presentations}
    found = {name: kept for name, path in paths.items() if (kept := _load(path)) is not None}
    tasks = [
        Task(type(dataset), dataset.root, p, paths[p.id])
        for p in presentations
        if p.id not in found
    ]
    progress(len(found), len(paths))
    for task, measured in run_all(_work, tasks, jobs=jobs, start=one_thread) if tasks else ():
        found[task.presentation.id] = measured
        progress(len(found), len(paths))
    return {name: found[name] for name in paths}


# Opened again in each process, once: what a data set has read of its folder is not sent there.
@lru_cache(maxsize=1)
def _opened(loader: type[Dataset], root: Path) -> Dataset:
    return loader(root)


def _work(task: Task) -> Measured:
    measured = measure(_opened(task.loader, task.root), task.presentation)
    with replacing(task.stored) as part:
        np.savez_compressed(part, **{f.name: getattr(measured, f.name) for f in fields(measured)})
    return measured


def _key(presentation: Presentation) -> str:
    """Content key: the measurements' version and the files that go in."""
    path = presentation.path
    those = [path, *(path.with_suffix(ending) for ending in _BESIDE)]
    return digest([VERSION, [sha256(one) for one in those if one.is_file()]])[:16]


def _load(path: Path) -> Measured | None:
    """Read stored findings; a damaged file is measured again."""
    try:
        content = file_bytes(path, MOST_ARRAY)
        names = [field.name for field in fields(Measured)]
        return Measured(**{name: npz_array(content, name, str(path)) for name in names})
    except DataError:
        return None


def measure(dataset: Dataset, presentation: Presentation) -> Measured:
    """Measure one video.

    Args:
        dataset: the simulated data set.
        presentation: which video.

    Returns:
        Its findings.

    Raises:
        DataError: the video, its eyes or its depth are missing or broken.
    """
    video = read(dataset, presentation)
    found = spectra.measure(video)
    return Measured(
        trivial=np.array(trivial.measure(video)),
        texture=texture.measure(video),
        quality=quality.measure(video),
        overlaps=detection.measure(video),
        parallax=np.array(parallax.measure(video)),
        rings=np.stack([one.rings for one in found]),
        traces=np.array([(one.peak, one.level) for one in found]),
        signature=identity.measure(video).astype(np.float32),
    )
