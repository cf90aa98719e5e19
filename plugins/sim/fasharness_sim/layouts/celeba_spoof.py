"""CelebA-Spoof's layout: pictures of persons, boxes in a square of 224, lists of 44 numbers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fasharness.data import Split
from fasharness_sim.formats import Side
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import Plan, Twin, plans

_LIVE = 3
_SIZES = ((480, 640), (640, 480), (560, 560))


class _Type(NamedTuple):
    """A type of attack: its PAI species, what is simulated, the quality of its device."""

    species: str
    shown: str
    quality: str


# by number, from 1
_TYPES = (
    _Type("photo", "print1", "high"),
    _Type("poster", "print2", "middle"),
    _Type("a4", "print1", "low"),
    _Type("face-mask", "print2", "high"),
    _Type("upper-body-mask", "print2", "middle"),
    _Type("region-mask", "print2", "low"),
    _Type("pc", "display1", "high"),
    _Type("pad", "tablet", "middle"),
    _Type("phone", "mobile", "low"),
    _Type("3d-mask", "print2", "high"),
)
_MASKS = tuple(kind.species for kind in _TYPES if "mask" in kind.species)
_QUALITIES = ("high", "middle", "low")
_BOTH = 5028  # a subject of train and of test
# a picture in a folder called live that the lists call an attack, and one without a box
_MISNAMED, _UNBOXED = "Data/train/1/live/000003", "Data/train/1/spoof/000004"


class CelebaSpoofLayout(Twin):
    """CelebA-Spoof: three bona fide pictures and ten attacks of a subject."""

    dataset = "celeba-spoof"
    title = "CelebA-Spoof"
    version = 1
    people = 900_000
    plans = plans(tiny=Plan((3, 2), 1, 2), mini=Plan((16, 12), 1, 2), small=Plan((50, 30), 1, 2))
    sizes = MappingProxyType({"tiny": 65, "mini": 364, "small": 1040})
    users = MappingProxyType(
        {Split.TRAIN: (1, 2, _BOTH, *range(3, 80)), Split.TEST: (_BOTH, *range(9001, 9061))}
    )
    protocols = MappingProxyType(
        {"celeba-spoof-intra": "all types are known", "celeba-spoof-2": "one quality held out"}
    )
    ending = ".{jpg,png}"
    naming = ("Data/{train,test}/ID/{live,spoof}/NNNNNN", "the picture")
    beside = MappingProxyType(
        {
            "Data/.../NNNNNN_BB.txt": "x y width height score in the picture scaled to 224x224",
            "metas/": "the lists of all protocols: 44 numbers for each picture, the last is 0 "
            "for bona fide",
        }
    )
    stand_ins = MappingProxyType(dict.fromkeys(_MASKS, "a print of the whole picture"))

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a subject; bona fide pictures and attacks have sizes of their own."""
        folder, session = f"Data/{split}/{user}", 1 + user % 3
        # The subject of both parts sits again.
        phone = 1 + (user + (split is Split.TEST)) % 6
        shape = plan.shape(*_SIZES[user % 3], fps=1)
        other = plan.shape(*_SIZES[(user + 1) % 3], fps=1)
        live = [_video(f"{folder}/live/{k:06d}", None, k) for k in range(1, _LIVE + 1)]
        attacks = [
            _video(f"{folder}/spoof/{_LIVE + k:06d}", kind.shown, k)
            for k, kind in enumerate(_TYPES, start=1)
        ]
        yield Sitting(user, session, phone, tuple(live), shape)
        yield Sitting(user, session, phone, tuple(attacks), other)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write the lists of the three protocols."""
        rows = dict(_rows(sittings))
        folders: dict[str, tuple[Sequence[str], Sequence[str]]] = {
            "intra_test": (_QUALITIES, _QUALITIES),
            "protocol1": (_QUALITIES, _QUALITIES),
        }
        for held in _QUALITIES:
            others = tuple(quality for quality in _QUALITIES if quality != held)
            folders[f"protocol2/test_on_{held}_quality_device"] = (others, (held,))
        return {
            f"metas/{folder}/{split}_label.json": _json(rows, split, taken)
            for folder, parts in folders.items()
            for split, taken in zip((Split.TRAIN, Split.TEST), parts, strict=True)
        }


def _video(path: str, instrument: str | None, number: int) -> Video:
    ending = ".png" if number % 2 else ".jpg"
    boxes = () if path == _UNBOXED else (Side(f"{path}_BB.txt", "in 224"),)
    shown = "print1" if path == _MISNAMED else instrument
    return Video(path, shown, number + (20 if path == _MISNAMED else 0), ending, sides=boxes)


def _rows(sittings: Iterable[Sitting]) -> Iterator[tuple[str, list[int]]]:
    """Yield each picture with its 44 numbers."""
    for sitting in sittings:
        for video in sitting.videos:
            kind = 0 if "/live/" in video.path else video.number
            label = int(video.instrument is not None)
            traits = [0 if label else (sitting.user >> k % 13) & 1 for k in range(40)]
            light = 1 + video.number % 4 if kind else 0
            place = 1 + video.number % 2 if kind else 0
            yield video.file, [*traits, kind, light, place, label]


def _json(rows: Mapping[str, list[int]], split: Split, taken: Sequence[str]) -> str:
    """Write the bona fide pictures of a split, and the attacks with devices of some qualities."""
    kept = {
        path: row
        for path, row in rows.items()
        if path.startswith(f"Data/{split}/")
        and (not row[40] or _TYPES[row[40] - 1].quality in taken)
    }
    return json.dumps(kept) + "\n"
