"""Decoding: real small videos in order, the frames of OpenCV itself, and every bad file."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.prepare.decode import check_readable, count_frames, decode, kind_of, probe
from fasharness.prepare.sources import Kind, SourceInfo

FRAMES, WIDTH, HEIGHT = 10, 64, 48
DATA = Path(__file__).parent / "data"


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
    times = tuple(n / 15 for n in range(FRAMES))
    info = probe(video)
    assert info._replace(times=()) == SourceInfo(FRAMES, WIDTH, HEIGHT, 15.0)
    assert info.times == pytest.approx(times)
    assert count_frames(video) == FRAMES
    assert kind_of(video) is Kind.VIDEO


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "VP80")]
)
def test_frames_are_those_of_opencv(tmp_path: Path, name: str, codec: str) -> None:
    path = tmp_path / name
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 15, (WIDTH, HEIGHT))
    rng = np.random.default_rng(0)
    for _ in range(FRAMES):
        writer.write(cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (WIDTH, HEIGHT)))
    writer.release()
    plain = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    count = 0
    for index, frame in decode(path):
        assert index == count
        np.testing.assert_array_equal(frame, plain.read()[1][..., ::-1])
        count += 1
    assert count == FRAMES
    assert not plain.read()[0]


def test_the_times_of_a_video_of_varying_rate_are_those_of_its_container() -> None:
    """Of 20 frames at 10 a second, every third from the second on was left out."""
    info = probe(DATA / "variable.mp4")
    assert info.times == pytest.approx([n / 10 for n in range(20) if n % 3 != 1])


def half(whole: bytes) -> bytes:
    return whole[: (whole.index(b"movi") + len(whole)) // 2]


def test_decoding_stops_after_the_last_wanted_frame(last_damaged: Path) -> None:
    assert [index for index, _ in decode(last_damaged, [1, 0])] == [0, 1]


def test_a_wanted_frame_after_the_end_is_an_error(video: Path) -> None:
    with pytest.raises(DataError, match=r"1_1_01_1\.avi: frame 11 is wanted but only 10 can be"):
        list(decode(video, [0, 11]))


def chunks(whole: bytes) -> list[slice]:
    """Where the content of each frame's chunk of an AVI file lies."""
    place, found = whole.index(b"movi") + 4, []
    while whole[place : place + 4] == b"00dc":
        size = int.from_bytes(whole[place + 4 : place + 8], "little")
        found.append(slice(place + 8, place + 8 + size))
        place += 8 + size + size % 2
    return found


def without_picture(whole: bytes, number: int) -> bytes:
    """A chunk of the right length with something else in it."""
    content, chunk = bytearray(whole), chunks(whole)[number]
    content[chunk] = b"\x55" * (chunk.stop - chunk.start)
    return bytes(content)


@pytest.fixture
def last_damaged(video: Path, tmp_path: Path) -> Path:
    path = tmp_path / "last.avi"
    path.write_bytes(without_picture(video.read_bytes(), FRAMES - 1))
    return path


def test_a_packet_that_cannot_be_decoded_is_not_taken_for_the_end(
    video: Path, tmp_path: Path, last_damaged: Path
) -> None:
    """OpenCV's own loop ends there, and gives the frames before as the whole video."""
    path = tmp_path / "middle.avi"
    path.write_bytes(without_picture(video.read_bytes(), 4))
    for call in (count_frames, lambda p: list(decode(p))):
        with pytest.raises(DataError, match=r"middle\.avi: frame 4 cannot be decoded, but later"):
            call(path)
        with pytest.raises(DataError, match=r"last\.avi: only 9 of 10 frames can be decoded"):
            call(last_damaged)


def test_negative_numbers_are_refused(video: Path) -> None:
    with pytest.raises(ValueError, match="start at 0, got -1"):
        list(decode(video, [-1]))


def header_only(whole: bytes) -> bytes:
    return whole[: whole.index(b"movi") + 12]


def frames_zeroed(whole: bytes) -> bytes:
    """Every chunk of the container stands, but none holds a picture."""
    content = bytearray(whole)
    for chunk in chunks(whole):
        content[chunk] = bytes(chunk.stop - chunk.start)
    return bytes(content)


BAD = {
    "missing": (None, "no such file"),
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
