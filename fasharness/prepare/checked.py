"""What plugins hand to preparation, checked where it enters: frames, counts, faces, maps."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.faces import Face

_LARGEST = 1e6  # pixels


def checked_count(count: object, path: Path) -> int:
    """Check a number of frames of the hook ``fasharness_count_frames``.

    Args:
        count: what the hook returned.
        path: the file that was counted.

    Returns:
        The number, at least 1.

    Raises:
        DataError: it is no positive whole number.
    """
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise DataError(f"{path}: its decoder counts {count!r} frames; expected a number from 1")
    return int(count)


def checked_frames(
    frames: Iterable[tuple[int, NDArray[np.uint8]]], wanted: Sequence[int], path: Path
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Check the frames of the hook ``fasharness_decode`` as they come.

    Args:
        frames: what the hook returned.
        wanted: the numbers asked for, in order.
        path: the file that is decoded.

    Yields:
        The same.

    Raises:
        DataError: a frame is missing, out of order, or no picture in RGB.
    """
    left = iter(wanted)
    for index, frame in frames:
        expected = next(left, None)
        if index != expected:
            raise DataError(f"{path}: its decoder gives frame {index}, expected {expected}")
        if (
            not isinstance(frame, np.ndarray)
            or frame.dtype != np.uint8
            or frame.ndim != 3
            or frame.shape[2] != 3
            or 0 in frame.shape
        ):
            raise DataError(
                f"{path}: frame {index} must be uint8 (H, W, 3) RGB with pixels, its decoder "
                f"gives {_described(frame)}"
            )
        yield index, frame
    missing = next(left, None)
    if missing is not None:
        raise DataError(f"{path}: its decoder ends before frame {missing}, which is wanted")


def checked_face(face: Face | None, index: int) -> Face | None:
    """Check a face of a detector or of a data set.

    A box beside the picture is left to the crop rule, which refuses it for its clips alone.

    Args:
        face: the face, or None for none.
        index: number of the frame, from 0.

    Returns:
        The same.

    Raises:
        DataError: its numbers are not finite, or its box is empty.
    """
    if face is None:
        return None
    x, y, width, height = face.box
    if not all(map(math.isfinite, (x, y, width, height, face.confidence))):
        raise DataError(
            f"frame {index}: the face box {face.box} with confidence {face.confidence} is not "
            "finite"
        )
    if max(abs(x), abs(y), width, height) > _LARGEST:
        raise DataError(f"frame {index}: the face box {face.box} is beyond any picture")
    if width <= 0 or height <= 0:
        raise DataError(f"frame {index}: the face box {face.box} is empty")
    if face.landmarks is not None and not np.isfinite(face.landmarks).all():
        raise DataError(f"frame {index}: the landmarks of the face are not finite")
    return face


def checked_map(
    values: NDArray[np.float32], label: str, side: int, index: int
) -> NDArray[np.uint8]:
    """Check a label's map of a `DepthSource`, and return it as it is stored.

    Args:
        values: what the source returned.
        label: name of the label, e.g. ``depth``.
        side: the side that was asked for.
        index: number of the frame, from 0.

    Returns:
        uint8 (side, side): 255 for 1.

    Raises:
        DataError: it has another shape, or values that are not in [0, 1].
    """
    if not isinstance(values, np.ndarray) or values.shape != (side, side):
        raise DataError(
            f"frame {index}: its {label} map must be an array ({side}, {side}), got "
            f"{_described(values)}"
        )
    # Not `values < 0 or values > 1`, which is false for NaN.
    if not ((values >= 0) & (values <= 1)).all():
        raise DataError(
            f"frame {index}: its {label} map must be in [0, 1], got {values.min()} to "
            f"{values.max()}"
        )
    return np.round(values * 255).astype(np.uint8)


def _described(value: object) -> str:
    """Type, or element type and shape."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return type(value).__name__
