"""What all sources of frames share: their kinds, their facts, and the first checks of a file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from fasharness.errors import DataError

MOST_PIXELS = 2**28
"""Pixels of a frame above which it is refused, before memory is taken for it: 800 MB as RGB."""

# OpenCV 4 has its two functions for the log level at its top, OpenCV 5 in a module of their own.
_LOGGING: Any = getattr(cv2.utils, "logging", cv2)


class Kind(StrEnum):
    """What frames are read from."""

    VIDEO = "video"
    IMAGE = "image"
    FOLDER = "image folder"


class SourceInfo(NamedTuple):
    """Facts of a source of frames.

    Attributes:
        frames: frames that can be decoded.
        width: of the first frame as it is decoded (upright), in pixels.
        height: of the first frame, in pixels.
        fps: frames per second as the container states it; 0 where it does not, and for images.
        times: when each frame is shown, in seconds, as the container states it; the distances
            differ where the frame rate varies. Empty for images.
    """

    frames: int
    width: int
    height: int
    fps: float = 0.0
    times: tuple[float, ...] = ()


def check_file(path: Path, what: str) -> None:
    """Refuse a file that is missing, empty, forbidden or a folder.

    Args:
        path: the file.
        what: what is expected there, in words, e.g. ``a video``.

    Raises:
        DataError: with the cause.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if not path.is_file():
        raise DataError(f"{path}: expected {what}, found neither file nor folder")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path}: no permission to read it")


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse frames that are too large to be those of a face.

    Args:
        path: where they are from.
        width: of a frame, in pixels.
        height: of a frame, in pixels.

    Raises:
        DataError: the size is above `MOST_PIXELS`.
    """
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{path}: {width}x{height} pixels are refused; the most is {MOST_PIXELS:,} "
            f"({MOST_PIXELS >> 20} megapixels), so that no file can fill the memory"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep OpenCV and FFmpeg from writing to stderr; a DataError reports the cause in one line."""
    level = _LOGGING.getLogLevel()
    _LOGGING.setLogLevel(0)
    # OpenCV reads this once, when the first video is opened.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        yield
    finally:
        _LOGGING.setLogLevel(level)
