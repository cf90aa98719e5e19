"""Compare a data set's own face boxes with a detector: whether they hold faces, and what is up.

It settles what cannot be known without the files: whether frames are upright once rotation tags
are followed, and whether boxes were made for frames that were turned or mirrored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fasharness.data import Presentation
from fasharness.dataset import Dataset, Finding
from fasharness.errors import DataError
from fasharness.faces import Box, Detector, Face, Frame
from fasharness.prepare.checked import checked_frames
from fasharness.prepare.cutting import turned

FrameOf = Callable[[Presentation, int], Frame]
LEAST_OVERLAP = 0.3
"""Intersection over union from which a box is said to hold a face: both rules for boxes differ."""

Change = Callable[[Box, int, int], Box]
# each with the height and width of the frame in which the box is looked at
CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "as they are": lambda box, height, width: box,
        "turned by 180 degrees": lambda box, height, width: (
            width - box[0] - box[2],
            height - box[1] - box[3],
            *box[2:],
        ),
        "mirrored left to right": lambda box, height, width: (width - box[0] - box[2], *box[1:]),
        "upside down": lambda box, height, width: (box[0], height - box[1] - box[3], *box[2:]),
        "with x and y exchanged": lambda box, height, width: (box[1], box[0], box[3], box[2]),
        "read as corners": lambda box, height, width: (*box[:2], box[2] - box[0], box[3] - box[1]),
    }
)


class Checked(NamedTuple):
    """The outcome of the comparison.

    Attributes:
        findings: groups whose boxes hold no faces, or whose frames are not upright.
        notes: what was found in each group, in a line.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


class _Seen(NamedTuple):
    """One frame of one presentation: how it must be turned, and which changes of its box fit."""

    name: str
    orientation: int | None
    fits: frozenset[str] | None


def upright_by(decode: Callable[..., Iterable[tuple[int, Frame]]]) -> FrameOf:
    """Return a function from a presentation and a number to its frame, turned as it says.

    Args:
        decode: the hook ``fasharness_decode``.
    """

    def frame_of(shown: Presentation, index: int) -> Frame:
        decoded = decode(path=shown.path, wanted=[index])
        ((_, frame),) = checked_frames(decoded, [index], shown.path)
        return turned(frame, shown.orientation)

    return frame_of


def check_faces(
    dataset: Dataset,
    presentations: Iterable[Presentation],
    detector: Detector,
    frame_of: FrameOf,
    count: int,
) -> Checked:
    """Compare boxes with a detector, by device and class.

    Args:
        dataset: whose boxes.
        presentations: its presentations.
        detector: finds faces.
        frame_of: decodes a frame as methods get it; raises `DataError`.
        count: presentations of each group, spread over its names; 0 takes all.

    Returns:
        What each group shows. Files that are missing or cannot be decoded are left to
        `Dataset.validate`.
    """
    findings: list[Finding] = []
    notes: list[str] = []
    for group, members in sorted(_groups(presentations).items()):
        chosen = members if count == 0 else members[:: max(1, len(members) // count)][:count]
        seen = [found for shown in chosen if (found := _look(dataset, shown, detector, frame_of))]
        if seen:
            findings += _wrong(group, seen)
            notes.append(f"{group}: {_words(seen)}")
    return Checked(tuple(findings), tuple(notes))


def _groups(presentations: Iterable[Presentation]) -> Mapping[str, Sequence[Presentation]]:
    found: dict[str, list[Presentation]] = defaultdict(list)
    for shown in presentations:
        if not shown.path.exists():
            continue
        kind = "bona fide" if shown.bona_fide else "attack"
        found[", ".join(filter(None, (shown.device, kind)))].append(shown)
    return found


def _look(
    dataset: Dataset, shown: Presentation, detector: Detector, frame_of: FrameOf
) -> _Seen | None:
    """Look at the first frame with a box, or at the first one; None if it cannot be decoded."""
    try:
        own = dataset.faces(shown)
        index = min(own, default=0)
        frame = frame_of(shown, index)
    except DataError:
        return None
    # All of them: a face that lies on its side is sometimes found as it is, and small.
    found = {d: detector.detect([turned(frame, d)])[0][:1] for d in (0, 180, 90, 270)}
    best = max(found, key=lambda degrees: sum(face.weight for face in found[degrees]))
    if not found[best]:
        return _Seen(shown.id, None, None)
    return _Seen(
        shown.id, best, _fits(own[index], found[0][0], frame) if own and not best else None
    )


def _fits(own: Face, found: Face, frame: Frame) -> frozenset[str]:
    """Return the changes under which the box overlaps the face that was found."""
    height, width = frame.shape[:2]
    changed = {name: change(own.box, height, width) for name, change in CHANGES.items()}
    fitting = (name for name, box in changed.items() if overlap(box, found.box) >= LEAST_OVERLAP)
    return frozenset(fitting)


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, 0 if one of them is none.

    >>> overlap((0, 0, 2, 2), (1, 0, 2, 2))
    0.3333333333333333
    """
    if min(*a[2:], *b[2:]) <= 0:
        return 0.0
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inside = max(wide, 0) * max(high, 0)
    return inside / (a[2] * a[3] + b[2] * b[3] - inside)


def _wrong(group: str, seen: Sequence[_Seen]) -> Iterator[Finding]:
    """Yield a finding if boxes hold no faces, and one for frames that are not upright."""
    compared = [one.fits for one in seen if one.fits is not None]
    plain = sum("as they are" in fits for fits in compared)
    if compared and plain < len(compared) / 2:
        best, count = _best(compared)
        way = f"{best} {count} would" if count else "no change of them would: another column order?"
        text = f"{plain} of {len(compared)} boxes hold the face that the detector finds; {way}"
        yield Finding("boxes", group, text)
    for degrees in (90, 180, 270):
        names = sorted(one.name for one in seen if one.orientation == degrees)
        if names:
            start = f"{len(names)} of {len(seen)} show a face only turned by {degrees} degrees"
            yield Finding("orientation", group, f"{start}: {', '.join(names)}")


def _best(compared: Sequence[frozenset[str]]) -> tuple[str, int]:
    counts = Counter(name for fits in compared for name in sorted(fits))
    return counts.most_common(1)[0] if counts else ("", 0)


def _words(seen: Sequence[_Seen]) -> str:
    compared = [one.fits for one in seen if one.fits is not None]
    plain = sum("as they are" in fits for fits in compared)
    lost = sum(one.orientation is None for one in seen)
    parts = [f"{len(seen)} looked at", f"{sum(one.orientation == 0 for one in seen)} upright"]
    if compared:
        parts.append(f"{plain} of {len(compared)} boxes hold the face that the detector finds")
    if lost:
        parts.append(f"no face found in {lost}")
    return ", ".join(parts)
