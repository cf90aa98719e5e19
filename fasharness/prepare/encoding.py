"""How pictures are stored: raw, or compressed one by one as PNG or JPEG."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.prepare.packs import Record

Encoding = Literal["raw", "png", "jpeg"]
RAW: Encoding = "raw"
# 4:4:4, as halving the colour's resolution blurs what tells a print from a face.
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
         cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)  # fmt: skip
_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def change_of(encoding: Encoding) -> str:
    """What an encoding makes of the pictures, for their key; empty where it keeps every pixel."""
    return "jpeg 95 4:4:4" if encoding == "jpeg" else ""


def encoded(name: str, images: NDArray[np.uint8], encoding: Encoding) -> dict[str, NDArray[Any]]:
    """Return the arrays that pictures are stored as.

    Args:
        name: of the pictures.
        images: uint8 (C, T, S, S, 3), RGB.
        encoding: how.

    Returns:
        The images themselves; or the bytes of all files, and where each ends, int64 (C, T).
    """
    if encoding == RAW:
        return {name: images}
    files = [_file(image, encoding) for image in images.reshape(-1, *images.shape[2:])]
    ends = np.cumsum([file.size for file in files], dtype=np.int64).reshape(images.shape[:2])
    return {f"{name}/files": np.concatenate([np.zeros(0, np.uint8), *files]), f"{name}/ends": ends}


def decoded(record: Record, name: str, index: int) -> NDArray[np.uint8]:
    """Read the pictures of one clip, uint8 (T, S, S, 3)."""
    if name in record:
        return record.item(name, index)
    ends = record.array(f"{name}/ends")
    length = ends.shape[1]
    edges = [0, *ends.reshape(-1).tolist()][index * length : (index + 1) * length + 1]
    content = record.span(f"{name}/files", edges[0], edges[-1])
    start = edges[0]
    files = [content[a - start : b - start] for a, b in pairwise(edges)]
    return np.stack([_picture(file, record.path) for file in files])


def _file(image: NDArray[np.uint8], encoding: Encoding) -> NDArray[np.uint8]:
    options = _JPEG if encoding == "jpeg" else _FAST
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.imencode(f".{encoding}", bgr, options)[1], np.uint8)


def _picture(file: bytes, pack: Path) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{pack}: a stored picture cannot be decoded")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
