"""Boxes of a data set against the real detector, on a real face in a picture named as a video."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fasharness.builtin.datasets.replay_mobile import ReplayMobile
from fasharness.data import Presentation
from fasharness.errors import DataError
from fasharness.faces import Face
from fasharness.prepare.decode import decode
from fasharness.prepare.mtcnn import MTCNN
from fasharness.released.face_check import CHANGES, Checked, check_faces, overlap, upright_by
from fasharness.testing import Ended

ASTRONAUT = Path(__file__).parents[1] / "prepare" / "data" / "astronaut.jpg"
NAMES = [f"test/real/client002_session02_authenticate_mobile_{s}.mov" for s in
         ("adverse", "controlled", "direct")]  # fmt: skip


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """A face away from the middle and the diagonal: every change of its box moves it."""
    whole = np.asarray(cv2.imread(str(ASTRONAUT)))
    return np.asarray(cv2.copyMakeBorder(whole, 0, 140, 200, 0, cv2.BORDER_REPLICATE))


@pytest.fixture(scope="module")
def face(picture: NDArray[np.uint8]) -> Face:
    (found,) = MTCNN("cpu").detect([np.ascontiguousarray(picture[..., ::-1])])
    return found[0]


def root_of(make_root: Callable[..., Path], picture: NDArray[np.uint8]) -> Path:
    return make_root(NAMES, cv2.imencode(".png", picture)[1].tobytes())


def with_boxes(root: Path, box: tuple[float, ...]) -> ReplayMobile:
    for name in NAMES:
        side = root / "faceloc" / "rect" / Path(name).with_suffix(".face")
        side.parent.mkdir(parents=True, exist_ok=True)
        side.write_text(f"0 {' '.join(str(round(v)) for v in box)}\n")
    return ReplayMobile(root)


def shown(data: ReplayMobile) -> tuple[Presentation, ...]:
    return tuple(p for _, p in data.protocol("replay-mobile-print").items() if p.path.is_file())


def checked(data: ReplayMobile, count: int = 2) -> Checked:
    return check_faces(data, shown(data), MTCNN("cpu"), upright_by(decode), count)


def test_boxes_that_hold_faces_are_said_to(make_root, picture, face):
    found = checked(with_boxes(root_of(make_root, picture), face.box))
    assert found.findings == ()
    assert found.notes == (
        "mobile, bona fide: 2 looked at, 2 upright, 2 of 2 boxes hold the face that the detector "
        "finds",
    )


@pytest.mark.parametrize(
    "change", [n for n in CHANGES if n not in ("as they are", "read as corners")]
)
def test_turned_or_mirrored_boxes_are_told(make_root, picture, face, change: str):
    height, width = picture.shape[:2]
    box = CHANGES[change](face.box, height, width)  # each undoes itself
    (found,) = checked(with_boxes(root_of(make_root, picture), box)).findings
    assert found.kind == "boxes"
    assert found.detail == (f"0 of 2 boxes hold the face that the detector finds; {change} 2 would")


def test_boxes_in_another_column_order_are_told(make_root, picture, face):
    x, y, width, height = face.box
    corners = with_boxes(root_of(make_root, picture), (x, y, x + width, y + height))
    (found,) = checked(corners).findings
    assert found.detail.endswith("; read as corners 2 would")
    none = with_boxes(root_of(make_root, picture), (width, height, x, y))
    (found,) = checked(none).findings
    assert found.detail.endswith("; no change of them would: another column order?")


def test_frames_that_are_not_upright_are_told_and_turned_by_the_user_s_file(
    make_root, picture, face
):
    data = ReplayMobile(root_of(make_root, np.rot90(picture, 2)))
    (found,) = checked(data, count=0).findings
    assert (found.kind, found.name) == ("orientation", "mobile, bona fide")
    ids = ", ".join(sorted(name.removesuffix(".mov") for name in NAMES))
    assert found.detail == f"3 of 3 show a face only turned by 180 degrees: {ids}"
    lines = "".join(f"{name},180\n" for name in NAMES)
    (data.root / "orientations.csv").write_text(f"path,degrees\n{lines}")
    data = with_boxes(data.root, face.box)
    assert {p.orientation for p in shown(data)} == {180}
    assert checked(data).findings == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("test/real/other.mov,180", "'test/real/other.mov' is no file of this data set"),
        (f"{NAMES[0]},45", "degrees must be 90, 180 or 270, got '45'"),
        (f"{NAMES[1]},180", "a second time"),
        (f"{NAMES[0]}", "1 fields, expected 2"),
    ],
)
def test_a_broken_file_of_orientations_is_named_with_its_line(make_root, line: str, words: str):
    data = ReplayMobile(make_root(NAMES))
    (data.root / "orientations.csv").write_text(f"path,degrees\n{NAMES[1]},90\n{line}\n")
    with pytest.raises(DataError, match=r"orientations\.csv, line 3: ") as caught:
        data.protocol("replay-mobile-print")
    assert words in str(caught.value)


def test_pictures_without_a_face_and_without_a_box_are_counted(make_root):
    data = ReplayMobile(root_of(make_root, np.full((60, 80, 3), 90, np.uint8)))
    (data.root / NAMES[0]).write_bytes(b"")  # left to the check of files
    found = checked(data, count=0)
    assert found == ((), ("mobile, bona fide: 2 looked at, 0 upright, no face found in 2",))


def test_the_command_says_what_it_found(make_root, picture, face, command: Callable[..., Ended]):
    box = CHANGES["turned by 180 degrees"](face.box, *picture.shape[:2])
    root = with_boxes(root_of(make_root, picture), box).root
    words = ("validate", "--protocol", "replay-mobile-print", "--data", root, "--faces")
    ended = command(*words)
    assert ended.code == 2
    assert "boxes: mobile, bona fide: 0 of 3 boxes hold the face that" in ended.out
    assert "note: mobile, bona fide: 3 looked at, 3 upright, 0 of 3 boxes hold" in ended.out
    assert command(*words, "-1").error == "--faces must be a number from 0, got -1"


def test_overlap_by_hand():
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert overlap((0, 0, 2, 2), (2, 0, 2, 2)) == 0
    assert overlap((0, 0, 2, 2), (1, 1, -1, 2)) == 0
    assert overlap((0, 0, 4, 4), (0, 0, 2, 4)) == 0.5
