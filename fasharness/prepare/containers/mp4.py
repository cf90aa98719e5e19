"""MP4 and MOV: their tracks, and whether all of their samples are there.

Source: ISO/IEC 14496-12 (ISO base media file format), whose names of boxes are used; Apple,
"QuickTime File Format".
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.prepare.containers.model import (
    Container,
    Patch,
    Track,
    cut_short,
    read_at,
    zeros_at,
)

FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""Boxes that a file may begin with."""

_PARTS = frozenset({b"moov", b"mdat", b"moof"})
_COMPRESSED = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1", b"mp4v", b"jpeg", b"mjpa", b"vp09"})
_MOST_SAMPLES = 10_000_000  # 3 days of video; a damaged header may state any number
_ONE_FRAME = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1", b"jpeg", b"mjpa"})


class _Box(NamedTuple):
    """A box: its type, the place of its header, and that of its content."""

    kind: bytes
    head: int
    start: int
    end: int


class _Parsed(NamedTuple):
    """A video track with its number, the type of its samples, their sizes and places."""

    track: Track
    number: int
    codec: bytes
    sizes: NDArray[np.int64]
    places: NDArray[np.int64]


def parse(file: BinaryIO, size: int) -> Container:
    """Read an MP4 or MOV file.

    Args:
        file: the file.
        size: its size in bytes.

    Returns:
        Its tracks and damage.
    """
    boxes = list(_top(file, size))
    # What follows the video, e.g. a phone's own notes, need not be boxes.
    beyond = max((box.end for box in boxes if box.kind in _PARTS), default=0)
    if beyond > size:
        return Container((), cut_short(size, beyond))
    header = next((box for box in boxes if box.kind == b"moov"), None)
    if header is None:
        image = any(box.kind == b"meta" for box in boxes)  # HEIF and AVIF are such files too
        lost = "cut short: its header (moov), which may come last, is missing"
        return Container((), "" if image else lost)
    content = read_at(file, header.start, header.end - header.start)
    parsed, covers = _tracks(content, header.start)
    tracks = tuple(one.track._replace(cover=one.number in covers) for one in parsed)
    if any(box.kind == b"moof" for box in boxes):  # in fragments: the header lists no samples
        return Container(tuple(track._replace(packets=None) for track in tracks))
    found = Container(tracks)
    return found._replace(damage=_damage(file, size, parsed[found.main])) if parsed else found


def _top(file: BinaryIO, size: int) -> Iterator[_Box]:
    place = 0
    while place + 8 <= size:
        box = _box(read_at(file, place, 16), 0, size - place)
        if box is None:
            return
        yield _Box(box.kind, place, place + box.start, place + box.end)
        place += box.end


def _box(content: bytes, place: int, rest: int) -> _Box | None:
    """The box at a place; None where there is none."""
    length, kind = struct.unpack_from(">I4s", content, place)
    start = place + 8
    if length == 1:
        (length,) = struct.unpack_from(">Q", content, start)
        start += 8
    elif length == 0 and any(kind):  # up to the end of the file
        length = rest
    return _Box(kind, place, start, place + length) if length >= start - place else None


def _boxes(content: bytes, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        box = _box(content, start, end - start)
        if box is None:
            return
        yield box
        start = box.end


def _find(content: bytes, box: _Box, *kinds: bytes) -> _Box | None:
    """The first box on the way down through these types."""
    for kind in kinds:
        inside = (one for one in _boxes(content, box.start, box.end) if one.kind == kind)
        found = next(inside, None)
        if found is None:
            return None
        box = found
    return box


def _tracks(content: bytes, offset: int) -> tuple[list[_Parsed], set[int]]:
    """The video tracks, and the numbers of those that hold pictures of chapters."""
    found: list[_Parsed] = []
    covers: set[int] = set()
    for box in _boxes(content, 0, len(content)):
        if box.kind == b"trak":
            chapters = _find(content, box, b"tref", b"chap")
            if chapters is not None:
                count = (chapters.end - chapters.start) // 4
                covers |= set(_numbers(content, chapters.start, ">u4", count).tolist())
            found += _track(content, box, offset)
    return found, covers


def _track(content: bytes, box: _Box, offset: int) -> Iterator[_Parsed]:
    head = _find(content, box, b"tkhd")
    handler = _find(content, box, b"mdia", b"hdlr")
    table = _find(content, box, b"mdia", b"minf", b"stbl")
    if head is None or handler is None or table is None:
        return
    if content[handler.start + 8 : handler.start + 12] != b"vide":
        return
    described = _find(content, table, b"stsd")
    if described is None:
        return
    # The first entry, after version, flags and count: its size, its type, 24 bytes, its picture.
    codec, width, height = struct.unpack_from(">4s24xHH", content, described.start + 12)
    sizes, places = _samples(content, table)
    whole = codec in _ONE_FRAME and _find(content, box, b"edts", b"elst") is None
    track = Track(
        width,
        height,
        Patch(offset + box.head + 4, b"free"),
        default=bool(content[head.start + 3] & 1),
        packets=int(np.count_nonzero(sizes)) if whole else None,
    )
    number = struct.unpack_from(">I", content, head.start + (20 if content[head.start] else 12))[0]
    yield _Parsed(track, number, codec, sizes, places)


def _samples(content: bytes, table: _Box) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Size and place of each sample."""
    sizes, chunks, runs = (_find(content, table, kind) for kind in (b"stsz", b"stco", b"stsc"))
    kind = ">u4"
    if chunks is None:
        chunks, kind = _find(content, table, b"co64"), ">u8"
    if sizes is None or chunks is None or runs is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    same, count = struct.unpack_from(">II", content, sizes.start + 4)
    if same:
        every = np.full(min(count, _MOST_SAMPLES), same, np.int64)
    else:
        every = _numbers(content, sizes.start + 12, ">u4", count)
    firsts = _numbers(content, chunks.start + 8, kind, _count(content, chunks))
    entries = _numbers(content, runs.start + 8, ">u4", 3 * _count(content, runs))
    return every, sample_places(every, firsts, entries)


def sample_places(
    sizes: NDArray[np.int64], chunks: NDArray[np.int64], runs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Compute where each sample of a track is; samples lie one behind the other in chunks.

    Args:
        sizes: int64 (N,), bytes of each sample (stsz).
        chunks: int64 (C,), place of each chunk in the file (stco, co64).
        runs: int64 (3 R,), for each run of equal chunks: the first one's number from 1, samples
            in each, and a number that is not used (stsc).

    Returns:
        int64 (N,), or fewer if the chunks hold fewer samples.

    >>> sample_places(np.array([5, 7, 2]), np.array([100, 200]), np.array([1, 2, 1, 2, 1, 1]))
    array([100, 105, 200])
    """
    first, many = runs[0::3] - 1, runs[1::3]
    in_chunk = many[np.searchsorted(first, np.arange(len(chunks)), side="right") - 1]
    heads = np.cumsum(in_chunk) - in_chunk  # number of each chunk's first sample
    numbers = np.arange(min(len(sizes), int(in_chunk.sum())))
    chunk = np.searchsorted(heads, numbers, side="right") - 1
    before = np.cumsum(sizes) - sizes
    places: NDArray[np.int64] = chunks[chunk] + before[numbers] - before[heads[chunk]]
    return places


def _count(content: bytes, box: _Box) -> int:
    return int(struct.unpack_from(">I", content, box.start + 4)[0])


def _numbers(content: bytes, start: int, kind: str, count: int) -> NDArray[np.int64]:
    return np.frombuffer(content, kind, count, start).astype(np.int64)


def _damage(file: BinaryIO, size: int, main: _Parsed) -> str:
    """The first sample of a track that is not in the file, or begins with zeros, in words."""
    ends = main.places + main.sizes[: len(main.places)]
    if len(ends) and int(ends.max()) > size:
        return cut_short(size, int(ends.max()))
    if main.codec not in _COMPRESSED:
        return ""  # a black picture may begin with zeros
    for place, length in zip(main.places.tolist(), main.sizes.tolist(), strict=False):
        if length >= 16 and not any(read_at(file, place, 16)):
            return zeros_at(place)
    return ""
