"""Tests of the Motion JPEG writer, read back with OpenCV."""

import struct

import cv2
import numpy as np
import pytest

from fasharness_sim.capture import avi


def _frames(count):
    y, x = np.mgrid[:64, :48].astype(np.float32)
    waves = [127 + 90 * np.sin(x / 9 + k) * np.cos(y / 7) for k in range(count)]
    return [np.repeat(w[..., None], 3, 2).astype(np.uint8) for w in waves]


def test_frames_come_back_in_order(tmp_path):
    frames, path = _frames(7), tmp_path / "a.avi"
    avi.write(path, frames, 15, 95)
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 7
    assert video.get(cv2.CAP_PROP_FPS) == 15
    for frame in frames:
        ok, read = video.read()
        assert ok
        assert np.abs(read.astype(int) - frame).mean() < 3
    assert not video.read()[0]
    video.release()


def test_the_index_points_at_every_frame(tmp_path):
    path = tmp_path / "a.avi"
    avi.write(path, _frames(5), 15, 80)
    data = path.read_bytes()
    start, index = data.index(b"movi"), data.index(b"idx1") + 8
    assert int.from_bytes(data[4:8], "little") + 8 == len(data)
    for row in range(5):
        name, _, offset, size = struct.unpack_from("<4sIII", data, index + 16 * row)
        at = start + offset
        assert name == data[at : at + 4] == b"00dc"
        assert size == int.from_bytes(data[at + 4 : at + 8], "little")
        assert data[at + 8 : at + 10] == b"\xff\xd8"


def test_quality_sets_the_size(tmp_path):
    noisy = [np.random.default_rng(0).integers(0, 256, (64, 48, 3)).astype(np.uint8)]
    sizes = []
    for quality in (30, 60, 90):
        avi.write(tmp_path / "a.avi", noisy, 15, quality)
        sizes.append((tmp_path / "a.avi").stat().st_size)
    assert sizes[0] < 0.8 * sizes[1] < 0.8 * sizes[2]


@pytest.mark.parametrize("size", [500, 1500, 3000])
def test_a_bit_rate_is_kept_from_below(size):
    frame = np.random.default_rng(0).integers(90, 130, (64, 48, 3)).astype(np.uint8)
    quality = avi.quality_for(frame, size)
    assert 20 <= quality <= 97
    assert quality == 20 or len(avi.jpeg(frame, quality)) <= size
    assert quality == 97 or len(avi.jpeg(frame, quality + 1)) > size


def test_no_frames_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        avi.write(tmp_path / "a.avi", [], 15, 90)
