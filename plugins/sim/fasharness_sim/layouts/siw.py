"""SiW's layout: two cameras, names with hyphens, a row of corners for each frame."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.formats import Format
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans, side

_FOLDERS = MappingProxyType({Split.TRAIN: "Train", Split.TEST: "Test"})
_PHONES = MappingProxyType({1: 1, 2: 5})  # sensor: phone
_PRINTS = MappingProxyType({1: "print1", 2: "print2"})
_REPLAYS = MappingProxyType({1: "tablet", 2: "mobile", 3: "display2", 4: "display1"})
_ODD = frozenset({153, 154, 158, 161})  # some of their names have a second dot
_LONG = 64


class SiwLayout(Twin):
    """SiW: four bona fide videos, two prints and four replays of a subject."""

    dataset = "siw"
    title = "SiW"
    version = 1
    people = 400_000
    plans = plans(tiny=Plan((4, 3), 8, 6), mini=Plan((14, 12), 12, 4), small=Plan((50, 50), 24, 3))
    sizes = MappingProxyType({"tiny": 70, "mini": 260, "small": 1000})
    users = MappingProxyType(
        {
            Split.TRAIN: (3, 6, 20, 21, *range(7, 20), *range(22, 90)),
            Split.TEST: (153, 90, 91, *range(92, 153), *range(154, 166)),
        }
    )
    protocols = MappingProxyType(
        {
            "siw-1": "all attacks",
            "siw-2": "one display held out",
            "siw-3": "print or replay held out",
        }
    )
    ending = ".mov"
    naming = (
        "{Train,Test}/{live,spoof}/SSS/SSS-SENSOR-TYPE-MEDIUM-SESSION",
        "the video, H.264; type 1 is bona fide, 2 print, 3 replay",
    )
    beside = MappingProxyType(
        {"{Train,Test}/{live,spoof}/SSS/*.face": "x1 y1 x2 y2, one row a frame; zeros: no face"}
    )

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a subject before both cameras; 003 has a short and a long video."""
        shape = plan.shape(1080, 1920, 15)
        for sensor, phone in _PHONES.items():
            videos = list(_videos(user, _FOLDERS[split], sensor))
            if (user, sensor) == (3, 1):
                long, short = videos.pop(0), videos.pop(0)
                yield _alone(long, user, phone, shape._replace(frames=_LONG))
                yield _alone(short, user, phone, shape._replace(frames=SHORT))
            yield Sitting(user, 1 + user % 3, phone, tuple(videos), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write no list: the names tell the protocols."""
        del sittings
        return {}


def _alone(video: Video, user: int, phone: int, shape: Format) -> Sitting:
    return Sitting(user, 1 + user % 3, phone, (video,), shape)


def _videos(user: int, folder: str, sensor: int) -> Iterator[Video]:
    for number, medium in enumerate((1, 2), start=1):
        name = f"{user:03d}-{sensor}-1-{medium}-1"
        odd = ".m" if folder == "Test" and user in _ODD and sensor == 2 else ""
        yield _video(f"{folder}/live/{user:03d}/{name}{odd}", None, number)
    attacks = [(2, medium, shown) for medium, shown in _PRINTS.items() if sensor == 1]
    attacks += [(3, m, shown) for m, shown in _REPLAYS.items() if (m % 2 == 1) == (sensor == 1)]
    for number, (kind, medium, shown) in enumerate(attacks, start=1):
        name = f"{user:03d}-{sensor}-{kind}-{medium}-1"
        yield _video(f"{folder}/spoof/{user:03d}/{name}", shown, number)


def _video(path: str, instrument: str | None, number: int) -> Video:
    boxes = side(f"{path}.face", "corners", number)
    return Video(path, instrument, number, ".mov", crf=23, sides=(boxes,))
