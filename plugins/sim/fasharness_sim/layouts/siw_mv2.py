"""SiW-Mv2's layout: fourteen types of attack, and the authors' lists with repeated lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle, islice
from types import MappingProxyType

from fasharness.data import Split
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.layouts.siw_m import FRAME, KINDS, STAND_INS, USERS, name_of
from fasharness_sim.layouts.twin import SHORT, Plan, Twin, plans

_LEAST = 10  # lines of a type in the list that repeats names
# kinds of the pretraining domain and of those that it is tested on
_DOMAINS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "test_A_pretrain": ("Paper", "Mask_Half", "Makeup_Co"),
        "test_B_spoof": ("Replay", "Mask_Silicone"),
        "test_C_race": ("Paper",),
        "test_D_age": ("Mask_Half",),
        "test_E_ill": ("Makeup_Co",),
    }
)


class SiwMv2Layout(Twin):
    """SiW-Mv2: a bona fide video of each person, and an attack of every type."""

    dataset = "siw-mv2"
    title = "SiW-Mv2"
    version = 1
    people = 800_000
    plans = plans(tiny=Plan((4, 2), 8, 6), mini=Plan((12, 6), 12, 4), small=Plan((36, 24), 24, 3))
    sizes = MappingProxyType({"tiny": 90, "mini": 270, "small": 900})
    users = USERS
    protocols = MappingProxyType(
        {"siw-mv2-1": "all types are known", "siw-mv2-2": "one type held out"}
    )
    ending = ".mov"
    naming = ("Live/Live_N, Spoof/TYPE/TYPE_N", "the video, H.264")
    beside = MappingProxyType(
        {"pro_3_text/": "the lists of all protocols, names without folder and ending"}
    )
    stand_ins = STAND_INS

    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield a person with an attack of each kind; one bona fide video is short."""
        del split
        shape = plan.shape(*FRAME, fps=15)
        session, phone = 1 + user % 3, 1 + user % 6
        live = Video(f"Live/Live_{user}", None, 1, ".mov", crf=23)
        length = shape._replace(frames=SHORT) if user == 1 else shape
        yield Sitting(user, session, phone, (live,), length)
        attacks = (
            Video(
                f"Spoof/{kind.word}/{name_of(kind.word, user)}", kind.shown, number, ".mov", crf=23
            )
            for number, kind in enumerate(KINDS, start=1)
        )
        yield Sitting(user, session, phone, tuple(attacks), shape)

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        """Write the four lists of protocol 1 and 2, and those of the domains of protocol 3."""
        present = {sitting.user for sitting in sittings}
        train, test = (
            [user for user in self.users[split] if user in present]
            for split in (Split.TRAIN, Split.TEST)
        )
        known = [kind.word for kind in KINDS if kind.word not in _DOMAINS["test_B_spoof"]]
        names = {
            "trainlist_live": _live(train),
            "testlist_live": _live(test),
            # Names come again and again, so that types have as many lines.
            "trainlist_all": list(chain.from_iterable(_repeated(k.word, train) for k in KINDS)),
            "testlist_all": [name_of(kind.word, user) for kind in KINDS for user in test],
            "train_A_pretrain": [*_live(train), *(name_of(w, u) for w in known for u in train)],
        }
        for domain, words in _DOMAINS.items():
            names[domain] = [
                *_live(test),
                *(name_of(word, user) for word in words for user in test),
            ]
        # Two names are in both lists of the first domain, as in the authors'.
        names["test_A_pretrain"] += [name_of("Paper", user) for user in train[:2]]
        return {f"pro_3_text/{n}.txt": "".join(f"{x}\n" for x in rows) for n, rows in names.items()}


def _live(users: Iterable[int]) -> list[str]:
    return [f"Live_{user}" for user in users]


def _repeated(word: str, users: Sequence[int]) -> Iterator[str]:
    names = [name_of(word, user) for user in users]
    return islice(cycle(names), max(_LEAST, 2 * len(names)) if names else 0)
