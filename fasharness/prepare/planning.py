"""Planning a preparation: content keys of clips, which are stored, and which have to be made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from fasharness.clips import ClipSpec
from fasharness.common.files import digest
from fasharness.data import Presentation, Source
from fasharness.dataset import Dataset
from fasharness.plugins import OWN, Plugins
from fasharness.prepare.identity import Identities
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipStore, StoredClips

Wanted = Mapping[Presentation, Sequence[ClipSpec]]

FORMAT = 5
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


@dataclass(frozen=True, slots=True)
class Task:
    """One presentation with the specifications that are wanted of it and not stored yet."""

    presentation: Presentation
    specs: tuple[ClipSpec, ...]
    keys: tuple[str, ...]


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
    settings = dataclasses.asdict(recipe)
    # Moving the data or using another device keeps the clips.
    del settings["roots"], settings["device"]
    return digest(
        {
            "format": FORMAT,
            "contents": contents,
            "depth_maps": _depth_maps(recipe, presentation),
            "dataset": presentation.dataset,
            "bona_fide": presentation.bona_fide,
            "window": presentation.window,
            "orientation": presentation.orientation,
            "spec": dataclasses.asdict(spec),
            "recipe": settings,
            "versions": versions,
        }
    )


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


def versions_in_use(recipe: Recipe, specs: Iterable[ClipSpec], plugins: Plugins) -> str:
    """Return the versions and code of everything in use; `FORMAT` covers the harness's own."""
    owners = {plugins.find("crop", spec.crop.rule).owner for spec in specs}
    owners |= {plugins.find("detector", recipe.detector).owner}
    owners |= {plugins.find("depth estimator", recipe.estimator).owner}
    owners |= {plugins.find("dataset", name).owner for name, _ in recipe.roots}
    owners |= {i.plugin_name for i in plugins.hook.fasharness_decode.get_hookimpls()}
    third = sorted(owners - {OWN})
    return ", ".join([*_libraries(), *(plugins.code_version(owner) for owner in third)])


def open_datasets(recipe: Recipe, plugins: Plugins) -> dict[str, Dataset]:
    """Open the data sets of a recipe, by name."""
    return {name: plugins.make("dataset", name)(root) for name, root in recipe.roots}


class Planner:
    """Compares what is wanted with what is stored."""

    def __init__(
        self,
        wanted: Wanted,
        recipe: Recipe,
        store: ClipStore,
        plugins: Plugins,
        reading: Callable[[int, int], None] | None,
    ) -> None:
        self.recipe = recipe
        self.store = store
        every = (spec for specs in wanted.values() for spec in specs)
        self.versions = versions_in_use(recipe, every, plugins)
        datasets = open_datasets(recipe, plugins)
        self.beside = {
            # What belongs to no data set, such as generated pictures, has nothing beside it.
            p: datasets[p.dataset].side_files(p.own()) if p.dataset in datasets else ()
            for p in wanted
        }
        self.parts = {source: _parts(source) for p in wanted for source in p.files.values()}
        own = (path for paths in self.parts.values() for path in paths)
        beside = (path for paths in self.beside.values() for path in paths)
        identities = Identities(store.root / "files.json")
        self.hashes = identities.of((*own, *beside), reading)
        identities.save()

    def plan(
        self, presentation: Presentation, specs: Sequence[ClipSpec], prepared: Prepared
    ) -> Task | None:
        """Use what is stored and return a task for the rest; a missing file fails, unstored."""
        missing: list[tuple[ClipSpec, str]] = []
        # Stages often share a specification: each is made once.
        for spec in dict.fromkeys(specs):
            reason = self._unreadable(presentation, spec)
            if reason:
                prepared.add(spec, StoredClips(presentation.id, Path(), 0, 0, 0, reason))
                continue
            key = self._key(presentation, spec)
            stored = self.store.look_up(key, presentation.id)
            if stored is None:
                missing.append((spec, key))
            else:
                prepared.add(spec, stored)
        if not missing:
            return None
        return Task(presentation, tuple(s for s, _ in missing), tuple(k for _, k in missing))

    def _unreadable(self, presentation: Presentation, spec: ClipSpec) -> str:
        """Why a modality cannot be read, empty if all can."""
        for name in spec.modalities:
            source = presentation.files.get(name)
            if source is None:
                return f"has no {name!r} pictures, only {', '.join(presentation.files)}"
            lost = [path for path in self.parts[source] if path not in self.hashes]
            if lost:
                return _unreadable(lost[0])
            if not self.parts[source]:
                return f"{source.path}: the folder is empty"
        return ""

    def _key(self, presentation: Presentation, spec: ClipSpec) -> str:
        contents = []
        for name in spec.modalities:
            source = presentation.files[name]
            # A picture of a folder counts with its name: the names give the order.
            folder = source.path.is_dir()
            held = [(path.name if folder else "", self.hashes[path]) for path in self.parts[source]]
            contents.append((f"{name} {source.item}", digest(held)))
        contents += [
            (path.name, self.hashes[path])
            for path in self.beside[presentation]
            if path in self.hashes
        ]
        return content_key(presentation, spec, self.recipe, self.versions, contents)


def _parts(source: Source) -> tuple[Path, ...]:
    """The files of a source: itself, or those in its folder."""
    if not source.path.is_dir():
        return (source.path,)
    return tuple(sorted(path for path in source.path.iterdir() if path.is_file()))


def _unreadable(path: Path) -> str:
    """Why a file cannot be read, in words."""
    try:
        with path.open("rb"):
            return f"{path}: cannot be read"
    except OSError as error:
        return f"{path}: {error.strerror or error}"
