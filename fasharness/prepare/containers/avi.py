"""AVI: its tracks, and whether all of its chunks are there.

Source: Microsoft, "AVI RIFF File Reference"; Matrox, "OpenDML AVI File Format Extensions" 1.02.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from typing import BinaryIO, NamedTuple

from fasharness.prepare.containers.model import (
    Container,
    Patch,
    Track,
    cut_short,
    read_at,
    zeros_at,
)

# Codecs that make each packet one frame. In those not named, a packet may show nothing (VP8's
# reference frames) or hold two frames (MPEG-4 with packed B-frames).
_ONE_FRAME = frozenset({b"MJPG", b"H264", b"AVC1", b"X264", b"HEVC", b"DIB ", bytes(4)})


class _Chunk(NamedTuple):
    """A chunk: its name, and the place of its content."""

    name: bytes
    start: int
    end: int


class _Stream(NamedTuple):
    """A video stream: its number among all streams, its track, the packets stated, its codec."""

    number: int
    track: Track
    stated: int
    codec: bytes


def parse(file: BinaryIO, size: int) -> Container:
    """Read an AVI file.

    Args:
        file: the file.
        size: its size in bytes.

    Returns:
        Its tracks and damage.
    """
    read = _Reading(file)
    # An AVI file above 1 GB goes on in further RIFF chunks; what else follows is no part of it.
    for riff in takewhile(lambda chunk: chunk.name == b"RIFF", _chunks(file, 0, size)):
        for chunk in (riff, *_chunks(file, riff.start + 4, min(riff.end, size))):
            if chunk.end > size:
                return Container(read.tracks(), cut_short(size, chunk.end))
            read.add(chunk)
        read.expect(chunk.end + chunk.end % 2, riff.end)
    return Container(read.tracks(), read.damage())


class _Reading:
    """What was read of a file so far."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.streams: list[_Stream] = []
        self.packets: Counter[int] = Counter()
        self.broken: int | None = None

    def add(self, chunk: _Chunk) -> None:
        """Read a chunk of the uppermost level."""
        kind = read_at(self.file, chunk.start, 4) if chunk.name == b"LIST" else b""
        if kind == b"hdrl":
            self.streams += _streams(self.file, chunk)
        elif kind == b"movi":
            self.expect(self._count(chunk.start + 4, chunk.end), chunk.end)

    def expect(self, place: int, end: int) -> None:
        """Note the first place where no chunk begins before the end of what holds it."""
        if place + 8 <= end and self.broken is None:
            self.broken = place

    def _count(self, start: int, end: int) -> int:
        """Count the packets of each stream; return where no chunk begins."""
        while start + 8 <= end:
            name, size = struct.unpack("<4sI", read_at(self.file, start, 8))
            if name == b"LIST":  # "rec ": chunks that are read together
                start += 12
                continue
            if not name.replace(b" ", b"").isalnum():
                break
            # A chunk without content repeats the frame before it and is none of its own.
            if name[:2].isdigit() and name[2:] in (b"dc", b"db") and size:
                self.packets[int(name[:2])] += 1
            start += 8 + size + size % 2
        return start

    def tracks(self) -> tuple[Track, ...]:
        """The video tracks."""
        return tuple(self._track(stream) for stream in self.streams)

    def _track(self, stream: _Stream) -> Track:
        if stream.codec not in _ONE_FRAME:
            return stream.track
        # What is there, and what should be there where it cannot be seen.
        counted = self.packets[stream.number] if self.broken is None else stream.stated
        return stream.track._replace(packets=counted)

    def damage(self) -> str:
        """Where a hole is, in words."""
        lacking = any(self.packets[stream.number] < stream.stated for stream in self.streams)
        # Zeros behind the last packet are padding.
        if self.broken is None or not lacking:
            return ""
        # The hole may begin within the name or the size that are read.
        return zeros_at(self.broken) if bytes(8) in read_at(self.file, self.broken, 16) else ""


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[_Chunk]:
    while start + 8 <= end:
        name, size = struct.unpack("<4sI", read_at(file, start, 8))
        if not any(name):
            return
        yield _Chunk(name, start + 8, start + 8 + size)
        start += 8 + size + size % 2


def _streams(file: BinaryIO, header: _Chunk) -> Iterator[_Stream]:
    lists = (c for c in _chunks(file, header.start + 4, header.end) if c.name == b"LIST")
    streams = (c for c in lists if read_at(file, c.start, 4) == b"strl")
    for number, stream in enumerate(streams):
        parts = {c.name: c.start for c in _chunks(file, stream.start + 4, stream.end)}
        head = read_at(file, parts[b"strh"], 36) if {b"strh", b"strf"} <= set(parts) else b""
        if head[:4] == b"vids":
            _, width, height, codec = struct.unpack("<Iii4x4s", read_at(file, parts[b"strf"], 20))
            # Not left out: the numbers of all streams are in their packets' names.
            track = Track(width, abs(height), Patch(parts[b"strh"], b"dats"))
            yield _Stream(number, track, int.from_bytes(head[32:36], "little"), codec.upper())
