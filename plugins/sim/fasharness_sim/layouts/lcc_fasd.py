"""LCC-FASD's layout: pictures in three parts, the last of which is flat; no name tells a person."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import Plan, Twin, plans

_PARTS = MappingProxyType(
    {Split.TRAIN: "training", Split.DEV: "development", Split.TEST: "evaluation"}
)
_SIZES = ((640, 480), (480, 640), (720, 720))
_INSTRUMENTS = ("print1", "display1", "print2", "display2")


class LccFasdLayout(Twin):
    """LCC-FASD: a bona fide picture and an attack of each person."""

    dataset = "lcc-fasd"
    title = "LCC-FASD"
    version = 1
    people = 600_000
    plans = plans(
        tiny=Plan((3, 3, 3), 1, 2), mini=Plan((60, 30, 60), 1, 2), small=Plan((200, 100, 200), 1, 2)
    )
    sizes = MappingProxyType({"tiny": 18, "mini": 300, "small": 1000})
    users = MappingProxyType(
        {
            Split.TRAIN: range(1, 201),
            Split.DEV: range(201, 301),
            Split.TEST: range(301, 501),
        }
    )
    protocols = MappingProxyType({"lcc-fasd-official": "the three parts"})
    ending = ".{png,jpg}"
    naming = (
        "LCC_FASD_{training,development}/{real,spoof}/NAME, LCC_FASD_evaluation/{real,spoof}_N",
        "the picture",
    )
    beside = MappingProxyType({})

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a person; pictures are of several sizes, those of development JPEG."""
        shape = plan.shape(*_SIZES[user % 3], fps=1)
        start, part = f"LCC_FASD_{_PARTS[split]}", split
        ending = ".jpg" if part is Split.DEV else ".png"
        shown = _INSTRUMENTS[user % 4]
        if part is Split.TEST:
            names = (f"{start}/real_{user}", f"{start}/spoof_{user}")
        else:
            names = (f"{start}/real/YOUTUBE_id{user}_s2_15", f"{start}/spoof/spoof_{user}")
        videos = (Video(names[0], None, 1, ending), Video(names[1], shown, 1, ending))
        yield Sitting(user, 1 + user % 3, 1 + user % 6, videos, shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write no list: there are none."""
        del sittings
        return {}
