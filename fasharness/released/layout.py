"""What a root in its released layout holds: items by their names, lists, and the rule."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from fasharness.common.marks import refuse_unfinished
from fasharness.data import Split
from fasharness.dataset import Counts, Dataset, Outline
from fasharness.errors import DataError
from fasharness.protocol import OFFICIAL, carved_rule
from fasharness.released.boxes import Boxes
from fasharness.released.items import Item, Plan, counted
from fasharness.released.lists import Listed
from fasharness.released.orientations import ORIENTATIONS, read_orientations
from fasharness.released.walk import Walked, first_files, walk

if TYPE_CHECKING:
    pass


class Part(NamedTuple):
    """How many presentations a part of a data set should hold.

    Attributes:
        name: of the part, e.g. ``train`` or a species.
        holds: whether an item belongs to it.
        published: by the data set's authors.
        seen: in copies that others describe, where they differ.
        where: who saw it.
    """

    name: str
    holds: Callable[[Item], bool]
    published: Counts
    seen: Counts | None = None
    where: str = ""


def part_of(split: Split, published: Counts, seen: Counts | None = None, where: str = "") -> Part:
    """Return the expected counts of one split of the data set's own."""
    return Part(str(split), lambda item: item.part is split, published, seen, where)


class Layout(Dataset):
    """A data set in its released layout, described by the tables of its class.

    Attributes:
        tops: the folders below the root that hold its files; at least one is there.
        plans: fold to its rule; `folds_of` gives `folds`.
        parts: how many presentations each part should hold.
        boxes: its own face boxes.
        shared: subjects that are known to be in two splits; others are an error.
    """

    tops: ClassVar[tuple[str, ...]]
    plans: ClassVar[Mapping[str, Plan]]
    parts: ClassVar[tuple[Part, ...]] = ()
    boxes: ClassVar[Boxes | None] = None
    shared: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @abstractmethod
    def item(cls, path: str) -> Item | None:
        """Return what the path of a file below the root says; None if it is no name of the set."""

    @classmethod
    def names(cls) -> Iterator[str]:
        """Iterate over the paths of the whole released set; over none if they are not known."""
        return iter(())

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not root.is_dir():
            raise DataError(f"{root}: no such folder; it should hold {', '.join(self.tops)}")
        refuse_unfinished(root)
        if not self.claims(root):
            raise DataError(f"{root}: not {self.title}: {self._why_not()}")

    def _why_not(self) -> str:
        near = (self.root.absolute().parent, *sorted(p for p in self.root.iterdir() if p.is_dir()))
        meant = next((f"; {folder} is one" for folder in near if self.claims(folder)), "")
        return f"no file in {', '.join(self.tops)} has one of its names{meant}"

    @classmethod
    def claims(cls, root: Path) -> bool:
        """Return whether one of the first files of the folders has a name of this data set."""
        return any(cls.owns(path) for path in islice(first_files(root, cls.tops, 20), 2000))

    @classmethod
    def owns(cls, path: str) -> bool:
        """Return whether a path is the name of a video or picture of this data set."""
        return cls.item(path) is not None

    @classmethod
    def outline(cls, fold: str) -> Outline | None:
        """Return what a fold is by its rule, with the counts of the released set."""
        plan = cls.plans.get(fold)
        if plan is None:
            return None
        counts = plan.counts or cls._counts_by_rule(plan)
        official = any(counts.get(Split.DEV, (0, 0)))
        rule = OFFICIAL if official else carved_rule() if plan.convention.needs_dev else ""
        return Outline(plan.words, counts, plan.convention, rule)

    @classmethod
    def _counts_by_rule(cls, plan: Plan) -> Mapping[Split, Counts]:
        items = list(filter(None, map(cls.item, cls.names())))
        if not items:  # unknown, not zero
            return {}
        return {split: counted(i for i in items if taken(plan, i) is split) for split in Split}

    @cached_property
    def walked(self) -> Walked:
        """What lies below the root."""
        return walk(self.root, self.tops)

    @cached_property
    def there(self) -> Mapping[str, Item]:
        """Items on disk by their paths."""
        found = {path: self.item(path) for path in self.walked.files}
        return MappingProxyType({path: item for path, item in found.items() if item is not None})

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Items by their paths: those of the whole set where its names are known, else on disk.

        Of a simulated root those on disk, since a simulation writes a part of the set.
        """
        known = () if self.simulated else self.names()
        whole = {path: item for path in known if (item := self.item(path)) is not None}
        return MappingProxyType(whole) or self.there

    @cached_property
    def orientations(self) -> Mapping[str, int]:
        """Degrees clockwise by which files must be turned, from the user's `ORIENTATIONS`, if any.

        Raises:
            DataError: the file is broken or names what is not there; names the line.
        """
        path = self.root / ORIENTATIONS
        return read_orientations(path, self.items) if path.is_file() else {}

    def listed(self, fold: str, split: Split) -> Sequence[Listed] | None:
        """Read the official list of a split; None if there is none in the root.

        Raises:
            DataError: the list is broken.
        """
        del fold, split
        return None

    def find(self, path: str) -> Item:
        """Return the item that a line of a list names.

        Raises:
            ValueError: it names none, or one that no protocol takes; the message says why.
        """
        item = self.items.get(path) or self.item(path)
        if item is not None and item.role:
            raise ValueError(f"{path!r} is for {item.role} and belongs to no protocol")
        if item is None or path not in self.items:
            raise ValueError(f"{path!r} {self._why_missing(item, path)}")
        return item

    def _why_missing(self, item: Item | None, path: str) -> str:
        if item is not None:
            return "is not there"
        alike = self.alike.get(path.casefold().rpartition(".")[0])
        return f"is no name of {self.title}" + (f"; {alike} is" if alike else "")

    @cached_property
    def alike(self) -> Mapping[str, str]:
        """Path of each item by its spelling without case and ending."""
        return {path.casefold().rpartition(".")[0]: path for path in self.items}

    def by_rule(self, fold: str, split: Split) -> tuple[Item, ...]:
        """Return the items of a split by the published rule."""
        plan = self.plans[fold]
        return tuple(item for item in self.items.values() if taken(plan, item) is split)

    def expected(self, fold: str) -> tuple[str, ...]:
        """Return what in the lists of a fold looks wrong, and is known to be so in the release.

        Raises:
            DataError: a list is broken.
        """
        del fold
        return ()

    def notes(self, protocol: str) -> tuple[str, ...]:
        """Return where the official lists in the root differ from the published rule."""
        notes: list[str] = []
        for split in Split:
            lines = self.listed(protocol, split)
            if lines is not None:
                listed = {line.item.path: line.place for line in lines}
                ruled = {item.path for item in self.by_rule(protocol, split)}
                notes += [
                    f"{protocol}: the list of {split} lacks {path}, which the published rule has"
                    for path in sorted(ruled - listed.keys())
                ]
                notes += [
                    f"{listed[path]}: {path} is not in the published rule"
                    for path in sorted(listed.keys() - ruled)
                ]
        return tuple(notes)


def taken(plan: Plan, item: Item) -> Split | None:
    """Return the split of a fold that takes an item; none takes one that has a role."""
    return None if item.role else plan.part(item)
