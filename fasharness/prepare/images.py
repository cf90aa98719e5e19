"""Reading an image, or an ordered folder of images, with the pixels of OpenCV's `imread`."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.prepare.image_files import SUFFIXES, format_of, image_facts
from fasharness.prepare.sources import SourceInfo, check_file, check_size, quiet

# Like `imread` without flags, these follow the orientation tag.
_RGB = cv2.IMREAD_COLOR_RGB
_STORED = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR


def is_image(path: Path) -> bool:
    """Whether a file is one of the images that are read here, by its first bytes.

    Args:
        path: a file; what cannot be read is none.

    Returns:
        True for JPEG, PNG, BMP, TIFF, WebP, JPEG 2000 and Netpbm.
    """
    try:
        if not path.is_file():  # opening a pipe would wait for a writer
            return False
        with path.open("rb") as file:
            return bool(format_of(file.read(16)))
    except OSError:
        return False


def images_of(path: Path) -> tuple[Path, ...]:
    """Return the images of a source: the file itself, or those of a folder in their order.

    The frames of a folder are its files with the ending of an image (`SUFFIXES`), in natural
    order: ``2.jpg`` before ``10.jpg``. Files with other endings lie beside the images (boxes,
    lists) and are ignored, like hidden files and folders inside.

    Args:
        path: an image or a folder.

    Returns:
        At least one file.

    Raises:
        DataError: the folder holds no image, cannot be listed, or holds two images of one name.
    """
    if not path.is_dir():
        return (path,)
    try:
        every = [one for one in path.iterdir() if one.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    found = sorted((p for p in every if not p.name.startswith(".")), key=lambda p: natural(p.name))
    if not found:
        raise DataError(f"{path}: no image in this folder ({', '.join(sorted(SUFFIXES))})")
    twice = [stem for stem, count in Counter(one.stem for one in found).items() if count > 1]
    if twice:
        raise DataError(f"{path}: more than one image is called {twice[0]}; which is the frame?")
    return tuple(found)


def natural(name: str) -> tuple[tuple[str | int, ...], str]:
    """Return a sort key that orders the numbers in names by their value.

    Args:
        name: a file's name.

    Returns:
        Texts and numbers in turn, then the name, which breaks the tie of ``1`` and ``01``.

    >>> sorted(["f10.jpg", "f2.jpg", "f02.jpg"], key=natural)
    ['f02.jpg', 'f2.jpg', 'f10.jpg']
    """
    parts = re.split(r"([0-9]+)", name)
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), name


def decode(
    path: Path, wanted: Sequence[int] | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield an image, or the wanted images of a folder in order, bit for bit as `cv2.imread`.

    Args:
        path: an image or a folder of images.
        wanted: frame numbers from 0, in any order; None means all.

    Yields:
        Frame number and frame, uint8 (H, W, 3) RGB, upright. Deeper images keep their upper 8
        bits; of a file with several pictures, the first is taken.

    Raises:
        DataError: if a file cannot be read, is damaged or too large, or there are fewer frames.
    """
    for index, file in _chosen(path, wanted):
        yield index, _read(file, _RGB)


def decode_as_stored(
    path: Path, wanted: Sequence[int] | None = None
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield images with the depth and the number of channels of their files.

    Args:
        path: an image or a folder of images.
        wanted: frame numbers from 0, in any order; None means all.

    Yields:
        Frame number and frame, upright: uint8 or uint16 (float32 for a TIFF file of such),
        (H, W), or (H, W, 3) RGB for a coloured one, without alpha.

    Raises:
        DataError: as `decode`.
    """
    for index, file in _chosen(path, wanted):
        image = _read(file, _STORED)
        yield index, image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read one image as grey, whatever it is stored as.

    Args:
        path: an image.

    Returns:
        uint8 (H, W), upright.

    Raises:
        DataError: as `decode`.
    """
    return _read(path, cv2.IMREAD_GRAYSCALE)


def count_frames(path: Path) -> int:
    """Count the images, without reading them: one that is damaged fails where it is decoded.

    Args:
        path: an image or a folder of images.

    Returns:
        At least 1.

    Raises:
        DataError: the folder holds no image.
    """
    return len(images_of(path))


def probe(path: Path) -> SourceInfo:
    """Return the number of images and the size of the first.

    Args:
        path: an image or a folder of images.

    Returns:
        The facts.

    Raises:
        DataError: the first image is damaged, or there is none.
    """
    _, first = next(decode(path, [0]))
    height, width = first.shape[:2]
    return SourceInfo(count_frames(path), width, height)


def check_readable(path: Path) -> None:
    """Check that each image of a source is whole, without decoding it, and decode the first.

    Args:
        path: an image or a folder of images.

    Raises:
        DataError: the first image that is damaged.
    """
    for file in images_of(path)[1:]:
        _checked(file)
    for _ in decode(path, [0]):
        pass


def _chosen(path: Path, wanted: Sequence[int] | None) -> Iterator[tuple[int, Path]]:
    files = images_of(path)
    numbers = range(len(files)) if wanted is None else sorted(set(wanted))
    for number in numbers:
        if number >= len(files):
            raise DataError(f"{path}: frame {number} is wanted but there are only {len(files)}")
        yield number, files[number]


def _read(path: Path, how: int) -> NDArray[Any]:
    content = _checked(path)
    try:
        with quiet():
            # Not cv2.imread: it returns None for a missing, a forbidden and a damaged file alike.
            image = cv2.imdecode(np.frombuffer(content, np.uint8), how)
    except cv2.error as error:
        raise DataError(f"{path}: not an image that can be read ({error.err})") from error
    if image is None:
        raise DataError(f"{path}: not an image that can be read; it is cut short or damaged")
    return np.asarray(image)


def _checked(path: Path) -> bytes:
    """Content of an image, refused where it is not whole or would fill the memory."""
    check_file(path, "an image")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if not format_of(content[:16]):
        raise DataError(f"{path}: not an image that can be read")
    facts = image_facts(content)
    if facts is None:
        raise DataError(f"{path}: the header of the image is damaged or cut short")
    check_size(path, facts.width, facts.height)
    if facts.damage:
        raise DataError(f"{path}: {facts.damage}")
    return content
