"""What a recipe prepares with: the detector, the sources of maps, the crop rules."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness import plugins as plugin_module
from fasharness.clips import ClipSpec, Label
from fasharness.errors import DataError
from fasharness.faces import Face, Frame
from fasharness.prepare.checked import checked_face
from fasharness.prepare.planning import Recipe, Task, deep_labels, open_datasets
from fasharness.prepare.store import ClipStore, Packer
from fasharness.prepare.tracks import Estimates, Track, read_estimates, read_track

if TYPE_CHECKING:
    from fasharness.data import Presentation
    from fasharness.dataset import Dataset
    from fasharness.faces import CropRule, DepthEstimator, DepthSource, Detector


class Tools:
    """The detector, depth and decoder of a recipe, made once in each process."""

    def __init__(self, recipe: Recipe, plugins: plugin_module.Plugins) -> None:
        self.recipe = recipe
        self.plugins = plugins
        self.datasets = open_datasets(recipe, plugins)
        self._detector: Detector | None = None
        self._estimator: DepthEstimator | None = None

    @property
    def detector(self) -> Detector:
        """The detector."""
        if self._detector is None:
            self._detector = self.plugins.make("detector", self.recipe.detector, self.recipe.device)
        return self._detector

    @property
    def estimator(self) -> DepthEstimator:
        """The depth estimator."""
        if self._estimator is None:
            self._estimator = self.plugins.make(
                "depth estimator", self.recipe.estimator, self.recipe.device
            )
        return self._estimator

    def rule(self, spec: ClipSpec) -> CropRule:
        """The crop rule of a specification."""
        found: CropRule = self.plugins.make("crop", spec.crop.rule)
        return found

    def brought_depth(self, shown: Presentation) -> DepthSource | None:
        """Depth that need not be estimated: from the folder given, or of the data set."""
        from fasharness.prepare.depth import DepthMapFolder

        own = shown.own()
        if self.recipe.depth != "auto":
            return DepthMapFolder(Path(self.recipe.depth), own.id)
        dataset = self.datasets.get(shown.dataset)
        return None if dataset is None else dataset.maps(own, "depth")


# Spawned workers inherit nothing, and a loaded network cannot be sent to them.
@cache
def worker_tools(recipe: Recipe) -> Tools:
    """The tools of a worker process, made at its first task."""
    return Tools(recipe, plugin_module.load())


class Findings:
    """Faces and maps of one presentation: what was found in its file earlier, and what is new.

    Args:
        task: the presentation.
        tools: what looks for the rest.
        store: where earlier findings are.
    """

    def __init__(self, task: Task, tools: Tools, store: ClipStore) -> None:
        self._task = task
        self._tools = tools
        self._store = store
        self._estimates: Estimates | None = None
        # The data set's own boxes are read faster than a track.
        self._own_faces = self._dataset is not None and tools.recipe.faces == "dataset"
        found = any(spec.crop.faces == "found" for spec in task.specs)
        self._seeks = found and not self._own_faces
        self.track = read_track(store, task.subjects.faces) if self._seeks else Track({}, 0)

    @property
    def _dataset(self) -> Dataset | None:
        return self._tools.datasets.get(self._task.presentation.dataset)

    def faces(self) -> Callable[[int, Frame], Face | None]:
        """Return a function from a frame to its face."""
        dataset = self._dataset
        if dataset is not None and self._own_faces:
            known = dataset.faces(self._task.presentation.own())
            return lambda index, frame: checked_face(known.get(index), index)
        return lambda index, frame: self.track.face(index, frame, self._detected)

    def _detected(self, index: int, frame: Frame) -> list[Face]:
        """The faces of a frame, checked before they are kept."""
        found = self._tools.detector.detect([frame])[0]
        for face in found:
            checked_face(face, index)
        return found

    def sources(self, spec: ClipSpec) -> dict[Label, DepthSource | None]:
        """Where the maps of each label come from; None where they are all zero."""
        deep = deep_labels(self._task.presentation, spec)
        depth = self._depth() if deep else None
        found: dict[Label, DepthSource | None] = dict.fromkeys(spec.labels)
        found |= dict.fromkeys(deep, depth)
        for label in spec.labels:
            if label.name not in ("depth", "raw-depth", "mask"):
                found[label] = self._own(label.name)
        return found

    def load(self) -> None:
        """Load what the presentation needs; raises `WeightsError` where weights are missing."""
        if self._seeks:
            _ = self._tools.detector
        for spec in self._task.specs:
            with suppress(DataError):  # its maps are missing: only this presentation fails
                self.sources(spec)

    def keep(self, packer: Packer) -> None:
        """Store what is new, for the next method."""
        subjects, name = self._task.subjects, self._task.presentation.id
        self.track.keep(packer, subjects.faces, name)
        if self._estimates is not None:
            self._estimates.keep(packer, subjects.depth, name)

    def _own(self, label: str) -> DepthSource:
        shown, dataset = self._task.presentation, self._dataset
        found = None if dataset is None else dataset.maps(shown.own(), label)
        if found is None:
            raise DataError(f"{shown.id}: its data set brings no {label!r} maps")
        return found

    def _depth(self) -> DepthSource:
        found = self._tools.brought_depth(self._task.presentation)
        if found is not None:
            return found
        if self._estimates is None:
            subject = self._task.subjects.depth
            self._estimates = read_estimates(self._store, subject, self._tools.estimator)
        return self._estimates
