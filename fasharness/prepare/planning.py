"""Planning a preparation: content keys of clips, which are stored, and which have to be made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from fasharness.clips import ClipSpec, Label
from fasharness.common.files import digest
from fasharness.common.lines import refuse_other_than_files
from fasharness.data import RGB, Presentation, Source
from fasharness.dataset import Dataset
from fasharness.errors import DataError
from fasharness.plugins import OWN, Plugins
from fasharness.prepare.decode import kind_of
from fasharness.prepare.encoding import change_of
from fasharness.prepare.identity import Identities
from fasharness.prepare.index import MOST, pieces
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.sources import Kind
from fasharness.prepare.store import ClipStore, StoredClips, failed

Wanted = Mapping[Presentation, Sequence[ClipSpec]]

FORMAT = 6
"""Changes when the same inputs would give other stored clips."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How faces and depth are found; part of every content key.

    Attributes:
        roots: name of each data set and its folder; the folders are no part of the key, so that
            data may be moved. Empty for files that belong to no data set.
        faces: ``detector`` or ``dataset`` (the data set's own eye positions or boxes).
        detector: name of the detector.
        depth: ``auto`` (exact depth of the data set, else the estimator), or the folder of
            published depth maps.
        estimator: name of the depth estimator.
        device: where networks run.
    """

    roots: tuple[tuple[str, Path], ...]
    faces: str = "detector"
    detector: str = "mtcnn"
    depth: str = "auto"
    estimator: str = "face-landmark"
    device: str = "cpu"


def preparation_device(device: str) -> str:
    """Return where detectors and estimators run for ``--device``: the CPU unless one is named."""
    return "cpu" if device == "auto" else device


class Subjects(NamedTuple):
    """Keys of what was found in a presentation's file; empty where nothing is kept.

    Attributes:
        faces: of its faces.
        depth: of its estimated depth.
    """

    faces: str = ""
    depth: str = ""


UNKEPT = Subjects()


@dataclass(frozen=True, slots=True)
class Task:
    """One presentation with the specifications that are wanted of it and not stored yet.

    Attributes:
        presentation: the presentation.
        specs: the specifications.
        keys: content key of each.
        subjects: keys of what was found in its file; by default nothing is kept.
        pictures: whether its files are pictures or folders of them, not videos.
    """

    presentation: Presentation
    specs: tuple[ClipSpec, ...]
    keys: tuple[str, ...]
    subjects: Subjects = UNKEPT
    pictures: bool = False


def deep_labels(presentation: Presentation, spec: ClipSpec) -> list[Label]:
    """Return the labels that are made from a face's depth."""
    deep = [one for one in spec.labels if one.name in ("raw-depth", "mask")]
    # Zero for attacks, the papers' label.
    return deep + [one for one in spec.labels if one.name == "depth" and presentation.bona_fide]


def content_key(
    presentation: Presentation,
    spec: ClipSpec,
    recipe: Recipe,
    versions: str,
    contents: Sequence[tuple[str, str]],
) -> str:
    """Key of a presentation's clips: the content of its files, every setting, every version.

    Args:
        presentation: gives the class, and the name of its depth maps.
        spec: the clips.
        recipe: faces and depth.
        versions: versions and code of the plugins that decode, detect and estimate.
        contents: (what for, hash of the content): the presentation's files by modality, then the
            files beside them.
    """
    facts = (presentation.dataset, presentation.bona_fide, presentation.window)
    return digest(
        [
            _settings(spec, recipe, versions),
            contents,
            _depth_maps(recipe, presentation),
            facts,
            presentation.orientation,
        ]
    )


@cache
def _settings(spec: ClipSpec, recipe: Recipe, versions: str) -> str:
    """Digest of what all presentations share."""
    settings = dataclasses.asdict(recipe)
    # Moving the data or using another device keeps the clips.
    del settings["roots"], settings["device"]
    return digest([FORMAT, dataclasses.asdict(spec), settings, versions])


def _depth_maps(recipe: Recipe, presentation: Presentation) -> list[tuple[str, int, int]]:
    """Name, size and time of a presentation's published depth maps.

    There is one for each frame, too many to be read for a key; the folder is part of the key.
    """
    if recipe.depth == "auto":
        return []
    found = []
    for path in sorted((Path(recipe.depth) / presentation.id).glob("*")):
        state = path.stat()
        found.append((path.name, state.st_size, state.st_mtime_ns))
    return found


def _libraries() -> list[str]:
    """The libraries that decode, resize and detect; another version may give other pixels."""
    return [f"{name} {version(name)}" for name in ("opencv-python", "pillow", "mtcnn")]


def _code(owners: Iterable[str], plugins: Plugins) -> str:
    """Versions and code of plugins, of all that decode, and of libraries."""
    decoders = {each.plugin_name for each in plugins.hook.fasharness_decode.get_hookimpls()}
    third = sorted({*owners, *decoders} - {OWN})
    return ", ".join([*_libraries(), *(plugins.code_version(owner) for owner in third)])


def versions_in_use(recipe: Recipe, specs: Iterable[ClipSpec], plugins: Plugins) -> str:
    """Return the versions and code of everything in use; `FORMAT` covers the harness's own."""
    rules = {spec.crop.rule for spec in specs}
    owners = {plugins.find("crop", rule).owner for rule in rules}
    owners |= {plugins.find("detector", recipe.detector).owner}
    owners |= {plugins.find("depth estimator", recipe.estimator).owner}
    owners |= {plugins.find("dataset", name).owner for name, _ in recipe.roots}
    return _code(owners, plugins)


def open_datasets(recipe: Recipe, plugins: Plugins) -> dict[str, Dataset]:
    """Open the data sets of a recipe, by name."""
    return {name: plugins.make("dataset", name)(root) for name, root in recipe.roots}


class Planner:
    """Compares what is wanted with what is stored.

    Args:
        wanted: presentation to its wanted specifications.
        recipe: how faces and depth are found.
        store: the clips that there are.
        plugins: the plugins in use.
        reading: called with (files read, total) where files have to be read for their hashes.
    """

    def __init__(
        self,
        wanted: Wanted,
        recipe: Recipe,
        store: ClipStore,
        plugins: Plugins,
        reading: Callable[[int, int], None] | None,
    ) -> None:
        self.wanted = wanted
        self.recipe = recipe
        self.store = store
        every = (spec for specs in wanted.values() for spec in specs)
        self.versions = versions_in_use(recipe, every, plugins)
        self._finders = [
            [FORMAT, kind, name, _code({plugins.find(kind, name).owner}, plugins)]
            for kind, name in (("detector", recipe.detector), ("depth estimator", recipe.estimator))
        ]
        datasets = open_datasets(recipe, plugins)
        # Only what is there: most pictures have none, and generated ones no data set.
        self._beside = {
            p: files
            for p in wanted
            if p.dataset in datasets and (files := datasets[p.dataset].side_files(p.own()))
        }
        self._folders = {
            source.path: _listed(source.path)
            for p in wanted
            for source in p.files.values()
            if source.path.is_dir()
        }
        self._hashes = Identities(store.index).of(self._files(), reading)

    def plan(self, prepared: Prepared) -> list[Task]:
        """Use what is stored and return tasks for the rest; a missing file fails, unstored."""
        tasks: list[Task] = []
        for some in pieces(self.wanted.items(), MOST):
            keys = [self._keys(shown, specs, prepared) for shown, specs in some]
            stored = self.store.look_up([key for each in keys for key in each if key])
            for (shown, specs), each in zip(some, keys, strict=True):
                task = self._task(shown, dict(zip(specs, each, strict=True)), stored, prepared)
                tasks += [] if task is None else [task]
        return tasks

    def _keys(
        self, shown: Presentation, specs: Sequence[ClipSpec], prepared: Prepared
    ) -> list[str]:
        """The keys of a presentation's clips; what cannot be read has failed, its key is empty."""
        keys = []
        for spec in specs:
            reason = self._unreadable(shown, spec)
            if reason:
                prepared.add(spec, failed(shown.id, reason))
            keys.append("" if reason else self._key(shown, spec))
        return keys

    def _task(
        self,
        shown: Presentation,
        keys: Mapping[ClipSpec, str],
        stored: Mapping[str, StoredClips],
        prepared: Prepared,
    ) -> Task | None:
        """Return what is missing of a presentation, None if nothing is."""
        missing: list[tuple[ClipSpec, str]] = []
        # Stages often share a specification: each is made once.
        for spec, key in keys.items():
            found = stored.get(key)
            if found is not None:
                # Not `found` itself: two presentations of equal content share their clips.
                prepared.add(spec, replace(found, presentation=shown.id))
            elif key:
                missing.append((spec, key))
        if not missing:
            return None
        pictures = kind_of(shown.path) is not Kind.VIDEO
        specs, wanted = zip(*missing, strict=True)
        return Task(shown, specs, wanted, self._subjects(shown, specs), pictures)

    def _subjects(self, shown: Presentation, specs: Sequence[ClipSpec]) -> Subjects:
        """Return the keys of what is found in a file, whatever is cut out of it."""
        same = [self._content(shown.files[RGB]), shown.orientation]
        seeks = any(spec.crop.faces == "found" for spec in specs)
        deep = any(deep_labels(shown, spec) for spec in specs)
        return Subjects(
            digest([*self._finders[0], *same]) if seeks else "",
            digest([*self._finders[1], *same]) if deep else "",
        )

    def _files(self) -> Iterator[Path]:
        for shown in self.wanted:
            for source in shown.files.values():
                yield from self._parts(source)
            yield from self._beside.get(shown, ())

    def _parts(self, source: Source) -> tuple[Path, ...]:
        """The files of a source: itself, or those in its folder."""
        return self._folders.get(source.path, (source.path,))

    def _unreadable(self, presentation: Presentation, spec: ClipSpec) -> str:
        """Why a modality cannot be read, empty if all can."""
        for name in spec.modalities:
            source = presentation.files.get(name)
            if source is None:
                return f"has no {name!r} pictures, only {', '.join(presentation.files)}"
            parts = self._parts(source)
            lost = [path for path in parts if path not in self._hashes]
            if lost:
                return _unreadable(lost[0])
            if not parts:
                return f"{source.path}: the folder is empty"
        return ""

    def _key(self, presentation: Presentation, spec: ClipSpec) -> str:
        contents = [(name, self._content(presentation.files[name])) for name in spec.modalities]
        contents += [
            (path.name, self._hashes[path])
            for path in self._beside.get(presentation, ())
            if path in self._hashes
        ]
        versions = f"{self.versions} {change_of(self.store.encoding)}".strip()
        return content_key(presentation, spec, self.recipe, versions, contents)

    def _content(self, source: Source) -> str:
        """Hash of what a source shows."""
        if source.path not in self._folders:
            return f"{self._hashes[source.path]} {source.item}"
        # A picture of a folder counts with its name: the names give the order.
        held = [(path.name, self._hashes[path]) for path in self._folders[source.path]]
        return f"{digest(held)} {source.item}"


def _listed(folder: Path) -> tuple[Path, ...]:
    """The files in a folder."""
    return tuple(sorted(path for path in folder.iterdir() if path.is_file()))


def _unreadable(path: Path) -> str:
    """Why a file cannot be read, in words."""
    try:
        refuse_other_than_files(path)
        with path.open("rb"):
            return f"{path}: cannot be read"
    except DataError as error:
        return str(error)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
