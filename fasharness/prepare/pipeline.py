"""Preparation: decode, detect, crop and depth for many presentations, in parallel, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fasharness import plugins as plugin_module
from fasharness.common.faults import concerning, fault_of, foreseen
from fasharness.common.workers import one_thread, run_all
from fasharness.data import RGB
from fasharness.errors import DataError
from fasharness.prepare.checked import checked_count, checked_frames
from fasharness.prepare.cutting import Cutter, Pictures, turned
from fasharness.prepare.encoding import Encoding
from fasharness.prepare.planning import Planner, Recipe, Task, Wanted, deep_labels
from fasharness.prepare.prepared import Older, Prepared
from fasharness.prepare.store import ClipStore, Packer, StoredClips, failed
from fasharness.prepare.tools import Findings, Tools, worker_tools

GROUP = 128
"""Pictures, or folders of pictures, that are prepared together and share a pack."""


class Film(NamedTuple):
    """The frames of a presentation.

    Attributes:
        total: number of frames.
        frames: yields (number, modality to uint8 (H, W, 3) RGB) for frame numbers, in their order.
    """

    total: int
    frames: Callable[[Sequence[int]], Iterator[tuple[int, Pictures]]]


Opening = Callable[[Task, Tools, Findings], Film]


def open_film(task: Task, tools: Tools, findings: Findings) -> Film:
    """Open the files of a presentation by whatever plugin reads them.

    Args:
        task: the presentation.
        tools: the plugins.
        findings: may know the number of frames already.

    Raises:
        DataError: a file cannot be read, or the modalities differ in length.
    """
    hook = tools.plugins.hook
    names = sorted({name for spec in task.specs for name in spec.modalities}, key=_rgb_first)
    paths = [task.presentation.files[name].path for name in names]
    # Counting decodes a whole video, so what an earlier preparation counted is taken.
    known = {RGB: findings.track.total} if findings.track.total else {}
    counts = [
        known.get(name) or checked_count(hook.fasharness_count_frames(path=path), path)
        for name, path in zip(names, paths, strict=True)
    ]
    for name, path, count in zip(names, paths, counts, strict=True):
        if count != counts[0]:
            raise DataError(
                f"{path}: {count} {name} frames, but {counts[0]} {RGB} frames in {paths[0]}"
            )

    def frames(some: Sequence[int]) -> Iterator[tuple[int, Pictures]]:
        decode = hook.fasharness_decode
        streams = [checked_frames(decode(path=p, wanted=some), some, p) for p in paths]
        for shown in zip(*streams, strict=True):
            yield shown[0][0], dict(zip(names, (frame for _, frame in shown), strict=True))

    return Film(counts[0], frames)


def _rgb_first(name: str) -> tuple[bool, str]:
    return name != RGB, name


def prepare_group(
    tasks: Sequence[Task], tools: Tools, store: ClipStore, opening: Opening = open_film
) -> list[list[StoredClips]]:
    """Decode presentations once each, and store their clips and what was found, in one pack.

    Args:
        tasks: the presentations with their specifications.
        tools: detector, depth and decoder.
        store: where the clips go.
        opening: opens the frames of a presentation.

    Returns:
        What was stored of each presentation, in the order of its specifications.
    """
    packer = store.packer()
    try:
        added = [_prepared(task, tools, store, packer, opening) for task in tasks]
    except (Exception, SystemExit) as error:
        if foreseen(error):
            raise
        # Here, since a worker process cannot send its traceback.
        raise fault_of(error, tools.plugins.packages()) from None
    finally:
        packer.flush()  # what is finished stays
    return [[packer.stored(clips) for clips in each] for each in added]


def _prepared(
    task: Task, tools: Tools, store: ClipStore, packer: Packer, opening: Opening
) -> list[StoredClips]:
    """The clips of a presentation, added to a pack that is written later."""
    findings = Findings(task, tools, store)
    try:
        with concerning(f"presentation {task.presentation.id}"):
            film = opening(task, tools, findings)
            findings.track.total = film.total
            cutters = _cut(task, film, tools, findings)
    except DataError as error:
        # Not stored: the cause may be outside the video (e.g. missing depth maps) and get fixed.
        return [failed(task.presentation.id, str(error)) for _ in task.specs]
    finally:
        findings.keep(packer)
    return [
        store.add(packer, key, task.presentation.id, *cutter.finish())
        for cutter, key in zip(cutters, task.keys, strict=True)
    ]


def _cut(task: Task, film: Film, tools: Tools, findings: Findings) -> list[Cutter]:
    """Cut the clips of every specification, in one pass over the frames.

    Frames are used as they come and then dropped, so memory does not grow with the video.
    """
    shown = task.presentation
    first, after = shown.window or (0, film.total)
    usable = range(first, min(after, film.total))
    cutters = [
        Cutter(spec, usable, tools.rule(spec), findings.sources(spec)) for spec in task.specs
    ]
    wanted = sorted({index for cutter in cutters for index in cutter.wanted})
    faces = findings.faces()
    for index, pictures in film.frames(wanted):
        upright = {name: turned(frame, shown.orientation) for name, frame in pictures.items()}
        # One box for all frames of a clip, that of its first frame, as in SGTD's published code.
        sought = any(cutter.seeks(index) for cutter in cutters)
        face = faces(index, upright[RGB]) if sought else None
        for cutter in cutters:
            cutter.add(index, upright, face)
    return cutters


def _work(
    group: tuple[Task, ...], recipe: Recipe, root: Path, encoding: Encoding
) -> list[list[StoredClips]]:
    return prepare_group(group, worker_tools(recipe), ClipStore(root, encoding))


def prepare(
    wanted: Wanted,
    recipe: Recipe,
    store: ClipStore,
    plugins: plugin_module.Plugins,
    *,
    jobs: int,
    progress: Callable[[int, int], None],
    reading: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Prepare presentations, skipping what is stored already.

    Args:
        wanted: presentation to its wanted specifications.
        recipe: how faces and depth are found.
        store: where clips go.
        plugins: the plugins in use.
        jobs: number of processes; 1 runs in this process.
        progress: called with (presentations done, total).
        reading: called with (files read, total) while new files are read for their hashes.

    Returns:
        The stored clips, failures among them.

    Raises:
        WeightsError: weights of the detector or of the depth estimator are missing.
    """
    # Said once: with the first use of the store by this version.
    older = [] if store.index.path.is_file() else store.older()
    size = sum(path.stat().st_size for path in older)
    prepared, tools = Prepared(Older(store.root, size)), Tools(recipe, plugins)
    _load_early(wanted, tools, store)
    tasks = Planner(wanted, recipe, store, plugins, reading).plan(prepared)
    prepared.damaged = tuple(store.damaged)
    done = len(wanted) - len(tasks)
    progress(done, len(wanted))
    for group, found in _run_all(_groups(tasks), tools, store, jobs):
        for task, results in zip(group, found, strict=True):
            for spec, stored in zip(task.specs, results, strict=True):
                prepared.add(spec, stored)
        done += len(group)
        progress(done, len(wanted))
    return prepared


def _load_early(wanted: Wanted, tools: Tools, store: ClipStore) -> None:
    """Load what the first presentation with depth needs, unless its clips are stored.

    Before all files are read for their hashes and prepared, which takes hours for real data.
    """
    deep = (shown for shown, specs in wanted.items() if any(deep_labels(shown, s) for s in specs))
    first = next(deep, next(iter(wanted), None))
    if first is not None:
        probe = Planner({first: wanted[first]}, tools.recipe, store, tools.plugins, None)
        for task in probe.plan(Prepared()):
            Findings(task, tools, store).load()


def _groups(tasks: Sequence[Task]) -> list[tuple[Task, ...]]:
    """Tasks that are done together: pictures in their order, each video alone.

    The groups do not depend on the number of processes, so neither do the packs.
    """
    pictures = [task for task in tasks if task.pictures]
    together = [tuple(pictures[at : at + GROUP]) for at in range(0, len(pictures), GROUP)]
    return together + [(task,) for task in tasks if not task.pictures]


def _run_all(
    groups: Sequence[tuple[Task, ...]], tools: Tools, store: ClipStore, jobs: int
) -> Iterator[tuple[tuple[Task, ...], list[list[StoredClips]]]]:
    """Groups with their results as they finish."""
    if jobs == 1 or len(groups) < 2:
        for group in groups:
            yield group, prepare_group(group, tools, store)
        return
    work = partial(_work, recipe=tools.recipe, root=store.root, encoding=store.encoding)
    yield from run_all(work, list(groups), jobs=jobs, start=one_thread)
