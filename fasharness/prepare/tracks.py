"""What was found in the frames of a file: faces and estimated depth, kept for the next method.

Neither depends on the crop. They are records of the store under a subject of their own: the file's
content, how it is turned, and the detector or estimator with its code. A file has one record for
each preparation that looked at new frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fasharness.common.files import digest
from fasharness.faces import CropRule, DepthEstimator, Face, Frame, Region
from fasharness.prepare.packs import Record, Tag, opened
from fasharness.prepare.store import ClipStore, Packer

_Seen = tuple[int, tuple[float, ...]]
"""Number of a frame, and the numbers of the face in it."""


class Track:
    """The faces of a file's frames, found once in each frame.

    Args:
        known: frame number to the faces found earlier, the main face first.
        total: number of frames, 0 where it was not counted yet.
    """

    def __init__(self, known: Mapping[int, list[Face]], total: int) -> None:
        self.total = total
        self._known = dict(known)
        self._new: dict[int, list[Face]] = {}

    def face(
        self, index: int, frame: Frame, detect: Callable[[int, Frame], list[Face]]
    ) -> Face | None:
        """Return the main face of a frame, which is looked for unless it was found earlier."""
        if index not in self._known:
            self._known[index] = self._new[index] = detect(index, frame)
        return next(iter(self._known[index]), None)

    def keep(self, packer: Packer, subject: str, presentation: str) -> None:
        """Store what is new."""
        if not self._new or not subject:
            return
        frames = sorted(self._new)
        found = [face for index in frames for face in self._new[index]]
        marks = [_landmarks(face) for face in found]
        tag = Tag(digest([subject, frames]), presentation, subject, {"total": self.total})
        arrays: dict[str, NDArray[Any]] = {
            "frames": np.array(frames, np.int32),
            "counts": np.array([len(self._new[index]) for index in frames], np.int32),
            "boxes": np.array([face.box for face in found], np.float64).reshape(-1, 4),
            "confidence": np.array([face.confidence for face in found], np.float64),
            "landmarks": np.array(marks, np.float64).reshape(-1, 5, 2),
        }
        packer.add(tag, arrays)


def read_track(store: ClipStore, subject: str) -> Track:
    """Read the faces that were found in a file."""
    known: dict[int, list[Face]] = {}
    total = 0
    for row in store.index.of_subject(subject):
        total = int((row.tag.facts or {})["total"])
        with opened(row.place, row.tag.key) as record:
            known |= _faces(record)
    return Track(known, total)


def _faces(record: Record) -> dict[int, list[Face]]:
    names = ("boxes", "confidence", "landmarks")
    each = zip(*(record.array(name) for name in names), strict=True)
    faces = iter(
        Face(
            tuple(map(float, box)),  # type: ignore[arg-type]  # four numbers
            float(confidence),
            None if np.isnan(marks).all() else marks,
        )
        for box, confidence, marks in each
    )
    counts = zip(record.array("frames"), record.array("counts"), strict=True)
    return {int(index): [next(faces) for _ in range(count)] for index, count in counts}


def _landmarks(face: Face) -> NDArray[np.float64]:
    return np.full((5, 2), np.nan) if face.landmarks is None else face.landmarks


class Estimates:
    """Estimated depth of a file's faces as a `DepthSource`; each face is estimated once.

    Args:
        estimator: the estimator.
        known: what was estimated earlier.
    """

    def __init__(
        self, estimator: DepthEstimator, known: Mapping[_Seen, NDArray[Any]] | None = None
    ) -> None:
        self._estimator = estimator
        self._known = dict(known or {})
        self._new: dict[_Seen, NDArray[Any]] = {}

    def crop(
        self, index: int, frame: Frame, face: Face, region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        """Draw the depth of a face under a crop; see `DepthSource.crop`."""
        seen = index, _numbers(face)
        if seen not in self._known:
            self._known[seen] = self._new[seen] = self._estimator.estimate(index, frame, face)
        return self._estimator.draw(self._known[seen], region, side, rule)

    def keep(self, packer: Packer, subject: str, presentation: str) -> None:
        """Store what is new."""
        if not self._new or not subject:
            return
        seen = sorted(self._new)
        tag = Tag(digest([subject, repr(seen)]), presentation, subject)
        arrays: dict[str, NDArray[Any]] = {
            "frames": np.array([index for index, _ in seen], np.int32),
            "faces": np.array([face for _, face in seen], np.float64),
            "estimates": np.stack([self._new[each] for each in seen]),
        }
        packer.add(tag, arrays)


def read_estimates(store: ClipStore, subject: str, estimator: DepthEstimator) -> Estimates:
    """Read the depth that was estimated for a file."""
    known: dict[_Seen, NDArray[Any]] = {}
    for row in store.index.of_subject(subject):
        with opened(row.place, row.tag.key) as record:
            frames, faces = record.array("frames").tolist(), record.array("faces").tolist()
            values = record.array("estimates")
        for index, face, value in zip(frames, faces, values, strict=True):
            known[index, tuple(face)] = value
    return Estimates(estimator, known)


def _numbers(face: Face) -> tuple[float, ...]:
    """Box and landmarks as numbers; zeros stand for landmarks that there are not."""
    marks = np.zeros(10) if face.landmarks is None else face.landmarks.reshape(-1)
    return *map(float, face.box), *map(float, marks)
