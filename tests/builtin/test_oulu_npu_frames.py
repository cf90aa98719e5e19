"""OULU-NPU as the published codes' folders of frames, boxes in both orders and depth maps."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.oulu_npu_files import parse_name
from fasharness.errors import DataError
from fasharness.faces import Face, Region
from fasharness.prepare.crop import PILLOW
from fasharness.testing import Ended

NAME = "1_1_01_1"
BOX = (40, 30, 24, 32)


def write_frames(
    root: Path, dat: Callable[[int], str], numbers: tuple[int, ...] = (1, 2, 3)
) -> Path:
    """Write pictures whose grey is 10 times their number, with boxes and maps of the same grey."""
    scenes, depths = root / "scenes" / NAME, root / "depths" / NAME
    for folder in (scenes, depths):
        folder.mkdir(parents=True)
    for number in numbers:
        grey = np.full((96, 128), 10 * number, np.uint8)
        cv2.imwrite(str(scenes / f"{NAME}_{number:03d}_scene.jpg"), cv2.merge([grey] * 3))
        cv2.imwrite(str(depths / f"{NAME}_{number:03d}_depth1D.jpg"), grey)
        (scenes / f"{NAME}_{number:03d}_scene.dat").write_text(dat(number))
    return scenes


def shifted(number: int) -> tuple[int, ...]:
    """The box of a frame: one pixel further right and down in each."""
    return BOX[0] + number, BOX[1] + number, *BOX[2:]


def by_lines(number: int) -> str:
    return "".join(f"{value}\n" for value in shifted(number))


def by_edges(number: int) -> str:
    x, y, width, height = shifted(number)
    return f"{x} {x + width} {y} {y + height}"


def in_one_line(number: int) -> str:
    return by_lines(number).replace("\n", " ")


@pytest.mark.parametrize("dat", [by_lines, in_one_line, by_edges])
def test_boxes_in_both_orders_are_told_apart_by_what_is_a_face(tmp_path: Path, dat):
    write_frames(tmp_path, dat)
    data = OuluNpu(tmp_path)
    shown = data.presentation(parse_name(NAME))
    assert shown.path == tmp_path / "scenes" / NAME
    assert {at: face.box for at, face in data.faces(shown).items()} == {
        0: shifted(1), 1: shifted(2), 2: shifted(3),
    }  # fmt: skip


def test_frames_without_a_box_or_with_zeros_have_no_face(tmp_path: Path):
    scenes = write_frames(tmp_path, by_lines)
    (scenes / f"{NAME}_001_scene.dat").unlink()
    (scenes / f"{NAME}_003_scene.dat").write_text("0\n0\n0\n0\n")
    data = OuluNpu(tmp_path)
    assert list(data.faces(data.presentation(parse_name(NAME)))) == [1]
    (scenes / f"{NAME}_002_scene.dat").unlink()
    assert data.faces(data.presentation(parse_name(NAME))) == {}


@pytest.mark.parametrize("text", ["1 2 3", "1 2 3 x", "1 2 3 4 5", "1 2 3 nan", ""])
def test_a_box_that_is_not_four_numbers_is_named(tmp_path: Path, text: str):
    scenes = write_frames(tmp_path, by_lines)
    (scenes / f"{NAME}_002_scene.dat").write_text(text)
    data = OuluNpu(tmp_path)
    with pytest.raises(DataError, match=r"_002_scene\.dat: expected a box of four numbers: left"):
        data.faces(data.presentation(parse_name(NAME)))


def test_an_order_that_cannot_be_told_is_refused(tmp_path: Path):
    write_frames(tmp_path, lambda number: "20 40 30 46")  # 30 x 46 at 20, 40, or 20 x 16 at 20, 30
    data = OuluNpu(tmp_path)
    with pytest.raises(DataError, match=r"3 of 3 boxes \(\.dat\) are plausible as left top width"):
        data.faces(data.presentation(parse_name(NAME)))
    for path in data.presentation(parse_name(NAME)).path.glob("*.dat"):
        path.write_text("20\n40\n30\n46\n")  # only the codes that write width and height do so
    assert data.faces(data.presentation(parse_name(NAME)))[0].box == (20, 40, 30, 46)


def test_maps_follow_the_numbers_of_the_frames_where_some_were_left_out(tmp_path: Path):
    write_frames(tmp_path, by_lines, numbers=(2, 5))
    data = OuluNpu(tmp_path)
    shown = data.presentation(parse_name(NAME))
    maps = data.maps(shown, "depth")
    assert maps is not None
    frame = np.zeros((96, 128, 3), np.uint8)
    for position, number in enumerate((2, 5)):
        found = maps.crop(
            position, frame, Face(BOX, 1.0), Region(40, 30, 64, 62), 8, PILLOW
        )  # fmt: skip
        assert found == pytest.approx(np.full((8, 8), 10 * number / 255), abs=2 / 255)
    assert [path.name for path in data.side_files(shown)] == [
        f"{NAME}_{number:03d}_depth1D.jpg" for number in (2, 5)
    ]
    assert data.maps(shown, "mask") is None


def test_depth_maps_among_the_frames_are_refused(tmp_path: Path):
    scenes = write_frames(tmp_path, by_lines)
    (tmp_path / "depths" / NAME / f"{NAME}_001_depth1D.jpg").rename(
        scenes / f"{NAME}_001_depth1D.jpg"
    )
    with pytest.raises(
        DataError, match=f"depth maps lie among the frames.*move them to depths/{NAME}"
    ):
        OuluNpu(tmp_path).presentation(parse_name(NAME))


def test_a_video_wins_over_its_frames_and_frames_may_lie_in_its_folder(tmp_path: Path):
    write_frames(tmp_path, by_lines)
    train = tmp_path / "Train_files"
    train.mkdir()
    (tmp_path / "scenes" / NAME).rename(train / NAME)
    data = OuluNpu(tmp_path)
    assert data.presentation(parse_name(NAME)).path == train / NAME
    (train / f"{NAME}.avi").touch()
    assert data.presentation(parse_name(NAME)).path == train / f"{NAME}.avi"
    assert data.presentation(parse_name("1_1_02_1")).path == train / "1_1_02_1.avi"


def test_validation_reads_boxes_of_frames(tmp_path: Path, command: Callable[..., Ended]):
    scenes = write_frames(tmp_path, by_lines)
    (scenes / f"{NAME}_002_scene.dat").write_text("none")
    found = OuluNpu(tmp_path).validate([])
    assert found.checked == 1
    (wrong,) = [f for f in found.findings if f.kind != "missing"]
    assert (wrong.kind, wrong.name) == ("eyes", NAME)
