"""Replay-Mobile's layout: a telephone and a tablet whose files state how they are to be turned."""

from collections.abc import Iterable, Iterator
from itertools import product
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.formats import Support
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans, side

_FOLDERS = MappingProxyType({Split.TRAIN: "train", Split.DEV: "devel", Split.TEST: "test"})
_PHONES = MappingProxyType({"mobile": 4, "tablet": 6})
_NO_LIVE = 9
# Stored frames lie on their side, the telephone's on the other one than the tablet's.
_TURNS = MappingProxyType({"mobile": 270, "tablet": 90})
_SCENES = MappingProxyType({"controlled": 3, "adverse": 1, "direct": 2, "lateral": 1, "diffuse": 3})
_LIGHTS = MappingProxyType({"lighton": 2, "lightoff": 3})
# instrument and support, medium, and what is simulated
_ATTACKS = (
    ("mattescreen_fixed", "photo", "display1"),
    ("mattescreen_fixed", "video", "display1"),
    ("print_fixed", "photo", "print1"),
    ("print_hand", "photo", "print1"),
)


class ReplayMobileLayout(Twin):
    """Replay-Mobile: 10 bona fide and 16 attack videos of a client, 4 for enrolment."""

    dataset = "replay-mobile"
    title = "Replay-Mobile"
    version = 1
    people = 200_000
    plans = plans(
        tiny=Plan((2, 2, 2), 8, 4), mini=Plan((4, 4, 4), 12, 3), small=Plan((12, 16, 12), 24, 2)
    )
    sizes = MappingProxyType({"tiny": 170, "mini": 350, "small": 1190})
    users = MappingProxyType(
        {
            Split.TRAIN: (8, 1, 3, 11, 12, 16, 18, 20, 26, 34, 37, 38),
            Split.DEV: (5, 6, 13, 14, 15, 23, 24, 25, 28, 29, 31, 32, 35, 36, 39, 40),
            Split.TEST: (9, 2, 4, 7, 10, 17, 19, 21, 22, 27, 30, 33),
        }
    )
    protocols = MappingProxyType({"replay-mobile-grandtest": "every attack"})
    ending = ".mov"
    naming = (
        "{train,devel,test}/{real,attack}/NAME",
        "the video, H.264; NAME tells client, device, instrument and light; frames are stored "
        "on their side, and the file says how to turn them",
    )
    beside = MappingProxyType(
        {
            "enroll/": "videos for enrolment, in no protocol",
            "faceloc/rect/": "frame x y width height in the upright frame; some are missing or "
            "zero",
        }
    )

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a client before both devices in all lights; one video of client008 is short."""
        shape = plan.shape(720, 1280, 15)
        for device, session in product(_PHONES, (1, 2, 3)):
            videos = list(_videos(user, _FOLDERS[split], device, session))
            if (user, device, session) == (8, "mobile", 1):
                short = videos.pop(0)
                yield Sitting(user, session, 4, (short,), shape._replace(frames=SHORT))
            if videos:
                yield Sitting(user, session, _PHONES[device], tuple(videos), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write no list: names tell everything."""
        del sittings
        return {}


def _videos(user: int, folder: str, device: str, session: int) -> Iterator[Video]:
    client = f"client{user:03d}"
    for number, (scene, place) in enumerate(_SCENES.items(), start=1):
        if place == session and user != _NO_LIVE:
            path = f"{folder}/real/{client}_session02_authenticate_{device}_{scene}"
            yield _video(path, None, number)
    for light, place in _LIGHTS.items():
        if place != session:
            continue
        path = f"enroll/{folder}/{client}_session01_enroll_{device}_{light}"
        yield _video(path, None, len(_SCENES) + 1)
        for number, (instrument, medium, shown) in enumerate(_ATTACKS, start=1):
            name = f"attack_{client}_session01_{instrument}_{device}_{medium}_{light}"
            video = _video(f"{folder}/attack/{name}", shown, number)
            support: Support = "hand" if instrument.endswith("hand") else "fixed"
            yield video._replace(support=support, photo=medium == "photo")


def _video(path: str, instrument: str | None, number: int) -> Video:
    boxes = side(f"faceloc/rect/{path}.face", "xywh", number)
    device = "mobile" if "_mobile_" in path else "tablet"
    # Two bona fide videos of client008 lie on the telephone's side.
    odd = "/real/client008" in path and path.endswith(("_adverse", "_controlled"))
    turn = _TURNS["mobile" if odd else device]
    return Video(path, instrument, number, ".mov", crf=20, turn=turn, sides=(boxes,))
