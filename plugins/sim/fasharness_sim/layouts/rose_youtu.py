"""ROSE-Youtu's layout: five telephones and cameras of two sizes, eight types, no lists."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans

# device: phone, width and height
_DEVICES = MappingProxyType(
    {
        "HS": (3, 640, 480),
        "HW": (5, 640, 480),
        "IP": (1, 640, 480),
        "5s": (2, 1280, 720),
        "ZTE": (4, 1280, 720),
    }
)
# type: what is simulated
_TYPES = MappingProxyType(
    {
        "G": None,
        "Ps": "print1",
        "Pq": "print1",
        "Vl": "display1",
        "Vm": "display2",
        "Mc": "print2",
        "Mf": "print2",
        "Mu": "print2",
    }
)


class RoseYoutuLayout(Twin):
    """ROSE-Youtu: videos of all types of a subject, spread over the devices."""

    dataset = "rose-youtu"
    title = "ROSE-Youtu"
    version = 1
    people = 500_000
    plans = plans(
        tiny=Plan((3, 3), 8, 3), mini=Plan((8, 8), 12, 2, 2), small=Plan((10, 10), 24, 2, 4)
    )
    sizes = MappingProxyType({"tiny": 48, "mini": 256, "small": 640})
    users = MappingProxyType(
        {
            Split.TRAIN: (2, 3, 4, 5, 6, 7, 9, 10, 11, 12),
            Split.TEST: (13, 14, 15, 16, 17, 18, 20, 21, 22, 23),
        }
    )
    protocols = MappingProxyType({"rose-youtu-intra": "train on 2 to 12, test on 13 to 23"})
    ending = ".mp4"
    naming = (
        "SUBJECT/TYPE_SPEECH_DEVICE_GLASSES_E_SUBJECT_NUMBER",
        "the video, H.264; type G is bona fide, P print, V replay, M paper mask",
    )
    beside = MappingProxyType({})
    stand_ins = MappingProxyType(
        dict.fromkeys(("mask-cropped", "mask-full", "mask-upper"), "a print of the whole picture")
    )

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a subject before each device; one video of subject 2 is short."""
        del split
        for place, (device, (phone, width, height)) in enumerate(_DEVICES.items()):
            shape = plan.shape(width, height, 15)
            videos = list(_videos(user, place, device, plan.each))
            if (user, device) == (2, "HS") and videos:
                short = videos.pop(0)
                yield Sitting(user, 1, phone, (short,), shape._replace(frames=SHORT))
            if videos:
                yield Sitting(user, 1 + (user + place) % 3, phone, tuple(videos), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write no list: there are none."""
        del sittings
        return {}


def _videos(user: int, place: int, device: str, each: int) -> Iterator[Video]:
    """Yield the videos of a device; another one has the next of each type."""
    glasses = "g" if user % 4 == 0 else "wg"
    for at, (kind, shown) in enumerate(_TYPES.items()):
        for number in range(1, each + 1):
            if (at + user + 2 * number) % len(_DEVICES) == place:
                speech = "NT" if number % 2 else "T"
                name = f"{user}/{kind}_{speech}_{device}_{glasses}_E_{user}_{number}"
                video = Video(name, shown, number * 10 + at, ".mp4", crf=23)
                yield video._replace(support="hand" if kind == "Pq" else "")
