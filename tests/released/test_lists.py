"""Lists of data sets: columns, labels of either polarity, and what is wrong with them."""

from pathlib import Path

import pytest

from fasharness.errors import DataError
from fasharness.released.items import Item
from fasharness.released.lists import ListFormat, lines_of, read_list, weights

SPECIES = {"real/1.avi": None, "fake/1.avi": "print", "fake/2.avi": "mask"}
KNOWN = {path: Item(path, species) for path, species in SPECIES.items()}
FORM = ListFormat(
    ("path", "frames", "label"), ",", bona_fide=frozenset({"1"}), attack=frozenset({"0"})
)


def find(text: str) -> Item:
    if text not in KNOWN:
        raise ValueError(f"{text!r} is not there")
    return KNOWN[text]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "train.txt"


def test_a_list_by_hand(path: Path):
    path.write_bytes("\ufeffreal/1.avi, 30,1\r\n\r\nfake/2.avi,40,0".encode())
    first, second = read_list(path, FORM, find)
    assert (first.item.id, first.label, first.place) == ("real/1", "1", f"{path}:1")
    assert (second.item.species, second.label, second.place) == ("mask", "0", f"{path}:3")
    path.write_text("fake/1.avi\n")
    assert [line.item for line in read_list(path, ListFormat(), find)] == [KNOWN["fake/1.avi"]]


def test_a_list_of_the_other_polarity_is_recognised_and_not_believed(path: Path):
    path.write_text("real/1.avi,30,0\nfake/2.avi,40,1\n")
    with pytest.raises(DataError) as caught:
        read_list(path, FORM, find)
    assert str(caught.value) == (
        f"{path}:1: a list of the other polarity: all 2 labels contradict their paths, e.g. label "
        "0 and real/1.avi, which is bona fide; in this list 1 must mean bona fide"
    )


def test_a_label_that_contradicts_the_path_is_refused_with_its_line(path: Path):
    path.write_text("real/1.avi,30,1\nfake/1.avi,40,1\nfake/2.avi,40,1\n")
    with pytest.raises(DataError) as caught:
        read_list(path, FORM, find)
    assert str(caught.value) == (
        f"{path}:2: label 1 contradicts fake/1.avi, which is print; 1 more lines do"
    )


def test_repeated_lines_are_weights_only_where_the_format_says_so(path: Path):
    path.write_text("real/1.avi,30,1\nfake/1.avi,40,0\nreal/1.avi,30,1\n")
    with pytest.raises(DataError, match=r"train\.txt:3: real/1\.avi was already listed on line 1"):
        read_list(path, FORM, find)
    form = ListFormat(FORM.columns, ",", FORM.bona_fide, FORM.attack, repeats=True)
    assert weights(read_list(path, form, find)) == {"real/1": 2}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("real/1.avi,30", "expected 'path,frames,label', got 'real/1.avi,30'"),
        ("real/1.avi 30 1", "expected 'path,frames,label'"),
        ("real/1.avi,30,-1", "'-1' is no label; labels are 0, 1"),
        ("real/9.avi,30,1", "'real/9.avi' is not there"),
    ],
)
def test_a_bad_line_is_refused_with_file_and_line(path: Path, line: str, words: str):
    path.write_text(f"real/1.avi,30,1\n{line}\n")
    with pytest.raises(DataError) as caught:
        read_list(path, FORM, find)
    assert str(caught.value).startswith(f"{path}:2: {words}")


def test_an_empty_list_and_one_that_is_no_text_are_refused(path: Path):
    path.write_text("\n\n")
    with pytest.raises(DataError, match="the list is empty"):
        read_list(path, FORM, find)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"train\.txt: cannot be read: not UTF-8 text"):
        lines_of(path)
