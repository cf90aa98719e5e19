"""Storing a video, its depth and its truth: whole files only, whatever interrupts the writer."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from fasharness.common.array_files import MOST_ARRAY, npz_array
from fasharness.common.files import replacing
from fasharness.common.formats import file_bytes
from fasharness.errors import DataError
from fasharness_sim.capture import avi, iso_media
from fasharness_sim.capture.record import Recording
from fasharness_sim.fields import F32, U8, f32
from fasharness_sim.people import landmarks


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed onto it when the block ends well.

    Raises:
        DataError: the disk is full or the folder cannot be written; the old file stays.
    """
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        way = "free some space and run again" if full else "choose a folder that can be written"
        raise DataError(f"cannot write {path}: {error.strerror or error}; {way}") from error


def text(path: Path, content: str) -> None:
    """Store text with Unix line ends."""
    with whole(path) as part:
        part.write_text(content, encoding="utf-8", newline="\n")


def video(path: Path, recording: Recording, fps: int, crf: int | None, turn: int = 0) -> None:
    """Store the frames of a recording as the ending of a file says.

    Args:
        path: ends with .avi, .mov or .mp4, or with .jpg or .png for a single frame.
        recording: frames and the quality of JPEG frames.
        fps: frames a second.
        crf: rate factor of H.264 in .mov and .mp4; None for Motion JPEG.
        turn: degrees clockwise by which a .mov or .mp4 file says that its frames are to be turned.
    """
    frames, quality = recording.frames, recording.quality
    with whole(path) as part:
        if path.suffix == ".avi":
            avi.write(part, frames, fps, quality)
        elif path.suffix == ".jpg":
            part.write_bytes(avi.jpeg(frames[0], quality))
        elif path.suffix == ".png":
            part.write_bytes(cv2.imencode(".png", frames[0])[1].tobytes())
        else:
            stored = [iso_media.turned_back(frame, turn) for frame in frames]
            if crf is None:
                iso_media.write_jpeg(part, stored, fps, quality)
            else:
                iso_media.write_h264(part, stored, fps, crf)
            iso_media.state_turn(part, turn)


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
    # From 1, as 0 means that there is no face; one scale for the whole video, so that depths of its
    # frames can be compared.
    scaled = 1 + 254 * (np.where(known, depth, low) - low) / max(high - low, 1e-6)
    return np.where(known, np.rint(scaled), 0).astype(np.uint8)


def depth(path: Path, maps: U8) -> None:
    """Store depth maps (F, h, w) as array ``depth`` of a compressed NumPy archive."""
    with whole(path) as part:
        np.savez_compressed(part, depth=maps)


def truth(path: Path, points: F32, marks: F32) -> None:
    """Store what is known of the face, in tenths of a pixel, in a compressed NumPy archive.

    Arrays, all int16: ``box`` (F, 4) left, top, right, bottom · ``eyes`` (F, 2, 2) ·
    ``landmarks`` (F, 68, 2).

    Args:
        path: the file.
        points: float32 (F, 2, 2), the eyes in pixels.
        marks: float32 (F, 104, 2), landmarks and outline in pixels.
    """
    arrays = {"box": landmarks.box(marks), "eyes": points, "landmarks": marks[:, :68]}
    with whole(path) as part:
        np.savez_compressed(
            part, **{name: np.rint(10 * a).astype(np.int16) for name, a in arrays.items()}
        )


def read_eyes(path: Path) -> F32:
    """Read the eye positions that `truth` stored: float32 (F, 2, 2) pixels, at least one frame.

    Raises:
        DataError: the file is missing, empty or damaged.
    """
    try:
        eyes = npz_array(file_bytes(path, MOST_ARRAY), "eyes", str(path))
        points = f32(eyes.reshape(-1, 2, 2) / 10)
    except (DataError, TypeError, ValueError):
        points = f32([])
    if not len(points):
        raise DataError(f"{path}: no readable eye positions; delete the file and simulate again")
    return points
