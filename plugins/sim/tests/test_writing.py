"""Tests of the writer with content that is not OULU-NPU's: paths, marks and texts are its own."""

import json

import cv2
import pytest

from fasharness.errors import DataError
from fasharness_sim import writing
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.writing import Content

VIDEOS = (Video("devel/real/client001", None, 1), Video("devel/attack/client001", "print1", 2))
SETTINGS = {"data": "simulated X", "version": 1, "seed": 0}
ANOTHER = Content(0, 0, SETTINGS, [Sitting(1, 1, 3, VIDEOS)], {"lists/all.txt": "SIMULATED\n"})


def test_another_layout_is_its_paths_and_texts(tmp_path):
    out, plans, seen = tmp_path / "x", [], []
    writing.write(
        out, ANOTHER, jobs=1, progress=lambda *step: seen.append(step), announce=plans.append
    )
    assert seen == [(0, 2), (2, 2)]
    assert (plans[0].videos, plans[0].processes) == (2, 1)
    assert 0.05 < plans[0].seconds < 600
    assert 1e6 < plans[0].size < 3e6
    names = {file for video in VIDEOS for file in writing.files(video)}
    files = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert files == names | {"lists/all.txt", "SIMULATED.json"}
    assert json.loads((out / "SIMULATED.json").read_text()) == {**SETTINGS, "videos": 2}
    for video in VIDEOS:
        shown = cv2.VideoCapture(str(out / f"{video.path}.avi"))
        assert shown.get(cv2.CAP_PROP_FRAME_COUNT) == 24
        shown.release()


def test_a_folder_of_another_layout_is_refused(tmp_path):
    (tmp_path / "SIMULATED.json").write_text(json.dumps({**SETTINGS, "data": "simulated Y"}))
    with pytest.raises(DataError, match="with data simulated Y, wanted simulated X"):
        writing.write(tmp_path, ANOTHER, jobs=1)


def test_a_start_that_was_cut_short_is_no_foreign_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_record_all", lambda *_: [0])
    (tmp_path / "..simulating.x.part.json").write_text("{")
    writing.write(tmp_path, ANOTHER, jobs=1)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("damage", ["{", "3", "null", '"text"'])
def test_a_damaged_mark_is_named(tmp_path, damage):
    (tmp_path / ".simulating.json").write_text(damage)
    with pytest.raises(DataError, match=r"\.simulating\.json is damaged"):
        writing.write(tmp_path, ANOTHER, jobs=1)
