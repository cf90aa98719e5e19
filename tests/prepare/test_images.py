"""Images and folders of images: the pixels of `cv2.imread`, every orientation, every bad file."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fasharness.errors import DataError
from fasharness.prepare.decode import (
    check_readable,
    count_frames,
    decode,
    decode_as_stored,
    kind_of,
    probe,
)
from fasharness.prepare.image_files import format_of, image_facts
from fasharness.prepare.images import natural
from fasharness.prepare.sources import Kind, SourceInfo

FACE = cv2.imread(str(Path(__file__).parent / "data" / "astronaut.jpg"))[:160, :120]
ENDINGS = (".jpg", ".png", ".bmp", ".tiff", ".webp", ".jp2", ".ppm")


def encoded(ending: str, image: np.ndarray = FACE, *how: int) -> bytes:
    good, content = cv2.imencode(ending, image, how)
    assert good
    return content.tobytes()


def pillow(mode: str, form: str, **how: object) -> bytes:
    """An image of a kind that OpenCV does not write."""
    with io.BytesIO() as file:
        Image.fromarray(np.ascontiguousarray(FACE[..., ::-1])).convert(mode).save(file, form, **how)
        return file.getvalue()


def tagged(orientation: int, form: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return pillow("RGB", form, exif=exif.tobytes())


IMAGES = {
    **{f"plain{ending}": encoded(ending) for ending in ENDINGS},
    "grey.jpg": encoded(".jpg", FACE[..., 1]),
    "restarts.jpg": encoded(".jpg", FACE, cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    "progressive.jpg": encoded(".jpg", FACE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "cmyk.jpg": pillow("CMYK", "JPEG"),
    "palette.png": pillow("P", "PNG"),
    "alpha.png": pillow("RGBA", "PNG"),
    "grey.pgm": encoded(".pgm", FACE[..., 1]),
    "deep.png": encoded(".png", FACE.astype(np.uint16) * 257),
    "lossless.webp": encoded(".webp", FACE, cv2.IMWRITE_WEBP_QUALITY, 101),
    **{f"turned{n}.jpg": tagged(n, "JPEG") for n in range(1, 9)},
    "turned6.png": tagged(6, "PNG"),
    "turned8.webp": tagged(8, "WebP"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("images")
    for name, content in IMAGES.items():
        (found / name).write_bytes(content)
    return found


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_has_the_pixels_of_imread(folder: Path, name: str) -> None:
    path = folder / name
    assert kind_of(path) is Kind.IMAGE
    assert count_frames(path) == 1
    ((index, frame),) = decode(path)
    assert index == 0
    assert frame.dtype == np.uint8
    expected = cv2.imread(str(path))
    np.testing.assert_array_equal(frame, expected[..., ::-1])
    assert probe(path) == SourceInfo(1, *expected.shape[1::-1])
    check_readable(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_tag_is_followed(folder: Path, orientation: int) -> None:
    """The eight turns and mirrors of EXIF, each written out."""
    shown = {
        1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud,
        5: lambda x: x.swapaxes(0, 1), 6: lambda x: np.rot90(x, -1),
        7: lambda x: np.rot90(x.swapaxes(0, 1), 2), 8: np.rot90,
    }  # fmt: skip
    ((_, plain),) = decode(folder / "turned1.jpg")
    for read in (decode, decode_as_stored):
        ((_, frame),) = read(folder / f"turned{orientation}.jpg")
        np.testing.assert_array_equal(frame, shown[orientation](plain))


def test_sixteen_bits_and_single_channels_are_kept_where_they_are_asked_for(tmp_path: Path) -> None:
    millimetres = np.arange(160 * 120, dtype=np.uint16).reshape(160, 120) * 3
    (tmp_path / "depth.png").write_bytes(encoded(".png", millimetres))
    (tmp_path / "infrared.png").write_bytes(encoded(".png", FACE[..., 0]))
    (tmp_path / "colour.png").write_bytes(encoded(".png"))
    stored = {p.stem: next(decode_as_stored(p))[1] for p in tmp_path.iterdir()}
    np.testing.assert_array_equal(stored["depth"], millimetres)
    assert stored["depth"].dtype == np.uint16
    np.testing.assert_array_equal(stored["infrared"], FACE[..., 0])
    np.testing.assert_array_equal(stored["colour"], FACE[..., ::-1])
    ((_, eight),) = decode(tmp_path / "depth.png")
    np.testing.assert_array_equal(eight[..., 0], millimetres >> 8)


@pytest.mark.parametrize("name", [n for n in IMAGES if not n.startswith("turned")])
@settings(deadline=None, max_examples=10)
@given(part=st.floats(0.01, 0.99))
def test_an_image_that_is_cut_anywhere_is_refused(folder, tmp_path_factory, name, part) -> None:
    content = IMAGES[name]
    path = tmp_path_factory.mktemp("cut") / name
    path.write_bytes(content[: max(16, int(len(content) * part))])
    for read in (decode, decode_as_stored):
        with pytest.raises(DataError) as caught:
            list(read(path))
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_padding_between_segments_is_passed_over(tmp_path: Path) -> None:
    whole = encoded(".jpg")
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[:20] + b"\0\0\xff\xff" + whole[20:])  # behind the first segment
    np.testing.assert_array_equal(next(decode(path))[1], cv2.imread(str(path))[..., ::-1])


def test_a_thumbnail_in_an_image_is_not_taken_for_its_end(tmp_path: Path) -> None:
    whole = encoded(".jpg")
    thumbnail = encoded(".jpg", FACE[::8, ::8])
    segment = b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[:2] + segment + whole[2:])
    np.testing.assert_array_equal(next(decode(path))[1], cv2.imread(str(path))[..., ::-1])
    path.write_bytes(whole[:2] + segment + whole[2 : len(whole) // 2])
    with pytest.raises(DataError, match="cut short: the end of the JPEG data is missing"):
        list(decode(path))
    path.write_bytes(whole + b"what a phone keeps behind a picture")
    np.testing.assert_array_equal(next(decode(path))[1], next(decode(path))[1])
    check_readable(path)


@pytest.mark.parametrize(
    "name", ["plain.jpg", "plain.png", "plain.tiff", "plain.webp", "plain.jp2", "lossless.webp"]
)
def test_a_tail_of_zeros_is_damage(tmp_path: Path, name: str) -> None:
    content = IMAGES[name]
    path = tmp_path / name
    path.write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))
    with pytest.raises(DataError, match=r"cut short|damaged"):
        list(decode(path))


def huge_png() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        size, check = struct.pack(">I", len(content)), struct.pack(">I", zlib.crc32(kind + content))
        return size + kind + content + check

    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(10**6))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def huge_jpeg() -> bytes:
    content = bytearray(encoded(".jpg"))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", 65000, 65000)
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "size"),
    [
        ("a.png", huge_png(), "30000x30000"),
        ("a.jpg", huge_jpeg(), "65000x65000"),
        ("a.ppm", b"P6\n# a comment\n40000 40000\n255\n", "40000x40000"),
    ],
)
def test_a_huge_image_is_refused_before_it_fills_the_memory(tmp_path, name, content, size) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{size} pixels are refused; the most is 268,435,456"):
        list(decode(tmp_path / name))


@pytest.mark.parametrize("name", IMAGES)
def test_the_stated_size_is_that_of_the_decoded_image(name: str) -> None:
    facts = image_facts(IMAGES[name])
    assert facts is not None
    assert (facts.width, facts.height, facts.damage) == (120, 160, "")


@pytest.mark.parametrize("name", IMAGES)
def test_damaged_headers_give_facts_or_none(name: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        content = np.frombuffer(IMAGES[name], np.uint8).copy()
        places = rng.integers(0, 200, rng.integers(1, 5))
        content[places] = rng.integers(0, 256, len(places))
        facts = image_facts(content.tobytes())
        assert facts is None or facts.width * facts.height >= 0


def test_texts_and_videos_are_no_images(tmp_path: Path) -> None:
    for content in (b"BM is how this text begins", b"P6 and P5", b"RIFF1234AVI ", b"GIF89a", b""):
        assert not format_of(content[:16]) or image_facts(content) is None
    assert format_of(b"BM is how this text") == format_of(b"GIF89a") == ""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"text")
    with pytest.raises(DataError, match=r"a\.jpg: not a video or image that can be read"):
        list(decode(path))
    with pytest.raises(DataError, match=r"only images keep the depth of their pixels"):
        list(decode_as_stored(path))


def test_a_stream_of_jpeg_images_is_a_video(tmp_path: Path) -> None:
    for name, count in (("a.mjpeg", 3), ("a.jpg", 1)):
        (tmp_path / name).write_bytes(encoded(".jpg") * 3)
        assert count_frames(tmp_path / name) == count


def test_a_folder_is_read_in_natural_order_and_other_files_are_ignored(tmp_path: Path) -> None:
    for number in (10, 2, 1, 9, 100):
        grey = np.full((20, 30, 3), number, np.uint8)
        (tmp_path / f"frame{number}.{'JPG' if number == 9 else 'png'}").write_bytes(
            encoded(".png", grey)
        )
    for name in ("boxes.txt", "frame3.npy", ".frame0.png", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"no image")
    (tmp_path / "deeper").mkdir()
    assert kind_of(tmp_path) is Kind.FOLDER
    assert count_frames(tmp_path) == 5
    assert probe(tmp_path) == SourceInfo(5, 30, 20)
    assert [(i, f[0, 0, 0]) for i, f in decode(tmp_path)] == [
        (0, 1),
        (1, 2),
        (2, 9),
        (3, 10),
        (4, 100),
    ]
    assert [(i, f[0, 0, 0]) for i, f in decode(tmp_path, [4, 1, 1])] == [(1, 2), (4, 100)]
    with pytest.raises(DataError, match="frame 7 is wanted but there are only 5"):
        list(decode(tmp_path, [0, 7]))
    check_readable(tmp_path)


def test_names_are_ordered_by_the_value_of_their_numbers() -> None:
    names = ["2_10", "2_9", "10_1", "a", "2", "02", "2_9b", ""]
    assert sorted(names, key=natural) == ["", "02", "2", "2_9", "2_9b", "2_10", "10_1", "a"]


def test_bad_folders_are_named_with_the_cause(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no image in this folder \(\.bmp, \.jp2"):
        count_frames(tmp_path)
    (tmp_path / "1.png").write_bytes(encoded(".png"))
    (tmp_path / "2.png").write_bytes(b"no image")
    assert count_frames(tmp_path) == 2
    for call in (check_readable, lambda p: list(decode(p))):
        with pytest.raises(DataError, match=r"2\.png: not an image that can be read"):
            call(tmp_path)
    (tmp_path / "2.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"2\.png: the file is empty"):
        check_readable(tmp_path)
    (tmp_path / "2.jpg").write_bytes(encoded(".jpg"))
    with pytest.raises(DataError, match="more than one image is called 2; which is the frame"):
        count_frames(tmp_path)


def test_a_wrong_checksum_is_found_without_decoding(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(encoded(".png"))
    damaged = bytearray(encoded(".png"))
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "2.png").write_bytes(damaged)
    with pytest.raises(DataError, match=r"2\.png: damaged: wrong checksum at byte \d+"):
        check_readable(tmp_path)


def test_nothing_is_written_to_the_terminal(tmp_path: Path) -> None:
    for name in ("plain.jpg", "plain.png"):
        content = IMAGES[name]
        (tmp_path / name).write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))
    program = (
        "import sys, pathlib\n"
        "from fasharness.errors import DataError\n"
        "from fasharness.prepare.decode import decode\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    try: list(decode(path))\n"
        "    except DataError as error: print('error')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["error", "error"]
    assert done.stderr == ""
