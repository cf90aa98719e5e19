"""Faces and estimated depth are found once in a frame, whatever is cut out of it."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.oulu_npu_files import parse_name
from fasharness.clips import At, ClipSpec, Crop, Every, Frames, Label
from fasharness.errors import DataError
from fasharness.faces import Face, Frame
from fasharness.hookspecs import hookimpl
from fasharness.plugins import load
from fasharness.prepare.pipeline import prepare
from fasharness.prepare.planning import Recipe
from fasharness.prepare.store import ClipStore, StoredClips

SPEC = ClipSpec(Frames(2, 2, Every(4, 3)), Crop(16), labels=(Label("depth", 8),))
OTHER = dataclasses.replace(SPEC, crop=Crop(24, "floor", scale=(1.0, 1.5)))
STARTS = [0, 4, 8, 12]
COUNTED = ("detect", "estimate", "count")


class Plugin:
    """A detector and an estimator that tell what they were asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, list[int]] = {name: [] for name in COUNTED}

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """A face where the frame is bright, none in the darkest frames."""
        (frame,) = frames
        self.asked["detect"].append(int(frame.sum()))
        marks = np.arange(10, dtype=np.float64).reshape(5, 2) / 3
        box = (20 + frame.mean() / 9, 30.1, 40.0, 50.0)
        return [[Face(box, 0.75, marks), Face((1, 2, 3, 4), 0.5)]]

    def estimate(self, index: int, frame: Frame, face: Face) -> np.ndarray:
        """The brightness of the frame."""
        self.asked["estimate"].append(index)
        assert face.confidence == 0.75
        if index == 14:
            raise DataError("frame 14: no depth")
        return np.float32([frame.mean(), face.box[0]])

    def draw(self, estimate, region, side, rule) -> np.ndarray:
        """A flat map."""
        return np.full((side, side), estimate.sum() / 400, np.float32)

    def plugins(self):
        @hookimpl
        def fasharness_detectors():
            return {"own": lambda device: self}

        @hookimpl
        def fasharness_depth_estimators():
            return {"own": lambda device: self}

        @hookimpl(tryfirst=True)
        def fasharness_count_frames(path: Path):
            self.asked["count"].append(1)

        hooks = (fasharness_detectors, fasharness_depth_estimators, fasharness_count_frames)
        return load([("own", SimpleNamespace(**{hook.__name__: hook for hook in hooks}))])


def go(root: Path, store: Path, *specs: ClipSpec, **change) -> tuple[list[StoredClips], dict]:
    """Prepare a video; return what was stored, and how often each tool was asked."""
    plugin = Plugin()
    item = dataclasses.replace(OuluNpu(root).presentation(parse_name("1_1_01_1")), **change)
    recipe = Recipe((("oulu-npu", root),), detector="own", estimator="own")
    prepared = prepare({item: specs}, recipe, ClipStore(store), plugin.plugins(), jobs=1,
                       progress=lambda *now: None)  # fmt: skip
    found = [prepared.get(item, spec) for spec in specs]
    return found, {name: len(asked) for name, asked in plugin.asked.items()}


@pytest.fixture
def bare(own_oulu: Path) -> Path:
    """A data set without depth of its own."""
    (own_oulu / "Train_files" / "1_1_01_1.depth.npz").unlink()
    return own_oulu


def content(stored: StoredClips) -> bytes:
    """The record of some clips, as it lies in its pack."""
    size = int.from_bytes(stored.place.path.read_bytes()[stored.place.at :][:8], "little")
    return stored.place.path.read_bytes()[stored.place.at :][: size + 3000]


def test_another_crop_detects_and_estimates_nothing_again(bare: Path, tmp_path: Path):
    (one,), asked = go(bare, tmp_path / "a", SPEC)
    # frame 14, the second of the last clip, has no depth: that clip is left out
    assert asked == {"detect": 4, "estimate": 8, "count": 1}
    assert (one.clips, one.left_out) == (3, 1)
    (two,), asked = go(bare, tmp_path / "a", OTHER)
    assert asked == {"detect": 0, "estimate": 1, "count": 0}  # what failed is tried again
    (alone,), _ = go(bare, tmp_path / "b", OTHER)
    (both,), _ = go(bare, tmp_path / "c", SPEC)
    assert both.place.path.read_bytes() == one.place.path.read_bytes()
    assert two.key == alone.key
    assert content(two) == content(alone)


def test_only_new_frames_are_looked_at(bare: Path, tmp_path: Path):
    go(bare, tmp_path, SPEC)
    at = dataclasses.replace(SPEC, frames=Frames(1, 1, At((4, 5, 8, 9))))
    assert go(bare, tmp_path, at)[1] == {"detect": 2, "estimate": 2, "count": 0}
    every = dataclasses.replace(OTHER, frames=Frames(1, 1, At((4, 5, 8, 9, 12))))
    assert go(bare, tmp_path, every)[1] == {"detect": 0, "estimate": 0, "count": 0}


def test_what_is_cut_makes_no_other_track_and_what_is_shown_does(bare: Path, tmp_path: Path):
    plain = dataclasses.replace(SPEC, labels=())
    go(bare, tmp_path, plain)
    # the same file as an attack, in a window, and of another name
    for change in ({"species": "print1"}, {"window": (4, 12)}, {"id": "other"}):
        assert go(bare, tmp_path, plain, **change)[1]["detect"] == 0
    assert go(bare, tmp_path, plain, orientation=90)[1]["detect"] == 4
    path = bare / "Train_files" / "1_1_01_1.avi"
    path.write_bytes(path.read_bytes() + b"\0")
    assert go(bare, tmp_path, plain)[1]["detect"] == 4


def test_a_damaged_track_is_found_again(bare: Path, tmp_path: Path):
    (stored,), _ = go(bare, tmp_path, SPEC)
    damaged = bytearray(stored.place.path.read_bytes())
    damaged[-1] ^= 1
    stored.place.path.write_bytes(damaged)
    (again,), asked = go(bare, tmp_path, SPEC)
    assert asked == {"detect": 4, "estimate": 8, "count": 1}
    assert again.clips == 3


def test_frames_without_a_face_are_not_looked_at_again(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def nobody(self: Plugin, frames: Sequence[Frame]) -> list[list[Face]]:
        self.asked["detect"].append(1)
        return [[]]

    monkeypatch.setattr(Plugin, "detect", nobody)
    (stored,), asked = go(bare, tmp_path, SPEC)
    assert stored.failure == "no face found in 4 frames"
    assert asked["detect"] == 4
    assert go(bare, tmp_path, OTHER)[1]["detect"] == 0
