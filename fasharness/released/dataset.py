"""The base of data sets in their released layout: protocols, face boxes, validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness.data import Presentation, Split, rgb
from fasharness.dataset import Validation
from fasharness.errors import DataError
from fasharness.protocol import OFFICIAL, Protocol, carve_dev
from fasharness.released.items import Item
from fasharness.released.layout import Layout
from fasharness.released.lists import weights

if TYPE_CHECKING:
    from fasharness.faces import DepthSource, Face


class Released(Layout):
    """A data set in its released layout: subclasses bring the tables of `Layout` and `item`."""

    def protocol(self, name: str) -> Protocol:
        """Build a fold from the official lists if they are in the root, else from the rule."""
        self.refuse_links()
        plan = self.plans[name]
        lists = {split: self.listed(name, split) for split in Split}
        items = {
            split: self.by_rule(name, split) if lines is None else [line.item for line in lines]
            for split, lines in lists.items()
        }
        parts = {
            split: tuple(self.presentation(item, plan.windows.get(split)) for item in found)
            for split, found in items.items()
        }
        train, dev, rule = parts[Split.TRAIN], parts[Split.DEV], OFFICIAL
        if not dev and plan.convention.needs_dev:
            train, dev, rule = carve_dev(_once(train))
            # The frames of dev are chosen like those of test, by which they find a threshold.
            dev = tuple(replace(shown, window=plan.windows.get(Split.DEV)) for shown in dev)
        species = sorted({i.species for found in items.values() for i in found if i.species})
        return Protocol(
            name=name,
            dataset=self.name,
            version="+".join(sorted({"rule" if v is None else "files" for v in lists.values()})),
            train=_once(train),
            dev=dev,
            test=parts[Split.TEST],
            dev_rule=rule,
            groups=plan.groups or {name: (name,) for name in species},
            convention=plan.convention,
            train_classes=plan.train_classes,
            subjects=plan.subjects,
            weights=weights(lists[Split.TRAIN] or ()),
            simulated=self.simulated,
        )

    def part(self, split: Split) -> tuple[Presentation, ...]:
        """Return every presentation of the data set's own split, by the names of its files."""
        self.refuse_links()
        own = (item for item in self.items.values() if item.part is split and not item.role)
        return tuple(map(self.presentation, own))

    def refuse_links(self) -> None:
        """Refuse a root in which a link leads elsewhere.

        Raises:
            DataError: names the first.
        """
        if self.walked.outside:
            raise DataError(
                f"{self.root / self.walked.outside[0]}: a link that leads out of the root; put "
                "the files themselves there, or make the root itself the link"
            )

    def presentation(self, item: Item, window: tuple[int, int] | None = None) -> Presentation:
        """Return the presentation of an item."""
        return Presentation(
            id=item.id,
            files=rgb(self.root / item.path),
            dataset=self.name,
            subject=item.subject,
            others=item.others,
            species=item.species,
            window=window,
            orientation=self.orientations.get(item.path, 0),
            device=item.device,
            session=item.session,
            attributes=item.attributes,
        )

    def path_of(self, presentation: Presentation) -> str:
        """Return the path of a presentation's file below the root, with ``/``."""
        return presentation.path.relative_to(self.root).as_posix()

    def faces(self, presentation: Presentation) -> Mapping[int, Face]:
        """Return the face boxes that came with the data set; none without a side file."""
        if self.boxes is None:
            return {}
        side = self.boxes.find(self.root, self.path_of(presentation))
        return {} if side is None else self.boxes.read(side, presentation.path).faces

    def side_files(self, presentation: Presentation) -> tuple[Path, ...]:
        """Where the face boxes may be, and the exact depth of simulated videos."""
        depth = presentation.path.with_suffix(".depth.npz")
        if self.boxes is None:
            return (depth,)
        places = self.boxes.places(self.path_of(presentation))
        return (*(self.root / place for place in places), depth)

    def maps(self, presentation: Presentation, label: str) -> DepthSource | None:
        """Return exact depth, which only simulated files have."""
        from fasharness.prepare.depth import ExactDepth

        path = presentation.path.with_suffix(".depth.npz")
        return ExactDepth(path) if label == "depth" and path.is_file() else None

    def validate(
        self, protocols: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> Validation:
        """Check names, counts, subjects, files, side files and lists."""
        from fasharness.released.validation import validate

        return validate(self, protocols, progress)


class ByLists(Released):
    """A data set whose protocols are its authors' lists, without which there is none."""

    def by_rule(self, fold: str, split: Split) -> tuple[Item, ...]:
        """Return the items of the list, which is the only rule; none if it is broken."""
        try:
            lines = self.listed(fold, split) or ()
        except DataError:  # reported where the list is used
            return ()
        return tuple({line.item.path: line.item for line in lines}.values())


def nowhere(item: Item) -> Split | None:
    """Take no item by its name, since only a list tells which split takes it: for `Plan.part`."""
    del item
    return None


def _once(presentations: Sequence[Presentation]) -> tuple[Presentation, ...]:
    """Return each presentation once; `Protocol.weights` says how often it is listed."""
    return tuple({shown.id: shown for shown in presentations}.values())
