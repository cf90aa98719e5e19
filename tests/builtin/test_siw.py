"""SiW: what names say, the folds of its protocols, the window of protocol 1."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fasharness.builtin.datasets.siw import Siw
from fasharness.data import Presentation, Split
from fasharness.errors import DataError

Make = Callable[..., Path]


def names() -> Iterator[str]:
    """Every kind of name of eight training and two test subjects."""
    for part, subjects in (("Train", range(3, 11)), ("Test", (153, 154))):
        for subject in subjects:
            for kind, media, word in ((1, (1, 2), "live"), (2, (1, 2), "spoof"),
                                      (3, (1, 2, 3, 4), "spoof")):  # fmt: skip
                for medium in media:
                    name = f"{subject:03d}-1-{kind}-{medium}-1"
                    yield f"{part}/{word}/{subject:03d}/{name}.mov"


@pytest.fixture
def data(make_root: Make) -> Siw:
    return Siw(make_root(names()))


def species(shown: tuple[Presentation, ...]) -> set[str]:
    return {p.species or "live" for p in shown}


def test_a_name_says_what_it_shows():
    live = Siw.item("Test/live/158/158-2-1-2-1.m.mov")
    assert live is not None
    assert (live.id, live.subject, live.part) == (
        "Test/live/158/158-2-1-2-1.m", "158", Split.TEST,
    )  # fmt: skip
    assert (live.device, live.session, live.attributes) == (
        "logitech-c920", "session1", {"light": "extra"},
    )  # fmt: skip
    paper = Siw.item("Train/spoof/003/003-1-2-1-2.mov")
    assert paper is not None
    assert (paper.species, paper.device, paper.attributes) == (
        "print1", "canon-eos-t6", {"paper": "matte"},
    )  # fmt: skip
    screen = Siw.item("Train/spoof/003/003-1-3-4-1.mov")
    assert screen is not None
    assert (screen.species, screen.attributes) == ("replay4", {})


@pytest.mark.parametrize(
    "path",
    [
        "Train/live/003/004-1-1-1-1.mov",  # another subject's folder
        "Train/live/003/003-1-3-1-1.mov",  # an attack among bona fide videos
        "Train/spoof/003/003-1-1-1-1.mov",
        "Train/spoof/003/003-1-2-3-1.mov",  # there are two prints
        "Train/live/003/003-3-1-1-1.mov",  # two cameras
        "Train/live/003/003_1_1_1_1.mov",  # as the page prints it
        "train/live/003/003-1-1-1-1.mov",
        "Train/live/003/003-1-1-1-1.avi",
    ],
)
def test_other_names_are_none_of_the_set(path: str):
    assert Siw.item(path) is None


def test_protocol_1_trains_on_the_first_60_frames_and_tests_on_all(data: Siw):
    found = data.protocol("siw-1")
    assert {p.window for p in found.train} == {(0, 60)}
    assert {p.window for p in (*found.dev, *found.test)} == {None}
    assert species(found.test) == {"live", "print1", "print2", *(f"replay{n}" for n in "1234")}
    # no dev was published: the third and seventh of eight subjects come out of train
    assert {p.subject for p in found.dev} == {"006", "010"}
    assert "one in 4 subjects" in found.dev_rule
    whole = data.protocol("siw-1@test-eer")
    assert (len(whole.train), whole.dev, whole.convention.leaks) == (64, (), True)
    assert {p.window for p in whole.train} == {(0, 60)}


def test_protocol_2_holds_one_display_out_and_has_no_prints(data: Siw):
    for display in "1234":
        found = data.protocol(f"siw-2_{display}")
        others = {f"replay{n}" for n in "1234" if n != display}
        assert species(found.test) == {"live", f"replay{display}"}
        assert species(found.train) == species(found.dev) == {"live", *others}


def test_protocol_3_trains_on_one_kind_of_attack_and_tests_on_the_other(data: Siw):
    prints, replays = {"print1", "print2"}, {f"replay{n}" for n in "1234"}
    for fold, (train, test) in {"siw-3_1": (prints, replays), "siw-3_2": (replays, prints)}.items():
        found = data.protocol(fold)
        assert (species(found.train), species(found.test)) == ({"live"} | train, {"live"} | test)


def test_boxes_lie_beside_a_video_with_or_without_its_first_ending(make_root: Make):
    root = make_root([*names(), "Test/live/153/153-2-1-1-1.m.mov"])
    data = Siw(root)
    shown = {p.id: p for p in data.protocol("siw-1").test}
    (root / "Test/live/153/153-2-1-1-1.face").write_text("0 0 0 0\n10 20 30 60\n")
    (root / "Test/live/153/153-1-1-1-1.face").write_text("10 20 20 40\n1 2 9 9\n")
    odd, plain = (
        data.faces(shown[f"Test/live/153/153-{name}"]) for name in ("2-1-1-1.m", "1-1-1-1")
    )
    assert {frame: face.box for frame, face in odd.items()} == {1: (10, 20, 20, 40)}
    assert [face.box for face in plain.values()] == [(10, 20, 10, 20), (1, 2, 8, 7)]


def test_boxes_of_another_column_order_are_refused(data: Siw):
    (data.root / "Test/live/153/153-1-1-1-1.face").write_text("100 120 40 60\n")  # x y w h
    shown = next(p for p in data.protocol("siw-1").test if p.id.endswith("153-1-1-1-1"))
    with pytest.raises(DataError, match=r"153-1-1-1-1\.face:1: no rectangle: width -60"):
        data.faces(shown)


def test_a_link_out_of_the_root_is_refused(data: Siw, tmp_path: Path):
    outside = tmp_path / "elsewhere.mov"
    outside.touch()
    (data.root / "Train/live/003/003-2-1-1-1.mov").symlink_to(outside)
    with pytest.raises(DataError, match=r"003-2-1-1-1\.mov: a link that leads out of the root"):
        Siw(data.root).protocol("siw-1")


def test_a_subject_in_train_and_test_is_found(make_root: Make):
    data = Siw(make_root([*names(), "Test/live/003/003-1-1-1-1.mov"]))
    found = [f for f in data.validate([]).findings if f.kind == "subject"]
    assert [(f.name, f.detail) for f in found] == [("003", "is in test and train")]
    with pytest.raises(DataError, match="subject 003 is in both train and test"):
        data.protocol("siw-1")
