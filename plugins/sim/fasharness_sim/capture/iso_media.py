"""MP4 and MOV files: H.264 at a rate factor, or Motion JPEG, the same bytes every time."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from fasharness.errors import OptionError
from fasharness_sim.capture import avi
from fasharness_sim.fields import U8

if TYPE_CHECKING:
    from av.container import OutputContainer

# Without it the files state the version of the library, and so do the packets of x264.
_EXACT = {"fflags": "+bitexact"}
# The usual preset takes longer than drawing the frames. x264's mb-tree reads memory that nobody
# wrote (AVX-512, build 165), so its bytes differ from call to call.
_X264 = {"preset": "veryfast", "x264-params": "mbtree=0"}
_MATRIX = 44  # where a track header's matrix is, from the header's name


def write_h264(path: Path, frames: Sequence[U8], fps: int, crf: int) -> None:
    """Write frames as H.264 (4:2:0) with x264.

    Args:
        path: ends with .mp4 or .mov.
        frames: uint8 (H, W, 3), blue, green, red, all of one size; height and width are even.
        fps: frames a second.
        crf: the constant rate factor, 0 (lossless) to 51.

    Raises:
        OSError: the file cannot be written.
        OptionError: PyAV is not installed.
    """
    av = _library(path)
    with _opened(path) as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), **_X264})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        # More threads cut the picture up in another way, so the bytes would depend on the machine.
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode())


def write_jpeg(path: Path, frames: Sequence[U8], fps: int, quality: int) -> None:
    """Write frames as Motion JPEG of a quality 0..100; for the rest see `write_h264`."""
    av = _library(path)
    with _opened(path) as container:
        stream = container.add_stream("mjpeg", rate=fps)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuvj420p"
        for number, frame in enumerate(frames):
            packet = av.Packet(avi.jpeg(frame, quality))
            packet.stream, packet.time_base = stream, Fraction(1, fps)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, True
            container.mux(packet)


def turned_back(frame: U8, degrees: int) -> U8:
    """Turn an upright frame so that turning it clockwise by `degrees` makes it upright again."""
    return np.ascontiguousarray(np.rot90(frame, degrees // 90))


def state_turn(path: Path, degrees: int) -> None:
    """Write into the header of a file's only track by how much its frames are to be turned.

    Args:
        path: a file that `write_h264` or `write_jpeg` wrote.
        degrees: clockwise, 0, 90, 180 or 270.
    """
    if not degrees:
        return
    # PyAV offers no way to state it. The matrix of a track header of version 0 (ISO/IEC 14496-12,
    # 8.3.2): nine numbers, the first two columns in 16.16, the last in 2.30.
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + _MATRIX
    c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[degrees // 90]
    struct.pack_into(">9i", data, start, c << 16, s << 16, 0, -s << 16, c << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def _library(path: Path) -> ModuleType:
    """Import PyAV, which only these files need."""
    try:
        import av
    except ImportError:
        raise OptionError(
            f"{path}: {path.suffix} files need PyAV, which is not installed: pip install av"
        ) from None
    return av


@contextmanager
def _opened(path: Path) -> Iterator[OutputContainer]:
    """Open a new file."""
    av = _library(path)
    kind = path.suffix.removeprefix(".")
    with av.open(str(path), "w", format=kind, options=_EXACT) as container:
        yield container
