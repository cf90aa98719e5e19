"""Tests of whole-file writing."""

import errno

import numpy as np
import pytest

from fasharness.errors import DataError
from fasharness_sim.capture import storing


def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path):
    path = tmp_path / "list.txt"
    storing.text(path, "old\n")
    with pytest.raises(DataError, match=r"list\.txt: No space left on device"), storing.whole(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_depth_maps_run_from_1_farthest_to_255_nearest():
    depth = np.array([[[np.nan, -2.0], [3.0, 0.5]]], np.float32)
    np.testing.assert_array_equal(storing.depth_maps(depth), [[[0, 1], [255, 128]]])


def test_depth_maps_without_a_face_are_zero():
    assert not storing.depth_maps(np.full((1, 2, 2), np.nan, np.float32)).any()


def test_eyes_are_lines_of_frame_and_pixels(tmp_path):
    storing.eyes(tmp_path / "e.txt", np.float32([[[10.4, 20.6], [30, 40]], [[1, 2], [3, 4]]]))
    assert (tmp_path / "e.txt").read_text() == "0,10,21,30,40\n1,1,2,3,4\n"
    read = storing.read_eyes(tmp_path / "e.txt")
    np.testing.assert_array_equal(read, [[[10, 21], [30, 40]], [[1, 2], [3, 4]]])


@pytest.mark.parametrize("text", ["", "0,1,2,3\n", "0,1,2,3,four\n"])
def test_damaged_eyes_are_named(tmp_path, text):
    (tmp_path / "e.txt").write_text(text)
    with pytest.raises(DataError, match=r"e\.txt: no readable eye positions; delete"):
        storing.read_eyes(tmp_path / "e.txt")
