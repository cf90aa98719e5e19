"""Reading frames of a video in order, without seeking and without trusting its container."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError


class VideoInfo(NamedTuple):
    """Facts of a video, found by decoding it.

    Attributes:
        frames: frames that can be decoded.
        width: of a frame, in pixels.
        height: of a frame, in pixels.
        fps: frames per second as the container states it; 0 where it does not.
    """

    frames: int
    width: int
    height: int
    fps: float


def decode(
    path: Path, wanted: Sequence[int] | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the frames of a video in order; unwanted frames are skipped without conversion.

    Seeking is slower than this for anything but a few distant frames, and not exact in every
    container. Decoding stops after the last wanted frame.

    Args:
        path: any file that OpenCV's FFmpeg reads.
        wanted: frame numbers from 0, in any order; None means all.

    Yields:
        Frame number and frame, uint8 (H, W, 3) RGB.

    Raises:
        DataError: if the file cannot be read, or ends before the last wanted frame.
        ValueError: if a wanted number is negative.
    """
    numbers = None if wanted is None else sorted(set(wanted))
    if numbers and numbers[0] < 0:
        raise ValueError(f"frame numbers start at 0, got {numbers[0]}")
    with _opened(path) as video:
        if numbers is None:
            yield from _every_frame(path, video)
        else:
            yield from _wanted_frames(path, video, numbers)


def count_frames(path: Path) -> int:
    """Count the frames that can be decoded, by decoding them.

    Args:
        path: a video file.

    Returns:
        The number of frames, at least 1.

    Raises:
        DataError: if the file is missing, empty, not a video or has no decodable frame.
    """
    return probe(path).frames


def probe(path: Path) -> VideoInfo:
    """Return the facts of a video, by decoding it once.

    Args:
        path: a video file.

    Returns:
        Number, size and rate of its frames.

    Raises:
        DataError: if the file is missing, empty, not a video or has no decodable frame.
    """
    with _opened(path) as video:
        # Not CAP_PROP_FRAME_COUNT: containers state wrong counts.
        frames = 0
        while video.grab():
            frames += 1
        if not frames:
            raise _no_frame(path)
        width, height = (
            int(video.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        return VideoInfo(frames, width, height, float(video.get(cv2.CAP_PROP_FPS)))


def check_readable(path: Path) -> None:
    """Check in milliseconds that a file is a video, by decoding its first frame only.

    Args:
        path: a video file.

    Raises:
        DataError: if the file is missing, empty, not a video or its first frame is damaged.
    """
    with _opened(path) as video:
        if not video.grab():
            raise _no_frame(path)
        _picture(path, video, 0)


def _every_frame(path: Path, video: cv2.VideoCapture) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    index = 0
    while video.grab():
        yield index, _picture(path, video, index)
        index += 1
    if not index:
        raise _no_frame(path)


def _wanted_frames(
    path: Path, video: cv2.VideoCapture, numbers: Sequence[int]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    passed = 0
    for number in numbers:
        # grab() and not CAP_PROP_POS_FRAMES: seeking to every tenth frame took 3 times (mp4) to
        # 7 times (avi) as long as grabbing all frames.
        while passed <= number:
            if not video.grab():
                if not passed:
                    raise _no_frame(path)
                raise DataError(
                    f"{path}: frame {number} is wanted but only {passed} can be decoded; "
                    "the file is cut short or damaged"
                )
            passed += 1
        yield number, _picture(path, video, number)


def _picture(path: Path, video: cv2.VideoCapture, index: int) -> NDArray[np.uint8]:
    # grab() succeeds on some damaged frames; only retrieve() decodes the picture.
    good, frame = video.retrieve()
    if not good or frame is None:
        raise DataError(f"{path}: frame {index} is damaged")
    if frame.ndim == 2:
        frame = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)


def _no_frame(path: Path) -> DataError:
    return DataError(f"{path}: no frame can be decoded; the file is cut short or damaged")


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    _check_file(path)
    with _quiet():
        # FFmpeg only: the image-sequence backend would read 1_1_01_1.avi as a numbered picture.
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not video.isOpened():
            raise DataError(f"{path}: not a video that can be read")
        yield video
    finally:
        video.release()


def _check_file(path: Path) -> None:
    if not path.exists():
        raise DataError(f"{path}: no such video")
    if not path.is_file():
        raise DataError(f"{path}: expected a video file, found a folder")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path}: no permission to read the video")
    _check_whole(path)


def _check_whole(path: Path) -> None:
    """Refuse an AVI file that is shorter than its header states, as after a broken download.

    Such a file still decodes, to fewer frames, and would be scored as if it were complete.
    """
    with path.open("rb") as file:
        head = file.read(8)
    # RIFF: bytes 4 to 7 are the size of the file without these first 8 bytes.
    promised = int.from_bytes(head[4:], "little") + 8
    size = path.stat().st_size
    # Longer is fine: an AVI above 1 GB (OpenDML) goes on in further RIFF chunks.
    if head[:4] == b"RIFF" and size < promised:
        raise DataError(f"{path}: cut short: {size} of {promised} bytes")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV and FFmpeg from writing to stderr; a DataError reports the cause in one line."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    # OpenCV reads this once, when the first video is opened.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
