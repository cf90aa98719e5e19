"""Replay-Mobile in its released layout.

Source: Costa-Pazo et al., "The Replay-Mobile face presentation-attack database", BIOSIG 2016;
names, clients and boxes as in bob.db.replaymobile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.protocol import Convention
from fasharness.released.boxes import XYWH, Boxes, tree, xywh
from fasharness.released.dataset import Released
from fasharness.released.items import ENROLMENT, Item, Plan, folds_of, matcher, official_part
from fasharness.released.layout import part_of

SETS: Mapping[str, Split] = MappingProxyType(
    {"train": Split.TRAIN, "devel": Split.DEV, "test": Split.TEST}
)
CLIENTS: Mapping[str, str] = MappingProxyType(
    {
        "train": "1 3 8 11 12 16 18 20 26 34 37 38",
        "devel": "5 6 13 14 15 23 24 25 28 29 31 32 35 36 39 40",
        "test": "2 4 7 9 10 17 19 21 22 27 30 33",
    }
)
NO_LIVE = 9
"""The client, of test, who has no bona fide video."""
DEVICES = ("mobile", "tablet")
SCENES = ("controlled", "adverse", "direct", "lateral", "diffuse")
# instrument, support and kind of each attack
ATTACKS = (
    ("mattescreen_fixed", "photo"),
    ("mattescreen_fixed", "video"),
    ("print_fixed", "photo"),
    ("print_hand", "photo"),
)
LIGHTS = ("lighton", "lightoff")

_WORDS = {"set": "train|devel|test", "client": r"client\d{3}", "device": "mobile|tablet"}
_LIVE = matcher(
    r"<set>/real/<client>_session02_authenticate_<device>_<light>\.mov",
    **_WORDS,
    light="|".join(SCENES),
)
_ATTACK = matcher(
    r"<set>/attack/attack_<client>_session01_<instrument>_<support>_<device>_<kind>_<light>\.mov",
    **_WORDS,
    instrument="mattescreen|print",
    support="fixed|hand",
    kind="photo|video",
    light="lighton|lightoff",
)
_ENROL = matcher(
    r"enroll/<set>/<client>_session01_enroll_<device>_<light>\.mov",
    **_WORDS,
    light="lighton|lightoff",
)
CONVENTION = Convention(
    words="HTER or ACER on test at the EER threshold of devel, per video",
    threshold="eer",
    metric="HTER",
)
GROUPS = MappingProxyType(
    {"print": ("print-photo",), "mattescreen": ("mattescreen-photo", "mattescreen-video")}
)


def _item(path: str) -> Item | None:
    attack = _ATTACK(path)
    fields = attack or _LIVE(path) or _ENROL(path)
    if fields is None:
        return None
    if attack and (f"{attack['instrument']}_{attack['support']}", attack["kind"]) not in ATTACKS:
        return None
    facts = {"light": fields["light"]}
    if attack:
        facts["support"] = attack["support"]
    return Item(
        path,
        species=f"{attack['instrument']}-{attack['kind']}" if attack else None,
        subject=fields["client"],
        part=SETS[fields["set"]],
        device=fields["device"],
        session="session01" if "_session01_" in path else "session02",
        role=ENROLMENT if path.startswith("enroll/") else "",
        attributes=facts,
    )


def _mattescreen(item: Item) -> Split | None:
    return None if item.species == "print-photo" else item.part


def _print(item: Item) -> Split | None:
    return item.part if item.species in (None, "print-photo") else None


PLANS: Mapping[str, Plan] = MappingProxyType(
    {
        "replay-mobile-grandtest": Plan("every attack", official_part, CONVENTION, groups=GROUPS),
        "replay-mobile-mattescreen": Plan(
            "attacks with a matte screen", _mattescreen, CONVENTION, groups=GROUPS
        ),
        "replay-mobile-print": Plan("attacks with prints", _print, CONVENTION, groups=GROUPS),
    }
)


class ReplayMobile(Released):
    """Replay-Mobile under a root with train, devel and test."""

    name = "replay-mobile"
    title = "Replay-Mobile"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(390, 640)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "light": "of bona fide: controlled, adverse, direct, lateral, diffuse; of attacks: "
            "lighton, lightoff",
            "support": "of the instrument: fixed or hand",
        }
    )
    tops = ("train", "devel", "test", "enroll")
    parts = (
        part_of(Split.TRAIN, Counts(120, 192)),
        part_of(Split.DEV, Counts(160, 256)),
        part_of(Split.TEST, Counts(110, 192)),
    )
    boxes = Boxes(
        f"{XYWH}, frames from 0; a face that was not found is missing, or has no width or height",
        xywh,
        tree("faceloc/rect", ".face"),
    )
    about = About(
        what="40 clients, filmed by a tablet (iPad mini 2) and a telephone (LG G4) in 720x1280, "
        "and attacks with prints and a matte screen. Costa-Pazo et al., BIOSIG 2016.",
        granted="Idiap, under an end user licence agreement",
        tree="""\
{train,devel,test}/real/client001_session02_authenticate_mobile_adverse.mov
{train,devel,test}/attack/attack_client001_session01_print_hand_mobile_photo_lightoff.mov
enroll/{train,devel,test}/…           160 clips for recognition: known, in no protocol
faceloc/rect/<the same path>.face     boxes, in the upright frame of 720x1280""",
        traps=(
            "client009, of test, has no bona fide video.",
            "1190 videos count the 160 clips for enrolment.",
        ),
        open=(
            "The files may carry rotation tags: bob ignored them, turned the telephone's frames by "
            "a quarter and transposed the tablet's, which mirrors, except two of client008. "
            "Frames are read here as the tags say; `fasharness validate --faces` says, for each "
            "device, whether the boxes hold the faces that a detector finds, or would if they "
            "were turned or mirrored.",
            "The frame rate, 30 Hz, is from memory.",
        ),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``test/real/client002_…_mobile_adverse.mov``."""
        return _item(path)

    @classmethod
    def names(cls) -> Iterator[str]:
        """Iterate over the 1030 names of bona fide and attack presentations."""
        for part, clients in CLIENTS.items():
            for client in map(int, clients.split()):
                yield from _of_client(part, client)


def _of_client(part: str, client: int) -> Iterator[str]:
    name = f"client{client:03d}"
    for device in DEVICES:
        for scene in SCENES if client != NO_LIVE else ():
            yield f"{part}/real/{name}_session02_authenticate_{device}_{scene}.mov"
        for instrument, kind in ATTACKS:
            for light in LIGHTS:
                start = f"{part}/attack/attack_{name}_session01_{instrument}"
                yield f"{start}_{device}_{kind}_{light}.mov"
