"""Measures reading: images against a video library, and what the checks of containers cost.

Run it as ``python benchmarks/bench_reading.py``; one thread, processor time, medians.
"""

import argparse
import platform
import tempfile
from pathlib import Path

import cv2
import numpy as np
from bench_prepare import PHOTO, milliseconds, scene
from numpy.typing import NDArray

from fasharness.prepare.containers import read_container
from fasharness.prepare.decode import count_frames, decode

SIZES = ((224, 224), (640, 480), (1920, 1080))
FRAMES = 150


def through_ffmpeg(path: Path) -> NDArray[np.uint8]:
    """An image as a video of one frame, counted first, as images were read once."""
    for _ in range(2):
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        video.grab()
    return np.asarray(cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB), np.uint8)


def through_opencv(path: Path) -> NDArray[np.uint8]:
    """An image as preparation reads it now."""
    (number,) = range(count_frames(path))
    ((_, frame),) = decode(path, [number])
    return frame


def images(folder: Path, repeat: int) -> None:
    """Speed and difference for photos of several sizes and qualities."""
    photo = cv2.imread(str(PHOTO))
    for size in SIZES:
        for quality in (75, 95):
            path = folder / "photo.jpg"
            how = [cv2.IMWRITE_JPEG_QUALITY, quality]
            cv2.imwrite(str(path), cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC), how)
            old = milliseconds(lambda p=path: through_ffmpeg(p), repeat)
            new = milliseconds(lambda p=path: through_opencv(p), repeat)
            plain = milliseconds(lambda p=path: cv2.imread(str(p)), repeat)
            expected = cv2.imread(str(path))[..., ::-1].astype(np.int16)
            far = np.abs(through_ffmpeg(path) - expected).mean()
            equal = np.array_equal(through_opencv(path), expected)
            print(
                f"JPEG {size[0]}x{size[1]}, quality {quality}: video library {old:.2f} ms, now "
                f"{new:.2f} ms ({old / new:.1f} times as fast), imread alone {plain:.2f} ms; "
                f"mean difference from imread {far:.2f} before, equal now: {equal}"
            )


def videos(folder: Path, repeat: int) -> None:
    """What reading the container adds to decoding."""
    for name, codec in (("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "MJPG")):
        path = folder / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 15, (360, 640))
        for index in range(FRAMES):
            writer.write(cv2.cvtColor(scene(640, 360, 280, index % 24), cv2.COLOR_RGB2BGR))
        writer.release()
        whole = milliseconds(lambda p=path: count_frames(p), repeat)
        part = milliseconds(lambda p=path: read_container(p), repeat)
        print(f"{name}: count {FRAMES} frames of 360x640: {whole:.1f} ms, container {part:.2f} ms")


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    repeat: int = parser.parse_args().repeat
    cv2.setNumThreads(1)
    print(f"{platform.machine()}, OpenCV {cv2.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        images(Path(folder), repeat)
        videos(Path(folder), repeat)


if __name__ == "__main__":
    main()
