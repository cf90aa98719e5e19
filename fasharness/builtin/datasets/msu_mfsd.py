"""MSU-MFSD in its released layout.

Source: Wen, Han and Jain, "Face spoof detection with image distortion analysis", IEEE TIFS 2015;
names and side files as in bob.db.msu_mfsd_mod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.errors import DataError
from fasharness.protocol import Convention
from fasharness.released.boxes import BOX_EYES_CSV, Boxes, beside, box_eyes_csv
from fasharness.released.dataset import Released
from fasharness.released.items import Item, Plan, folds_of, matcher, official_part, with_test_eer
from fasharness.released.layout import part_of
from fasharness.released.lists import Listed, lines_of

CLIENTS: Mapping[Split, tuple[int, ...]] = MappingProxyType(
    {
        Split.TRAIN: (2, 3, 5, 6, 7, 8, 9, 11, 12, 21, 22, 34, 53, 54, 55),
        Split.TEST: (
            *(1, 13, 14, 23, 24, 26, 28, 29, 30, 32),
            *(33, 35, 36, 37, 39, 42, 48, 49, 50, 51),
        ),
    }
)
LISTS: Mapping[Split, str] = MappingProxyType(
    {Split.TRAIN: "train_sub_list.txt", Split.TEST: "test_sub_list.txt"}
)
SPECIES: Mapping[str, str] = MappingProxyType(
    {"ipad_video": "ipad-video", "iphone_video": "iphone-video", "printed_photo": "printed-photo"}
)
ENDINGS: Mapping[str, str] = MappingProxyType({"android": "mp4", "laptop": "mov"})

_WORDS = {
    "client": r"client\d{3}",
    "file": r"android_SD_scene01\.mp4|laptop_SD_scene01\.mov",
}
_LIVE = matcher(r"scene01/real/real_<client>_<file>", **_WORDS)
_ATTACK = matcher(
    r"scene01/attack/attack_<client>_<file>",
    client=r"client\d{3}",
    file=r"android_SD_<kind>_scene01\.mp4|laptop_SD_<kind2>_scene01\.mov",
    kind="|".join(SPECIES),
    kind2="|".join(SPECIES),
)
CONVENTION = Convention(
    words="EER on test in the paper; the threshold of HTER is the EER of dev, which the data set "
    "does not have",
    threshold="eer",
    metric="HTER",
)


def _item(path: str) -> Item | None:
    attack = _ATTACK(path)
    fields = attack or _LIVE(path)
    if fields is None:
        return None
    number = int(fields["client"].removeprefix("client"))
    return Item(
        path,
        species=SPECIES[attack["kind"] or attack["kind2"]] if attack else None,
        subject=fields["client"],
        part=next((split for split, numbers in CLIENTS.items() if number in numbers), None),
        device=fields["file"].partition("_")[0],
        session="scene01",
    )


PLANS: Mapping[str, Plan] = MappingProxyType(
    with_test_eer({"msu-mfsd": Plan("the official lists of subjects", official_part, CONVENTION)})
)


class MsuMfsd(Released):
    """MSU-MFSD under a root with scene01."""

    name = "msu-mfsd"
    title = "MSU-MFSD"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(70, 210)
    tops = ("scene01",)
    parts = (part_of(Split.TRAIN, Counts(30, 90)), part_of(Split.TEST, Counts(40, 120)))
    boxes = Boxes(
        f"{BOX_EYES_CSV}; a frame without a face has no row", box_eyes_csv, beside(".face")
    )
    about = About(
        what="35 subjects of the public part, filmed by an Android telephone and a laptop, and "
        "attacks with a printed photograph and with videos on an iPad and an iPhone. Wen, Han "
        "and Jain, IEEE TIFS 2015.",
        granted="Michigan State University, under its agreement",
        tree="""\
scene01/real/real_client001_{android_SD_scene01.mp4,laptop_SD_scene01.mov}
scene01/attack/attack_client001_{android,laptop}_SD_{ipad_video,iphone_video,printed_photo}_scene01.*
scene01/…/<video>.face                 boxes beside the videos
train_sub_list.txt, test_sub_list.txt  official lists of subjects, used where they are""",
        traps=(
            "The lists write subjects with two digits, the names with three; the last line of a "
            "list has no line end.",
            "The five folds of bob use other subjects: their test part is not the official one.",
            "The boxes of the bona fide android videos of clients 003 and 005 to 009 are told to "
            "be unreliable.",
        ),
        open=(
            "The bona fide android videos of clients 003 and 005 to 009 were upside down for a "
            "reader that ignored rotation tags. Frames are read here as the tags say; "
            "`fasharness validate --faces` says what a detector finds; `orientations.csv` in the "
            "root (`path,degrees`, clockwise) turns them.",
            "Where the .face files lie in the release is from memory: beside the videos.",
        ),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``scene01/real/real_client002_laptop_SD_scene01.mov``."""
        return _item(path)

    @classmethod
    def names(cls) -> Iterator[str]:
        """Iterate over the 280 names."""
        for client in sorted(number for part in CLIENTS.values() for number in part):
            for device, ending in ENDINGS.items():
                start = f"client{client:03d}_{device}_SD"
                yield f"scene01/real/real_{start}_scene01.{ending}"
                for kind in SPECIES:
                    yield f"scene01/attack/attack_{start}_{kind}_scene01.{ending}"

    def listed(self, fold: str, split: Split) -> Sequence[Listed] | None:
        """Return the videos of the subjects in the root's list, if it is there."""
        del fold
        path = self.root / LISTS[split] if split in LISTS else None
        if path is None or not path.is_file():
            return None
        own: dict[str, list[Item]] = {}
        for item in self.items.values():
            own.setdefault(item.subject, []).append(item)
        lines: list[Listed] = []
        for number, text in lines_of(path):
            subject = f"client{int(text):03d}" if text.isdecimal() else text
            if subject not in own:
                raise DataError(f"{path}:{number}: {text!r} is no subject of {self.title}")
            if any(line.item.subject == subject for line in lines):
                raise DataError(f"{path}:{number}: subject {text} a second time")
            lines += [Listed(item, f"{path}:{number}") for item in own[subject]]
        if not lines:
            raise DataError(f"{path}: the list is empty")
        return lines
