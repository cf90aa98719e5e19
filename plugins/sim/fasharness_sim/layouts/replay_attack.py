"""Replay-Attack's layout: clients, two lights, and attacks that are fixed or held by hand."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.formats import Support
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans, side

_FOLDERS = MappingProxyType({Split.TRAIN: "train", Split.DEV: "devel", Split.TEST: "test"})
_SESSIONS = MappingProxyType({"controlled": 3, "adverse": 1})
_WEBCAM = 5
_SUPPORTS: tuple[Support, ...] = ("fixed", "hand")
# instrument, what it shows and by which camera; and what is simulated
_ATTACKS = (
    ("print", "highdef", "photo", "print1"),
    ("mobile", "mobile", "photo", "mobile"),
    ("mobile", "mobile", "video", "mobile"),
    ("highdef", "highdef", "photo", "tablet"),
    ("highdef", "highdef", "video", "tablet"),
)
# what a sub-protocol takes: instruments and media
_PROTOCOLS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "grandtest": ("print mobile highdef", "photo video"),
        "print": ("print", "photo"),
        "mobile": ("mobile", "photo video"),
        "highdef": ("highdef", "photo video"),
        "photo": ("print mobile highdef", "photo"),
        "video": ("mobile highdef", "video"),
        "digitalphoto": ("mobile highdef", "photo"),
    }
)


class ReplayAttackLayout(Twin):
    """Replay-Attack: 4 bona fide and 20 attack videos of a client, 2 for enrolment."""

    dataset = "replay-attack"
    title = "Replay-Attack"
    version = 1
    people = 100_000
    plans = plans(
        tiny=Plan((2, 2, 2), 8, 1), mini=Plan((6, 4, 6), 12, 1), small=Plan((15, 15, 20), 24, 1)
    )
    sizes = MappingProxyType({"tiny": 156, "mini": 416, "small": 1300})
    users = MappingProxyType(
        {
            Split.TRAIN: (1, 2, 4, 6, 7, 8, 12, 16, 18, 25, 27, 103, 105, 108, 110),
            Split.DEV: (3, 5, 10, 15, 17, 22, 29, 30, 101, 111, 113, 114, 116, 118, 119),
            Split.TEST: (
                *(9, 11, 13, 14, 19, 20, 21, 23, 24, 26),
                *(28, 31, 102, 104, 106, 107, 109, 112, 115, 117),
            ),
        }
    )
    protocols = MappingProxyType({"replay-attack-grandtest": "every attack"})
    ending = ".mov"
    naming = (
        "{train,devel,test}/{real,attack/fixed,attack/hand}/NAME",
        "the video, Motion JPEG; NAME tells client, instrument and light",
    )
    beside = MappingProxyType(
        {
            "enroll/": "videos for enrolment, in no protocol",
            "face-locations/": "frame x y width height; some frames are missing or zero",
            "protocols/": "the lists of all sub-protocols, for the videos that exist",
        }
    )

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a client in both lights; one video of client001 is short."""
        shape = plan.shape(320, 240, 12)
        for light, session in _SESSIONS.items():
            videos = list(_videos(user, _FOLDERS[split], light))
            if (user, light) == (1, "adverse"):
                short = videos.pop(1)
                yield Sitting(user, session, _WEBCAM, (short,), shape._replace(frames=SHORT))
            yield Sitting(user, session, _WEBCAM, tuple(videos), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write the clients, and bona fide, enrolment and attack lists of all sub-protocols."""
        sittings = list(sittings)
        files = sorted(video.file for sitting in sittings for video in sitting.videos)
        texts = {"protocols/clients.txt": ""}
        present = {sitting.user for sitting in sittings}
        for split, folder in _FOLDERS.items():
            for user in sorted(present.intersection(self.users[split])):
                texts["protocols/clients.txt"] += f"{user:03d} {folder}\n"
            for kind, top in (("real", f"{folder}/real/"), ("enroll", f"enroll/{folder}/")):
                texts[f"protocols/{kind}-{folder}.txt"] = _lines(files, top)
            attacks = [file for file in files if file.startswith(f"{folder}/attack/")]
            for name in _PROTOCOLS:
                path = f"protocols/attack-{name}-allsupports-{folder}.txt"
                texts[path] = "".join(f"{f}\n" for f in attacks if _takes(name, f))
        return texts


def _lines(files: Iterable[str], start: str) -> str:
    return "".join(f"{file}\n" for file in files if file.startswith(start))


def _takes(protocol: str, file: str) -> bool:
    """Whether a sub-protocol takes an attack."""
    # attack_<instrument>_client_session_<sample>_<medium>_<light>
    words = file.rpartition("/")[2].split("_")
    instruments, media = _PROTOCOLS[protocol]
    return words[1] in instruments.split() and words[5] in media.split()


def _videos(user: int, folder: str, light: str) -> Iterator[Video]:
    client = f"client{user:03d}_session01"
    for number in (1, 2):
        name = f"{folder}/real/{client}_webcam_authenticate_{light}_{number}"
        yield _video(name, None, number)
    yield _video(f"enroll/{folder}/{client}_webcam_enroll_{light}_1", None, 3)
    for number, (attack, support) in enumerate(product(_ATTACKS, _SUPPORTS), start=1):
        instrument, sample, medium, shown = attack
        name = f"attack_{instrument}_{client}_{sample}_{medium}_{light}"
        video = _video(f"{folder}/attack/{support}/{name}", shown, number)
        yield video._replace(support=support, photo=medium == "photo")


def _video(path: str, instrument: str | None, number: int) -> Video:
    boxes = side(f"face-locations/{path}.face", "xywh", number)
    return Video(path, instrument, number, ".mov", sides=(boxes,))
