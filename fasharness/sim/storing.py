"""Storing a video, its eyes and its depth: whole files only, whatever interrupts the writer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fasharness.errors import DataError
from fasharness.files import replacing
from fasharness.sim import avi
from fasharness.sim.fields import F32, U8


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, renamed onto it when the block ends well.

    Raises:
        DataError: the disk is full or the folder cannot be written; the old file stays.
    """
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"cannot write {path}: {reason}; free some space and run again") from error


def text(path: Path, content: str) -> None:
    """Store text with Unix line ends."""
    with whole(path) as part:
        part.write_text(content, encoding="utf-8", newline="\n")


def video(path: Path, frames: Sequence[U8], fps: int, quality: int) -> None:
    """Store frames (H, W, 3), blue, green, red, as Motion JPEG of a quality 0..100 in an AVI."""
    with whole(path) as part:
        avi.write(part, frames, fps, quality)


def depth_maps(depth: F32) -> U8:
    """Store depths in bytes: 0 where there is no face, 1 farthest to 255 nearest of the video.

    Args:
        depth: float32 (F, h, w) in cm towards the camera, NaN where there is no face.

    Returns:
        uint8 (F, h, w).
    """
    known = np.isfinite(depth)
    if not known.any():
        return np.zeros(depth.shape, np.uint8)
    low, high = float(depth[known].min()), float(depth[known].max())
    scaled = 1 + 254 * (np.where(known, depth, low) - low) / max(high - low, 1e-6)
    return np.where(known, np.rint(scaled), 0).astype(np.uint8)


def depth(path: Path, maps: U8) -> None:
    """Store depth maps (F, h, w) as array ``depth`` of a compressed NumPy archive."""
    with whole(path) as part:
        np.savez_compressed(part, depth=maps)


def eyes(path: Path, points: F32) -> None:
    """Store eye positions (F, 2, 2) as lines ``frame,x_left,y_left,x_right,y_right``."""
    rows = np.rint(points).astype(int).reshape(len(points), 4).tolist()
    text(path, "".join(f"{k},{a},{b},{c},{d}\n" for k, (a, b, c, d) in enumerate(rows)))
