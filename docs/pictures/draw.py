"""Draws the pictures of docs/simulation.md: run it after the simulator's frames have changed."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness_sim.capture import record, storing
from fasharness_sim.people import head, landmarks
from fasharness_sim.people.person import person

Picture = NDArray[np.uint8]
FOLDER, SEED, USER, FRAME = Path(__file__).parent, 0, 25, 12
INSTRUMENTS = {"print1": 2, "print2": 3, "display1": 4, "display2": 5}


def capture(user: int, session: int, phone: int) -> record.Capture:
    """Seat a user before a phone."""
    return record.Capture(SEED, user, session, phone, head.build(person(SEED, user), SEED))


def five(seat: record.Capture) -> list[record.Recording]:
    """Record the five videos of a sitting."""
    take = record.source(seat)
    attacks = [record.attacked(seat, name, take, number) for name, number in INSTRUMENTS.items()]
    return [record.bona_fide(seat), *attacks]


def small(frame: Picture, wide: int) -> Picture:
    """Scale a frame to a width."""
    size = (wide, wide * frame.shape[0] // frame.shape[1])
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def save(name: str, rows: Sequence[Sequence[Picture]]) -> None:
    """Store rows of pictures as a JPEG."""
    sheet = np.vstack([np.hstack(row) for row in rows])
    cv2.imwrite(str(FOLDER / f"{name}.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 80])


def users() -> None:
    """Twelve users in their first session."""
    seats = [capture(user, 1 + user % 3, 1 + user % 6) for user in range(1, 56, 5)]
    save("users", [[small(record.bona_fide(seat).frames[FRAME], 120) for seat in seats]])


def factors() -> None:
    """One user: sessions from top to bottom, phones from left to right."""
    rows = [[record.bona_fide(capture(USER, s, p)).frames[FRAME] for p in range(1, 7)]
            for s in (1, 2, 3)]  # fmt: skip
    save("factors", [[small(frame, 160) for frame in row] for row in rows])


def attacks(videos: Sequence[record.Recording]) -> None:
    """The five videos of a sitting, whole, and their faces at the size of the video."""
    faces = []
    for video in videos:
        x, y = (int(v) for v in video.eyes[FRAME].mean(0))
        faces.append(video.frames[FRAME][y - 75 : y + 105, x - 90 : x + 90])
    save("attacks", [[small(video.frames[FRAME], 180) for video in videos], faces])


def strip(videos: Sequence[record.Recording]) -> None:
    """Time from left to right, the five videos from top to bottom."""
    rows = [[small(frame[120:520], 120) for frame in video.frames[::3]] for video in videos]
    save("strip", rows)


def truth(videos: Sequence[record.Recording]) -> None:
    """Box, eyes and landmarks drawn on a bona fide frame and a print; their depth maps."""
    row: list[Picture] = []
    for video in videos[:2]:
        frame = cv2.resize(video.frames[FRAME], None, fx=2, fy=2)
        left, top, right, bottom = (int(2 * v) for v in landmarks.box(video.marks[FRAME]))
        cv2.rectangle(frame, (left, top), (right, bottom), (0, 200, 255), 1)
        for x, y in 2 * video.marks[FRAME, :68]:
            cv2.circle(frame, (int(x), int(y)), 2, (0, 255, 0), -1)
        for x, y in 2 * video.eyes[FRAME]:
            cv2.circle(frame, (int(x), int(y)), 3, (255, 80, 0), -1)
        depth = storing.depth_maps(video.depth)[FRAME]
        grey = cv2.cvtColor(cv2.resize(depth, frame.shape[1::-1]), cv2.COLOR_GRAY2BGR)
        x, y = (left + right) // 2, (top + bottom) // 2
        part = (slice(y - 200, y + 200), slice(x - 170, x + 170))
        row += [np.asarray(frame[part], np.uint8), np.asarray(grey[part], np.uint8)]
    save("truth", [row])


if __name__ == "__main__":
    users()
    factors()
    sitting = five(capture(USER, 3, 2))
    attacks(sitting)
    strip(sitting)
    truth(sitting)
