"""SiW-M's layout: thirteen types of attack in folders, and no person in any name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fasharness.data import Split
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans


class Kind(NamedTuple):
    """A kind of attack: how its names begin, its folder, its PAI species, what is simulated."""

    word: str
    folder: str
    species: str
    shown: str


KINDS = (
    Kind("Makeup_Co", "Makeup/Cosmetic", "makeup-cosmetic", "print2"),
    Kind("Makeup_Im", "Makeup/Impersonation", "makeup-impersonation", "print2"),
    Kind("Makeup_Ob", "Makeup/Obfuscation", "makeup-obfuscation", "print2"),
    Kind("Mask_Half", "Mask/HalfMask", "mask-half", "print2"),
    Kind("Mask_Mann", "Mask/MannequinHead", "mask-mannequin", "print2"),
    Kind("Mask_Paper", "Mask/PaperMask", "mask-paper", "print2"),
    Kind("Mask_Silicone", "Mask/SiliconeMask", "mask-silicone", "print2"),
    Kind("Mask_Trans", "Mask/TransparentMask", "mask-transparent", "print2"),
    Kind("Paper", "Paper", "print", "print1"),
    Kind("Partial_Eye", "Partial/PaperCut", "partial-eye", "print2"),
    Kind("Partial_Funnyeye", "Partial/FunnyeyeGlasses", "partial-funnyeye", "print2"),
    Kind("Partial_Mouth", "Partial/PaperCut", "partial-mouth", "print2"),
    Kind("Partial_Paperglass", "Partial/PaperGlasses", "partial-paperglasses", "print2"),
    Kind("Replay", "Replay", "replay", "display1"),
)
STAND_INS: Mapping[str, str] = MappingProxyType(
    {
        kind.species: "a print of the whole picture"
        for kind in KINDS
        if kind.species not in ("print", "replay")
    }
)
FRAME = (1080, 1920)
USERS: Mapping[Split, Sequence[int]] = MappingProxyType(
    {Split.TRAIN: (*range(1, 5), *range(7, 101)), Split.TEST: (5, 6, *range(101, 201))}
)


class SiwMLayout(Twin):
    """SiW-M: a bona fide video of each person, and attacks of all types spread over them."""

    dataset = "siw-m"
    title = "SiW-M"
    version = 1
    people = 700_000
    plans = plans(tiny=Plan((4, 2), 8, 6), mini=Plan((32, 12), 12, 4), small=Plan((80, 40), 24, 3))
    sizes = MappingProxyType({"tiny": 36, "mini": 264, "small": 720})
    users = USERS
    protocols = MappingProxyType({"siw-m-loo": "one type held out"})
    ending = ".mov"
    naming = ("Live/{Train,Test}/Live_N, TYPE/TYPE_N", "the video, H.264")
    beside = MappingProxyType({})
    stand_ins = STAND_INS

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a person with attacks of five kinds; one bona fide video is short."""
        shape = plan.shape(*FRAME, fps=15)
        session, phone = 1 + user % 3, 1 + user % 6
        part = "Train" if split is Split.TRAIN else "Test"
        live = Video(f"Live/{part}/Live_{user}", None, 1, ".mov", crf=23)
        length = shape._replace(frames=SHORT) if user == 1 else shape
        yield Sitting(user, session, phone, (live,), length)
        attacks = (_attack(kind, user, number) for number, kind in enumerate(kinds_of(user), 1))
        yield Sitting(user, session, phone, tuple(attacks), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write no list: folders tell the types."""
        del sittings
        return {}


def kinds_of(user: int) -> tuple[Kind, ...]:
    """Return the five kinds of which a person has an attack; persons 1 to 6 have each twice."""
    return tuple(KINDS[(5 * user + k) % len(KINDS)] for k in range(5))


def name_of(word: str, user: int) -> str:
    """Return the name of a person's attack; one says more than a number, as in the data set."""
    return f"{word}_55_noLive_546" if (word, user) == ("Makeup_Co", 2) else f"{word}_{user}"


def _attack(kind: Kind, user: int, number: int) -> Video:
    path = f"{kind.folder}/{name_of(kind.word, user)}"
    return Video(path, kind.shown, number, ".mov", crf=23)
