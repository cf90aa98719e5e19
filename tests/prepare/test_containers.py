"""Containers: which track, and what is missing, in files that OpenCV reads without a word."""

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fasharness.errors import DataError
from fasharness.prepare.containers import read_container
from fasharness.prepare.containers.model import Container
from fasharness.prepare.containers.mp4 import sample_places
from fasharness.prepare.decode import check_readable, count_frames, decode, probe

DATA = Path(__file__).parent / "data"
RED, GREEN = (208, 0, 0), (0, 160, 0)
# A preview of 5 red frames of 32x24, then 10 green frames of 64x48, the default track: H.264.
TWO_TRACKS = ("preview_first.mp4", "preview_first.mkv")


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def jpeg(colour: Sequence[int], width: int, height: int) -> bytes:
    frame = np.full((height, width, 3), colour[::-1], np.uint8)
    return cv2.imencode(".jpg", frame)[1].tobytes()


def stream(width: int, height: int, frames: int) -> bytes:
    head = struct.pack("<4s4sIHHIIIIIIIIHHHH", b"vids", b"MJPG", 0, 0, 0, 0, 1, 10, 0, frames,
                       0, 0, 0, 0, 0, width, height)  # fmt: skip
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    return chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", form))


def avi(streams: Sequence[bytes], packets: Sequence[tuple[bytes, bytes]]) -> bytes:
    """An AVI file of these headers and packets, with an index."""
    head = struct.pack(
        "<14I", 100000, 0, 0, 0x10, len(packets), 0, len(streams), 0, 64, 48, *[0] * 4
    )
    movi, index = b"movi", b""
    for name, content in packets:
        index += struct.pack("<4sIII", name, 0x10, len(movi), len(content))
        movi += chunk(name, content)
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", head) + b"".join(streams))
    return chunk(b"RIFF", b"AVI " + header + chunk(b"LIST", movi) + chunk(b"idx1", index))


def simple(packets: int = 10, stated: int = 10) -> bytes:
    return avi([stream(64, 48, stated)], [(b"00dc", jpeg(GREEN, 64, 48))] * packets)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A good file of each container, 10 frames each."""
    path = tmp_path_factory.mktemp("written") / "written.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    for number in range(10):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    found = {name: (DATA / name).read_bytes() for name in TWO_TRACKS}
    return {"simple.avi": simple(), "written.mp4": path.read_bytes(), **found}


NAMES = ("simple.avi", "written.mp4", *TWO_TRACKS)


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def assert_green(path: Path) -> None:
    frames = [frame for _, frame in decode(path)]
    assert len(frames) == count_frames(path) == 10
    for frame in frames:
        assert frame.shape == (48, 64, 3)
        np.testing.assert_allclose(frame.mean((0, 1)), GREEN, atol=4)
    assert probe(path)[:3] == (10, 64, 48)


@pytest.mark.parametrize("name", TWO_TRACKS)
def test_the_main_track_is_decoded_and_not_the_preview_before_it(name: str) -> None:
    plain = cv2.VideoCapture(str(DATA / name), cv2.CAP_FFMPEG).read()[1][..., ::-1]
    np.testing.assert_allclose(plain.mean((0, 1)), RED, atol=4)  # what OpenCV takes
    found = read_container(DATA / name)
    assert [(t.width, t.height, t.default) for t in found.tracks] == [
        (32, 24, False),
        (64, 48, True),
    ]
    assert (found.main, found.damage) == (1, "")
    assert_green(DATA / name)
    check_readable(DATA / name)


@pytest.mark.parametrize("first", [(32, 24), (64, 48)])
def test_of_two_tracks_of_an_avi_the_larger_is_taken_or_the_first(tmp_path: Path, first) -> None:
    equal = first == (64, 48)
    colours = (GREEN, RED) if equal else (RED, GREEN)
    packets = [(b"00dc", jpeg(colours[0], *first)), (b"01dc", jpeg(colours[1], 64, 48))] * 10
    path = saved(tmp_path, "two.avi", avi([stream(*first, 10), stream(64, 48, 10)], packets))
    assert read_container(path).main == (0 if equal else 1)
    assert_green(path)


def test_a_track_of_chapter_pictures_is_not_the_main_one(tmp_path: Path) -> None:
    """The first track names the second, larger one as its chapters."""
    content = (DATA / "preview_first.mp4").read_bytes()
    reference = struct.pack(">I4sI4sI", 20, b"tref", 12, b"chap", 2)
    header, track = content.index(b"moov") - 4, content.index(b"trak") - 4
    for place in (header, track):
        (size,) = struct.unpack_from(">I", content, place)
        content = content[:place] + struct.pack(">I", size + 20) + content[place + 4 :]
    content = content[: track + 8] + reference + content[track + 8 :]
    path = saved(tmp_path, "chapters.mp4", content)
    assert [one.cover for one in read_container(path).tracks] == [False, True]
    frames = [frame for _, frame in decode(path)]
    assert len(frames) == 5
    np.testing.assert_allclose(frames[0].mean((0, 1)), RED, atol=4)


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_file_has_no_damage(files: dict[str, bytes], tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, name, files[name])
    assert read_container(path).damage == ""
    check_readable(path)
    assert count_frames(path) == 10


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=15)
@given(part=st.floats(0.05, 0.999))
def test_a_file_that_is_cut_anywhere_is_refused(files, tmp_path_factory, name: str, part) -> None:
    content = files[name]
    path = saved(tmp_path_factory.mktemp("cut"), name, content[: int(len(content) * part)])
    for call in (check_readable, count_frames, lambda p: list(decode(p, [0]))):
        with pytest.raises(DataError, match=r"cut short|not a video or image that can be read"):
            call(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_hole_of_zeros_is_found_at_once(files, tmp_path: Path, name: str) -> None:
    """From the middle of one packet to the middle of another, and up to the end of the packets."""
    content = files[name]
    start = content.index({"avi": b"movi", "mp4": b"mdat", "mkv": b"\x1f\x43\xb6\x75"}[name[-3:]])
    end = {"avi": b"idx1", "mp4": b"moov", "mkv": b"\x1c\x53\xbb\x6b"}[name[-3:]]
    stop = content.index(end, start) if end in content[start:] else len(content)
    first = start + int((stop - start) * 0.4)
    for last in (start + int((stop - start) * 0.8), stop):
        damaged = content[:first] + bytes(last - first) + content[last:]
        path = saved(tmp_path, name, damaged)
        for call in (check_readable, count_frames):
            with pytest.raises(DataError, match=r"damaged: zeros from byte \d+"):
                call(path)


def test_a_chunk_without_content_is_no_missing_frame(tmp_path: Path) -> None:
    """It repeats the frame before; the header counts it."""
    picture = jpeg(GREEN, 64, 48)
    packets = [(b"00dc", picture if number % 4 else b"") for number in range(1, 13)]
    path = saved(tmp_path, "repeated.avi", avi([stream(64, 48, 12)], packets))
    check_readable(path)
    assert count_frames(path) == 9


def test_zeros_behind_the_last_packet_are_padding(tmp_path: Path) -> None:
    content = simple()
    place = content.index(b"idx1")
    start = content.index(b"movi") - 4
    movi = struct.pack("<I", place - start - 4 + 512)
    padded = content[:start] + movi + content[start + 4 : place] + bytes(512) + content[place:]
    padded = padded[:4] + struct.pack("<I", len(padded) - 8) + padded[8:]
    path = saved(tmp_path, "padded.avi", padded)
    check_readable(path)
    assert_green(path)


@given(data=st.data())
def test_the_samples_of_an_mp4_lie_one_behind_the_other_in_its_chunks(data) -> None:
    counts = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=8))
    chunks = [1000 * (number + 1) for number in range(len(counts))]
    sizes = data.draw(st.lists(st.integers(1, 50), min_size=sum(counts), max_size=sum(counts)))
    runs = [(n + 1, c, 1) for n, c in enumerate(counts) if n == 0 or counts[n - 1] != c]
    expected, left = [], iter(sizes)
    for place, count in zip(chunks, counts, strict=True):
        for _ in range(count):
            expected.append(place)
            place += next(left)
    found = sample_places(np.array(sizes), np.array(chunks), np.array(runs).ravel())
    assert found.tolist() == expected


def test_a_header_that_states_too_many_frames_is_not_believed(tmp_path: Path) -> None:
    path = saved(tmp_path, "wrong.avi", simple(packets=10, stated=12))
    check_readable(path)
    assert_green(path)


@pytest.mark.parametrize("name", NAMES)
def test_what_follows_the_video_is_no_damage(files, tmp_path: Path, name: str) -> None:
    for more in (bytes(3000), b"a phone's own notes, which are no box" * 20):
        path = saved(tmp_path, name, files[name] + more)
        check_readable(path)
        assert count_frames(path) == 10


def test_a_live_stream_whose_size_is_not_stated_is_read(files, tmp_path: Path) -> None:
    content = files["preview_first.mkv"]
    place = content.index(b"\x18\x53\x80\x67") + 4
    open_end = content[:place] + b"\x01" + b"\xff" * 7 + content[place + 8 :]
    assert_green(saved(tmp_path, "live.mkv", open_end))


def test_an_mp4_without_its_header_says_so(files, tmp_path: Path) -> None:
    content = files["written.mp4"]
    path = saved(tmp_path, "a.mp4", content[: content.index(b"moov") - 4])
    with pytest.raises(DataError, match=r"a\.mp4: cut short: its header \(moov\)"):
        check_readable(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_header_gives_no_other_error(files, tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        content = np.frombuffer(files[name], np.uint8).copy()
        places = rng.integers(0, len(content), rng.integers(1, 9))
        content[places] = rng.integers(0, 256, len(places))
        found = read_container(saved(tmp_path, name, content.tobytes()))
        assert isinstance(found, Container)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"\x1a\x45\xdf\xa3", b"\0\0\0\x08ftyp", b"text" * 9]
)
def test_what_is_no_known_container_has_no_tracks(tmp_path: Path, content: bytes) -> None:
    assert read_container(saved(tmp_path, "a.bin", content)).tracks == ()
