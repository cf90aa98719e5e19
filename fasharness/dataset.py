"""The interface of a data set: presentations and protocols under a root folder."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from fasharness.common.marks import simulation_of
from fasharness.data import Presentation, Split
from fasharness.errors import OptionError
from fasharness.metric import MetricFunction
from fasharness.protocol import OFFICIAL, Convention, Protocol

if TYPE_CHECKING:
    from fasharness.faces import DepthSource, Face
    from fasharness.scores import Score


class Finding(NamedTuple):
    """One problem of a data set on disk."""

    kind: str
    name: str
    detail: str


class Validation(NamedTuple):
    """The outcome of checking a data set's root.

    Attributes:
        checked: number of videos or pictures that were opened.
        findings: what is wrong.
        counts: fold to what it has of what it should have.
        notes: what is counted but not wrong, one line each.
    """

    checked: int
    findings: tuple[Finding, ...]
    counts: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Counts(NamedTuple):
    """Numbers of presentations."""

    bona_fide: int
    attack: int

    def __str__(self) -> str:
        return f"{self.bona_fide}+{self.attack}"


class Outline(NamedTuple):
    """What a fold is, known without any data.

    Attributes:
        words: what it takes, for people.
        counts: bona fide and attack presentations of each split, where they are known.
        convention: how the benchmark makes its figures.
        dev_rule: see `Protocol.dev_rule`; empty if there is no dev.
    """

    words: str
    counts: Mapping[Split, Counts]
    convention: Convention
    dev_rule: str = OFFICIAL


@dataclass(frozen=True)
class About:
    """What people should know of a data set, for its page.

    Attributes:
        what: the data set in a few sentences, with its paper.
        granted: where it is granted and under which terms.
        tree: what to put where, below the root.
        traps: what is easily got wrong.
        open: what could not be settled without the data.
    """

    what: str
    granted: str
    tree: str
    traps: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


class Dataset(ABC):
    """A data set read from its original layout.

    Attributes:
        name: the name it is looked up by, e.g. ``oulu-npu``.
        title: the name people know.
        folds: protocol name to the names of its folds; a protocol without folds names itself.
        attributes: name of each attribute of its presentations to its meaning.
        size: presentations that the whole data set holds; None if unknown.
        about: what people should know of it; None if it has no page.
        metrics: figures that its papers give beside the harness's own, in every result of its
            protocols; as `fasharness_metrics`.
        root: the folder that is read.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    folds: ClassVar[Mapping[str, tuple[str, ...]]]
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    size: ClassVar[Counts | None] = None
    about: ClassVar[About | None] = None
    metrics: ClassVar[Mapping[str, MetricFunction]] = MappingProxyType({})

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[str, list[str]] = {}

    @classmethod
    def offers(cls, protocol: str) -> type[Dataset] | None:
        """Return the class that builds a protocol or fold; None if it is not of this data set.

        By default this class, for the names in `folds`.
        """
        return cls if protocol in set(all_protocols(cls)) else None

    @classmethod
    def outline(cls, fold: str) -> Outline | None:
        """Return what a fold is, without data; None if the data set does not say."""
        del fold
        return None

    @classmethod
    def claims(cls, root: Path) -> bool:
        """Return whether a folder looks like the root of this data set."""
        del root
        return False

    @classmethod
    def owns(cls, path: str) -> bool:
        """Return whether a path below a root, with ``/``, is the name of a file of this set."""
        del path
        return False

    @property
    def simulated(self) -> bool:
        """Whether a simulator wrote the root; it leaves a mark file there.

        Raises:
            DataError: the mark file is damaged.
        """
        return simulation_of(self.root) is not None

    @property
    def stand_ins(self) -> Mapping[str, str]:
        """PAI species of which a simulator wrote only the names, to what it shows instead.

        Raises:
            DataError: the mark file is damaged.
        """
        found: Mapping[str, str] = (simulation_of(self.root) or {}).get("stand_ins", {})
        return found

    @abstractmethod
    def protocol(self, name: str) -> Protocol:
        """Build one fold of a protocol.

        Args:
            name: a fold name of `folds`.

        Raises:
            DataError: the lists are missing or broken.
        """

    def part(self, split: Split) -> tuple[Presentation, ...]:
        """Return every presentation of the data set's own split, for protocols over several sets.

        Empty if it has no such split.

        Raises:
            OptionError: the data set has no split of its own.
        """
        del split
        raise OptionError(f"{self.title} has no split of its own, so no protocol joins it")

    def notes(self, protocol: str) -> tuple[str, ...]:
        """Return what a user should know before running a fold on this root, one line each."""
        del protocol
        return ()

    def faces(self, presentation: Presentation) -> Mapping[int, Face]:
        """Return the data set's own face box of each annotated frame (from 0), if any."""
        del presentation
        return {}

    def side_files(self, presentation: Presentation) -> tuple[Path, ...]:
        """Files beside the presentation's own that its faces, maps or class are read from.

        Stored clips are made again when one of them changes, appears or goes. By default those
        of the same folder and name with another ending; name them where others count. Those that
        do not exist may be among them.
        """
        folder, own = os.path.split(presentation.path)
        names = self._listed.get(folder)
        if names is None:
            # Once for all presentations of the folder: once for each takes minutes for thousands.
            names = self._listed[folder] = _names(Path(folder))
        stem = f"{own.rpartition('.')[0] or own}."
        start = bisect_left(names, stem)
        beside = takewhile(lambda name: name.startswith(stem), islice(names, start, None))
        found = [Path(folder, name) for name in beside if name != own]
        if not found:
            return ()
        others = {source.path for source in presentation.files.values()}
        return tuple(path for path in found if path not in others)

    def maps(self, presentation: Presentation, label: str) -> DepthSource | None:
        """Return the maps of a label that came with the data set; None if there are none.

        Args:
            presentation: whose.
            label: ``depth`` (exact depth; else it is estimated), or a name of the data set's own
                that methods may ask for (`fasharness.clips.Label`).
        """
        del presentation, label
        return None

    def validate(
        self, protocols: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> Validation:
        """Check the root against what the data set should hold.

        Args:
            protocols: folds whose lists are checked too.
            progress: called with (files opened, total).
        """
        raise OptionError(f"data set {self.name} has no validation")

    def write_official_scores(self, folder: Path, scores: Sequence[Score]) -> None:
        """Write score lists in the benchmark's own format into a folder, if it has one."""
        del folder, scores

    def write_submission(self, folder: Path, values: Mapping[str, float], threshold: float) -> None:
        """Write decisions on presentations of unknown class as the benchmark wants them.

        Args:
            folder: of the fold.
            values: id to score; those that have none are not in it.
            threshold: scores at or above it are accepted as bona fide.
        """
        del folder, values, threshold


class JointDataset(Dataset):
    """Several data sets under one name, whose protocols mix their presentations.

    Each presentation is read by the data set that it comes from. A subclass defines `members` and
    builds protocols of `Presentation.prefixed` ones, as their names may coincide.

    Attributes:
        members: names of the data sets.
        parts: each opened at its own folder, by name.
    """

    members: ClassVar[tuple[str, ...]]

    def __init__(self, parts: Mapping[str, Dataset]) -> None:
        super().__init__(Path())
        self.parts = parts

    @property
    def simulated(self) -> bool:
        """Whether any part is simulated."""
        return any(part.simulated for part in self.parts.values())

    @property
    def stand_ins(self) -> Mapping[str, str]:
        """Those of all parts."""
        return {name: what for part in self.parts.values() for name, what in part.stand_ins.items()}


class Simulator(ABC):
    """The interface of a simulator, which writes data in a data set's own layout.

    Attributes:
        sizes: names of the sizes it can write, e.g. ``mini``, the smallest first.
        version: another version writes other data, into another folder of the cache.
    """

    sizes: tuple[str, ...]
    version: int

    @abstractmethod
    def write(
        self,
        out: Path,
        *,
        size: str,
        seed: int,
        jobs: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write simulated data; videos that an interrupted call finished are kept.

        The folder is marked as simulated once it is complete (``fasharness.common.marks``).

        Args:
            out: an empty or missing folder, or one started with the same settings.
            size: one of `sizes`.
            seed: the same seed gives the same data.
            jobs: number of processes, 0 for one per core.
            progress: called with (videos written, total).

        Raises:
            DataError: the folder contains something else, or the disk is full.
        """


def _names(folder: Path) -> list[str]:
    """Sorted names of what is in a folder."""
    with os.scandir(folder) if folder.is_dir() else nullcontext(()) as entries:
        return sorted(entry.name for entry in entries)


def environment_variable(dataset: str) -> str:
    """Return the name of the environment variable for a data set's root."""
    return "FASHARNESS_" + dataset.upper().replace("-", "_")


def all_protocols(dataset: type[Dataset]) -> Iterator[str]:
    """Iterate over protocol and fold names of a data set, folds after their protocol, each once."""
    seen: set[str] = set()
    for name, folds in dataset.folds.items():
        for item in (name, *folds):
            if item not in seen:
                seen.add(item)
                yield item
