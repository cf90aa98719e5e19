"""MP4 and MOV files: H.264 at a rate factor, or Motion JPEG, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from fasharness.errors import OptionError
from fasharness_sim.capture import avi
from fasharness_sim.fields import U8

if TYPE_CHECKING:
    from av.container import OutputContainer

# Without it the files state the version of the library, and so do the packets of x264.
_EXACT = {"fflags": "+bitexact"}


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
        stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf)})
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
