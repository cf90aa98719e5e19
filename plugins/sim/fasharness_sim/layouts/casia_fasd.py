"""CASIA-FASD's layout: twelve files of a subject, three cameras, numbers start again in test."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import NamedTuple

from fasharness.data import Split
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans

_FOLDERS = MappingProxyType({Split.TRAIN: "train_release", Split.TEST: "test_release"})
_TRAIN = 20  # subjects of train; test's first is user 21
_LONG = 48


class _Quality(NamedTuple):
    """A camera: phone, width and height, and its files: bona fide, warped, cut, video."""

    phone: int
    width: int
    height: int
    files: tuple[str, str, str, str]


_QUALITIES = (
    _Quality(3, 640, 480, ("1", "3", "5", "7")),
    _Quality(5, 480, 640, ("2", "4", "6", "8")),
    _Quality(1, 720, 1280, ("HR_1", "HR_2", "HR_3", "HR_4")),
)
_SHOWN = (None, "warped", "cut", "tablet")


class CasiaFasdLayout(Twin):
    """CASIA-FASD: a bona fide video, a warped and a cut photo and a replay before each camera."""

    dataset = "casia-fasd"
    title = "CASIA-FASD"
    version = 1
    people = 1_000_000
    plans = plans(
        tiny=Plan((4, 3), 8, 2.5), mini=Plan((12, 12), 12, 2), small=Plan((20, 30), 24, 2)
    )
    sizes = MappingProxyType({"tiny": 84, "mini": 288, "small": 600})
    users = MappingProxyType({Split.TRAIN: range(1, 21), Split.TEST: range(21, 51)})
    protocols = MappingProxyType({"casia-overall": "all qualities and attacks"})
    naming = (
        "{train,test}_release/SUBJECT/FILE",
        "the video; 1, 2, HR_1 are bona fide, 3, 4, HR_2 warped photos, 5, 6, HR_3 cut photos "
        "with the attacker's eyes behind them, 7, 8, HR_4 replays",
    )
    beside = MappingProxyType({})

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a subject before the three cameras; train's first has a short and a long video."""
        subject = user if split is Split.TRAIN else user - _TRAIN
        folder = f"{_FOLDERS[split]}/{subject}"
        for quality in _QUALITIES:
            shape = plan.shape(quality.width, quality.height, 12)
            pairs = enumerate(zip(quality.files, _SHOWN, strict=True))
            videos = [_video(f"{folder}/{file}", shown, k, user) for k, (file, shown) in pairs]
            if user == 1 and quality.phone == 5:
                for frames in (_LONG, SHORT):
                    alone = (videos.pop(0),)
                    yield Sitting(user, 2, 5, alone, shape._replace(frames=frames))
            yield Sitting(user, 1 + user % 3, quality.phone, tuple(videos), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write no list: there are none."""
        del sittings
        return {}


def _video(path: str, shown: str | None, number: int, user: int) -> Video:
    # A few people hold all cut photos before their faces; nobody else sees them.
    attacker = 101 + user % 5 if shown == "cut" else None
    return Video(path, shown, number + 1, other=attacker)
