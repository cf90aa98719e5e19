"""What a container says of itself, and a file some of whose bytes are replaced."""

import io
from typing import BinaryIO, NamedTuple


class Patch(NamedTuple):
    """Bytes that replace those of a file, of equal length.

    Attributes:
        offset: place of the first one.
        content: the new ones.
    """

    offset: int
    content: bytes


class Track(NamedTuple):
    """A video track.

    Attributes:
        width: of its frames as stored, in pixels.
        height: of its frames as stored, in pixels.
        hidden: makes a demuxer pass over the track.
        default: whether the container marks it as the one to be shown.
        cover: whether it holds a picture about the video, e.g. of a chapter.
        packets: packets that are one frame each; None where hidden frames, edits or an
            index that is not understood leave the number open.
    """

    width: int
    height: int
    hidden: Patch
    default: bool = False
    cover: bool = False
    packets: int | None = None

    @property
    def weight(self) -> int:
        """What FFmpeg's program ranks video tracks by: `map_auto_video` in `ffmpeg_mux_init.c`."""
        if self.cover:
            return 1
        filled = self.packets is None or self.packets > 0
        return self.width * self.height + 5_000_000 * self.default + 100_000_000 * filled


class Container(NamedTuple):
    """The video tracks of a file, in its order, and its damage.

    Attributes:
        tracks: none where the container is not understood.
        damage: what is missing, in words; empty if nothing is.
    """

    tracks: tuple[Track, ...] = ()
    damage: str = ""

    @property
    def main(self) -> int:
        """Number of the track that FFmpeg's program takes, so that players and we agree."""
        weights = [track.weight for track in self.tracks]
        return weights.index(max(weights)) if weights else 0

    @property
    def packets(self) -> int | None:
        """Frames that the main track holds; None where that is open."""
        return self.tracks[self.main].packets if self.tracks else None

    @property
    def patches(self) -> tuple[Patch, ...]:
        """What makes the main track the first one, which is the one that OpenCV decodes."""
        return tuple(track.hidden for track in self.tracks[: self.main])


def read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    """Read bytes at a place.

    Args:
        file: the file.
        offset: place of the first one.
        count: how many, at most `LARGEST_HEADER`.

    Returns:
        The bytes; fewer at the end of the file.

    Raises:
        ValueError: a header states that it is larger than any real one.
    """
    if not 0 <= count <= LARGEST_HEADER:
        raise ValueError(f"a header of {count} bytes")
    file.seek(offset)
    return file.read(count)


LARGEST_HEADER = 2**27
"""The index of a day of video takes 30 MB."""


def cut_short(size: int, promised: int) -> str:
    """Words for a file that ends before its container does."""
    return f"cut short: {size} of {promised} bytes"


def zeros_at(offset: int) -> str:
    """Words for a hole, as an unfinished download or a bad copy leaves."""
    return f"damaged: zeros from byte {offset}, where the video should go on"


class Patched(io.BufferedIOBase):
    """A file some of whose bytes are replaced while it is read, as a stream for OpenCV.

    Args:
        file: the file, closed with this one.
        patches: what is replaced.
    """

    def __init__(self, file: BinaryIO, patches: tuple[Patch, ...]) -> None:
        self._file = file
        self._patches = patches

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes."""
        start = self._file.tell()
        content = bytearray(self._file.read(-1 if size is None else size))
        for offset, new in self._patches:
            for place, value in enumerate(new, start=offset - start):
                if 0 <= place < len(content):
                    content[place] = value
        return bytes(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, and return the place from the start of the file."""
        return self._file.seek(offset, whence)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
