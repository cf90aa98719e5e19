"""Matroska and WebM: their tracks, and whether all of their blocks are there.

Source: RFC 8794 (EBML), RFC 9559 (Matroska), whose names of elements are used.
"""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from fasharness.prepare.containers.model import (
    Container,
    Patch,
    Track,
    cut_short,
    read_at,
    zeros_at,
)

_SEGMENT, _TRACKS, _CLUSTER, _BLOCK_GROUP = 0x18538067, 0x1654AE6B, 0x1F43B675, 0xA0
_BLOCK, _SIMPLE_BLOCK = 0xA1, 0xA3
_TRACK_ENTRY, _TRACK_NUMBER, _TRACK_TYPE, _FLAG_DEFAULT, _CODEC_ID = 0xAE, 0xD7, 0x83, 0x88, 0x86
_VIDEO, _PIXEL_WIDTH, _PIXEL_HEIGHT = 0xE0, 0xB0, 0xBA
# Read into; the others are passed over.
_ENTERED = frozenset({_SEGMENT, _CLUSTER, _BLOCK_GROUP, _TRACKS})
_ONE_FRAME = frozenset({b"V_MPEG4/ISO/AVC", b"V_MPEGH/ISO/HEVC", b"V_MJPEG", b"V_UNCOMPRESSED"})
_NEITHER = b"\x20"
"""A track type, "control", that a demuxer passes over."""


class _Element(NamedTuple):
    """An element: its number, and the place of its content; no end if its size is not stated."""

    kind: int
    start: int
    end: int | None


class _Entry(NamedTuple):
    """A video track, its number in the blocks, and the name of its codec."""

    track: Track
    number: int
    codec: bytes


def parse(file: BinaryIO, size: int) -> Container:
    """Read a Matroska or WebM file.

    Args:
        file: the file.
        size: its size in bytes.

    Returns:
        Its tracks and damage.
    """
    entries: list[_Entry] = []
    blocks: Counter[int] = Counter()
    place, end = 0, size
    while place < end:
        element = _element(read_at(file, place, 12), place)
        if element is None:
            zeros = not any(read_at(file, place, 8))
            return Container(_tracks(entries, None), zeros_at(place) if zeros else "")
        if element.end is not None and element.end > size:
            return Container(_tracks(entries, None), cut_short(size, element.end))
        if element.kind == _SEGMENT and element.end is not None:
            end = element.end
        if element.kind == _TRACK_ENTRY and element.end is not None:
            entries += _entry(read_at(file, element.start, element.end - element.start), element)
        if element.kind in (_BLOCK, _SIMPLE_BLOCK):
            blocks[read_at(file, element.start, 1)[0] & 0x7F] += 1
        entered = element.kind in _ENTERED or element.end is None
        place = element.start if entered else element.end or end
    return Container(_tracks(entries, blocks), "")


def _tracks(entries: list[_Entry], blocks: Counter[int] | None) -> tuple[Track, ...]:
    return tuple(
        entry.track._replace(packets=blocks[entry.number])
        if blocks is not None and entry.codec in _ONE_FRAME
        else entry.track
        for entry in entries
    )


def _element(head: bytes, place: int) -> _Element | None:
    """The element whose header is at a place; None where there is none."""
    kind_length = _length(head[0])
    if kind_length > 4 or kind_length >= len(head):
        return None
    size_length = _length(head[kind_length])
    start = kind_length + size_length
    if size_length > 8 or start > len(head):
        return None
    # The first one of these bits tells the length; all ones after it: not stated.
    size = int.from_bytes(head[kind_length:start]) & ((1 << 7 * size_length) - 1)
    stated = size != (1 << 7 * size_length) - 1
    kind = int.from_bytes(head[:kind_length])
    return _Element(kind, place + start, place + start + size if stated else None)


def _length(first: int) -> int:
    """Bytes of a number of variable length, from its first byte; 9 for none."""
    return 9 - first.bit_length()


def _children(content: bytes) -> Iterator[_Element]:
    place = 0
    while place < len(content):
        element = _element(content[place : place + 12], place)
        if element is None or element.end is None:
            return
        yield element
        place = element.end


def _entry(content: bytes, element: _Element) -> Iterator[_Entry]:
    parts = {one.kind: one for one in _children(content)}
    kind = parts.get(_TRACK_TYPE)
    if kind is None or _VIDEO not in parts or _number(content, kind) != 1:
        return
    picture = parts[_VIDEO]
    sizes = {
        one.kind: _number(content[picture.start :], one)
        for one in _children(content[picture.start : picture.end])
    }
    track = Track(
        sizes.get(_PIXEL_WIDTH, 0),
        sizes.get(_PIXEL_HEIGHT, 0),
        # Not made void: a block of an unknown track ends FFmpeg's reading.
        Patch(element.start + (kind.end or 0) - 1, _NEITHER),
        default=_FLAG_DEFAULT not in parts or _number(content, parts[_FLAG_DEFAULT]) == 1,
    )
    codec = parts.get(_CODEC_ID)
    name = b"" if codec is None else content[codec.start : codec.end].rstrip(b"\0")
    yield _Entry(track, _number(content, parts[_TRACK_NUMBER]), name)


def _number(content: bytes, element: _Element) -> int:
    return int.from_bytes(content[element.start : element.end])
