"""What a data set is to the harness: presentations and protocols under a root folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from fasharness.common.marks import simulation_of
from fasharness.data import Presentation, Protocol
from fasharness.errors import OptionError

if TYPE_CHECKING:
    from fasharness.faces import DepthSource, Face
    from fasharness.scores import Score


class Finding(NamedTuple):
    """One thing that is wrong with a data set on disk."""

    kind: str
    name: str
    detail: str


class Validation(NamedTuple):
    """What a check of a data set's root looked at and found."""

    checked: int
    findings: tuple[Finding, ...]
    counts: Mapping[str, str]


class Dataset(ABC):
    """A data set read from its original layout.

    Attributes:
        name: the name it is looked up by, e.g. ``oulu-npu``.
        title: the name people know.
        folds: protocol name to the names of its folds; a protocol without folds names itself.
        root: the folder that is read.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    folds: ClassVar[Mapping[str, tuple[str, ...]]]

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def simulated(self) -> bool:
        """Whether a simulator wrote the root; it leaves a mark there.

        Raises:
            DataError: the mark is broken.
        """
        return simulation_of(self.root) is not None

    @abstractmethod
    def protocol(self, name: str) -> Protocol:
        """Build one fold of a protocol.

        Args:
            name: a fold name out of `folds`.

        Raises:
            DataError: the lists are missing or broken.
        """

    def notes(self, protocol: str) -> tuple[str, ...]:
        """What a user should know before a run of a fold on this root, one line each."""
        del protocol
        return ()

    def faces(self, presentation: Presentation) -> Mapping[int, Face]:
        """The data set's own face box of each annotated frame (from 0); empty where none."""
        del presentation
        return {}

    def depth_source(self, presentation: Presentation) -> DepthSource | None:
        """Exact depth that came with the data set; None where there is none."""
        del presentation
        return None

    def validate(
        self, protocols: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> Validation:
        """Check the root against what the data set should hold."""
        raise OptionError(f"data set {self.name} has no validation")

    def write_official_scores(self, folder: Path, scores: Sequence[Score]) -> None:
        """Write score lists in the benchmark's own format into a folder, if it has one."""
        del folder, scores


class Simulator(ABC):
    """What writes simulated data in a data set's own layout; a plugin offers it by hook.

    Attributes:
        sizes: how much it can write, e.g. ``mini``, the smallest first.
        version: another version writes other data, and so into another folder of the cache.
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
        """Write simulated data; what an earlier, interrupted call finished is kept.

        The folder says that it is simulated once it is whole (``fasharness.common.marks``).

        Args:
            out: an empty folder, a missing one, or one begun with the same settings.
            size: one of `sizes`.
            seed: the same seed gives the same data.
            jobs: processes, 0 for one a core.
            progress: called with (videos written, videos in all).

        Raises:
            DataError: the folder holds something else, or the disk is full.
        """


def environment_variable(dataset: str) -> str:
    """Name of the environment variable that holds a data set's root."""
    return "FASHARNESS_" + dataset.upper().replace("-", "_")


def protocol_owner(datasets: Mapping[str, type[Dataset]], protocol: str) -> str | None:
    """Name of the data set that offers `protocol` (or it as a fold), None if nobody does."""
    for name, dataset in datasets.items():
        if protocol in all_protocols(dataset):
            return name
    return None


def all_protocols(dataset: type[Dataset]) -> Iterator[str]:
    """Every protocol and fold name of a data set, folds after their protocol, none twice."""
    seen: set[str] = set()
    for name, folds in dataset.folds.items():
        for item in (name, *folds):
            if item not in seen:
                seen.add(item)
                yield item
