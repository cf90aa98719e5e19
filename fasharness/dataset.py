"""What a data set is to the harness: presentations and protocols under a root folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from fasharness.data import Presentation, Protocol
from fasharness.errors import OptionError

if TYPE_CHECKING:
    from fasharness.faces import Face
    from fasharness.prepare.depth import DepthSource
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
        simulated_sizes: sizes that `simulate` offers; empty where there is no simulation.
        root: the folder that is read.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    folds: ClassVar[Mapping[str, tuple[str, ...]]]
    simulated_sizes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def simulated(self) -> bool:
        """Whether the data under the root are simulated."""
        return False

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

    @classmethod
    def simulation_version(cls) -> int:
        """Version of the simulation; another one gives other data and so another folder."""
        return 0

    @classmethod
    def simulate(
        cls,
        out: Path,
        *,
        size: str,
        seed: int,
        jobs: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write a simulated root in this data set's layout; finished parts are kept."""
        raise OptionError(f"data set {cls.name} has no simulation: give its folder with --data")


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
