"""Replay-Attack in its released layout.

Source: Chingovska, Anjos and Marcel, "On the effectiveness of local binary patterns in face
anti-spoofing", BIOSIG 2012; names, clients and lists as in bob.db.replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.protocol import Convention
from fasharness.released.boxes import XYWH, Boxes, tree, xywh
from fasharness.released.dataset import Released
from fasharness.released.items import ENROLMENT, Item, Plan, folds_of, matcher, official_part
from fasharness.released.layout import part_of
from fasharness.released.lists import Listed, ListFormat, read_list

SETS: Mapping[str, Split] = MappingProxyType(
    {"train": Split.TRAIN, "devel": Split.DEV, "test": Split.TEST}
)
CLIENTS: Mapping[str, str] = MappingProxyType(
    {
        "train": "001 002 004 006 007 008 012 016 018 025 027 103 105 108 110",
        "devel": "003 005 010 015 017 022 029 030 101 111 113 114 116 118 119",
        "test": "009 011 013 014 019 020 021 023 024 026 028 031 102 104 106 107 109 112 115 117",
    }
)
# instrument, and what it shows it with and of: print, mobile and high-definition screen
COMBINATIONS = (
    ("print", "highdef", "photo"),
    ("mobile", "mobile", "photo"),
    ("mobile", "mobile", "video"),
    ("highdef", "highdef", "photo"),
    ("highdef", "highdef", "video"),
)
LIGHTS, SUPPORTS = ("controlled", "adverse"), ("fixed", "hand")

_WORDS = {"set": "train|devel|test", "client": r"client\d{3}", "light": "controlled|adverse"}
_LIVE = matcher(r"<set>/real/<client>_session01_webcam_authenticate_<light>_[12]\.mov", **_WORDS)
_ATTACK = matcher(
    r"<set>/attack/<support>/attack_<instrument>_<client>_session01_<sample>_<kind>_<light>\.mov",
    **_WORDS,
    support="fixed|hand",
    instrument="print|mobile|highdef",
    sample="highdef|mobile",
    kind="photo|video",
)
_ENROL = matcher(r"enroll/<set>/<client>_session01_webcam_enroll_<light>\w*\.mov", **_WORDS)
CONVENTION = Convention(
    words="HTER on test at the EER threshold of devel, per video",
    threshold="eer",
    metric="HTER",
)
GROUPS = MappingProxyType(
    {
        "print": ("print-photo",),
        "mobile": ("mobile-photo", "mobile-video"),
        "highdef": ("highdef-photo", "highdef-video"),
    }
)


def _item(path: str) -> Item | None:
    attack = _ATTACK(path)
    fields = attack or _LIVE(path) or _ENROL(path)
    if fields is None:
        return None
    if attack and (attack["instrument"], attack["sample"], attack["kind"]) not in COMBINATIONS:
        return None
    facts = {"light": fields["light"]}
    if attack:
        facts["support"] = attack["support"]
    return Item(
        path,
        species=f"{attack['instrument']}-{attack['kind']}" if attack else None,
        subject=fields["client"],
        part=SETS[fields["set"]],
        device="webcam",
        session="session01",
        role=ENROLMENT if path.startswith("enroll/") else "",
        attributes=facts,
    )


def _attacks(*species: str) -> Callable[[Item], Split | None]:
    """Take these species, and every bona fide presentation."""

    def part(item: Item) -> Split | None:
        return item.part if item.species is None or item.species in species else None

    return part


def _plan(words: str, *species: str) -> Plan:
    part = _attacks(*species) if species else official_part
    return Plan(words, part, CONVENTION, groups=GROUPS)


PLANS: Mapping[str, Plan] = MappingProxyType(
    {
        "replay-attack-grandtest": _plan("every attack"),
        "replay-attack-print": _plan("attacks with printed photographs", "print-photo"),
        "replay-attack-mobile": _plan(
            "attacks with the telephone's screen", "mobile-photo", "mobile-video"
        ),
        "replay-attack-highdef": _plan(
            "attacks with the tablet's screen", "highdef-photo", "highdef-video"
        ),
        "replay-attack-photo": _plan(
            "attacks with photographs, printed or shown",
            "print-photo",
            "mobile-photo",
            "highdef-photo",
        ),
        "replay-attack-video": _plan("attacks with videos", "mobile-video", "highdef-video"),
        "replay-attack-digitalphoto": _plan(
            "attacks with photographs on a screen", "mobile-photo", "highdef-photo"
        ),
    }
)


class ReplayAttack(Released):
    """Replay-Attack under a root with train, devel and test."""

    name = "replay-attack"
    title = "Replay-Attack"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(200, 1000)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"light": "controlled or adverse", "support": "of the instrument: fixed or hand"}
    )
    tops = ("train", "devel", "test", "enroll")
    parts = (
        part_of(Split.TRAIN, Counts(60, 300)),
        part_of(Split.DEV, Counts(60, 300)),
        part_of(Split.TEST, Counts(80, 400)),
    )
    boxes = Boxes(
        f"{XYWH}, frames from 0; a face that was not found is missing, or has no width or height",
        xywh,
        tree("face-locations", ".face"),
    )
    about = About(
        what="50 clients, filmed by a laptop's webcam at 320x240, and attacks with printed "
        "photographs, a telephone (iPhone 3GS) and a tablet (iPad), held by hand or fixed. "
        "Chingovska, Anjos and Marcel, BIOSIG 2012.",
        granted="Idiap, under an end user licence agreement (Zenodo 4593128)",
        tree="""\
{train,devel,test}/real/client001_session01_webcam_authenticate_adverse_1.mov
{train,devel,test}/attack/{fixed,hand}/attack_print_client001_session01_highdef_photo_adverse.mov
enroll/{train,devel,test}/…            100 clips for recognition: known, in no protocol
face-locations/<the same path>.face    boxes
protocols/*.txt                        official lists, used where they are""",
        traps=(
            "The same base name lies in fixed/ and in hand/, so ids keep their folders.",
            "1300 videos count the 100 clips for enrolment.",
            "Numbers of O, C, I and M from SSDG's lists leave devel out.",
        ),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``train/real/client001_…_adverse_1.mov``."""
        return _item(path)

    @classmethod
    def names(cls) -> Iterator[str]:
        """Iterate over the 1200 names of bona fide and attack presentations."""
        for part, clients in CLIENTS.items():
            for client in clients.split():
                yield from _of_client(part, f"client{client}_session01")

    def listed(self, fold: str, split: Split) -> Sequence[Listed] | None:
        """Read ``protocols/real-*.txt`` and ``attack-*.txt`` of a split, if both are there."""
        name, part = fold.removeprefix("replay-attack-"), _word(split)
        folder = self.root / "protocols"
        # A protocol may have a list of its own for bona fide videos too.
        own = folder / f"real-{name}-allsupports-{part}.txt"
        real = own if own.is_file() else folder / f"real-{part}.txt"
        attack = folder / f"attack-{name}-allsupports-{part}.txt"
        if not (real.is_file() and attack.is_file()):
            return None
        form = ListFormat()
        return [
            *read_list(real, form, lambda text: self._line(text, "real")),
            *read_list(attack, form, lambda text: self._line(text, "attack")),
        ]

    def _line(self, text: str, kind: str) -> Item:
        item = self.find(text if text.endswith(".mov") else f"{text}.mov")
        if (item.species is None) is not (kind == "real"):
            shows = item.species or "bona fide"
            raise ValueError(f"{text!r} is {shows}, in a list of {kind} videos")
        return item


def _word(split: Split) -> str:
    return next(word for word, part in SETS.items() if part is split)


def _of_client(part: str, client: str) -> Iterator[str]:
    for light in LIGHTS:
        for number in (1, 2):
            yield f"{part}/real/{client}_webcam_authenticate_{light}_{number}.mov"
        for instrument, sample, kind in COMBINATIONS:
            for support in SUPPORTS:
                name = f"attack_{instrument}_{client}_{sample}_{kind}_{light}.mov"
                yield f"{part}/attack/{support}/{name}"
