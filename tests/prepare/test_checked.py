"""What plugins hand over: frames, counts, faces and depth that are wrong give one line each."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.oulu_npu_files import parse_name
from fasharness.clips import ClipSpec, Crop
from fasharness.errors import DataError
from fasharness.faces import Face
from fasharness.hookspecs import hookimpl
from fasharness.plugins import load
from fasharness.prepare.checked import checked_count, checked_face, checked_frames, checked_map
from fasharness.prepare.pipeline import prepare
from fasharness.prepare.planning import Recipe
from fasharness.prepare.store import ClipStore

PATH = Path("a.xyz")
FRAME = np.zeros((6, 8, 3), np.uint8)
NAN = float("nan")


@pytest.mark.parametrize("count", [0, -1, 2.0, NAN, None, "3", True])
def test_a_count_is_a_number_from_one(count: object) -> None:
    assert checked_count(np.int64(3), PATH) == checked_count(3, PATH) == 3
    with pytest.raises(DataError, match=r"a\.xyz: its decoder counts .* frames; expected a number"):
        checked_count(count, PATH)


@pytest.mark.parametrize(
    ("frames", "cause"),
    [
        ([(0, FRAME)], "ends before frame 2, which is wanted"),
        ([], "ends before frame 0"),
        ([(2, FRAME), (0, FRAME)], "gives frame 2, expected 0"),
        ([(0, FRAME), (2, FRAME), (3, FRAME)], "gives frame 3, expected None"),
        ([(0, FRAME[..., 0])], r"must be uint8 \(H, W, 3\) .* gives uint8 \(6, 8\)"),
        ([(0, FRAME.astype(float))], r"gives float64 \(6, 8, 3\)"),
        ([(0, FRAME[:0])], r"gives uint8 \(0, 8, 3\)"),
        ([(0, None)], "gives NoneType"),
    ],
)
def test_frames_are_those_that_are_wanted_and_pictures(frames, cause: str) -> None:
    good = [(0, FRAME), (2, FRAME)]
    assert list(checked_frames(good, [0, 2], PATH)) == good
    with pytest.raises(DataError, match=cause):
        list(checked_frames(frames, [0, 2], PATH))


@pytest.mark.parametrize(
    ("face", "cause"),
    [
        (Face((NAN, 0, 5, 5), 1.0), "not finite"),
        (Face((0, 0, float("inf"), 5), 1.0), "not finite"),
        (Face((0, 0, 5, 5), NAN), "not finite"),
        (Face((0, 0, 0, 5), 1.0), "is empty"),
        (Face((0, 0, 5, -1), 1.0), "is empty"),
        (Face((0, 0, 5, 5), 1.0, np.full((5, 2), NAN)), "landmarks of the face are not finite"),
    ],
)
def test_a_face_is_finite_and_not_empty(face: Face, cause: str) -> None:
    good = Face((-3, 2, 50, 60), 0.9, np.zeros((5, 2)))
    assert checked_face(good, 4) is good
    assert checked_face(None, 4) is None
    with pytest.raises(DataError, match=f"frame 4: .*{cause}"):
        checked_face(face, 4)


@pytest.mark.parametrize(
    ("depth", "cause"),
    [
        (np.zeros((4, 5), np.float32), r"\(4, 4\), got float32 \(4, 5\)"),
        (None, "got NoneType"),
        (np.full((4, 4), NAN, np.float32), r"in \[0, 1\], got nan"),
        (np.full((4, 4), 1.5, np.float32), "got 1.5 to 1.5"),
        (np.full((4, 4), -0.1, np.float32), "got -0.1"),
    ],
)
def test_depth_is_of_the_crop_and_between_none_and_nearest(depth, cause: str) -> None:
    good = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    stored = checked_map(good, "depth", 4, 7)
    assert stored.dtype == np.uint8
    assert stored.ravel().tolist() == [17 * number for number in range(16)]
    with pytest.raises(DataError, match=f"frame 7: its depth map must be .*{cause}"):
        checked_map(depth, "depth", 4, 7)


@pytest.fixture
def failure(oulu: Path, tmp_path: Path) -> Callable[[Face], str]:
    """A function that prepares a video with the face of a plugin's detector."""

    def go(face: Face) -> str:
        @hookimpl
        def fasharness_detectors():
            return {"own": lambda device: SimpleNamespace(detect=lambda frames: [[face]])}

        item = OuluNpu(oulu).presentation(parse_name("1_1_01_1"))
        recipe, spec = Recipe((("oulu-npu", oulu),), detector="own"), ClipSpec(crop=Crop(size=8))
        plugins = load([("own", SimpleNamespace(fasharness_detectors=fasharness_detectors))])
        store, told = ClipStore(tmp_path / "store"), []
        done = prepare(
            {item: [spec]}, recipe, store, plugins, jobs=1, progress=lambda *now: told.append(now)
        )
        return done.get(item, spec).failure

    return go


def test_a_detector_that_gives_no_number_fails_the_presentation_in_one_line(failure) -> None:
    found = failure(Face((NAN, 0, 5, 5), 1.0))
    assert found.startswith("frame 0: the face box (nan, 0, 5, 5)")
    assert "\n" not in found


def test_a_box_beside_the_picture_loses_its_clips(failure) -> None:
    assert "has no pixel in a picture of 128x96" in failure(Face((500, 0, 5, 5), 1.0))
