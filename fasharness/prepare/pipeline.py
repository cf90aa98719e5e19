"""Preparation: decode, detect, crop and depth for many presentations, in parallel, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fasharness import plugins as plugin_module
from fasharness.common.workers import one_thread, run_all
from fasharness.data import ClipSpec, Presentation
from fasharness.dataset import Dataset
from fasharness.errors import DataError
from fasharness.prepare.planning import Planner, Recipe, Task, Wanted
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipArrays, ClipStore, StoredClips, no_clips, stored_side

if TYPE_CHECKING:
    from fasharness.faces import CropRule, DepthSource, Detector, Face, Region


class Tools:
    """The detector, depth and decoder of a recipe, made once in each process."""

    def __init__(self, recipe: Recipe, plugins: plugin_module.Plugins) -> None:
        self.recipe = recipe
        self.plugins = plugins
        self.dataset: Dataset | None = None
        if recipe.dataset:
            self.dataset = plugins.make("dataset", recipe.dataset)(recipe.root)
        self._detector: Detector | None = None
        self._estimator: DepthSource | None = None

    def faces(self, presentation: Presentation) -> Callable[[int, NDArray[np.uint8]], Face | None]:
        """Return a function from a frame to its face."""
        if self.dataset is not None and self.recipe.faces == "dataset":
            known = self.dataset.faces(presentation)
            return lambda index, frame: known.get(index)
        if self._detector is None:
            self._detector = self.plugins.make("detector", self.recipe.detector, self.recipe.device)
        detector = self._detector
        return lambda index, frame: next(iter(detector.detect([frame])[0]), None)

    def depth(self, presentation: Presentation) -> DepthSource:
        """Where the depth of a presentation comes from."""
        from fasharness.prepare.depth import DepthMapFolder

        if self.recipe.depth != "auto":
            return DepthMapFolder(Path(self.recipe.depth), presentation.id)
        own = None if self.dataset is None else self.dataset.depth_source(presentation)
        if own is not None:
            return own
        if self._estimator is None:
            self._estimator = self.plugins.make(
                "depth estimator", self.recipe.estimator, self.recipe.device
            )
        return self._estimator

    def rule(self, spec: ClipSpec) -> CropRule:
        """The crop rule of a specification."""
        found: CropRule = self.plugins.make("crop", spec.crop)
        return found


def prepare_presentation(task: Task, tools: Tools, store: ClipStore) -> list[StoredClips]:
    """Decode a presentation once and store its clips under every specification."""
    hook, path = tools.plugins.hook, task.presentation.path
    try:
        frames = hook.fasharness_count_frames(path=path)
        return store_clips(
            task,
            frames,
            lambda wanted: hook.fasharness_decode(path=path, wanted=wanted),
            tools,
            store,
        )
    except DataError as error:
        # Not stored: the cause may be outside the video (e.g. missing depth maps) and get fixed.
        return [StoredClips(task.presentation.id, Path(), 0, 0, 0, str(error)) for _ in task.specs]


def store_clips(
    task: Task,
    count: int,
    frames: Callable[[Sequence[int]], Iterator[tuple[int, NDArray[np.uint8]]]],
    tools: Tools,
    store: ClipStore,
) -> list[StoredClips]:
    """Cut the clips of a presentation out of its frames and store them.

    Frames are used as they come and then dropped, so memory does not grow with the video.

    Args:
        task: the presentation and its specifications.
        count: number of frames of the presentation.
        frames: yields (number, uint8 (H, W, 3) RGB) for frame numbers, in their order.
        tools: detector and depth source.
        store: where the clips go.

    Returns:
        What was stored, in the order of the specifications.

    Raises:
        DataError: the frames or their depth cannot be read.
    """
    cutters = [_Cutter(spec, count, task.presentation, tools) for spec in task.specs]
    wanted = sorted({index for cutter in cutters for index in cutter.wanted})
    faces = tools.faces(task.presentation)
    for index, frame in frames(wanted):
        # One box for all frames of a clip, that of its first frame, as in SGTD's published code.
        face = faces(index, frame) if any(index in c.starts for c in cutters) else None
        for cutter in cutters:
            cutter.add(index, frame, face)
    return [
        store.write(key, task.presentation.id, *cutter.finish())
        for cutter, key in zip(cutters, task.keys, strict=True)
    ]


class _Cutter:
    """Collects the clips of one specification while frames are decoded."""

    def __init__(
        self, spec: ClipSpec, frames: int, presentation: Presentation, tools: Tools
    ) -> None:
        self.spec = spec
        self.total = frames
        self.clips = spec.clips(frames)
        self.starts = {clip[0] for clip in self.clips}
        self.wanted = {index for clip in self.clips for index in clip}
        self.rule = tools.rule(spec)
        self.depth: DepthSource | None = None
        if spec.depth_size and (presentation.bona_fide or spec.mask):
            self.depth = tools.depth(presentation)
        self.faces: dict[int, Face] = {}
        self.shape = (0, 0)
        self.problem = ""
        self.crops: dict[tuple[int, int], tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}

    def add(self, index: int, frame: NDArray[np.uint8], face: Face | None) -> None:
        """Cut a frame for every clip that it belongs to."""
        self.shape = (frame.shape[0], frame.shape[1])
        if face is not None and index in self.starts:
            self.faces[index] = face
        for number, clip in enumerate(self.clips):
            if index in clip and clip[0] in self.faces:
                try:
                    self.crops[number, index] = self._cut(index, frame, self.faces[clip[0]])
                except DataError as error:  # only the clips of this frame are lost
                    self.problem = str(error)

    def _cut(
        self, index: int, frame: NDArray[np.uint8], face: Face
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        region = self._region(face)
        image = self.rule.cut(frame, region, stored_side(self.spec.size, self.spec))
        side = stored_side(self.spec.depth_size, self.spec)
        if self.depth is None or side == 0:
            return image, np.zeros((side, side), np.uint8)
        depth = self.depth.crop(index, frame, face, region, side, self.rule)
        return image, np.round(np.clip(depth, 0, 1) * 255).astype(np.uint8)

    def _region(self, face: Face) -> Region:
        # The largest crop of the range; smaller ones are cut from it on loading (`load_clip`).
        high = self.spec.scale[1]
        return self.rule.region(face.box, high, high, self.shape)

    def finish(self) -> tuple[ClipArrays, int, str]:
        """Return the complete clips, the number left out, and the reason if none is left."""
        whole = [
            (number, clip)
            for number, clip in enumerate(self.clips)
            if all((number, index) in self.crops for index in clip)
        ]
        left_out = len(self.clips) - len(whole)
        if not whole:
            return no_clips(self.spec), left_out, self._reason()
        faces = [self.faces[clip[0]] for _, clip in whole]
        crops = [[self.crops[number, index] for index in clip] for number, clip in whole]
        return (
            ClipArrays(
                np.stack([np.stack([image for image, _ in clip]) for clip in crops]),
                np.stack([np.stack([depth for _, depth in clip]) for clip in crops]),
                np.array([face.box for face in faces], np.float32),
                np.array([self._region(face) for face in faces], np.int32),
                np.array(self.shape, np.int32),
                np.array([clip for _, clip in whole], np.int32),
            ),
            left_out,
            "",
        )

    def _reason(self) -> str:
        if not self.clips:
            span = (self.spec.length - 1) * self.spec.step + 1
            return f"{self.total} frames are too few for a clip that spans {span}"
        if self.faces:
            return self.problem or "decoding stopped before the first clip was complete"
        return f"no face found in {len(self.clips)} frames"


# Spawned workers inherit nothing, and a loaded network cannot be sent to them.
@cache
def _worker_tools(recipe: Recipe) -> Tools:
    """The tools of a worker process, made at its first task."""
    return Tools(recipe, plugin_module.load())


def _work(task: Task, recipe: Recipe, root: Path) -> list[StoredClips]:
    return prepare_presentation(task, _worker_tools(recipe), ClipStore(root))


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
    """
    prepared = Prepared()
    planner = Planner(wanted, recipe, store, plugins, reading)
    tasks = [task for p, specs in wanted.items() if (task := planner.plan(p, specs, prepared))]
    prepared.damaged = tuple(store.damaged)
    done = len(wanted) - len(tasks)
    progress(done, len(wanted))
    for task, results in _run_all(tasks, recipe, store, plugins, jobs):
        for spec, stored in zip(task.specs, results, strict=True):
            prepared.add(spec, stored)
        done += 1
        progress(done, len(wanted))
    return prepared


def _run_all(
    tasks: Sequence[Task],
    recipe: Recipe,
    store: ClipStore,
    plugins: plugin_module.Plugins,
    jobs: int,
) -> Iterator[tuple[Task, list[StoredClips]]]:
    """Tasks with their results as they finish."""
    if jobs == 1 or len(tasks) < 2:
        tools = Tools(recipe, plugins) if tasks else None
        for task in tasks:
            if tools is not None:
                yield task, prepare_presentation(task, tools, store)
        return
    work = partial(_work, recipe=recipe, root=store.root)
    yield from run_all(work, list(tasks), jobs=jobs, start=one_thread)
