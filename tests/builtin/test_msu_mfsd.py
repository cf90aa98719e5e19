"""MSU-MFSD: names, the official lists of subjects, boxes beside the videos."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.msu_mfsd import CLIENTS, MsuMfsd
from fasharness.data import Split
from fasharness.errors import DataError

ATTACK = "scene01/attack/attack_client002_laptop_SD_ipad_video_scene01.mov"


@pytest.fixture
def data(make_root: Callable[..., Path]) -> MsuMfsd:
    return MsuMfsd(make_root([ATTACK]))


def test_names_by_hand():
    attack = MsuMfsd.item(ATTACK)
    assert attack is not None
    assert attack[1:5] == ("ipad-video", "client002", Split.TRAIN, "laptop")
    live = MsuMfsd.item("scene01/real/real_client001_android_SD_scene01.mp4")
    assert live is not None
    assert live[1:5] == (None, "client001", Split.TEST, "android")
    photo = MsuMfsd.item("scene01/attack/attack_client055_android_SD_printed_photo_scene01.mp4")
    assert photo is not None
    assert photo.species == "printed-photo"


@pytest.mark.parametrize("path", [ATTACK.replace(".mov", ".mp4"), ATTACK.replace("002", "02"),
                                  ATTACK.replace("laptop", "android"),
                                  ATTACK.replace("attack/", "real/")])  # fmt: skip
def test_what_is_no_name(path: str):
    assert MsuMfsd.item(path) is None


def test_the_counts_are_the_published_ones(data: MsuMfsd):
    names = list(MsuMfsd.names())
    assert len(set(names)) == len(names) == 280
    counts = data.outline("msu-mfsd").counts  # type: ignore[union-attr]
    assert counts == {Split.TRAIN: (30, 90), Split.DEV: (0, 0), Split.TEST: (40, 120)}
    protocol = data.protocol("msu-mfsd")
    assert (len(protocol.train) + len(protocol.dev), len(protocol.test)) == (120, 160)
    assert len(data.protocol("msu-mfsd@test-eer").train) == 120


def write_list(data: MsuMfsd, split: Split, subjects: tuple[int, ...]) -> Path:
    """Write a list as released: two digits, no line end after the last."""
    path = data.root / f"{split}_sub_list.txt"
    path.write_text("\n".join(f"{number:02d}" for number in subjects))
    return path


def test_lists_of_two_digits_without_a_last_line_end_are_the_rule(data: MsuMfsd):
    for split, subjects in CLIENTS.items():
        write_list(data, split, subjects)
    assert data.protocol("msu-mfsd").version == "files+rule"  # dev has none
    assert data.notes("msu-mfsd") == ()
    path = write_list(data, Split.TEST, CLIENTS[Split.TEST][1:])
    assert len(data.protocol("msu-mfsd").test) == 152
    notes = data.notes("msu-mfsd")
    assert len(notes) == 8
    assert "the list of test lacks scene01/" in notes[0]
    path.write_text("01\n13\n1\n")
    with pytest.raises(DataError, match=r"test_sub_list\.txt:3: subject 1 a second time"):
        data.protocol("msu-mfsd")
    path.write_text("01\nclient099\n")
    with pytest.raises(DataError, match=r"list\.txt:2: 'client099' is no subject of MSU-MFSD"):
        data.protocol("msu-mfsd")
    path.write_text("\n")
    with pytest.raises(DataError, match=r"list\.txt: the list is empty"):
        data.protocol("msu-mfsd")


def test_a_subject_of_both_lists_is_refused(data: MsuMfsd):
    write_list(data, Split.TRAIN, CLIENTS[Split.TRAIN])
    write_list(data, Split.TEST, (*CLIENTS[Split.TEST], 2))
    with pytest.raises(DataError, match="listed more than once"):
        data.protocol("msu-mfsd")


def test_boxes_are_beside_the_video(data: MsuMfsd):
    shown = next(p for p in data.protocol("msu-mfsd").train if data.path_of(p) == ATTACK)
    side = shown.path.with_suffix(".face")
    side.write_text("0,10,20,50,80,20,40,40,40")
    assert data.faces(shown)[0].box == (10, 20, 40, 60)
    assert side in data.side_files(shown)
