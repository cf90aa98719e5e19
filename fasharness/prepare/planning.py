"""Planning a preparation: content keys of clips, which are stored, and which have to be made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from fasharness.common.files import digest
from fasharness.data import ClipSpec, Presentation
from fasharness.dataset import Dataset
from fasharness.plugins import OWN, Plugins
from fasharness.prepare.identity import Identities
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipStore, StoredClips

Wanted = Mapping[Presentation, Sequence[ClipSpec]]

FORMAT = 2
"""Changes when the same inputs would give other stored clips."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How faces and depth are found; part of every content key.

    Attributes:
        dataset: name of the data set; empty for files that belong to none.
        root: its folder; no part of the key, so that data may be moved.
        faces: ``detector`` or ``dataset`` (the data set's own eye positions or boxes).
        detector: name of the detector.
        depth: ``auto`` (exact depth of the data set, else the estimator), or the folder of
            published depth maps.
        estimator: name of the depth estimator.
        device: where networks run.
    """

    dataset: str
    root: Path
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
        contents: (what for, hash of the content): the presentation's file first, then the files
            beside it.
    """
    settings = dataclasses.asdict(recipe)
    # Moving the data or using another device keeps the clips.
    del settings["root"], settings["device"]
    return digest(
        {
            "format": FORMAT,
            "contents": contents,
            "depth_maps": _depth_maps(recipe, presentation),
            "bona_fide": presentation.bona_fide,
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
    owners = {plugins.find("crop", spec.crop).owner for spec in specs}
    owners |= {plugins.find("detector", recipe.detector).owner}
    owners |= {plugins.find("depth estimator", recipe.estimator).owner}
    owners |= {plugins.find("dataset", recipe.dataset).owner}
    owners |= {i.plugin_name for i in plugins.hook.fasharness_decode.get_hookimpls()}
    third = sorted(owners - {OWN})
    return ", ".join([*_libraries(), *(plugins.code_version(owner) for owner in third)])


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
        dataset: Dataset = plugins.make("dataset", recipe.dataset)(recipe.root)
        self.files = {p: (p.path, *dataset.side_files(p)) for p in wanted}
        identities = Identities(store.root / "files.json")
        self.hashes = identities.of((f for files in self.files.values() for f in files), reading)
        identities.save()

    def plan(
        self, presentation: Presentation, specs: Sequence[ClipSpec], prepared: Prepared
    ) -> Task | None:
        """Use what is stored and return a task for the rest; a missing file fails, unstored."""
        if presentation.path not in self.hashes:
            failed = StoredClips(presentation.id, Path(), 0, 0, 0, _unreadable(presentation.path))
            for spec in specs:
                prepared.add(spec, failed)
            return None
        missing: list[tuple[ClipSpec, str]] = []
        # Stages often share a specification: each is made once.
        for spec in dict.fromkeys(specs):
            key = self._key(presentation, spec)
            stored = self.store.look_up(key, presentation.id)
            if stored is None:
                missing.append((spec, key))
            else:
                prepared.add(spec, stored)
        if not missing:
            return None
        return Task(presentation, tuple(s for s, _ in missing), tuple(k for _, k in missing))

    def _key(self, presentation: Presentation, spec: ClipSpec) -> str:
        own, *beside = self.files[presentation]
        contents = [("", self.hashes[own])]
        contents += [(path.name, self.hashes[path]) for path in beside if path in self.hashes]
        return content_key(presentation, spec, self.recipe, self.versions, contents)


def _unreadable(path: Path) -> str:
    """Why a file cannot be read, in words."""
    try:
        with path.open("rb"):
            return f"{path}: cannot be read"
    except OSError as error:
        return f"{path}: {error.strerror or error}"
