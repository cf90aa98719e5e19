"""Folders of frames for the published codes: written from videos, and read back as data."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.oulu_npu_files import parse_name
from fasharness.faces import Region
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.decode import decode
from fasharness.scores import read_csv
from fasharness.testing import Ended

NAME = "1_1_01_1"


@pytest.fixture
def prepare(command: Callable[..., Ended], here: Path) -> Callable[..., Ended]:
    def go(data: Path, *words: object, step: str = "prepare") -> Ended:
        common = ("--plugin", "brightness", "--protocol", "oulu1", "--faces", "dataset")
        return command(step, *common, "--data", data, "--jobs", "1", *words)

    return go


def test_frames_boxes_and_depth_are_those_of_the_videos(
    own_oulu: Path, prepare: Callable[..., Ended], here: Path
):
    ended = prepare(own_oulu, "--limit", "2", "--export", here / "out")
    assert ended.out.splitlines()[-1] == f"6 of 6 presentations in {here / 'out'}"
    scenes, depths = here / "out" / "scenes" / NAME, here / "out" / "depths" / NAME
    for folder, ending in ((scenes, "scene.jpg"), (scenes, "scene.dat"), (depths, "depth1D.jpg")):
        names = sorted(path.name for path in folder.glob(f"*_{ending}"))
        assert names == [f"{NAME}_{number:03d}_{ending}" for number in range(1, 17)]
    videos = OuluNpu(own_oulu)
    shown = videos.presentation(parse_name(NAME))
    box = videos.faces(shown)[4].box
    lines = (scenes / f"{NAME}_005_scene.dat").read_text().split("\n")
    assert lines == [*(str(round(value)) for value in box), ""]
    ((_, frame),) = decode(shown.path, [4])
    written = cv2.imread(str(scenes / f"{NAME}_005_scene.jpg"))
    assert np.abs(written[..., ::-1].astype(int) - frame).mean() < 4  # JPEG, noisy background


def test_what_is_exported_is_data_again(own_oulu: Path, prepare: Callable[..., Ended], here: Path):
    out = here / "out"
    prepare(own_oulu, "--limit", "2", "--export", out)
    shutil.copytree(own_oulu / "Protocols", out / "Protocols")
    again, videos = OuluNpu(out), OuluNpu(own_oulu)
    shown = again.presentation(parse_name(NAME))
    before = videos.presentation(parse_name(NAME))
    assert shown.path == out / "scenes" / NAME
    faces, boxes = videos.faces(before), again.faces(shown)
    assert {at: face.box for at, face in boxes.items()} == {
        at: tuple(map(round, face.box)) for at, face in faces.items()
    }
    region, frame = Region(40, 20, 90, 80), np.zeros((96, 128, 3), np.uint8)
    maps = [
        data.maps(one, "depth").crop(3, frame, faces[3], region, 32, PILLOW)  # type: ignore[union-attr]
        for data, one in ((videos, before), (again, shown))
    ]
    # two resamplings and JPEG apart, and the edge of the face is a step
    assert np.abs(maps[0] - maps[1]).mean() < 0.02
    assert np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1] > 0.98
    # The same method on both: the same presentations, nearly the same scores.
    runs = []
    for number, root in enumerate((own_oulu, out)):
        ended = prepare(root, "--limit", "2", "--out", f"run{number}", step="score")
        assert ended.code == 0, ended.err
        runs.append({s.presentation: s.value for s in read_csv(Path(f"run{number}/scores.csv"))})
    assert len(runs[0]) == 4
    assert runs[1].keys() == runs[0].keys()
    assert all(abs(runs[0][name] - value) < 0.02 for name, value in runs[1].items())


def test_an_export_goes_on_where_it_stopped_and_names_what_fails(
    own_oulu: Path, prepare: Callable[..., Ended], here: Path
):
    out = here / "out"
    words = ("--limit", "2", "--export", out, "--max-failures", "6")
    prepare(own_oulu, *words)
    kept = out / "scenes" / NAME / f"{NAME}_001_scene.jpg"
    first = kept.stat().st_mtime_ns
    (gone,) = (path for path in (out / "scenes").glob("1_2_21_1"))
    for path in gone.glob("*"):
        path.unlink()
    gone.rmdir()
    (own_oulu / "Dev_files" / "1_2_21_1.avi").write_bytes(b"none" * 100)
    ended = prepare(own_oulu, *words)
    assert ended.code == 2
    assert "not written: 1_2_21_1: " in ended.out
    assert ended.out.endswith(f"5 of 6 presentations in {out}\n")
    assert kept.stat().st_mtime_ns == first
    assert not list(out.glob("*/.*.part"))


def test_the_folder_of_the_data_is_no_folder_for_an_export(
    own_oulu: Path, prepare: Callable[..., Ended]
):
    error = prepare(own_oulu, "--limit", "2", "--export", own_oulu).error
    assert error == f"--export {own_oulu}: is the folder of the data; name another one"


def test_an_export_of_simulated_data_is_marked(
    own_oulu: Path, prepare: Callable[..., Ended], here: Path
):
    (own_oulu / "SIMULATED.json").write_text('{"size": "mini"}')
    prepare(own_oulu, "--limit", "2", "--export", here / "out")
    again = OuluNpu(here / "out")
    assert again.simulated
    assert len(again.expected) == 6
