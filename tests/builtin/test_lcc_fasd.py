"""LCC-FASD: classes from folders, and from names where evaluation is flat."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.lcc_fasd import LccFasd
from fasharness.data import Split
from fasharness.errors import DataError
from fasharness.plugins import load

Make = Callable[..., Path]
TRAINED = [f"LCC_FASD_{part}/{kind}/YOUTUBE_id{n}_s2_15.png" for part in ("training", "development")
           for kind in ("real", "spoof") for n in (1, 99)]  # fmt: skip
FLAT = ["LCC_FASD_evaluation/real_12.png", "LCC_FASD_evaluation/spoof_980.jpg"]
FOLDERS = ["LCC_FASD_evaluation/real/real_12.png", "LCC_FASD_evaluation/spoof/spoof_980.jpg"]


def test_training_says_its_class_by_folder():
    found = LccFasd.item("LCC_FASD_training/spoof/YOUTUBE_id99_s2_15.png")
    assert found is not None
    assert (found.species, found.part, found.subject) == ("spoof", Split.TRAIN, "")


@pytest.mark.parametrize("evaluation", [FLAT, FOLDERS])
def test_evaluation_is_flat_or_has_folders(make_root: Make, evaluation: list[str]):
    found = LccFasd(make_root([*TRAINED, *evaluation])).protocol("lcc-fasd-official")
    assert [p.species for p in found.test] == [None, "spoof"]
    assert (len(found.train), len(found.dev), found.dev_rule) == (4, 4, "official")
    assert found.subjects == "unknown"


def test_a_root_of_another_set_is_told_what_it_looks_like(make_root: Make):
    root = make_root([*TRAINED, *FLAT])
    plugins = load()
    for name in ("siw", "celeba-spoof", "faceforensics", "rose-youtu", "siw-m", "siw-mv2"):
        with pytest.raises(DataError, match=r"it looks like LCC-FASD$"):
            plugins.open_dataset(plugins.dataset(name), root)


def test_a_root_one_folder_too_high_names_the_right_one(make_root: Make):
    root = make_root([*TRAINED, *FLAT], name="parent/LCC_FASD")
    with pytest.raises(DataError, match=rf"one of its names; {root} is one$"):
        LccFasd(root.parent)


def test_a_half_extracted_root_is_found_by_its_counts(make_root: Make):
    found = LccFasd(make_root([*TRAINED, *FLAT])).validate([])
    counts = {f.name: f.detail for f in found.findings if f.kind == "count"}
    assert counts["dev"] == "2+2, expected 405+2543 (bona fide + attack)"
    with pytest.raises(DataError, match="no bona fide presentation in dev"):
        LccFasd(make_root([*TRAINED[:4], *FLAT], name="half")).protocol("lcc-fasd-official")


@pytest.mark.parametrize(
    "path",
    [
        "LCC_FASD_evaluation/real/spoof_1.png",  # folder and name contradict each other
        "LCC_FASD_evaluation/980.png",
        "LCC_FASD_training/YOUTUBE_id99_s2_15.png",
        "LCC_FASD_training/Real/YOUTUBE_id99_s2_15.png",
        "LCC_FASD_training/real/thumbs.db",
        "LCC_FASD_testing/real/1.png",
    ],
)
def test_other_names_are_none_of_the_set(path: str):
    assert LccFasd.item(path) is None
