"""A contact sheet of a simulated folder: users, phones and sessions, instruments, and strips."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from fasharness.common.marks import DONE, need_simulation
from fasharness.errors import DataError, OptionError
from fasharness.prepare.decode import decode
from fasharness_sim.capture import storing
from fasharness_sim.capture.camera import PHONES
from fasharness_sim.fields import U8, f32
from fasharness_sim.layout import Layout
from fasharness_sim.rooms.session import SESSIONS
from fasharness_sim.users import by_split

_COLUMNS, _WIDE, _LABEL = 12, 120, 16
_FACE = 144  # ten in a row: two whole sittings
_INK, _PAPER = (30, 30, 30), 245


class Shown(NamedTuple):
    """A video of the folder: its file, who and what it shows, and where."""

    path: Path
    user: int
    session: int
    phone: int
    instrument: str | None


class Tile(NamedTuple):
    """A picture of the sheet, uint8 (h, w, 3), with a line of text above."""

    label: str
    picture: U8


def check_name(out: Path) -> None:
    """Refuse, before any work, a name that is not a PNG file's.

    Raises:
        OptionError: the name does not end with .png.
    """
    if out.suffix.lower() != ".png":
        raise OptionError(
            f"{out}: the contact sheet is a PNG file; give a name that ends with .png"
        )


def write(layout: Layout, folder: Path, out: Path) -> Path:
    """Draw the contact sheet of a simulated folder.

    Args:
        layout: the one that wrote the folder.
        folder: what ``fasharness sim`` wrote.
        out: the PNG file.

    Returns:
        The file.

    Raises:
        DataError: the folder is not a finished simulation or has no video, a video cannot be read,
            or the file cannot be written.
    """
    mark = need_simulation(folder)
    try:
        title = _title(mark)
        videos = tuple(_videos(layout, folder, mark))
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder / DONE} is damaged: {error!r}; simulate again") from error
    if not videos:
        raise DataError(f"{folder}: no video yet; simulate first")
    found, encoded = cv2.imencode(".png", sheet(title, videos))
    with storing.whole(out) as part:
        part.write_bytes(encoded.tobytes() if found else b"")
    return out


def sheet(title: str, videos: Sequence[Shown]) -> U8:
    """Compose the contact sheet.

    Args:
        title: the line above it.
        videos: those that are there, at least one, sorted by user, session and phone.

    Returns:
        uint8 (h, w, 3), blue, green, red.
    """
    panels = (
        ("Users, bona fide", _users(videos)),
        ("Phones and sessions, bona fide and an attack", _factors(videos)),
        ("Faces at the size of the video", _close(videos)),
        ("The videos of one sitting, through time", _strips(videos)),
    )
    rows = [_line(title, 0.7, 30)]
    for text, tiles in panels:
        rows += [_line(text, 0.5, 26), *_grid(tiles)]
    return np.vstack(rows)


def _title(mark: Mapping[str, Any]) -> str:
    """Return the title: what the folder is, with size, seed and version."""
    facts = ", ".join(f"{key} {mark[key]}" for key in ("size", "seed", "version"))
    return f"SIMULATED: {mark['data']}, {facts}; no real person"


def _videos(layout: Layout, folder: Path, mark: Mapping[str, Any]) -> Iterator[Shown]:
    """Find the videos that are there, sorted by user, session and phone."""
    users = by_split(mark["users"], layout.users)
    for user, session, phone, videos, _ in sorted(layout.sittings(mark["size"], users)):
        for video in videos:
            path = folder / video.file
            if path.is_file():
                yield Shown(path, user, session, phone, video.instrument)


def _words(instrument: str | None) -> str:
    """Name an instrument, e.g. ``print 1``."""
    return re.sub(r"(?<=\D)(?=\d)", " ", instrument or "bona fide")


def _users(videos: Sequence[Shown]) -> list[Tile]:
    """Show up to 24 users."""
    # Reversed, since the last value of a key stays: the first video of each user is kept.
    first = {v.user: v for v in reversed(videos) if v.instrument is None}
    chosen = [first[user] for user in sorted(first)]
    step = max(len(chosen) / (2 * _COLUMNS), 1)
    spread = [chosen[int(k * step)] for k in range(min(len(chosen), 2 * _COLUMNS))]
    return [Tile(f"user {v.user}", _thumb(_middle(v))) for v in spread]


def _factors(videos: Sequence[Shown]) -> list[Tile]:
    """Show each phone in each session, bona fide and attacked by one instrument after another."""
    tiles, instruments = [], tuple(dict.fromkeys(v.instrument for v in videos if v.instrument))
    first = {v[2:]: v for v in reversed(videos)}
    for session in SESSIONS:
        for phone in PHONES:
            for instrument in (None, instruments[(phone + session) % len(instruments)]):
                label = f"ph {phone} s {session} {_words(instrument)}"
                tiles.append(_tile(first.get((session, phone, instrument)), label))
    return tiles


def _tile(video: Shown | None, label: str) -> Tile:
    """Show a video's middle frame, or a blank where there is no such video."""
    blank = np.full((_WIDE * 16 // 9, _WIDE, 3), 220, np.uint8)
    return Tile(label, blank if video is None else _thumb(_middle(video)))


def _close(videos: Sequence[Shown]) -> list[Tile]:
    """Show faces unscaled, for dots and moire to be seen: two sittings a row, three rows."""
    return [
        Tile(f"user {video.user} {_words(video.instrument)}", _crop(_middle(video), video.path))
        for sitting in _sittings(videos, 6)
        for video in sitting
    ]


def _sittings(videos: Sequence[Shown], most: int) -> list[list[Shown]]:
    """Choose whole sittings, spread over the folder."""
    together = [list(group) for _, group in groupby(videos, lambda v: v[1:4])]
    fullest = max(map(len, together))
    whole = [sitting for sitting in together if len(sitting) == fullest]
    number = min(most, len(whole))
    return [whole[len(whole) * k // number] for k in range(number)]


def _crop(frame: U8, path: Path) -> U8:
    """Cut the middle of the face out of a frame."""
    positions = storing.read_eyes(path.with_suffix(".truth.npz"))
    eyes = positions[len(positions) // 2].mean(0)
    left, top = (
        int(np.clip(at - _FACE / 2, 0, size - _FACE))
        for at, size in zip(eyes + f32([0, 15]), frame.shape[1::-1], strict=True)
    )
    return frame[top : top + _FACE, left : left + _FACE]


def _strips(videos: Sequence[Shown]) -> list[Tile]:
    """Show a row of frames from each video of one sitting."""
    tiles = []
    for sitting in _sittings(videos, 1):
        for video in sitting:
            frames = _frames(video.path)
            for k in range(_COLUMNS):
                at = k * len(frames) // _COLUMNS
                tiles.append(Tile(f"{_words(video.instrument)} {at}", _thumb(frames[at])))
    return tiles


def _middle(video: Shown) -> U8:
    """Read a video's middle frame."""
    frames = _frames(video.path)
    return frames[len(frames) // 2]


def _frames(path: Path) -> list[U8]:
    """Read a video."""
    return [np.ascontiguousarray(frame[..., ::-1]) for _, frame in decode(path)]


def _thumb(frame: U8) -> U8:
    """Scale a frame to the sheet's column width."""
    size = (_WIDE, _WIDE * frame.shape[0] // frame.shape[1])
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def _grid(tiles: Sequence[Tile]) -> list[U8]:
    """Set tiles of one width in rows across the sheet, each under its label."""
    rows: list[U8] = []
    wide = tiles[0].picture.shape[1] if tiles else _WIDE
    columns = _COLUMNS * _WIDE // wide
    for start in range(0, len(tiles), columns):
        row = tiles[start : start + columns]
        cells = [np.vstack([_line(t.label, 0.36, _LABEL, wide), t.picture]) for t in row]
        # Videos of one folder may have frames of several proportions.
        tall = max(cell.shape[0] for cell in cells)
        cells = [
            np.pad(c, ((0, tall - len(c)), (0, 0), (0, 0)), constant_values=_PAPER) for c in cells
        ]
        cells += [np.full(cells[0].shape, _PAPER, np.uint8)] * (columns - len(row))
        rows.append(np.hstack(cells))
    return rows


def _line(text: str, scale: float, tall: int, wide: int = _COLUMNS * _WIDE) -> U8:
    """Write a line of text on paper."""
    paper = np.full((tall, wide, 3), _PAPER, np.uint8)
    place = (3, tall - tall // 4)
    cv2.putText(paper, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)
    return paper
