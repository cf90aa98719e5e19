"""CelebA-Spoof: JSON lists of 44 numbers, types of attacks, boxes of 224, shared subjects."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fasharness.builtin.datasets.celeba_spoof import CelebaSpoof
from fasharness.errors import DataError

Make = Callable[..., Path]
Entries = dict[str, list[int]]


def entry(kind: int, light: int = 0, place: int = 0, label: int | None = None) -> list[int]:
    return [0] * 40 + [kind, light, place, int(kind > 0) if label is None else label]


TRAIN: Entries = {
    "Data/train/1/live/000001.png": entry(0),
    "Data/train/1/spoof/000002.jpg": entry(1, 2, 1),
    "Data/train/2/live/000003.png": entry(0),
    "Data/train/2/spoof/000004.png": entry(10, 4, 2),
    # the folder says live, the list says attack: as in 2022 rows of the released list
    "Data/train/2/live/000005.png": entry(0, label=1),
}
TEST: Entries = {
    "Data/test/5028/live/000007.png": entry(0),
    "Data/test/3/spoof/000008.png": entry(8),
    "Data/test/3/live/000009.png": entry(0),
}


def write(root: Path, folder: str, lists: Mapping[str, Any]) -> None:
    place = root / "metas" / folder
    place.mkdir(parents=True, exist_ok=True)
    for part, content in lists.items():
        (place / f"{part}_label.json").write_text(json.dumps(content))


@pytest.fixture
def data(make_root: Make) -> CelebaSpoof:
    root = make_root([*TRAIN, *TEST, "Data/train/5028/spoof/000010.png"])
    write(root, "intra_test", {"train": TRAIN, "test": TEST})
    return CelebaSpoof(root)


def test_the_list_says_type_light_and_environment(data: CelebaSpoof):
    found = data.protocol("celeba-spoof-intra@test-eer")
    shown = {p.id.rpartition("/")[2]: p for p in (*found.train, *found.test)}
    assert {n: p.species for n, p in shown.items()} == {
        "000001": None, "000002": "photo", "000003": None, "000004": "3d-mask",
        "000005": "unnamed", "000007": None, "000008": "pad", "000009": None,
    }  # fmt: skip
    assert shown["000002"].attributes == {"illumination": "2", "environment": "1"}
    assert shown["000001"].attributes == {}
    assert [found.group_of(shown[n].species) for n in ("000002", "000004", "000008")] == [
        "print", "3d", "replay",
    ]  # fmt: skip
    assert (found.convention.positive, found.subjects) == ("attack", "overlap")


def test_dev_is_carved_by_subject(data: CelebaSpoof):
    found = data.protocol("celeba-spoof-intra")
    assert {p.subject for p in found.dev} == {"2"}
    assert {p.subject for p in found.train} == {"1"}


def test_attacks_in_a_folder_called_live_are_counted_in_one_note(data: CelebaSpoof):
    path = data.root / "metas/intra_test/train_label.json"
    note = (
        f"{path}: 1 pictures of folders called live are attacks by this list, which is expected; "
        "the list counts"
    )
    assert data.notes("celeba-spoof-intra") == (note,)
    found = data.validate(["celeba-spoof-intra"])
    assert note in found.notes
    assert [f for f in found.findings if f.kind == "list"] == []


def test_the_three_known_subjects_in_both_splits_are_a_note_and_others_are_found(make_root: Make):
    names = ["Data/train/5028/live/000001.png", "Data/test/5028/live/000002.png",
             "Data/train/77/live/000003.png", "Data/test/77/live/000004.png"]  # fmt: skip
    found = CelebaSpoof(make_root(names)).validate([])
    assert [f.name for f in found.findings if f.kind == "subject"] == ["77"]
    assert any(n == "1 subjects are in two splits, as known: 5028" for n in found.notes)


def test_boxes_are_scaled_from_224(data: CelebaSpoof):
    shown = next(p for p in data.protocol("celeba-spoof-intra").test if p.id.endswith("000008"))
    cv2.imwrite(str(shown.path), np.zeros((100, 448, 3), np.uint8))
    assert data.faces(shown) == {}
    shown.path.with_name("000008_BB.txt").write_text("56 112 28 56 0.99\n")
    assert {frame: face.box for frame, face in data.faces(shown).items()} == {0: (112, 50, 56, 25)}
    assert shown.path.with_name("000008_BB.txt") in data.side_files(shown)


SHAPES = [
    ("[1, 2]", "expected a JSON object, got list"),
    ("{}", "expected a picture and its 44 integers, got nothing"),
    ("{", "not JSON"),
    (json.dumps({"Data/train/1/live/000001.png": [0] * 43}), "entry 1, .*: expected 44 integers"),
    (json.dumps({"Data/train/1/live/000001.png": 0}), "expected 44 integers"),
    (json.dumps({"Data/train/1/live/000001.png": [0] * 43 + ["0"]}), "expected 44 integers"),
    (json.dumps({"Data/train/1/live/000001.png": [False] * 44}), "expected 44 integers"),
    (json.dumps({"Data/train/1/live/000001.png": entry(11)}), "is a type"),
    (json.dumps({"Data/train/1/live/000001.png": entry(0, 5)}), "a light"),
    (json.dumps({"Data/train/1/live/000001.png": entry(0, label=2)}), "a label"),
    (json.dumps({"Data/train/1/live/000001.png": entry(3, label=0)}), "label 0, but type 3"),
    (json.dumps({"Data/train/1/spoof/000002.jpg": entry(0),
                 "Data/train/1/live/000001.png": entry(0)}), "entry 1: label 0 contradicts"),
    (json.dumps({"Data/train/9/live/000099.png": entry(0)}), "entry 1: .*000099.png' is not there"),
    (json.dumps({"Data/train/1/live/000001.PNG": entry(0)}), "; Data/train/1/live/000001.png is"),
    (json.dumps({"Data/train/1/live/000001.jpg": entry(0)}), "is not there"),
    (json.dumps({"../secret.png": entry(0)}), "is no name of CelebA-Spoof"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), SHAPES)
def test_a_list_of_another_shape_is_refused(data: CelebaSpoof, text: str, words: str):
    path = data.root / "metas/intra_test/train_label.json"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        data.protocol("celeba-spoof-intra")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_list_of_the_other_polarity_is_recognised(data: CelebaSpoof):
    """Turned round, an attack keeps its type, and one in a folder called live looks right."""
    other = {"Data/train/1/live/000001.png": entry(0, label=1),
             "Data/train/1/spoof/000002.jpg": entry(3, label=0),
             "Data/train/1/live/000003.png": entry(7, label=0)}  # fmt: skip
    write(data.root, "intra_test", {"train": other})
    with pytest.raises(DataError, match="a list of the other polarity: 2 of 3 labels"):
        data.protocol("celeba-spoof-intra")


def test_a_missing_list_is_named(data: CelebaSpoof):
    with pytest.raises(DataError, match=r"test_on_low_quality_device/train_label\.json: no such"):
        data.protocol("celeba-spoof-2_low")
