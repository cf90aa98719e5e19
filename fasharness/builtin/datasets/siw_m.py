"""SiW-M (version 1) in its released layout.

Source: Liu, Stehouwer, Jourabloo and Liu, "Deep tree learning for zero-shot face anti-spoofing",
CVPR 2019; the names of 1626 of its 1628 videos are in the package gradgpad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.protocol import Convention
from fasharness.released.dataset import Released
from fasharness.released.items import Item, Plan, folds_of, matcher, with_test_eer
from fasharness.released.layout import Part


class Kind(NamedTuple):
    """One kind of attack, as both versions of the data set name it.

    Attributes:
        word: begins the name of a video.
        species: PAI species.
        folder: that holds them in version 1.
        held: the type that version 1 holds out, which may join kinds.
    """

    word: str
    species: str
    folder: str
    held: str


KINDS = (
    Kind("Makeup_Co", "makeup-cosmetic", "Makeup/Cosmetic", "makeup-cosmetic"),
    Kind("Makeup_Im", "makeup-impersonation", "Makeup/Impersonation", "makeup-impersonation"),
    Kind("Makeup_Ob", "makeup-obfuscation", "Makeup/Obfuscation", "makeup-obfuscation"),
    Kind("Mask_Half", "mask-half", "Mask/HalfMask", "mask-half"),
    Kind("Mask_Mann", "mask-mannequin", "Mask/MannequinHead", "mask-mannequin"),
    Kind("Mask_Paper", "mask-paper", "Mask/PaperMask", "mask-paper"),
    Kind("Mask_Silicone", "mask-silicone", "Mask/SiliconeMask", "mask-silicone"),
    Kind("Mask_Trans", "mask-transparent", "Mask/TransparentMask", "mask-transparent"),
    Kind("Paper", "print", "Paper", "print"),
    Kind("Partial_Eye", "partial-eye", "Partial/PaperCut", "partial-paper"),
    Kind("Partial_Funnyeye", "partial-funnyeye", "Partial/FunnyeyeGlasses", "partial-funnyeye"),
    Kind("Partial_Mouth", "partial-mouth", "Partial/PaperCut", "partial-paper"),
    Kind(
        "Partial_Paperglass",
        "partial-paperglasses",
        "Partial/PaperGlasses",
        "partial-paperglasses",
    ),
    Kind("Replay", "replay", "Replay", "replay"),
)
BY_WORD: Mapping[str, Kind] = MappingProxyType({kind.word: kind for kind in KINDS})
HELD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        kind.held: tuple(other.species for other in KINDS if other.held == kind.held)
        for kind in KINDS
    }
)
"""The 13 types that are held out one after the other, each with its species."""
# As found, of which the paper counts one bona fide and one attack more.
FOUND: Mapping[str, int] = MappingProxyType(
    {
        "makeup-cosmetic": 51,
        "makeup-impersonation": 61,
        "makeup-obfuscation": 23,
        "mask-half": 72,
        "mask-mannequin": 40,
        "mask-paper": 17,
        "mask-silicone": 27,
        "mask-transparent": 88,
        "print": 117,
        "partial-paper": 86,
        "partial-funnyeye": 160,
        "partial-paperglasses": 127,
        "replay": 98,
    }
)
CONVENTION = Convention(
    words="ACER and EER of each type held out, mean and standard deviation over the types",
    threshold="eer",
    metric="ACER",
)
_LIVE = matcher(r"Live/<set>/Live_\d+\.mov", set="Train|Test")
# One cosmetic make-up is called Makeup_Co_55_noLive_546.
_SPOOF = matcher(
    r"<folder>/<word>_\d+(_noLive_\d+)?\.mov",
    folder="|".join(sorted({kind.folder for kind in KINDS})),
    word="|".join(BY_WORD),
)


def _item(path: str) -> Item | None:
    live = _LIVE(path)
    if live is not None:
        return Item(path, None, part=Split.TRAIN if live["set"] == "Train" else Split.TEST)
    fields = _SPOOF(path)
    if fields is None or BY_WORD[fields["word"]].folder != fields["folder"]:
        return None
    return Item(path, BY_WORD[fields["word"]].species)


def _without(held: str) -> Callable[[Item], Split | None]:
    """Hold one type out: only test has it, with the bona fide videos of Live/Test."""

    def part(item: Item) -> Split | None:
        if item.species is None:
            return item.part
        return Split.TEST if item.species in HELD[held] else Split.TRAIN

    return part


def _plan(held: str) -> Plan:
    attacks = sum(FOUND.values())
    return Plan(
        f"train on Live/Train and the other 12 types, test on Live/Test and {held}",
        _without(held),
        CONVENTION,
        protocol="siw-m-loo",
        groups=HELD,
        counts={
            Split.TRAIN: Counts(528, attacks - FOUND[held]),
            Split.TEST: Counts(131, FOUND[held]),
        },
        subjects="unknown",
    )


PLANS: Mapping[str, Plan] = MappingProxyType(
    with_test_eer({f"siw-m-loo_{held}": _plan(held) for held in sorted(HELD)})
)


def _part(held: str) -> Part:
    return Part(held, lambda item: item.species in HELD[held], Counts(0, FOUND[held]))


class SiwM(Released):
    """SiW-M under a root with Live, Makeup, Mask, Paper, Partial and Replay."""

    name = "siw-m"
    title = "SiW-M"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(659, 967)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    tops = ("Live", "Makeup", "Mask", "Paper", "Partial", "Replay")
    parts = (
        Part("Live/Train", lambda i: not i.species and i.part is Split.TRAIN, Counts(528, 0)),
        Part("Live/Test", lambda i: not i.species and i.part is Split.TEST, Counts(131, 0)),
        *(_part(held) for held in FOUND),
    )
    about = About(
        what="493 subjects and 13 types of attack, from prints and replays to masks, make-up and "
        "things that cover a part of the face. Liu et al., CVPR 2019.",
        granted="Michigan State University; withdrawn, see SiW-Mv2",
        tree="""\
Live/{Train,Test}/Live_12.mov
Makeup/{Cosmetic,Impersonation,Obfuscation}/Makeup_Co_3.mov
Mask/{HalfMask,MannequinHead,PaperMask,SiliconeMask,TransparentMask}/Mask_Half_7.mov
Paper/Paper_30.mov
Partial/{FunnyeyeGlasses,PaperCut,PaperGlasses}/Partial_Eye_2.mov
Replay/Replay_9.mov""",
        traps=(
            "No name tells a person, so subjects are unknown: a person may be in train and test.",
            "PaperCut holds two kinds of names, Partial_Eye and Partial_Mouth, held out together.",
            "One attack is called Makeup_Co_55_noLive_546.mov.",
            "The paper counts 660+968 videos; 659+967 names are known.",
            "There is no dev; it is carved out of train by presentation.",
        ),
        open=("The split into known types of STDN's lists is not offered: no copy of them here.",),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``Mask/HalfMask/Mask_Half_37.mov``."""
        return _item(path)
