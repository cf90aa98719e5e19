"""SiW-Mv2 in its released layout.

Source: Guo, Liu, Jain and Liu, "Multi-domain learning for updating face anti-spoofing models", ECCV
2022; lists and protocols as in the authors' repository CHELSEA234/Multi-domain-learning-FAS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import ClassVar

from fasharness.builtin.datasets.siw_m import BY_WORD
from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.errors import DataError
from fasharness.protocol import Convention
from fasharness.released.dataset import ByLists, nowhere
from fasharness.released.items import Item, Plan, folds_of, matcher, with_test_eer
from fasharness.released.layout import Part
from fasharness.released.lists import Listed, ListFormat, read_list

CONVENTION = Convention(
    words="ACER and EER; the published code takes ACER at the best of all test thresholds "
    "(oracle), which is not given here; mean and standard deviation over folds",
    threshold="eer",
    metric="ACER",
)
LISTS = ("", "pro_3_text", "PROTOCOL")
"""Folders below the root in which the authors' lists may lie."""
DOMAINS: Mapping[str, str] = MappingProxyType(
    {
        "A": "test_A_pretrain",
        "B": "test_B_spoof",
        "C": "test_C_race",
        "D": "test_D_age",
        "E": "test_E_ill",
    }
)
_DOMAIN_TRAIN = "train_A_pretrain"
# train and test of each type, by unique names of the authors' lists
LISTED: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "makeup-cosmetic": (28, 24),
        "makeup-impersonation": (39, 22),
        "makeup-obfuscation": (12, 10),
        "mask-half": (52, 20),
        "mask-mannequin": (26, 14),
        "mask-paper": (11, 6),
        "mask-silicone": (9, 8),
        "mask-transparent": (24, 35),
        "print": (79, 56),
        "partial-eye": (34, 23),
        "partial-funnyeye": (96, 64),
        "partial-mouth": (17, 12),
        "partial-paperglasses": (47, 29),
        "replay": (59, 39),
    }
)
_TRAIN, _TEST = (sum(pair[part] for pair in LISTED.values()) for part in (0, 1))
_ENDINGS = "mov|mp4|avi"
_LIVE = matcher(rf"Live/Live_\d+\.({_ENDINGS})")
_SPOOF = matcher(rf"Spoof/([^/]+/)?<word>_\d+(_noLive_\d+)?\.({_ENDINGS})", word="|".join(BY_WORD))


def _item(path: str) -> Item | None:
    if _LIVE(path) is not None:
        return Item(path, None)
    fields = _SPOOF(path)
    return None if fields is None else Item(path, BY_WORD[fields["word"]].species)


def _plan(words: str, train: int, test: Counts, protocol: str = "", live: int = 531) -> Plan:
    return Plan(
        words,
        nowhere,
        CONVENTION,
        protocol=protocol,
        counts={Split.TRAIN: Counts(live, train), Split.TEST: test},
        subjects="unknown",
    )


def _plans() -> dict[str, Plan]:
    plans = {"siw-mv2-1": _plan("all 14 types are known", _TRAIN, Counts(265, _TEST))}
    for held, (train, test) in LISTED.items():
        plans[f"siw-mv2-2_{held}"] = _plan(
            f"train on the other 13 types, test on every video of {held}",
            _TRAIN - train,
            Counts(265, train + test),
            "siw-mv2-2",
        )
    for domain, name in DOMAINS.items():
        plans[f"siw-mv2-3_{domain}"] = Plan(
            f"train on the list train_A_pretrain, test on {name}",
            nowhere,
            CONVENTION,
            protocol="siw-mv2-3",
            subjects="unknown",
        )
    return plans


PLANS: Mapping[str, Plan] = MappingProxyType(with_test_eer(_plans()))


class SiwMv2(ByLists):
    """SiW-Mv2 under a root with Live, Spoof and the authors' lists."""

    name = "siw-mv2"
    title = "SiW-Mv2"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(785, 915)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    tops = ("Live", "Spoof")
    parts = (
        Part("Live", lambda item: not item.species, Counts(785, 0), Counts(796, 0), "its lists"),
        Part(
            "Spoof",
            lambda item: bool(item.species),
            Counts(0, 915),
            Counts(0, _TRAIN + _TEST),
            "its lists",
        ),
    )
    about = About(
        what="The second version of SiW-M: 14 types of attack and three protocols, known types, "
        "one type held out, and domains that differ in attack, skin, age and light. Guo et al., "
        "ECCV 2022.",
        granted="Michigan State University, under a signed agreement",
        tree="""\
Live/Live_12.mov
Spoof/Mask_Half_7.mov                   or in a folder of each type
pro_3_text/trainlist_live.txt           the authors' lists: here, in PROTOCOL or beside Live
pro_3_text/{trainlist_all,testlist_live,testlist_all,train_A_pretrain,test_B_spoof,…}.txt""",
        traps=(
            "Lines of the training lists are repeated: they are weights (1400 lines, 533 names).",
            "The published code drops a type by a part of the name: without Paper, Mask_Paper and "
            "Partial_Paperglass are gone as well. Here exactly one type is held out.",
            "Protocol 2 tests on every video of the type, of the training list too.",
            "train_A_pretrain and test_A_pretrain share names: they are left out of train.",
            "No name tells a person, so subjects are unknown.",
            "The README counts 785+915 videos, its lists name 796+895.",
        ),
        open=(
            "How the folders of the types are called, and the ending of the videos: .mov, .mp4 "
            "and .avi are read.",
        ),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``Spoof/Mask_Half_7.mov``."""
        return _item(path)

    @cached_property
    def by_name(self) -> Mapping[str, Item]:
        """Items by the names that lists give, which have neither folder nor ending."""
        return {PurePosixPath(path).stem: item for path, item in self.items.items()}

    def find(self, path: str) -> Item:
        """Return the item of a list's name, e.g. ``Mask_Half_7``.

        Raises:
            ValueError: there is no such video.
        """
        found = self.by_name.get(path)
        if found is None:
            alike = next((n for n in self.by_name if n.casefold() == path.casefold()), "")
            raise ValueError(f"no video is called {path!r}" + (alike and f"; {alike!r} is"))
        return found

    def listed(self, fold: str, split: Split) -> Sequence[Listed] | None:
        """Read the authors' lists of a fold, without which there is no protocol.

        Raises:
            DataError: a list is missing or broken.
        """
        if split is Split.DEV:
            return None
        number, _, held = fold.partition("@")[0].removeprefix("siw-mv2-").partition("_")
        if number == "3":
            return self._domain(held, split)
        live, spoof = (list(self._lines(f"{split}list_{kind}")) for kind in ("live", "all"))
        if number == "1":
            return [*live, *spoof]
        if split is Split.TRAIN:
            return [*live, *(line for line in spoof if line.item.species != held)]
        # The type's videos of the training list are tested on too.
        every = sorted(i.path for i in self.items.values() if i.species == held)
        return [*live, *(Listed(self.items[path], path) for path in every)]

    def _domain(self, domain: str, split: Split) -> Sequence[Listed]:
        test = list(self._lines(DOMAINS[domain]))
        if split is Split.TEST:
            return test
        tested = {line.item.path for line in test}
        return [t for t in self._lines(_DOMAIN_TRAIN) if t.item.path not in tested]

    def _lines(self, name: str) -> Sequence[Listed]:
        return read_list(self._list(name), ListFormat(repeats=name.startswith("train")), self.find)

    def _list(self, name: str) -> Path:
        places = [self.root / folder / f"{name}.txt" for folder in LISTS]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise DataError(
                f"{places[0]}: no such list, nor in {' or '.join(filter(None, LISTS))}; copy "
                "the lists of the repository CHELSEA234/Multi-domain-learning-FAS there"
            )
        return found

    def expected(self, fold: str) -> tuple[str, ...]:
        """Return names that the lists of protocol 3 give to train and to test."""
        tested = {line.item.path for line in self.listed(fold, Split.TEST) or ()}
        of_domain = "-3_" in fold
        train = self._lines(_DOMAIN_TRAIN) if of_domain else self.listed(fold, Split.TRAIN)
        return tuple(
            f"{path} is in {_DOMAIN_TRAIN} and in test; it is left out of train"
            for path in sorted(tested & {line.item.path for line in train or ()})
        )

    def notes(self, protocol: str) -> tuple[str, ...]:
        """Return the same, since there is no rule to compare the lists with."""
        return self.expected(protocol)
