"""What a video's container says of itself: its size, its tracks, and where packets are missing.

OpenCV tells none of this: it decodes the first track, ends at the first damaged packet as at the
end of the file, and estimates the number of frames where the container does not state it. Only
headers and the places of packets are read here; FFmpeg decodes.
"""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from fasharness.errors import DataError
from fasharness.prepare.containers import avi, matroska, mp4
from fasharness.prepare.containers.model import Container


def read_container(path: Path) -> Container:
    """Read the headers and the places of the packets of a video.

    Args:
        path: a file, of any content.

    Returns:
        Tracks and damage. Nothing for containers other than AVI, MP4, MOV, Matroska and WebM,
        and where a header is not understood: FFmpeg may still know it.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            parse = _parser(file.read(12))
            size = file.seek(0, io.SEEK_END)
            return Container() if parse is None else parse(file, size)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except (struct.error, ValueError, LookupError, OverflowError):
        return Container()


def _parser(head: bytes) -> Callable[[BinaryIO, int], Container] | None:
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return avi.parse
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return matroska.parse
    if head[4:8] in mp4.FIRST:
        return mp4.parse
    return None
