"""Preparation: decode, detect, crop and depth for many presentations, in parallel, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness import plugins as plugin_module
from fasharness.clips import ClipSpec, Label
from fasharness.common.workers import one_thread, run_all
from fasharness.data import RGB, Presentation
from fasharness.errors import DataError
from fasharness.faces import Face, Region
from fasharness.prepare.checked import checked_count, checked_face, checked_frames, checked_map
from fasharness.prepare.planning import Planner, Recipe, Task, Wanted, open_datasets
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipArrays, ClipStore, StoredClips, no_clips, stored_side

if TYPE_CHECKING:
    from fasharness.faces import CropRule, DepthSource, Detector


class Tools:
    """The detector, depth and decoder of a recipe, made once in each process."""

    def __init__(self, recipe: Recipe, plugins: plugin_module.Plugins) -> None:
        self.recipe = recipe
        self.plugins = plugins
        self.datasets = open_datasets(recipe, plugins)
        self._detector: Detector | None = None
        self._estimator: DepthSource | None = None

    def faces(self, presentation: Presentation) -> Callable[[int, NDArray[np.uint8]], Face | None]:
        """Return a function from a frame to its face."""
        dataset = self.datasets.get(presentation.dataset)
        if dataset is not None and self.recipe.faces == "dataset":
            known = dataset.faces(presentation.own())
            return lambda index, frame: known.get(index)
        detector = self._loaded_detector()
        return lambda index, frame: next(iter(detector.detect([frame])[0]), None)

    def load(self, task: Task) -> None:
        """Load what a task needs; raises `WeightsError` where weights are missing."""
        if task.presentation.dataset not in self.datasets or self.recipe.faces != "dataset":
            self._loaded_detector()
        for spec in task.specs:
            with suppress(DataError):  # its maps are missing: only this presentation fails
                self.sources(task.presentation, spec)

    def _loaded_detector(self) -> Detector:
        if self._detector is None:
            self._detector = self.plugins.make("detector", self.recipe.detector, self.recipe.device)
        return self._detector

    def sources(
        self, presentation: Presentation, spec: ClipSpec
    ) -> dict[Label, DepthSource | None]:
        """Where the maps of each label come from; None where they are all zero."""
        deep = _deep(presentation, spec)
        depth = self._depth(presentation) if deep else None
        found: dict[Label, DepthSource | None] = dict.fromkeys(spec.labels)
        found |= dict.fromkeys(deep, depth)
        for label in spec.labels:
            if label.name not in ("depth", "raw-depth", "mask"):
                found[label] = self._own(presentation, label.name)
        return found

    def _own(self, presentation: Presentation, label: str) -> DepthSource:
        dataset = self.datasets.get(presentation.dataset)
        found = None if dataset is None else dataset.maps(presentation.own(), label)
        if found is None:
            raise DataError(f"{presentation.id}: its data set brings no {label!r} maps")
        return found

    def _depth(self, presentation: Presentation) -> DepthSource:
        from fasharness.prepare.depth import DepthMapFolder

        own = presentation.own()
        if self.recipe.depth != "auto":
            return DepthMapFolder(Path(self.recipe.depth), own.id)
        dataset = self.datasets.get(presentation.dataset)
        found = None if dataset is None else dataset.maps(own, "depth")
        if found is not None:
            return found
        if self._estimator is None:
            self._estimator = self.plugins.make(
                "depth estimator", self.recipe.estimator, self.recipe.device
            )
        return self._estimator

    def rule(self, spec: ClipSpec) -> CropRule:
        """The crop rule of a specification."""
        found: CropRule = self.plugins.make("crop", spec.crop.rule)
        return found


def _deep(presentation: Presentation, spec: ClipSpec) -> list[Label]:
    """Return the labels that are made from a face's depth."""
    deep = [one for one in spec.labels if one.name in ("raw-depth", "mask")]
    # Zero for attacks, the papers' label.
    return deep + [one for one in spec.labels if one.name == "depth" and presentation.bona_fide]


def prepare_presentation(task: Task, tools: Tools, store: ClipStore) -> list[StoredClips]:
    """Decode a presentation once and store its clips under every specification."""
    try:
        return store_clips(task, _film(task, tools), tools, store)
    except DataError as error:
        # Not stored: the cause may be outside the video (e.g. missing depth maps) and get fixed.
        return [StoredClips(task.presentation.id, Path(), 0, 0, 0, str(error)) for _ in task.specs]


Pictures = Mapping[str, NDArray[np.uint8]]


class Film(NamedTuple):
    """The frames of a presentation.

    Attributes:
        total: number of frames.
        frames: yields (number, modality to uint8 (H, W, 3) RGB) for frame numbers, in their order.
    """

    total: int
    frames: Callable[[Sequence[int]], Iterator[tuple[int, Pictures]]]


def _film(task: Task, tools: Tools) -> Film:
    """The files of a presentation, opened by whatever plugin reads them."""
    hook = tools.plugins.hook
    names = sorted({name for spec in task.specs for name in spec.modalities}, key=_rgb_first)
    paths = [task.presentation.files[name].path for name in names]
    counts = [checked_count(hook.fasharness_count_frames(path=path), path) for path in paths]
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


def store_clips(task: Task, film: Film, tools: Tools, store: ClipStore) -> list[StoredClips]:
    """Cut the clips of a presentation out of its frames and store them.

    Frames are used as they come and then dropped, so memory does not grow with the video.

    Args:
        task: the presentation and its specifications.
        film: its frames.
        tools: detector and depth source.
        store: where the clips go.

    Returns:
        What was stored, in the order of the specifications.

    Raises:
        DataError: the frames or their depth cannot be read.
    """
    shown = task.presentation
    first, after = shown.window or (0, film.total)
    usable = range(first, min(after, film.total))
    cutters = [_Cutter(spec, usable, shown, tools) for spec in task.specs]
    wanted = sorted({index for cutter in cutters for index in cutter.wanted})
    faces = tools.faces(shown)
    for index, pictures in film.frames(wanted):
        turned = {name: _turned(frame, shown.orientation) for name, frame in pictures.items()}
        # One box for all frames of a clip, that of its first frame, as in SGTD's published code.
        sought = any(cutter.seeks(index) for cutter in cutters)
        face = checked_face(faces(index, turned[RGB]), index) if sought else None
        for cutter in cutters:
            cutter.add(index, turned, face)
    return [
        store.write(key, shown.id, *cutter.finish())
        for cutter, key in zip(cutters, task.keys, strict=True)
    ]


def _turned(frame: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    # rot90 turns anticlockwise.
    return np.ascontiguousarray(np.rot90(frame, -degrees // 90)) if degrees else frame


class _Cut(NamedTuple):
    """One frame of a clip, cut."""

    images: Pictures
    maps: Pictures


class _Cutter:
    """Collects the clips of one specification while frames are decoded."""

    def __init__(
        self, spec: ClipSpec, usable: range, presentation: Presentation, tools: Tools
    ) -> None:
        self.spec = spec
        self.total = len(usable)
        self.clips = tuple(
            tuple(usable[index] for index in clip) for clip in spec.frames.clips(len(usable))
        )
        self.starts = {clip[0] for clip in self.clips}
        self.wanted = {index for clip in self.clips for index in clip}
        self.rule = tools.rule(spec)
        self.sources = tools.sources(presentation, spec)
        self.faces: dict[int, Face] = {}
        self.shape = (0, 0)
        self.problem = ""
        self.cuts: dict[tuple[int, int], _Cut] = {}

    def seeks(self, index: int) -> bool:
        """Whether a face must be found in a frame."""
        return index in self.starts and self.spec.crop.faces == "found"

    def add(self, index: int, pictures: Pictures, face: Face | None) -> None:
        """Cut a frame for every clip that it belongs to."""
        height, width = pictures[RGB].shape[:2]
        self.shape = (height, width)
        if self.spec.crop.faces == "none":
            face = Face((0.0, 0.0, float(width), float(height)), 1.0)
        if face is not None and index in self.starts:
            self.faces[index] = face
        for number, clip in enumerate(self.clips):
            if index in clip and clip[0] in self.faces:
                try:
                    self.cuts[number, index] = self._cut(index, pictures, self.faces[clip[0]])
                except DataError as error:  # only the clips of this frame are lost
                    self.problem = str(error)

    def _cut(self, index: int, pictures: Pictures, face: Face) -> _Cut:
        region, crop = self._region(face), self.spec.crop
        images = {}
        for name in self.spec.modalities:
            if pictures[name].shape[:2] != self.shape:
                height, width = pictures[name].shape[:2]
                raise DataError(
                    f"frame {index}: the {name} picture is {width}x{height}, the {RGB} picture "
                    f"{self.shape[1]}x{self.shape[0]}; modalities are cut alike"
                )
            images[name] = self.rule.cut(pictures[name], region, stored_side(crop.size, crop))
        return _Cut(images, self._maps(index, pictures[RGB], face, region))

    def _maps(self, index: int, frame: NDArray[np.uint8], face: Face, region: Region) -> Pictures:
        maps: dict[str, NDArray[np.uint8]] = {}
        # Depth and mask of equal size come from one source, which may be a slow network.
        made: dict[tuple[int, int], NDArray[np.uint8]] = {}
        for label, source in self.sources.items():
            side = stored_side(label.size, self.spec.crop)
            if source is None:
                maps[label.name] = np.zeros((side, side), np.uint8)
                continue
            key = id(source), side
            if key not in made:
                values = source.crop(index, frame, face, region, side, self.rule)
                made[key] = checked_map(values, label.name, side, index)
            maps[label.name] = made[key]
        return maps

    def _region(self, face: Face) -> Region:
        if self.spec.crop.faces == "none":
            return Region(0, 0, self.shape[1], self.shape[0])
        # The largest crop of the range; smaller ones are cut from it on loading (`load_clip`).
        high = self.spec.crop.scale[1]
        return self.rule.region(face.box, high, high, self.shape)

    def finish(self) -> tuple[ClipArrays, int, str]:
        """Return the complete clips, the number left out, and the reason if none is left."""
        whole = [
            (number, clip)
            for number, clip in enumerate(self.clips)
            if all((number, index) in self.cuts for index in clip)
        ]
        left_out = len(self.clips) - len(whole)
        if not whole:
            return no_clips(self.spec), left_out, self._reason()
        faces = [self.faces[clip[0]] for _, clip in whole]
        cuts = [[self.cuts[number, index] for index in clip] for number, clip in whole]
        return (
            ClipArrays(
                {
                    name: np.stack([np.stack([cut.images[name] for cut in clip]) for clip in cuts])
                    for name in self.spec.modalities
                },
                {
                    label.name: np.stack(
                        [np.stack([cut.maps[label.name] for cut in clip]) for clip in cuts]
                    )
                    for label in self.spec.labels
                },
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
            span = self.spec.frames.span
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

    Raises:
        WeightsError: weights of the detector or of the depth estimator are missing.
    """
    prepared, tools = Prepared(), Tools(recipe, plugins)
    _load_early(wanted, tools, store)
    planner = Planner(wanted, recipe, store, plugins, reading)
    tasks = [task for p, specs in wanted.items() if (task := planner.plan(p, specs, prepared))]
    prepared.damaged = tuple(store.damaged)
    done = len(wanted) - len(tasks)
    progress(done, len(wanted))
    for task, results in _run_all(tasks, tools, store, jobs):
        for spec, stored in zip(task.specs, results, strict=True):
            prepared.add(spec, stored)
        done += 1
        progress(done, len(wanted))
    return prepared


def _load_early(wanted: Wanted, tools: Tools, store: ClipStore) -> None:
    """Load what the first presentation with depth needs, unless its clips are stored.

    Before all files are read for their hashes and prepared, which takes hours for real data.
    """
    deep = (shown for shown, specs in wanted.items() if any(_deep(shown, s) for s in specs))
    first = next(deep, next(iter(wanted), None))
    if first is not None:
        probe = Planner({first: wanted[first]}, tools.recipe, store, tools.plugins, None)
        task = probe.plan(first, wanted[first], Prepared())
        if task is not None:
            tools.load(task)


def _run_all(
    tasks: Sequence[Task], tools: Tools, store: ClipStore, jobs: int
) -> Iterator[tuple[Task, list[StoredClips]]]:
    """Tasks with their results as they finish."""
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield task, prepare_presentation(task, tools, store)
        return
    work = partial(_work, recipe=tools.recipe, root=store.root)
    yield from run_all(work, list(tasks), jobs=jobs, start=one_thread)
