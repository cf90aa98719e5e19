"""Motion JPEG in an AVI file: small frames at a chosen quality, and honest disk errors."""

import bisect
import struct
from collections.abc import Sequence
from pathlib import Path

import cv2

from fasharness_sim.fields import U8

_KEY_FRAME, _HAS_INDEX = 0x10, 0x10


def write(path: Path, frames: Sequence[U8], fps: int, quality: int) -> None:
    """Write frames as Motion JPEG (AVI 1.0: header, frames, index).

    OpenCV's own writer leaves files twice this size and says nothing when the disk is full.

    Args:
        path: the file.
        frames: uint8 (H, W, 3), blue, green, red, all of one size.
        fps: frames a second.
        quality: of the JPEG frames, 0..100.

    Raises:
        OSError: the file cannot be written.
        ValueError: there is no frame.
    """
    if not frames:
        raise ValueError("a video needs at least one frame, got none")
    pictures = [jpeg(frame, quality) for frame in frames]
    tall, wide = frames[0].shape[:2]
    body = b"".join(_chunk(b"00dc", picture) for picture in pictures)
    parts = [_header(wide, tall, fps, pictures), _list(b"movi", body), _index(pictures)]
    path.write_bytes(_chunk(b"RIFF", b"AVI " + b"".join(parts)))


def quality_for(frame: U8, size: int) -> int:
    """Find the highest JPEG quality (20..97) at which a frame takes at most ``size`` bytes.

    This is how an encoder with a fixed bit rate behaves: a busier picture is stored more coarsely.
    """
    return 20 + bisect.bisect_right(range(21, 98), size, key=lambda q: len(jpeg(frame, q)))


def jpeg(frame: U8, quality: int) -> bytes:
    """Encode one frame (H, W, 3), blue, green, red, as JPEG of a quality 0..100."""
    return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk: name, size, data, padded to an even length."""
    # RIFF starts every chunk at an even place; the size does not count the padding.
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    """Return a list chunk."""
    return _chunk(b"LIST", name + data)


def _header(wide: int, tall: int, fps: int, pictures: Sequence[bytes]) -> bytes:
    """Return the main header and the header of the only stream (AVIMAINHEADER, AVISTREAMHEADER)."""
    largest, count = max(map(len, pictures)), len(pictures)
    main = struct.pack(
        "<14I", 1_000_000 // fps, largest * fps, 0, _HAS_INDEX, count, 0, 1, largest, wide, tall,
        0, 0, 0, 0,
    )  # fmt: skip
    # -1: the quality is not stated here; every JPEG frame has its own tables.
    stream = b"vidsMJPG" + struct.pack(
        "<IHHIIIIIIiI4H", 0, 0, 0, 0, 1, fps, 0, count, largest, -1, 0, 0, 0, wide, tall
    )
    bitmap = struct.pack(
        "<IiiHH4sIiiII", 40, wide, tall, 1, 24, b"MJPG", wide * tall * 3, 0, 0, 0, 0
    )
    streams = _list(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", bitmap))
    return _list(b"hdrl", _chunk(b"avih", main) + streams)


def _index(pictures: Sequence[bytes]) -> bytes:
    """Return the index: where each frame starts, counted from the word ``movi``."""
    # AVI 1.0 counts from the word ``movi``, not from the start of the file.
    rows, start = [], 4
    for picture in pictures:
        rows.append(struct.pack("<4sIII", b"00dc", _KEY_FRAME, start, len(picture)))
        start += 8 + len(picture) + len(picture) % 2
    return _chunk(b"idx1", b"".join(rows))
