"""Decoding: real small videos, in order, without trusting the container, and every bad file."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.prepare.decode import VideoInfo, check_readable, count_frames, decode, probe

FRAMES, WIDTH, HEIGHT = 10, 64, 48


def colour(index: int) -> tuple[int, int, int]:
    """RGB of a whole frame, far from every other frame's."""
    return 250 - 20 * index, 20 + 15 * index, 10 * (index % 2) * index


def write_video(path: Path, frames: int = FRAMES) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 15, (WIDTH, HEIGHT))
    for index in range(frames):
        frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        frame[:] = colour(index)[::-1]
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # digits in the name would start OpenCV's image-sequence reader
    return write_video(tmp_path_factory.mktemp("videos") / "1_1_01_1.avi")


def assert_frame(index: int, frame: np.ndarray) -> None:
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous
    np.testing.assert_allclose(frame.mean((0, 1)), colour(index), atol=4)


def test_all_frames_come_in_order_and_as_rgb(video: Path) -> None:
    got = list(decode(video, None))
    assert [index for index, _ in got] == list(range(FRAMES))
    for index, frame in got:
        assert_frame(index, frame)


@settings(deadline=None, max_examples=20)
@given(wanted=st.lists(st.integers(0, FRAMES - 1), max_size=12))
def test_wanted_frames_are_exact(video: Path, wanted: list[int]) -> None:
    got = list(decode(video, wanted))
    assert [index for index, _ in got] == sorted(set(wanted))
    for index, frame in got:
        assert_frame(index, frame)


def test_probe_and_count(video: Path) -> None:
    assert probe(video) == VideoInfo(FRAMES, WIDTH, HEIGHT, 15.0)
    assert count_frames(video) == FRAMES


@pytest.fixture
def cut_short(video: Path, tmp_path: Path) -> Path:
    """The frame count states all frames, but half are missing; the length was mended."""
    path = tmp_path / "short.avi"
    content = half(video.read_bytes())
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])
    return path


def half(whole: bytes) -> bytes:
    return whole[: (whole.index(b"movi") + len(whole)) // 2]


def test_count_does_not_believe_the_container(cut_short: Path) -> None:
    real = count_frames(cut_short)
    assert 0 < real < FRAMES
    assert [index for index, _ in decode(cut_short, None)] == list(range(real))


def test_decoding_stops_after_the_last_wanted_frame(cut_short: Path) -> None:
    assert [index for index, _ in decode(cut_short, [1, 0])] == [0, 1]


def test_a_wanted_frame_after_the_end_is_an_error(cut_short: Path) -> None:
    with pytest.raises(
        DataError, match=r"short\.avi: frame 9 is wanted but only \d can be decoded"
    ):
        list(decode(cut_short, [0, 9]))


def test_negative_numbers_are_refused(video: Path) -> None:
    with pytest.raises(ValueError, match="start at 0, got -1"):
        list(decode(video, [-1]))


def header_only(whole: bytes) -> bytes:
    return whole[: whole.index(b"movi") + 12]


def frames_zeroed(whole: bytes) -> bytes:
    """Every chunk of the container stands, but none holds a picture."""
    content = bytearray(whole)
    place = content.index(b"movi") + 4
    while content[place : place + 4] == b"00dc":
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        content[place + 8 : place + 8 + size] = bytes(size)
        place += 8 + size + size % 2
    return bytes(content)


BAD = {
    "missing": (None, "no such video"),
    "empty": (lambda whole: b"", r"empty \(0 bytes\)"),
    "text": (lambda whole: b"not a video\n" * 300, "not a video"),
    "zeros": (lambda whole: bytes(5000), "not a video"),
    "half": (half, r"cut short: \d+ of \d+ bytes"),
    "header": (header_only, "cut short"),
    "no_frame": (frames_zeroed, "no frame can be decoded"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("call", [count_frames, check_readable, lambda p: list(decode(p, [0]))])
def test_bad_files_are_named_with_the_cause(video, tmp_path, name, call) -> None:
    make, cause = BAD[name]
    path = tmp_path / f"{name}_1.avi"
    if make is not None:
        path.write_bytes(make(video.read_bytes()))
    with pytest.raises(DataError, match=cause) as caught:
        call(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_not_a_video(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found a folder"):
        count_frames(tmp_path)


def test_check_readable_accepts_a_good_video(video: Path) -> None:
    check_readable(video)


def test_nothing_is_written_to_the_terminal(video: Path, tmp_path: Path) -> None:
    damaged = bytearray(video.read_bytes())
    for start in range(len(damaged) // 2, len(damaged) - 2000, 500):
        damaged[start : start + 40] = b"\xff\x01" * 20
    (tmp_path / "damaged.avi").write_bytes(damaged)
    (tmp_path / "text.avi").write_bytes(b"text" * 100)
    program = (
        "import sys, pathlib\n"
        "from fasharness.errors import DataError\n"
        "from fasharness.prepare.decode import decode\n"
        "for name in 'damaged', 'text':\n"
        "    try: print(len(list(decode(pathlib.Path(sys.argv[1]) / f'{name}.avi', None))))\n"
        "    except DataError as error: print('error')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "error"
    assert done.stderr == ""
