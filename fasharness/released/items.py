"""What the name of a released file says of the presentation, and how a fold takes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, NamedTuple

from fasharness.data import Split
from fasharness.dataset import Counts
from fasharness.protocol import Convention

ENROLMENT = "enrolment"
"""The role of clips that are recorded for recognition: known and counted, in no protocol."""
TEST_EER = "@test-eer"
"""Ends the name of a protocol whose threshold is chosen on test, as in the literature."""


class Item(NamedTuple):
    """What the path of one released file says.

    Attributes:
        path: below the root, with ``/``.
        species: PAI species, None for bona fide.
        subject: empty if the name does not tell.
        part: the data set's own split; None if it has none.
        device: the capturing device.
        session: the recording session.
        role: empty, or why no protocol takes it, e.g. `ENROLMENT`.
        attributes: further facts, by the names that the data set declares.
        others: further persons whose face takes part.
    """

    path: str
    species: str | None
    subject: str = ""
    part: Split | None = None
    device: str = ""
    session: str = ""
    role: str = ""
    attributes: Mapping[str, str] = MappingProxyType({})
    others: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The path without its ending, since base names alone are not unique in most sets."""
        # Not pathlib, which takes ten times as long for each of hundreds of thousands.
        stem, dot, ending = self.path.rpartition(".")
        return stem if dot and "/" not in ending else self.path


def counted(items: Iterable[Item]) -> Counts:
    """Count bona fide and attack presentations."""
    found = Counter(item.species is None for item in items)
    return Counts(found[True], found[False])


@dataclass(frozen=True)
class Plan:
    """How one fold is made of a data set's items, by the published rule.

    Attributes:
        words: what the fold takes, for people.
        part: the split that takes an item; None if the fold leaves it out.
        convention: how the benchmark makes its figures.
        protocol: the protocol that it is a fold of; empty if it is one of its own.
        groups: species group to its species; empty if each species is a group.
        counts: bona fide and attack of each split, where names alone do not give them.
        subjects: see `Protocol.subjects`.
        train_classes: see `Protocol.train_classes`.
        windows: frames of each split that may be used, see `Presentation.window`.
    """

    words: str
    part: Callable[[Item], Split | None]
    convention: Convention
    protocol: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    counts: Mapping[Split, Counts] = field(default_factory=lambda: MappingProxyType({}))
    subjects: Literal["disjoint", "overlap", "unknown"] = "disjoint"
    train_classes: Literal["both", "bona fide", "attack"] = "both"
    windows: Mapping[Split, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))


def official_part(item: Item) -> Split | None:
    """Take each item where the data set's own split has it: the whole set's protocol."""
    return item.part


def with_test_eer(plans: Mapping[str, Plan]) -> dict[str, Plan]:
    """Add the literature's variant of protocols without dev: the threshold is the test's EER.

    Args:
        plans: fold to its plan; none has a dev of its own.

    Returns:
        All of them; the names of the added ones end in `TEST_EER`.
    """
    added = {
        name + TEST_EER: replace(
            plan,
            words=f"{plan.words}; all of train is train, the threshold is the test's EER (LEAKS)",
            convention=replace(plan.convention, threshold="test:eer"),
            protocol=plan.protocol and plan.protocol + TEST_EER,
        )
        for name, plan in plans.items()
    }
    return {**plans, **added}


def folds_of(plans: Mapping[str, Plan]) -> Mapping[str, tuple[str, ...]]:
    """Return the folds of each protocol, for `Dataset.folds`; each fold also stands for itself."""
    folds: dict[str, tuple[str, ...]] = {}
    for name, plan in plans.items():
        if plan.protocol:
            folds[plan.protocol] = (*folds.get(plan.protocol, ()), name)
    return MappingProxyType({**folds, **{name: (name,) for name in plans}})


def matcher(pattern: str, **words: str) -> Callable[[str], Mapping[str, str] | None]:
    """Compile the pattern of a path: whole, ASCII, its named groups are the fields.

    Args:
        pattern: a regular expression in which ``<word>`` stands for one of `words`.
        words: alternatives of a named group, e.g. ``light="controlled|adverse"``.

    Returns:
        A function from a path to its fields; None if the path is not of this form.
    """
    for word, choice in words.items():
        pattern = pattern.replace(f"<{word}>", f"(?P<{word}>{choice})")
    compiled = re.compile(pattern, re.ASCII)

    def match(path: str) -> Mapping[str, str] | None:
        found = compiled.fullmatch(path)
        return None if found is None else found.groupdict(default="")

    return match
