"""Reading frames of a video in order, without seeking, by FFmpeg through OpenCV."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.prepare.containers import read_container
from fasharness.prepare.containers.model import Container, Patched
from fasharness.prepare.sources import SourceInfo, check_file, check_size, quiet

_TRIES = 64
"""How many packets are tried after one that cannot be decoded, to tell damage from the end."""


def decode(
    path: Path, wanted: Sequence[int] | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield frames in order; unwanted frames are passed over without conversion.

    Seeking is slower than this for anything but a few distant frames, and not exact in every
    container. Decoding stops after the last wanted frame.

    Args:
        path: any file that OpenCV's FFmpeg reads.
        wanted: frame numbers from 0, in any order; None means all.

    Yields:
        Frame number and frame, uint8 (H, W, 3) RGB.

    Raises:
        DataError: if the file cannot be read, is damaged, or ends before the last wanted frame.
    """
    numbers = None if wanted is None else set(wanted)
    last = -1 if numbers is None else max(numbers, default=0)
    with _opened(path) as video:
        for index in video.frames(upto=last):
            if numbers is None or index in numbers:
                yield index, video.picture(index)


def probe(path: Path) -> SourceInfo:
    """Return the facts of a video, by decoding it once.

    Args:
        path: a video file.

    Returns:
        Number, size, rate and times of its frames.

    Raises:
        DataError: if the file is missing, empty, not a video, or damaged.
    """
    with _opened(path) as video:
        get = video.capture.get
        times = tuple(get(cv2.CAP_PROP_POS_MSEC) / 1000 for _ in video.frames())
        return SourceInfo(len(times), *_size(video.capture), get(cv2.CAP_PROP_FPS), times)


def check_readable(path: Path) -> None:
    """Check in milliseconds that a video is whole, from its container and its first frame.

    Args:
        path: a video file.

    Raises:
        DataError: if the file is missing, empty, not a video, cut short, has holes, or its first
            frame is damaged.
    """
    with _opened(path) as video:
        for index in video.frames(upto=0):
            video.picture(index)


class _Video:
    """An open video: what its container says, and its frames one after the other."""

    def __init__(self, path: Path, container: Container, capture: cv2.VideoCapture) -> None:
        self.path = path
        self.container = container
        self.capture = capture

    def frames(self, upto: int = -1) -> Iterator[int]:
        """Pass over frames and yield the number of each.

        Args:
            upto: the last frame that is needed; -1 for all, which finds all damage.

        Raises:
            DataError: fewer can be decoded than there are, or than are needed.
        """
        passed = 0
        # grab() and not CAP_PROP_POS_FRAMES: seeking to every tenth frame took 3 times (mp4) to
        # 7 times (avi) as long as grabbing all frames.
        while self.capture.grab():
            yield passed
            if passed == upto:
                return
            passed += 1
        self._check_end(passed)
        if passed <= upto:
            raise self._damaged(f"frame {upto} is wanted but only {passed} can be decoded")

    def _check_end(self, passed: int) -> None:
        if not passed:
            raise self._damaged("no frame can be decoded")
        # OpenCV ends at a damaged packet as at the end of the file, and goes on when asked again.
        if any(self.capture.grab() for _ in range(_TRIES)):
            raise self._damaged(f"frame {passed} cannot be decoded, but later ones can")
        packets = self.container.packets
        if packets is not None and passed < packets:
            raise self._damaged(f"only {passed} of {packets} frames can be decoded")

    def _damaged(self, what: str) -> DataError:
        return DataError(f"{self.path}: {what}; the file is cut short or damaged")

    def picture(self, index: int) -> NDArray[np.uint8]:
        """Return the frame that was passed last, uint8 (H, W, 3) RGB."""
        # grab() succeeds on some damaged frames; only retrieve() decodes the picture.
        good, frame = self.capture.retrieve()
        if not good or frame is None:
            raise DataError(f"{self.path}: frame {index} is damaged")
        if frame.ndim == 2:
            frame = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)


@contextmanager
def _opened(path: Path) -> Iterator[_Video]:
    check_file(path, "a video")
    container = read_container(path)
    if container.damage:
        raise DataError(f"{path}: {container.damage}")
    with ExitStack() as stack:
        stream: Any = str(path)
        if container.patches:  # only then, since each read passes through Python
            stream = stack.enter_context(Patched(path.open("rb"), container.patches))
        with quiet():
            # FFmpeg only: the image-sequence backend would read 1_1_01_1.avi as a numbered picture.
            capture = cv2.VideoCapture(stream, cv2.CAP_FFMPEG, _parameters())
        stack.callback(capture.release)
        if not capture.isOpened() or 0 in _size(capture):
            raise DataError(f"{path}: not a video or image that can be read")
        check_size(path, *_size(capture))
        yield _Video(path, container, capture)


def _size(capture: cv2.VideoCapture) -> tuple[int, int]:
    """Width and height of upright frames."""
    return (
        int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
    )


def _parameters() -> list[int]:
    return [
        # A graphics card's decoder would give other pixels.
        cv2.CAP_PROP_HW_ACCELERATION, cv2.VIDEO_ACCELERATION_NONE,
        # As many as OpenCV itself may use: one in a worker process.
        cv2.CAP_PROP_N_THREADS, max(1, cv2.getNumThreads()),
    ]  # fmt: skip
