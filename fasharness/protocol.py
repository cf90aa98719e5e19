"""A protocol: which presentations train, tune and test a method, and by which convention."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from fasharness.common import keys
from fasharness.data import KEYS, Presentation, Split
from fasharness.errors import DataError

OFFICIAL = "official"
"""The dev rule of a protocol whose authors say which presentations are dev."""


@dataclass(frozen=True, slots=True)
class Convention:
    """How a benchmark's figures are made, as data.

    Attributes:
        words: the convention in a sentence, for people.
        threshold: rule of `fasharness.metrics.thresholds`, on dev; with the prefix ``test:`` on
            test, which every output then marks as LEAKS.
        metric: the headline figure: ``ACER``, ``HTER``, ``EER``, ``AUC`` or a point of the curve,
            e.g. ``tpr@fpr_pooled=0.01``.
        positive: the class that the headline's TPR is of, ``bona fide`` or ``attack``; empty for
            figures that have none.
        unit: what is counted: ``presentation``, or ``clip`` where benchmarks count frames.
        folds: how figures of folds become one.
    """

    words: str = ""
    threshold: str = "eer"
    metric: str = "ACER"
    positive: Literal["", "bona fide", "attack"] = ""
    unit: Literal["presentation", "clip"] = "presentation"
    folds: str = "mean and standard deviation"

    @property
    def leaks(self) -> bool:
        """Whether the threshold is chosen on test."""
        return self.threshold.startswith("test:")

    @property
    def needs_dev(self) -> bool:
        """Whether the threshold is chosen on dev."""
        return not self.leaks and not self.threshold.startswith("fixed=")


@dataclass(frozen=True)
class Protocol:
    """Which presentations train, tune and test a method, and how attacks are grouped.

    Attributes:
        name: e.g. ``oulu1`` or, for one fold, ``oulu3_2``.
        dataset: name of the data set.
        version: what the lists were built from, e.g. ``files`` or ``facts``.
        train: presentations that a method may fit on; empty for a protocol that only tests.
        dev: presentations that choose the model and the threshold; may be empty.
        test: presentations that are only reported.
        dev_rule: where dev comes from: `OFFICIAL`, or the project's rule (`carve_dev`), which
            every result names.
        groups: species group to its species, in the metric's order (APCER is the largest group).
        convention: how the benchmark makes its figures.
        train_classes: the classes that train must have; one-class protocols name theirs.
        subjects: ``disjoint``; ``overlap`` allows a subject in two splits; ``unknown`` where the
            data set does not tell persons apart.
        auxiliary: name to further training presentations, e.g. generated ones (`Sampling.mix`).
        weights: id of a training presentation to how often lists repeat it; once if missing.
        simulated: whether the data are simulated; every output is then marked.

    Raises:
        DataError: a presentation twice, a subject in two splits, a name in two spellings, a
            species without a group or that is none, or a split that lacks a class.
    """

    name: str
    dataset: str
    version: str
    train: tuple[Presentation, ...]
    dev: tuple[Presentation, ...]
    test: tuple[Presentation, ...]
    dev_rule: str = OFFICIAL
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    convention: Convention = Convention()
    train_classes: Literal["both", "bona fide", "attack"] = "both"
    subjects: Literal["disjoint", "overlap", "unknown"] = "disjoint"
    auxiliary: Mapping[str, tuple[Presentation, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    weights: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    simulated: bool = False

    def __post_init__(self) -> None:
        self._check_ids()
        self._check_words()
        if self.subjects == "disjoint":
            self._check_subjects()
        if not self.test:
            raise DataError(f"protocol {self.name}: no test presentation, so there is no figure")
        for split in Split:
            self._check_classes(split)
        self._check_groups()
        if not self.dev and self.convention.needs_dev:
            raise DataError(
                f"protocol {self.name}: has no dev, but its convention chooses the threshold "
                f"there ({self.convention.threshold}); carve a dev from train (carve_dev) or "
                "name a rule that needs none, e.g. test:eer, which is marked as LEAKS"
            )

    def split(self, split: Split) -> tuple[Presentation, ...]:
        """Presentations of one split."""
        return {Split.TRAIN: self.train, Split.DEV: self.dev, Split.TEST: self.test}[split]

    def items(self) -> Iterator[tuple[Split, Presentation]]:
        """Iterate over every presentation with its split, train first; without auxiliary ones."""
        for split in Split:
            for presentation in self.split(split):
                yield split, presentation

    def group_of(self, species: str | None) -> str | None:
        """Return the species group of a species; None for bona fide."""
        if species is None:
            return None
        return next(group for group, members in self.groups.items() if species in members)

    def limited(self, count: int) -> Protocol:
        """Keep `count` presentations of each split, taken in turn from each class and species.

        Args:
            count: presentations to keep of a split; 0 keeps all.
        """
        if count == 0:
            return self
        parts = {str(split): _in_turn(self.split(split))[:count] for split in Split}
        return dataclasses.replace(self, **parts)  # type: ignore[arg-type]

    def _check_ids(self) -> None:
        every = [presentation for _, presentation in self.items()]
        every += [item for items in self.auxiliary.values() for item in items]
        counts = Counter(presentation.id for presentation in every)
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise DataError(f"protocol {self.name}: listed more than once: {', '.join(twice[:5])}")

    def _check_words(self) -> None:
        # Before anything is trained: a score with such a text would be refused.
        every = [presentation for _, presentation in self.items()]
        for p in every:
            for problem in keys.words_for_nothing(p.subject, p.species):
                raise DataError(f"protocol {self.name}: presentation {p.id!r}: {problem}")
        place = f"protocol {self.name}, presentation "
        keys.refuse_spellings_in(every, KEYS, lambda at: f"{place}{every[at].id!r}")

    def _check_subjects(self) -> None:
        seen: dict[str, Split] = {}
        for split, presentation in self.items():
            for person in filter(None, (presentation.subject, *presentation.others)):
                first = seen.setdefault(person, split)
                if first is not split:
                    raise DataError(
                        f"protocol {self.name}: subject {person} is in both {first} and {split} "
                        f"({presentation.id}); a subject belongs to one split"
                    )

    def _check_classes(self, split: Split) -> None:
        presentations = self.split(split)
        needed = self.train_classes if split is Split.TRAIN else "both"
        if split is Split.TRAIN:
            for presentation in presentations:
                if not presentation.known:
                    raise DataError(
                        f"protocol {self.name}: the class of {presentation.id} is unknown; only "
                        "dev and test may hold such presentations"
                    )
        if not any(p.known for p in presentations):
            return
        for wanted, word in ((True, "bona fide"), (False, "attack")):
            there = any(p.known and p.bona_fide is wanted for p in presentations)
            if needed in ("both", word) and not there:
                raise DataError(f"protocol {self.name}: no {word} presentation in {split}")

    def _check_groups(self) -> None:
        grouped = {species for members in self.groups.values() for species in members}
        for _, presentation in self.items():
            if presentation.species is not None and presentation.species not in grouped:
                raise DataError(
                    f"protocol {self.name}: species {presentation.species!r} of "
                    f"{presentation.id} belongs to no species group"
                )


def _in_turn(presentations: Sequence[Presentation]) -> tuple[Presentation, ...]:
    """Order presentations so that bona fide and every species take turns."""
    kinds: dict[str | None, list[Presentation]] = {}
    for item in presentations:
        kinds.setdefault(item.species, []).append(item)
    # Lists are often sorted by class: their first N would lack one.
    rounds = itertools.zip_longest(*kinds.values())
    return tuple(item for turn in rounds for item in turn if item is not None)


class Carved(NamedTuple):
    """A training part of which a dev part was taken.

    Attributes:
        train: what is left.
        dev: what was taken.
        rule: the rule in words, for `Protocol.dev_rule`.
    """

    train: tuple[Presentation, ...]
    dev: tuple[Presentation, ...]
    rule: str


def carved_rule(every: int = 4) -> str:
    """Return the name of the rule of `carve_dev`."""
    return f"one in {every} subjects of train (a rule of fasharness)"


def carve_dev(presentations: Sequence[Presentation], every: int = 4) -> Carved:
    """Take every n-th subject's presentations out of train as dev; of fewer subjects the last.

    Args:
        presentations: a training part without official dev; those of unknown subject are each
            a subject of its own.
        every: n; subjects are counted in the order of their names.

    Returns:
        Both parts in their order, and the rule's name.

    Raises:
        DataError: there is one subject, or none.
    """
    names = sorted({item.person for item in presentations})
    if len(names) < 2:
        raise DataError(f"{len(names)} subjects are too few to take some as dev")
    taken = set(names[every - 1 :: every] or names[-1:])
    rest = tuple(item for item in presentations if item.person not in taken)
    dev = tuple(item for item in presentations if item.person in taken)
    return Carved(rest, dev, carved_rule(every))


class Held(NamedTuple):
    """One fold of leaving one value out.

    Attributes:
        value: the value that is held out, e.g. a species.
        rest: presentations of other values, and those without a value.
        held: presentations of the value.
    """

    value: str
    rest: tuple[Presentation, ...]
    held: tuple[Presentation, ...]


def leave_one_out(
    presentations: Sequence[Presentation], key: Callable[[Presentation], str | None]
) -> tuple[Held, ...]:
    """Hold out one species, device, subject or domain after the other.

    Args:
        presentations: all presentations.
        key: the value of a presentation, e.g. ``lambda p: p.species``; those without one (None
            or empty, as bona fide ones have no species) are in `Held.rest` of every fold.

    Returns:
        A fold for each value, in alphabetical order.

    >>> from pathlib import Path
    >>> from fasharness.data import Presentation, rgb
    >>> shown = [Presentation(s, rgb(Path(s)), species=s) for s in ("mask", "print", "mask2")]
    >>> [fold.value for fold in leave_one_out(shown, lambda p: (p.species or "")[:4])]
    ['mask', 'prin']
    """
    values = [key(item) or "" for item in presentations]
    return tuple(
        Held(
            name,
            tuple(p for p, v in zip(presentations, values, strict=True) if v != name),
            tuple(p for p, v in zip(presentations, values, strict=True) if v == name),
        )
        for name in sorted(set(values) - {""})
    )
