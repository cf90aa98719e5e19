"""Text files about the face in a video, in the forms that data sets use."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from fasharness_sim.fields import F32
from fasharness_sim.formats import Form, Side
from fasharness_sim.people import landmarks

_GRID = 224  # the side of the square in which the form ``in 224`` counts
_Row = tuple[int, ...]


def text(side: Side, eyes: F32, marks: F32, size: tuple[int, int]) -> str:
    """Write a side file from what the renderer knows.

    Args:
        side: which form and which gaps.
        eyes: float32 (F, 2, 2) pixels, the image's left eye first.
        marks: float32 (F, 104, 2) pixels, landmarks and outline.
        size: the frame's width and height in pixels.

    Returns:
        One line for each frame that is not missing; numbers are whole pixels.
    """
    form = _FORMS[side.form]
    boxes = np.rint(landmarks.box(marks)).astype(int).tolist()
    points = np.rint(eyes).astype(int).reshape(len(eyes), 4).tolist()
    for frame in side.zero:
        boxes[frame] = points[frame] = [0] * 4
    missing = {frame % len(boxes) for frame in side.missing}
    rows = (
        f"{form(frame, tuple(box), tuple(pair), size)}\n"
        for frame, (box, pair) in enumerate(zip(boxes, points, strict=True))
        if frame not in missing
    )
    return "".join(rows)


def _eyes(frame: int, _box: _Row, eyes: _Row, _size: tuple[int, int]) -> str:
    return ",".join(map(str, (frame, *eyes)))


def _xywh(frame: int, box: _Row, _eyes: _Row, _size: tuple[int, int]) -> str:
    left, top, right, bottom = box
    return " ".join(map(str, (frame, left, top, right - left, bottom - top)))


def _corners(_frame: int, box: _Row, _eyes: _Row, _size: tuple[int, int]) -> str:
    return " ".join(map(str, box))


def _box_and_eyes(frame: int, box: _Row, eyes: _Row, _size: tuple[int, int]) -> str:
    return ",".join(map(str, (frame, *box, *eyes)))


def _in_224(_frame: int, box: _Row, _eyes: _Row, size: tuple[int, int]) -> str:
    # Both axes are brought to 224, whatever the picture's proportions.
    left, top, right, bottom = (round(at * _GRID / size[k % 2]) for k, at in enumerate(box))
    return f"{left} {top} {right - left} {bottom - top} 0.9990000"


_FORMS: Mapping[Form, Callable[[int, _Row, _Row, tuple[int, int]], str]] = MappingProxyType(
    {
        "eyes": _eyes,
        "xywh": _xywh,
        "corners": _corners,
        "box and eyes": _box_and_eyes,
        "in 224": _in_224,
    }
)
