"""The 17,660 real names of eight data sets that the package gradgpad lists: all are understood.

The package's own annotations, made by people who had the videos, are the reference: what a name
says of the attack and of the camera must be what they say.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable

import pytest

from fasharness.builtin.datasets import oulu_npu
from fasharness.errors import FetchError
from fasharness.plugins import load
from fasharness.released.dataset import Released
from fasharness.released.items import Item
from fasharness.scorefiles import gradgpad
from fasharness.scores import Score

pytestmark = pytest.mark.slow  # it fetches 16 MB

# number of names, and the digest of all that they say
KNOWN = {
    "oulu-npu": (4950, "28ac6c3077b1e14f"),
    "replay-attack": (1200, "2b8cdd7b98fa38cd"),
    "replay-mobile": (1030, "4664db45bbe4e8e4"),
    "casia-fasd": (600, "65e35bda4a71fd93"),
    "msu-mfsd": (280, "ebd58e79b41ea238"),
    "siw": (4477, "d901f63a9ef87bbf"),
    "siw-m": (1626, "76f96ec56a23588f"),
    "rose-youtu": (3497, "2861c81134e4db17"),
}

# What the package calls a species whose name here does not begin with that word.
OTHER_WORDS = {
    "cut-photo": "mask", "display": "replay", "highdef-photo": "replay", "highdef-video": "replay",
    "ipad-video": "replay", "iphone-video": "replay", "mask-upper": "partial",
    "mattescreen-photo": "replay", "mattescreen-video": "replay", "mobile-photo": "replay",
    "mobile-video": "replay", "printed-photo": "print", "tablet-video": "replay",
    "warped-photo": "print",
}  # fmt: skip


@pytest.fixture(scope="module")
def facts() -> dict[str, list[Score]]:
    """The package's annotations by data set."""
    try:
        folder = gradgpad.get()
    except FetchError as error:
        pytest.skip(f"the names cannot be fetched here: {error}")
    found = defaultdict(list)
    for fact in gradgpad.read_facts(folder).values():
        found[dict(fact.attributes)["dataset"]].append(fact)
    return found


def reader(name: str) -> Callable[[str], Item | None]:
    dataset = load().dataset(name)
    return dataset.item if issubclass(dataset, Released) else _oulu


def _oulu(path: str) -> Item | None:
    folder, _, name = path.partition("/")
    found = oulu_npu.parse_name(name.removesuffix(".avi"))
    if folder != oulu_npu.FOLDERS[found.split]:
        return None
    return Item(path, oulu_npu.SPECIES[found.file], f"{found.user:02d}", found.split,
                f"phone{found.phone}", f"session{found.session}")  # fmt: skip


def read(name: str, facts: dict[str, list[Score]]) -> list[tuple[Score, Item]]:
    """Each annotation with what the loader understands of its path."""
    item = reader(name)
    pairs = [(f, item(f.presentation.removeprefix(f"{name}_"))) for f in facts[name]]
    assert [f.presentation for f, found in pairs if found is None] == []
    return [(f, found) for f, found in pairs if found is not None]


def line(item: Item) -> str:
    facts = " ".join(f"{name}={text}" for name, text in sorted(item.attributes.items()))
    return "\t".join(
        map(str, (item.id, item.species, item.subject, item.part, item.device, item.session, facts))
    )


@pytest.mark.parametrize("name", KNOWN)
def test_every_name_is_understood(name: str, facts: dict[str, list[Score]]):
    lines = sorted(line(item) for _, item in read(name, facts))
    assert len({text.partition("\t")[0] for text in lines}) == len(lines)  # ids are unique
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    assert (len(lines), digest) == KNOWN[name]


def test_they_are_all():
    assert sum(count for count, _ in KNOWN.values()) == 17660


@pytest.mark.parametrize("name", KNOWN)
def test_what_a_name_shows_is_what_others_saw(name: str, facts: dict[str, list[Score]]):
    told: dict[str | None, set[str]] = defaultdict(set)
    for fact, item in read(name, facts):
        told[item.species].add((fact.species or "").partition(" ")[0])
    assert told.pop(None) == {""}
    for species, words in told.items():
        own = (species or "").rstrip("12345")
        assert words == {OTHER_WORDS.get(own, own.partition("-")[0])}


@pytest.mark.parametrize("name", KNOWN)
def test_a_device_is_of_one_class(name: str, facts: dict[str, list[Score]]):
    told = defaultdict(set)
    for fact, item in read(name, facts):
        told[item.device or item.attributes.get("quality", "")].add(fact.device)
    assert all(len(classes) == 1 for classes in told.values())


@pytest.mark.parametrize("name", KNOWN)
def test_subjects_are_those_that_others_count(name: str, facts: dict[str, list[Score]]):
    pairs = {(fact.subject, item.subject) for fact, item in read(name, facts)}
    # one of theirs is one of ours, and the reverse
    assert len({one for one, _ in pairs}) == len({one for _, one in pairs}) == len(pairs)
