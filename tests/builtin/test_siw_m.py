"""SiW-M: names of 14 kinds in 13 types, each held out once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.siw_m import FOUND, HELD, KINDS, SiwM
from fasharness.data import Split

Make = Callable[..., Path]
LIVE = [f"Live/{part}/Live_{n}.mov" for part in ("Train", "Test") for n in (1, 2, 3, 4)]
SPOOF = [f"{kind.folder}/{kind.word}_{n}.mov" for kind in KINDS for n in (1, 2)]


def test_a_name_says_what_it_shows():
    odd = SiwM.item("Makeup/Cosmetic/Makeup_Co_55_noLive_546.mov")
    assert odd is not None
    assert (odd.species, odd.subject, odd.part) == ("makeup-cosmetic", "", None)
    live = SiwM.item("Live/Test/Live_123.mov")
    assert live is not None
    assert (live.species, live.part) == (None, Split.TEST)
    # a part of a name of another type must not be taken for it
    assert [SiwM.item(f"{path}_1.mov").species for path in (  # type: ignore[union-attr]
        "Paper/Paper", "Mask/PaperMask/Mask_Paper", "Partial/PaperGlasses/Partial_Paperglass",
    )] == ["print", "mask-paper", "partial-paperglasses"]  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "Paper/Mask_Paper_1.mov",
        "Mask/HalfMask/Mask_Trans_1.mov",
        "Live/Train/Paper_1.mov",
        "Live/Live_1.mov",
        "Replay/replay_1.mov",
        "Replay/Replay_1.mp4",
    ],
)
def test_other_names_are_none_of_the_set(path: str):
    assert SiwM.item(path) is None


@pytest.mark.parametrize("held", sorted(HELD))
def test_each_type_is_in_test_alone_where_it_is_held_out(make_root: Make, held: str):
    found = SiwM(make_root([*LIVE, *SPOOF])).protocol(f"siw-m-loo_{held}")
    every = {kind.species for kind in KINDS}
    assert {p.species for p in found.test} == {None, *HELD[held]}
    assert {p.species for p in (*found.train, *found.dev)} == {None, *every.difference(HELD[held])}
    assert {p.id for p in found.test if p.bona_fide} == {f"Live/Test/Live_{n}" for n in "1234"}
    # no name tells a person: dev is carved by presentation, and the protocol says so
    assert (found.subjects, len(found.dev) > 0) == ("unknown", True)


def test_the_two_kinds_of_paper_cuts_are_one_type():
    assert HELD["partial-paper"] == ("partial-eye", "partial-mouth")
    assert (len(HELD), sum(FOUND.values())) == (13, 967)
