"""Measures preparation piece by piece and per video: decoding, MTCNN, crops, depth.

Run it as ``python benchmarks/bench_prepare.py [--weights]``; one thread, processor time, medians.
With ``--weights`` the landmark model is measured too (``fasharness weights get face-landmark``).
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from fasharness.faces import Frame
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.decode import count_frames, decode
from fasharness.prepare.depth import ExactDepth
from fasharness.prepare.landmarks import LandmarkDepth
from fasharness.prepare.mtcnn import MTCNN

PHOTO = Path(__file__).parents[1] / "tests" / "prepare" / "data" / "astronaut.jpg"
FRAMES, CLIPS, LENGTH = 24, 6, 5


def milliseconds(work: Callable[[], object], repeat: int) -> float:
    """Median processor time of a call."""
    work()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1e3 * statistics.median(times)


def scene(height: int, width: int, side: int, shift: int) -> Frame:
    """A face of `side` / 2 pixels on uneven noise."""
    rng = np.random.default_rng(shift)
    coarse = rng.integers(60, 190, (9, 7, 3), dtype=np.uint8)
    frame = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    frame += rng.integers(-8, 9, frame.shape, dtype=np.int16)
    face = cv2.cvtColor(cv2.imread(str(PHOTO)), cv2.COLOR_BGR2RGB)
    y, x = (height - side) // 2 + shift, (width - side) // 2
    frame[y : y + side, x : x + side] = cv2.resize(face, (side, side))
    return np.clip(frame, 0, 255).astype(np.uint8)


def write_video(path: Path) -> None:
    """A video and its depth as the simulator writes them."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 15, (360, 640))
    for index in range(FRAMES):
        writer.write(cv2.cvtColor(scene(640, 360, 280, index), cv2.COLOR_RGB2BGR))
    writer.release()
    depth = np.zeros((FRAMES, 160, 90), np.uint8)
    depth[:, 60:95, 30:60] = 200
    np.savez_compressed(path.with_suffix(".depth.npz"), depth=depth)


def prepare_video(path: Path, detector: MTCNN) -> list[NDArray[np.uint8]]:
    """What preparation does for six clips of five frames at 256 pixels."""
    starts = range(0, count_frames(path) - LENGTH + 1, 3)[:CLIPS]
    wanted = sorted({start + k for start in starts for k in range(LENGTH)})
    frames = dict(decode(path, wanted))
    source = ExactDepth(path.with_suffix(".depth.npz"))
    crops = []
    for start in starts:
        face = detector.detect([frames[start]])[0][0]
        region = PILLOW.region(face.box, 1.3, 1.3, frames[start].shape[:2])
        for index in range(start, start + LENGTH):
            crops.append(PILLOW.cut(frames[index], region, 256))
            source.crop(index, frames[index], face, region, 32, PILLOW)
    return crops


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", action="store_true")
    parser.add_argument("--repeat", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    repeat: int = arguments.repeat
    print(f"{platform.machine()}, torch {torch.__version__}, OpenCV {cv2.__version__}")
    small, large = scene(640, 360, 280, 0), scene(1080, 1920, 700, 0)
    for smallest in (48, 64, 20):
        detector = MTCNN(min_face=smallest)
        for name, frame in (("360x640", small), ("1920x1080", large)):
            cost = milliseconds(lambda d=detector, f=frame: d.detect([f]), repeat)
            print(f"MTCNN, faces from {smallest} pixels, {name}: {cost:.1f} ms a frame")
    detector = MTCNN()
    batch = [small] * 6
    print(f"MTCNN, six at once: {milliseconds(lambda: detector.detect(batch), repeat) / 6:.1f} ms")
    face = detector.detect([small])[0][0]
    region = PILLOW.region(face.box, 1.3, 1.3, (640, 360))
    print(f"crop to 256: {milliseconds(lambda: PILLOW.cut(small, region, 256), repeat):.2f} ms")
    if arguments.weights:
        estimator = LandmarkDepth()
        cost = milliseconds(lambda: estimator.crop(0, small, face, region, 32, PILLOW), repeat)
        print(f"depth from landmarks: {cost:.1f} ms a face")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1_1_01_1.avi"
        write_video(path)
        cost = milliseconds(lambda: count_frames(path), repeat)
        print(f"count {FRAMES} frames of 360x640 MJPG: {cost:.1f} ms")
        cost = milliseconds(lambda: list(decode(path, None)), repeat)
        print(f"decode {FRAMES} frames: {cost:.1f} ms")
        cost = milliseconds(lambda: prepare_video(path, detector), repeat)
        print(
            f"prepare a video ({CLIPS} clips of {LENGTH}): {cost:.0f} ms, {1e3 / cost:.1f} a second"
        )


if __name__ == "__main__":
    main()
