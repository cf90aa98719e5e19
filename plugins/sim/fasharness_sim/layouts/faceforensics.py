"""FaceForensics++'s layout: originals, six methods, compressions, and the official pairs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.formats import Format
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans

_METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter")
_RATES = MappingProxyType({"c23": 23, "c40": 40, "raw": 0})  # the first ones in small sizes
# The first of the official pairs (dataset/splits of ondyari/FaceForensics at b952e41).
_PAIRS: Mapping[Split, str] = MappingProxyType(
    {
        Split.TRAIN: "071_054 087_081 881_856 187_234 645_688 754_758 811_920 710_788 628_568 "
        "312_021 950_836 059_050 524_580 751_752 918_934 604_703 296_293 518_131 536_540 969_897",
        Split.DEV: "720_672 939_115 284_263 402_453 820_818 762_832 834_852 922_898 104_126",
        Split.TEST: "953_974 012_026 078_955 623_630 919_015 367_371 847_906 529_633 418_507 "
        "227_169 389_480 821_812 670_661 158_379",
    }
)
_ACTOR = 1000  # actor 1 is user 1001; video 000 would be user 1
_SCENE, _SIGNS = "exit_phone_room", "YVGY8LOK"
_SIZES = ((640, 480), (852, 480))
_FILES = MappingProxyType({Split.TRAIN: "train", Split.DEV: "val", Split.TEST: "test"})


def _pairs(split: Split) -> list[list[str]]:
    return [pair.split("_") for pair in _PAIRS[split].split()]


def _users(split: Split) -> tuple[int, ...]:
    """Users of a split: pair after pair, in train after two actors."""
    actors = (_ACTOR + 1, _ACTOR + 2) if split is Split.TRAIN else ()
    return (*actors, *(int(video) + 1 for video in chain.from_iterable(_pairs(split))))


_PARTNERS: Mapping[str, str] = MappingProxyType(
    {one: other for split in Split for a, b in _pairs(split) for one, other in ((a, b), (b, a))}
)


class FaceForensicsLayout(Twin):
    """FaceForensics++: an original video of each person, and one of each method made of it."""

    dataset = "faceforensics"
    title = "FaceForensics++"
    version = 1
    people = 1_100_000
    # Of each pair both persons, or their forgeries have no source.
    plans = plans(
        tiny=Plan((6, 2, 2), 8, 2.5, 2),
        mini=Plan((18, 8, 8), 12, 2, 2),
        small=Plan((42, 18, 28), 24, 2, 3),
    )
    sizes = MappingProxyType({"tiny": 104, "mini": 392, "small": 1560})
    users = MappingProxyType({split: _users(split) for split in Split})
    protocols = MappingProxyType(
        {"faceforensics-c23": "the four methods of the paper at c23", "faceforensics-c40": "at c40"}
    )
    ending = ".mp4"
    naming = (
        "{original,manipulated}_sequences/KIND/{raw,c23,c40}/videos/NAME",
        "the video, H.264 at rate factor 0, 23 or 40; a forgery's NAME is target_source",
    )
    beside = MappingProxyType({"splits/": "the official pairs, as far as their videos exist"})

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a person with all that is made of the original video; one original is short."""
        del split
        if user > _ACTOR:
            yield _sitting(user, plan, tuple(_of_actor(user - _ACTOR, plan.each)))
            return
        name = f"{user - 1:03d}"
        videos = tuple(_of_video(name, plan.each))
        shape = plan.shape(*_SIZES[user % 2], fps=15)
        if name == "071":
            # The forgeries of a short original are short as well.
            shape = shape._replace(frames=SHORT)
        yield _sitting(user, plan, videos, shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write the pairs of each part of which both persons are there."""
        present = {f"{sitting.user - 1:03d}" for sitting in sittings}
        texts = {}
        for split, name in _FILES.items():
            pairs = [pair for pair in _pairs(split) if present.issuperset(pair)]
            texts[f"splits/{name}.json"] = json.dumps(pairs) + "\n"
        return texts


def _sitting(
    user: int, plan: Plan, videos: tuple[Video, ...], shape: Format | None = None
) -> Sitting:
    return Sitting(
        user, 1 + user % 3, 1 + user % 6, videos, shape or plan.shape(*_SIZES[1], fps=15)
    )


def _of_video(name: str, rates: int) -> Iterator[Video]:
    """Yield an original and what the methods make of it with the face of its partner."""
    source = _PARTNERS[name]
    yield from _at_rates("original_sequences/youtube", name, None, 1, None, rates)
    for number, method in enumerate(_METHODS, start=1):
        path = f"manipulated_sequences/{method}"
        yield from _at_rates(path, f"{name}_{source}", method, number, int(source) + 1, rates)


def _of_actor(actor: int, rates: int) -> Iterator[Video]:
    """Yield an actor's video, and the forgery of it with the other one's face."""
    scene = f"{actor:02d}__{_SCENE}"
    yield from _at_rates("original_sequences/actors", scene, None, 1, None, rates)
    other = 3 - actor
    name = f"{actor:02d}_{other:02d}__{_SCENE}__{_SIGNS}"
    kind = "DeepFakeDetection"
    path = f"manipulated_sequences/{kind}"
    yield from _at_rates(path, name, kind, 1, _ACTOR + other, rates)


def _at_rates(
    folder: str, name: str, method: str | None, number: int, other: int | None, rates: int
) -> Iterator[Video]:
    """Yield the copies of one video at the first rates."""
    for word, crf in tuple(_RATES.items())[:rates]:
        path = f"{folder}/{word}/videos/{name}"
        yield Video(path, method, number, ".mp4", crf=crf, other=other)
