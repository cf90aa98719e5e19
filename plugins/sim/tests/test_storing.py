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


def test_eyes_are_read_from_the_truth(tmp_path):
    eyes = np.float32([[[10.4, 20.6], [30, 40]]])
    storing.truth(tmp_path / "v.truth.npz", eyes, np.zeros((1, 104, 2), np.float32))
    np.testing.assert_allclose(storing.read_eyes(tmp_path / "v.truth.npz"), eyes)


def test_damaged_truth_is_named(tmp_path):
    path = tmp_path / "v.truth.npz"
    storing.truth(path, np.zeros((0, 2, 2), np.float32), np.zeros((0, 104, 2), np.float32))
    for damaged in (path.read_bytes()[:200], path.read_bytes(), b""):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"truth\.npz: no readable eye positions; delete"):
            storing.read_eyes(path)
