"""The five formats of side files, each by hand, and what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fasharness.errors import DataError
from fasharness.faces import face_from_eyes
from fasharness.released.boxes import (
    Boxes,
    Sides,
    beside,
    box_eyes_csv,
    corners,
    eyes_csv,
    square_224,
    tree,
    xywh,
)

Read = Callable[[Path, Path], Sides]
MEDIA = Path("nothing.mov")


@pytest.fixture
def side(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "side.face"
        path.write_text(text)
        return path

    return write


def boxes(found: Sides) -> dict[int, tuple[float, ...]]:
    return {frame: face.box for frame, face in found.faces.items()}


def test_eyes(side):
    found = eyes_csv(side("0,100,200,160,202\n\n1,5,5,5,5\n3,0.5,1,2,3"), MEDIA)
    assert found.empty == 1
    assert boxes(found) == {
        0: face_from_eyes((100, 200), (160, 202)).box,
        3: face_from_eyes((0.5, 1), (2, 3)).box,
    }


def test_boxes_with_width_and_height(side):
    found = xywh(side("0 100 50 40 60\n1 0 0 0 0\n7 1 2 3 4\n"), MEDIA)
    assert boxes(found) == {0: (100, 50, 40, 60), 7: (1, 2, 3, 4)}
    assert found.empty == 1


def test_corners_of_a_row_for_each_frame(side):
    found = corners(side("10 20 30 60\n0 0 0 0\n1 2 4 8\n"), MEDIA)
    assert boxes(found) == {0: (10, 20, 20, 40), 2: (1, 2, 3, 6)}
    assert found.empty == 1


def test_boxes_with_eyes(side):
    found = box_eyes_csv(side("0,10,20,50,80,20,40,40,40\n2,1,2,3,4,1,1,2,2"), MEDIA)
    assert boxes(found) == {0: (10, 20, 40, 60), 2: (1, 2, 2, 2)}


def test_a_box_in_a_picture_scaled_to_224(side, tmp_path: Path):
    picture = tmp_path / "000184.png"
    cv2.imwrite(str(picture), np.zeros((448, 112, 3), np.uint8))
    found = square_224(side("56 112 28 14 0.99\n"), picture)
    assert boxes(found) == {0: (28, 224, 14, 28)}  # half as wide, twice as high
    assert square_224(side("0 0 0 0 0\n"), picture) == Sides({}, 1)
    assert square_224(side(""), picture) == Sides({})
    with pytest.raises(DataError, match=r"side\.face:2: a second row"):
        square_224(side("56 112 28 14 1\n56 112 28 14 1\n"), picture)
    picture.write_bytes(b"none")
    with pytest.raises(DataError, match=r"000184\.png: its size cannot be read"):
        square_224(side("56 112 28 14 0.99\n"), picture)


WRONG = [
    (eyes_csv, "0,1,2,3", "expected the numbers 'frame,x,y,x,y'"),
    (eyes_csv, "0 1 2 3 4", "expected the numbers 'frame,x,y,x,y'"),
    (eyes_csv, "0,nan,2,3,4", "expected the numbers"),
    (eyes_csv, "0,1,1e400,3,4", "expected the numbers"),
    (eyes_csv, "0.5,1,2,3,4", "0.5 is no frame number"),
    (xywh, "0,1,2,3,4", "expected the numbers 'frame x y w h'"),
    (xywh, "-1 1 2 3 4", "-1 is no frame number"),
    (xywh, "5 1 2 -3 4", "no rectangle: width -3, height 4"),
    (xywh, "9 1 2 3 4\n9 1 2 3 4", "frame 9 a second time"),
    (corners, "1 2 3", "expected the numbers 'x1 y1 x2 y2'"),
    (corners, "100 100 40 60", "no rectangle: width -60, height -40"),  # x y w h
    (box_eyes_csv, "0,100,100,40,60,1,1,2,2", "no rectangle: width -60"),
    (box_eyes_csv, "0,1,2,3,4", "expected the numbers 'frame,left,top,right,bottom,x,y,x,y'"),
    (square_224, "1 2 3 4", "expected the numbers 'x y w h score'"),
]


@pytest.mark.parametrize(("read", "text", "words"), WRONG)
def test_a_bad_row_is_refused_with_file_and_line(side, read: Read, text: str, words: str):
    with pytest.raises(DataError) as caught:
        read(side(f"\n{text}\n"), MEDIA)
    assert str(caught.value).split(": ")[0].endswith((".face:2", ".face:3"))
    assert words in str(caught.value)


def test_a_file_that_is_no_text_or_is_not_there_is_named(side, tmp_path: Path):
    path = side("")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"side\.face: cannot be read: not UTF-8 text"):
        xywh(path, MEDIA)
    with pytest.raises(DataError, match=r"other\.face: cannot be read: No such"):
        xywh(tmp_path / "other.face", MEDIA)


def test_side_files_are_beside_or_in_a_tree_of_their_own(tmp_path: Path):
    assert beside(".face")("Train/live/003/003-1-1-1-1.mov") == ("Train/live/003/003-1-1-1-1.face",)
    # of a name with two dots it is unknown which of them the side file keeps
    assert beside(".face")("a/1.m.mov") == ("a/1.m.face", "a/1.face")
    assert beside("_BB.txt")("a/1.png") == ("a/1_BB.txt",)
    assert tree("faceloc/rect", ".face")("test/real/a.mov") == ("faceloc/rect/test/real/a.face",)
    found = Boxes("", xywh, beside(".face"))
    assert found.find(tmp_path, "1.m.mov") is None
    (tmp_path / "1.face").touch()
    assert found.find(tmp_path, "1.m.mov") == tmp_path / "1.face"
