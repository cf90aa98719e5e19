"""SiW-Mv2: lists whose repeated lines are weights, types held out by their whole name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.siw_m import KINDS
from fasharness.builtin.datasets.siw_mv2 import LISTED, SiwMv2
from fasharness.errors import DataError

Make = Callable[..., Path]
SPECIES = {kind.word: kind.species for kind in KINDS}
LIVE = [f"Live_{n}" for n in range(1, 9)]
SPOOF = [f"{word}_{n}" for word in SPECIES for n in (1, 2, 3)]
FILES = [*(f"Live/{name}.mov" for name in LIVE), *(f"Spoof/{name}.mov" for name in SPOOF)]
LISTS = {
    "trainlist_live": LIVE[:5],
    "trainlist_all": [n for n in SPOOF if not n.endswith("_3")] + ["Replay_1", "Replay_1"],
    "testlist_live": LIVE[5:],
    "testlist_all": [n for n in SPOOF if n.endswith("_3")],
    "train_A_pretrain": ["Live_1", "Live_2", "Live_3", "Live_4", "Live_5", "Replay_1", "Replay_1",
                         "Replay_2", "Replay_3", "Paper_1", "Paper_2"],
    "test_D_age": ["Live_5", "Live_7", "Paper_2", "Paper_3"],
}  # fmt: skip


@pytest.fixture
def data(make_root: Make) -> SiwMv2:
    root = make_root(FILES)
    (root / "pro_3_text").mkdir()
    for name, lines in LISTS.items():
        # The authors' lists end without a line end.
        (root / "pro_3_text" / f"{name}.txt").write_text("\n".join(lines))
    return SiwMv2(root)


def names(shown) -> set[str]:
    return {p.id.rpartition("/")[2] for p in shown}


def test_known_types_are_the_four_lists_and_repeated_lines_are_weights(data: SiwMv2):
    found = data.protocol("siw-mv2-1")
    assert names((*found.train, *found.dev)) == {*LISTS["trainlist_live"], *LISTS["trainlist_all"]}
    assert names(found.test) == {*LISTS["testlist_live"], *LISTS["testlist_all"]}
    assert found.weights == {"Spoof/Replay_1": 3}
    # a name counts once
    assert data.validate(["siw-mv2-1"]).counts["siw-mv2-1"].startswith("train 5+28 of ")
    assert (found.version, found.subjects) == ("files+rule", "unknown")


@pytest.mark.parametrize("held", sorted(LISTED))
def test_exactly_one_type_is_held_out_with_every_video_of_it(data: SiwMv2, held: str):
    found = data.protocol(f"siw-mv2-2_{held}")
    every = set(SPECIES.values())
    assert {p.species for p in (*found.train, *found.dev)} == {None, *every} - {held}
    attacks = [p for p in found.test if not p.bona_fide]
    assert {p.species for p in attacks} == {held}
    assert len(attacks) == 3
    assert names(p for p in found.test if p.bona_fide) == set(LISTS["testlist_live"])


def test_names_in_train_and_test_of_a_domain_are_taken_out_of_train(data: SiwMv2):
    found = data.protocol("siw-mv2-3_D")
    assert names(found.test) == set(LISTS["test_D_age"])
    left = set(LISTS["train_A_pretrain"]) - {"Live_5", "Paper_2"}
    assert names((*found.train, *found.dev)) == left
    assert [note.partition(" ")[0] for note in data.notes("siw-mv2-3_D")] == [
        "Live/Live_5.mov", "Spoof/Paper_2.mov",
    ]  # fmt: skip


def test_videos_may_lie_in_folders_of_their_types(make_root: Make):
    assert SiwMv2.item("Spoof/Mask_Half/Mask_Half_7.mp4") is not None
    assert SiwMv2.item("Spoof/Mask_Half_7.txt") is None
    assert SiwMv2.item("Spoof/Mask_Unknown_7.mov") is None


def test_a_missing_list_is_named_with_where_to_get_it(make_root: Make):
    data = SiwMv2(make_root(FILES))
    with pytest.raises(DataError, match=r"trainlist_live\.txt: no such list, nor in pro_3_text"):
        data.protocol("siw-mv2-1")
    # validation says so too, and does not end there
    lists = [f for f in data.validate(["siw-mv2-1"]).findings if f.kind == "list"]
    assert [("no such list" in f.detail) for f in lists] == [True]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Mask_Half_99", "no video is called 'Mask_Half_99'"),
        ("mask_half_1", "no video is called 'mask_half_1'; 'Mask_Half_1' is"),
        ("Mask_Half_1.mov", "no video is called 'Mask_Half_1.mov'"),
        ("Mask_Half_1 1", "expected 'path', got 'Mask_Half_1 1'"),
    ],
)
def test_a_line_that_names_nothing_is_refused(data: SiwMv2, line: str, words: str):
    path = data.root / "pro_3_text" / "trainlist_all.txt"
    path.write_text(f"Replay_1\n{line}\n")
    with pytest.raises(DataError) as caught:
        data.protocol("siw-mv2-1")
    assert str(caught.value) == f"{path}:2: {words}"


def test_a_video_twice_in_a_test_list_is_refused(data: SiwMv2):
    path = data.root / "pro_3_text" / "testlist_live.txt"
    path.write_text("Live_6\nLive_6\n")
    with pytest.raises(DataError, match=r"testlist_live\.txt:2: .* was already listed on line 1"):
        data.protocol("siw-mv2-1")
