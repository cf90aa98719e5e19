"""SiW (Spoof in the Wild) in its released layout.

Source: Liu, Jourabloo and Liu, "Learning deep models for face anti-spoofing: binary or auxiliary
supervision", CVPR 2018; the names of 4477 of its 4478 videos are in the package gradgpad, and the
rules of its protocols in bob.db.siw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.protocol import Convention
from fasharness.released.boxes import CORNERS, Boxes, beside, corners
from fasharness.released.dataset import Released
from fasharness.released.items import (
    Item,
    Plan,
    folds_of,
    matcher,
    official_part,
    with_test_eer,
)
from fasharness.released.layout import part_of

SETS: Mapping[str, Split] = MappingProxyType({"Train": Split.TRAIN, "Test": Split.TEST})
DEVICES: Mapping[str, str] = MappingProxyType({"1": "canon-eos-t6", "2": "logitech-c920"})
MEDIA = range(1, 5)
"""Numbers of the displays that attacks are replayed on."""
CONVENTION = Convention(
    words="ACER at the EER threshold; the published codes pool all attacks in it, which is HTER "
    "here; mean and standard deviation over folds",
    threshold="eer",
    metric="ACER",
)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"print": ("print1", "print2"), "replay": tuple(f"replay{medium}" for medium in MEDIA)}
)

_NAME = matcher(
    r"<set>/<kind>/<subject>/(?P=subject)-<sensor>-<type>-<medium>-<session>(\.m)?\.mov",
    set="Train|Test",
    kind="live|spoof",
    subject=r"\d{3}",
    sensor="[12]",
    type="[123]",
    medium="[1-4]",
    session="[12]",
)
_TYPES: Mapping[str, str] = MappingProxyType({"1": "", "2": "print", "3": "replay"})
# What the last two numbers mean for a bona fide video and for a print.
_LIGHT: Mapping[str, str] = MappingProxyType({"1": "room", "2": "extra"})
_PAPER: Mapping[str, str] = MappingProxyType({"1": "glossy", "2": "matte"})


def _item(path: str) -> Item | None:
    fields = _NAME(path)
    if fields is None:
        return None
    kind, medium = _TYPES[fields["type"]], fields["medium"]
    live = not kind
    if (fields["kind"] == "live") is not live or (kind != "replay" and medium in "34"):
        return None
    facts = {"light": _LIGHT[medium]} if live else {}
    if kind == "print":
        facts["paper"] = _PAPER[fields["session"]]
    return Item(
        path,
        species=None if live else f"{kind}{medium}",
        subject=fields["subject"],
        part=SETS[fields["set"]],
        device=DEVICES[fields["sensor"]],
        session=f"session{fields['session']}",
        attributes=facts,
    )


def _one_display_out(display: int) -> Callable[[Item], Split | None]:
    """Hold one display out, as protocol 2 does, which has no prints."""

    def part(item: Item) -> Split | None:
        if item.species is None:
            return item.part
        held = item.species == f"replay{display}"
        return item.part if item.species in GROUPS["replay"] and held is _tests(item) else None

    return part


def _other_kind(train: str, test: str) -> Callable[[Item], Split | None]:
    """Train on one kind of attack and test on the other, as protocol 3 does."""

    def part(item: Item) -> Split | None:
        wanted = GROUPS[test if _tests(item) else train]
        return item.part if item.species is None or item.species in wanted else None

    return part


def _tests(item: Item) -> bool:
    return item.part is Split.TEST


def _counts(train: int, test: int) -> Mapping[Split, Counts]:
    """Return the counts of a fold by its attacks: each has all bona fide videos."""
    return {Split.TRAIN: Counts(714, train), Split.TEST: Counts(599, test)}


def _plans() -> dict[str, Plan]:
    first = Plan(
        "train on the first 60 frames of every video, test on every whole video",
        official_part,
        CONVENTION,
        groups=GROUPS,
        counts=_counts(1702, 1462),
        windows={Split.TRAIN: (0, 60)},
    )
    plans = {"siw-1": first}
    seen = {1: (1003, 300), 2: (1003, 300), 3: (1005, 298), 4: (1078, 250)}
    for display in MEDIA:
        plans[f"siw-2_{display}"] = Plan(
            f"train on replays on three displays, test on those on display {display}; no prints",
            _one_display_out(display),
            CONVENTION,
            protocol="siw-2",
            groups=GROUPS,
            counts=_counts(*seen[display]),
        )
    for fold, (train, test, attacks) in enumerate(
        (("print", "replay", (339, 1148)), ("replay", "print", (1363, 314))), start=1
    ):
        plans[f"siw-3_{fold}"] = Plan(
            f"train on {train} attacks, test on {test} attacks",
            _other_kind(train, test),
            CONVENTION,
            protocol="siw-3",
            groups=GROUPS,
            counts=_counts(*attacks),
        )
    return plans


PLANS: Mapping[str, Plan] = MappingProxyType(with_test_eer(_plans()))


class Siw(Released):
    """SiW under a root with Train and Test."""

    name = "siw"
    title = "SiW"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(1313, 3164)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "light": "of bona fide videos: of the room, or an extra lamp",
            "paper": "of prints: glossy or matte",
        }
    )
    tops = ("Train", "Test")
    parts = (
        part_of(Split.TRAIN, Counts(714, 1702)),
        part_of(Split.TEST, Counts(599, 1462), Counts(599, 1454), "bob's lists of protocol 1"),
    )
    boxes = Boxes(
        f"{CORNERS}, one row for each frame; zeros mean no face", corners, beside(".face")
    )
    about = About(
        what="165 subjects, two cameras at 1080x1920, prints on two papers and replays on four "
        "displays. Liu, Jourabloo and Liu, CVPR 2018.",
        granted="Michigan State University, under a signed agreement",
        tree="""\
{Train,Test}/live/003/003-1-1-1-1.mov     subject-sensor-type-medium-session
{Train,Test}/spoof/003/003-1-3-4-1.mov    type 2 print, 3 replay
{Train,Test}/…/003-1-1-1-1.face           boxes, beside each video""",
        traps=(
            "Names have hyphens; the data set's page prints underscores.",
            "16 bona fide test videos of subjects 153, 154, 158 and 161 end in .m.mov.",
            "Prints belong to no fold of protocol 2.",
            "Protocol 1 trains on the first 60 frames of each video, and tests on all.",
            "There is no dev. bob's (10 subjects) and Gradiant's (12) are their own.",
            "The boxes are poor, say those who used them: compare with `--faces` of a detector.",
            "Lists of SiW in other collections hold 1324 training videos only, and mix polarities.",
        ),
        open=(
            "The page counts 4478 videos; 4477 names are known.",
            "Whether the box file of 158-2-1-1-1.m.mov keeps the .m: both names are tried.",
        ),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``Train/spoof/003/003-1-3-4-1.mov``."""
        return _item(path)
