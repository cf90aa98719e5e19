"""What an image file says of itself: its format, its size, and whether all of it is there.

Source: ITU-T T.81 (JPEG), W3C PNG, the header layouts of BMP, TIFF 6.0, WebP and Netpbm, and
ISO/IEC 15444-1 (JPEG 2000).
"""

import re
import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

SUFFIXES = frozenset(
    {".bmp", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
"""Endings, in lower case, of the files of an image folder that are its frames."""

_STARTS: Mapping[bytes, str] = MappingProxyType(
    {
        b"\xff\xd8\xff": "JPEG",
        b"\x89PNG\r\n\x1a\n": "PNG",
        b"BM": "BMP",
        b"II*\0": "TIFF",
        b"MM\0*": "TIFF",
        b"\0\0\0\x0cjP  ": "JPEG 2000",
        **{b"P%d" % number: "Netpbm" for number in range(1, 7)},
    }
)


class ImageFacts(NamedTuple):
    """What the file states.

    Attributes:
        width: in pixels, before an orientation tag is followed.
        height: in pixels.
        damage: what is missing, in words; empty if nothing is.
    """

    width: int
    height: int
    damage: str = ""


def format_of(head: bytes) -> str:
    """Return the name of an image format from a file's first bytes, of which 16 are enough.

    Args:
        head: the first bytes of any file.

    Returns:
        The name; empty if it is none that is read as an image. GIF files, which may move, are
        read as videos.

    >>> format_of(b"BM not a picture")
    ''
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    found = next((name for start, name in _STARTS.items() if head.startswith(start)), "")
    if found == "BMP" and head[6:10] != bytes(4):  # reserved; "BM" alone may begin a text
        return ""
    if found == "Netpbm" and not head[2:3].isspace():
        return ""
    return found


def image_facts(content: bytes) -> ImageFacts | None:
    """Read the headers of an image, and look for its end.

    An image that is cut short is decoded by OpenCV's versions in part, to grey, or not at all.

    Args:
        content: the whole file.

    Returns:
        Its size and damage; None if its header is not understood.
    """
    try:
        return _READERS[format_of(content[:16])](content)
    except (struct.error, ValueError, LookupError):
        return None


def _jpeg(content: bytes) -> ImageFacts:
    width = height = 0
    place = 2
    while True:
        marker, length = struct.unpack_from(">HH", content, place)
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):  # SOF
            height, width = struct.unpack_from(">HH", content, place + 5)
        if marker < 0xFF01 or marker == 0xFFFF:  # padding between segments
            place = content.index(b"\xff", place + 1)
            continue
        place += 2 + length
        if marker == 0xFFDA:  # SOS, after which coded data follow
            break
    # EOI, the end; before it, 0xFF is followed by 0 or by other markers. A thumbnail's own end
    # lies in a segment before SOS.
    whole = content.find(b"\xff\xd9", place) >= 0
    cut = "" if whole else "cut short: the end of the JPEG data is missing"
    return ImageFacts(width, height, cut)


def _png(content: bytes) -> ImageFacts:
    width, height = struct.unpack_from(">II", content, 16)
    place = 8
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        end = place + 12 + length
        if end > len(content):
            break
        if zlib.crc32(memoryview(content)[place + 4 : end - 4]) != int.from_bytes(
            content[end - 4 : end]
        ):
            return ImageFacts(width, height, f"damaged: wrong checksum at byte {place}")
        if kind == b"IEND":
            return ImageFacts(width, height)
        place = end
    return ImageFacts(width, height, "cut short: the end of the PNG data is missing")


def _bmp(content: bytes) -> ImageFacts:
    (header,) = struct.unpack_from("<I", content, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", content, 18)
    return ImageFacts(width, abs(height))  # negative: stored from the top


def _webp(content: bytes) -> ImageFacts:
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(content[i : i + 3], "little") for i in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
    promised = 8 + int.from_bytes(content[4:8], "little")
    if promised > len(content):
        return ImageFacts(width, height, f"cut short: {len(content)} of {promised} bytes")
    # Coded data do not end like this; what an unfinished download left does.
    hole = not any(content[promised - 64 : promised])
    return ImageFacts(width, height, "damaged: ends with zeros" if hole else "")


def _tiff(content: bytes) -> ImageFacts:
    order = "<" if content[:2] == b"II" else ">"
    (place,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, place)
    sides = {}
    for start in range(place + 2, place + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", content, start)
        if tag in (256, 257):  # ImageWidth and ImageLength, as SHORT or LONG
            (sides[tag],) = struct.unpack_from(
                f"{order}{'H' if kind == 3 else 'I'}", content, start + 8
            )
    return ImageFacts(sides[256], sides[257])


def _jpeg2000(content: bytes) -> ImageFacts:
    height, width = struct.unpack_from(">II", content, content.index(b"ihdr", 0, 200) + 4)
    # EOC, the end; in coded data 0xFF is followed by less than 0x90.
    whole = b"\xff\xd9" in content[content.index(b"jp2c") :]
    cut = "" if whole else "cut short: the end of the JPEG 2000 data is missing"
    return ImageFacts(width, height, cut)


# Numbers, between which there may be comments.
_NETPBM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")


def _netpbm(content: bytes) -> ImageFacts | None:
    found = _NETPBM.match(content[:4096])
    return ImageFacts(int(found[1]), int(found[2])) if found else None


_READERS: Mapping[str, Callable[[bytes], ImageFacts | None]] = MappingProxyType(
    {
        "JPEG": _jpeg,
        "PNG": _png,
        "BMP": _bmp,
        "WebP": _webp,
        "TIFF": _tiff,
        "JPEG 2000": _jpeg2000,
        "Netpbm": _netpbm,
    }
)
