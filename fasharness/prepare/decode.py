"""The one door to frames: a video, an image or an ordered folder of images, told apart here."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.prepare import images, videos
from fasharness.prepare.sources import Kind, SourceInfo

# JPEG images one after the other, which begin like a single one.
_STREAMS = frozenset({".mjpeg", ".mjpg"})


def kind_of(path: Path) -> Kind:
    """Return what a path leads to, by its content.

    Args:
        path: a file or a folder.

    Returns:
        The kind; a file that cannot be read counts as a video, and is refused as one.
    """
    if path.is_dir():
        return Kind.FOLDER
    if path.suffix.lower() in _STREAMS:
        return Kind.VIDEO
    return Kind.IMAGE if images.is_image(path) else Kind.VIDEO


def decode(
    path: Path, wanted: Sequence[int] | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield frames in order; see `videos.decode` and `images.decode`.

    Args:
        path: a video, an image or a folder of images.
        wanted: frame numbers from 0, in any order; None means all.

    Yields:
        Frame number and frame, uint8 (H, W, 3) RGB, upright.

    Raises:
        DataError: if the source cannot be read, is damaged, or ends before the last wanted frame.
        ValueError: if a wanted number is negative.
    """
    if wanted is not None and min(wanted, default=0) < 0:
        raise ValueError(f"frame numbers start at 0, got {min(wanted)}")
    if kind_of(path) is Kind.VIDEO:
        return videos.decode(path, wanted)
    return images.decode(path, wanted)


def decode_as_stored(
    path: Path, wanted: Sequence[int] | None = None
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield images with the depth and channels of their files; see `images.decode_as_stored`.

    Args:
        path: an image or a folder of images, e.g. depth in millimetres as 16-bit PNG.
        wanted: frame numbers from 0, in any order; None means all.

    Yields:
        Frame number and frame, (H, W) or (H, W, 3) RGB, upright.

    Raises:
        DataError: as `decode`; also for a video, whose frames have 8 bits.
    """
    if kind_of(path) is Kind.VIDEO:
        raise DataError(f"{path}: only images keep the depth of their pixels, and this is none")
    return images.decode_as_stored(path, wanted)


def count_frames(path: Path) -> int:
    """Count the frames that can be decoded; those of a video by decoding them.

    Args:
        path: a video, an image or a folder of images.

    Returns:
        At least 1.

    Raises:
        DataError: if the source is missing, empty, damaged or has no frame.
    """
    return videos.probe(path).frames if kind_of(path) is Kind.VIDEO else images.count_frames(path)


def probe(path: Path) -> SourceInfo:
    """Return the facts of a source; those of a video by decoding it once.

    Args:
        path: a video, an image or a folder of images.

    Returns:
        Number, size, rate and times of the frames.

    Raises:
        DataError: if the source is missing, empty, damaged or has no frame.
    """
    return videos.probe(path) if kind_of(path) is Kind.VIDEO else images.probe(path)


def check_readable(path: Path) -> None:
    """Check in milliseconds that a source is whole, decoding its first frame only.

    Args:
        path: a video, an image or a folder of images.

    Raises:
        DataError: if it is missing, empty, cut short, has holes, or its first frame is damaged.
    """
    if kind_of(path) is Kind.VIDEO:
        videos.check_readable(path)
    else:
        images.check_readable(path)
