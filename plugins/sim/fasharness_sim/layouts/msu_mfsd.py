"""MSU-MFSD's layout: a telephone with MP4 and a laptop with MOV files, boxes and eyes beside."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans, side

_LISTS = MappingProxyType({Split.TRAIN: "train_sub_list.txt", Split.TEST: "test_sub_list.txt"})
# device: phone, ending, width and height
_DEVICES = MappingProxyType({"android": (2, ".mp4", 720, 480), "laptop": (5, ".mov", 640, 480)})
_ATTACKS = MappingProxyType(
    {"ipad_video": "tablet", "iphone_video": "mobile", "printed_photo": "print2"}
)
_TURNED = frozenset({3, 5, 6, 7, 8, 9})


class MsuMfsdLayout(Twin):
    """MSU-MFSD: two bona fide and six attack videos of a client."""

    dataset = "msu-mfsd"
    title = "MSU-MFSD"
    version = 1
    people = 300_000
    plans = plans(tiny=Plan((3, 3), 8, 2), mini=Plan((15, 20), 12, 2), small=Plan((15, 20), 24, 2))
    sizes = MappingProxyType({"tiny": 48, "mini": 280, "small": 280})
    users = MappingProxyType(
        {
            Split.TRAIN: (2, 3, 5, 6, 7, 8, 9, 11, 12, 21, 22, 34, 53, 54, 55),
            Split.TEST: (
                *(1, 13, 14, 23, 24, 26, 28, 29, 30, 32),
                *(33, 35, 36, 37, 39, 42, 48, 49, 50, 51),
            ),
        }
    )
    protocols = MappingProxyType({"msu-mfsd": "the official lists of subjects"})
    ending = ".{mp4,mov}"
    naming = (
        "scene01/{real,attack}/KIND_clientNNN_DEVICE_SD_scene01",
        "the video, H.264; six of the telephone are stored upside down, which the file states",
    )
    beside = MappingProxyType(
        {
            "scene01/{real,attack}/*.face": "frame,left,top,right,bottom and two eyes, the "
            "image's left one first; some frames are missing or zero",
            "{train,test}_sub_list.txt": "clients of both parts, with two digits",
        }
    )

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a client before both devices; one attack on client002 is short."""
        del split
        for device, (phone, ending, width, height) in _DEVICES.items():
            shape = plan.shape(width, height, 15)
            videos = list(_videos(user, device, ending))
            if (user, device) == (2, "laptop"):
                short = videos.pop()
                yield Sitting(user, 1, phone, (short,), shape._replace(frames=SHORT))
            # Clients sat in different places.
            yield Sitting(user, 1 + user % 3, phone, tuple(videos), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write the two lists of clients, whose last lines have no end."""
        present = {sitting.user for sitting in sittings}
        return {
            path: "\n".join(f"{user:02d}" for user in self.users[split] if user in present)
            for split, path in _LISTS.items()
        }


def _videos(user: int, device: str, ending: str) -> Iterator[Video]:
    start = f"client{user:03d}_{device}_SD"
    live = _video(f"scene01/real/real_{start}_scene01", None, 1, ending)
    yield live._replace(turn=180 if device == "android" and user in _TURNED else 0)
    for number, (kind, shown) in enumerate(_ATTACKS.items(), start=1):
        path = f"scene01/attack/attack_{start}_{kind}_scene01"
        yield _video(path, shown, number, ending)


def _video(path: str, instrument: str | None, number: int, ending: str) -> Video:
    boxes = side(f"{path}.face", "box and eyes", number)
    return Video(path, instrument, number, ending, crf=20, sides=(boxes,))
