"""OULU-NPU's layout: which sittings a size has, and the names, folders and lists of its videos."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType

from fasharness.builtin.datasets.oulu_npu import FOLDERS
from fasharness.builtin.datasets.oulu_npu_files import (
    FILES,
    PHONES,
    SESSIONS,
    SPECIES,
    USERS,
    Name,
    rule,
)
from fasharness.data import Split
from fasharness_sim.formats import Side
from fasharness_sim.layout import Layout, Sitting, Video

# sittings of each split in the two sessions that train, and in the third, which protocols 1 and 4
# keep for the test; tiny and mini have what protocol 1 needs and nothing else, which leaves the
# others less, or nothing in tiny
_KNOWN = MappingProxyType(
    {
        "tiny": {Split.TRAIN: 2, Split.DEV: 2, Split.TEST: 0},
        "mini": {Split.TRAIN: 18, Split.DEV: 8, Split.TEST: 0},
        "small": {Split.TRAIN: 60, Split.DEV: 35, Split.TEST: 45},
    }
)
_UNSEEN = MappingProxyType(
    {
        "tiny": {Split.TRAIN: 0, Split.DEV: 0, Split.TEST: 2},
        "mini": {Split.TRAIN: 0, Split.DEV: 0, Split.TEST: 30},
        "small": {Split.TRAIN: 10, Split.DEV: 10, Split.TEST: 40},
    }
)
_LABELS = MappingProxyType({1: "+1", 2: "-1", 3: "-1", 4: "-2", 5: "-2"})


class OuluNpuLayout(Layout):
    """OULU-NPU: five files of each sitting, and lists for the four protocols."""

    dataset = "oulu-npu"
    title = "OULU-NPU"
    version = 3
    sizes = MappingProxyType({"tiny": 30, "mini": 280, "small": 1000, "full": 4950})
    users = USERS
    protocols = MappingProxyType({f"oulu{k}": f"protocol {k}" for k in range(1, 5)})
    naming = (
        "Phone_Session_User_File",
        "the video; file 1 is bona fide, 2 and 3 print, 4 and 5 display",
    )
    beside = MappingProxyType(
        {
            "Phone_Session_User_File.txt": "frame,x_left,y_left,x_right,y_right (left: in the "
            "image)",
            "Protocols/": "the lists of the four protocols, for the videos that exist",
        }
    )

    def sittings(self, size: str, users: Mapping[Split, Sequence[int]]) -> list[Sitting]:
        """All sittings in ``full``, else a part in which users, sessions and phones take turns."""
        if size == "full":
            everybody = (user for part in users.values() for user in part)
            chosen: Iterable[tuple[int, int, int]] = product(everybody, SESSIONS, PHONES)
        else:
            chosen = set(_in_turn(_KNOWN[size], _UNSEEN[size], users))
        return [sitting(*one) for one in sorted(chosen)]

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """The lists of all folds, e.g. ``Protocols/Protocol_3/Train_1.txt``."""
        names = [Name(s.phone, s.session, s.user, f) for s in sorted(sittings) for f in FILES]
        texts = {}
        for number in range(1, 5):
            for fold, split in product(PHONES if number > 2 else (None,), Split):
                suffix = f"_{fold}" if fold else ""
                path = f"Protocols/Protocol_{number}/{split.capitalize()}{suffix}.txt"
                takes = rule(number, fold, split).takes
                kept = (name for name in names if name.split is split and takes(name))
                texts[path] = "".join(f"{_LABELS[name.file]},{name}\n" for name in kept)
        return texts


def sitting(user: int, session: int, phone: int) -> Sitting:
    """A sitting with its five videos."""
    names = [Name(phone, session, user, file) for file in FILES]
    return Sitting(user, session, phone, tuple(map(_video, names)))


def _video(name: Name) -> Video:
    """A video with its eye positions beside it."""
    path = f"{FOLDERS[name.split]}/{name}"
    return Video(path, SPECIES[name.file], name.file, sides=(Side(f"{path}.txt", "eyes"),))


def _in_turn(
    known: Mapping[Split, int], unseen: Mapping[Split, int], users: Mapping[Split, Sequence[int]]
) -> Iterator[tuple[int, int, int]]:
    """Choose sittings so that users, sessions and phones take turns.

    Args:
        known: per split, how many sittings in sessions 1 and 2.
        unseen: per split, how many in session 3.
        users: per split, who sits.

    Yields:
        User, session and phone; the same again where few users come round again.
    """
    for start, (split, part) in enumerate(users.items()):
        for k in range((known[split] + unseen[split]) if part else 0):
            # Without k // 6 a phone would meet only one of the two sessions: both alternate.
            session = 1 + (k + k // 6) % 2 if k < known[split] else 3
            yield part[k % len(part)], session, 1 + (2 * start + k) % 6
