"""Protocols over several data sets: train on some, test on another one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fasharness.data import Presentation, Split
from fasharness.dataset import Dataset, JointDataset
from fasharness.errors import OptionError
from fasharness.protocol import OFFICIAL, Convention, Protocol, carve_dev

_NAME = re.compile(
    r"([\w-]+(?:\+[\w-]+)*)(?:->|-to-)([\w-]+)(?:@(ssdg|ssan))?(@test-eer)?", re.ASCII
)


class Way(NamedTuple):
    """Which splits of its members a protocol takes.

    Attributes:
        words: in a sentence, for people.
        sources: splits of the sources that are train.
        target: splits of the target that are test.
        keeps_dev: whether the sources' own dev is dev.
    """

    words: str
    sources: tuple[Split, ...]
    target: tuple[Split, ...]
    keeps_dev: bool


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "": Way(
            "fasharness's own way: the sources' train is train, their dev is dev, the target's "
            "test is test",
            (Split.TRAIN,),
            (Split.TEST,),
            True,
        ),
        "ssdg": Way(
            "SSDG's lists: of sources and target everything but dev (OULU-NPU and Replay-Attack "
            "have one)",
            (Split.TRAIN, Split.TEST),
            (Split.TRAIN, Split.TEST),
            False,
        ),
        "ssan": Way(
            "SSAN's lists: the sources' train is train, the target's test is test, dev is left out",
            (Split.TRAIN,),
            (Split.TEST,),
            False,
        ),
    }
)


class Crossing(NamedTuple):
    """What the name of a protocol over several data sets says.

    Attributes:
        sources: names of the data sets that train.
        target: of the one that tests.
        way: key of `WAYS`.
        leaks: whether the threshold is the test's EER, as in the literature.
    """

    sources: tuple[str, ...]
    target: str
    way: str
    leaks: bool

    @property
    def members(self) -> tuple[str, ...]:
        """All data sets, the target last."""
        return (*self.sources, self.target)

    @property
    def convention(self) -> Convention:
        """How its figures are made."""
        words = WAYS[self.way].words
        if self.leaks:
            words += "; HTER at the EER threshold of the target itself, as in the literature"
        return Convention(words, "test:eer" if self.leaks else "eer", "HTER")


def parse(name: str, letters: Mapping[str, str]) -> Crossing | None:
    """Read a name such as ``O+C+I->M@ssdg``, also written ``O+C+I-to-M@ssdg``.

    Args:
        name: sources, target, the way (`WAYS`; the project's own without one), and ``@test-eer``
            for the literature's threshold.
        letters: what short names stand for.

    Returns:
        What it says; None if it is no such name.

    Raises:
        OptionError: a data set is named twice.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    sources = tuple(letters.get(one, one) for one in match[1].split("+"))
    found = Crossing(sources, letters.get(match[2], match[2]), match[3] or "", bool(match[4]))
    if len(set(found.members)) < len(found.members):
        raise OptionError(f"{name}: a data set is named twice; each is a source or the target once")
    return found


class Crossed(JointDataset):
    """Data sets of which some train and another one tests.

    Subclasses say which names they have (`folds`) and what their letters stand for; they offer
    every other name of this form too, and then have the members that it names.
    """

    letters: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def offers(cls, protocol: str) -> type[Dataset] | None:
        """Return a class whose members are those of the protocol alone."""
        folds = cls.folds.get(protocol, (protocol,))
        crossings = [parse(fold, cls.letters) for fold in folds]
        members = dict.fromkeys(m for c in crossings if c is not None for m in c.members)
        if not members:
            return None
        own = {"members": tuple(members), "folds": {protocol: folds}, "title": protocol}
        return type(cls.__name__, (cls,), {**own, "__module__": cls.__module__})

    def protocol(self, name: str) -> Protocol:
        """Build the protocol of a name such as ``O+C+I->M@ssdg``; a missing member is an error."""
        crossing = parse(name, self.letters)
        if crossing is None:
            raise OptionError(f"{name}: expected a name such as {'+'.join(self.members)}->TARGET")
        way = WAYS[crossing.way]
        train: list[Presentation] = []
        dev: list[Presentation] = []
        rules = []
        for source in crossing.sources:
            carved = _carved(self.parts[source], way, crossing.leaks)
            train += carved.train
            dev += carved.dev
            rules.append((carved.rule, source))
        test = _taken(self.parts[crossing.target], way.target)
        species = {item.species for item in (*train, *dev, *test)}
        return Protocol(
            name=name,
            dataset=self.name,
            version="rule",
            train=tuple(item.prefixed() for item in train),
            dev=tuple(item.prefixed() for item in dev),
            test=tuple(item.prefixed() for item in test),
            dev_rule=_joined(rules),
            groups={name: (name,) for name in sorted(filter(None, species))},
            convention=crossing.convention,
            simulated=self.simulated,
        )


class _Carved(NamedTuple):
    train: Sequence[Presentation]
    dev: Sequence[Presentation]
    rule: str


def _taken(dataset: Dataset, splits: Sequence[Split]) -> list[Presentation]:
    return [item for split in splits for item in dataset.part(split)]


def _carved(dataset: Dataset, way: Way, leaks: bool) -> _Carved:
    """Return train and dev of a source, and where its dev comes from."""
    train = _taken(dataset, way.sources)
    if leaks:
        return _Carved(train, (), "")
    dev = dataset.part(Split.DEV) if way.keeps_dev else ()
    if dev:
        return _Carved(train, dev, OFFICIAL)
    return _Carved(*carve_dev(train))


def _joined(rules: Sequence[tuple[str, str]]) -> str:
    """Return the name of a rule that may differ from source to source."""
    by_rule: dict[str, list[str]] = {}
    for rule, source in rules:
        by_rule.setdefault(rule, []).append(source)
    if len(by_rule) == 1:
        return next(iter(by_rule)) or OFFICIAL
    return "; ".join(f"{' and '.join(names)}: {rule}" for rule, names in by_rule.items())
