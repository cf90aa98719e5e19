"""What the readers of other tools' files share: scores with notes, marks and lines."""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

from fasharness.common.cells import to_number
from fasharness.common.doubles import Place, scored_twice
from fasharness.common.keys import refuse_spellings_in
from fasharness.common.lines import at_line, text_lines
from fasharness.errors import DataError
from fasharness.scores import COMPARED, Numbered, Score

_Read = TypeVar("_Read")

SIMULATED_LINE = "# SIMULATED data: these scores say nothing of real attacks"


class Loaded(NamedTuple):
    """The scores of another tool's files, and what a user must know about them."""

    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()


class Line(NamedTuple):
    """A line that is neither empty nor a comment, with its place."""

    text: str
    number: int
    split: str
    simulated: bool


def walk(
    path: Path, split: str, read: Callable[[Line], _Read]
) -> Generator[tuple[int, _Read], None, None]:
    """Read each line of a text file.

    Args:
        path: the file; empty lines and lines that start with ``#`` are skipped.
        split: which split it holds.
        read: reads a line, e.g. as a score; a ValueError rejects it.

    Yields:
        The numbers of the lines and what was read.

    Raises:
        DataError: naming file and line.
    """
    simulated = False
    with closing(text_lines(path)) as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            # The mark looks like a comment here but stops other tools, which would take the scores
            # for real ones.
            simulated |= text == SIMULATED_LINE
            if not text or text.startswith("#"):
                continue
            try:
                yield number, read(Line(text, number, split, simulated))
            except ValueError as error:
                raise at_line(path, number, str(error)) from error


def marked(scores: Sequence[Score]) -> str:
    """Return the first line of a file of simulated scores; empty for real ones."""
    return f"{SIMULATED_LINE}\n" if any(score.simulated for score in scores) else ""


class Value(NamedTuple):
    """A finite value, or NaN with the reason of the failure."""

    value: float
    failure: str


def value_of(cell: str) -> Value:
    """Read a score that may be missing.

    Args:
        cell: a decimal number; ``nan``, ``inf`` or nothing is a failure.

    Returns:
        The value.

    Raises:
        ValueError: not a number.
    """
    value = to_number(cell.strip())
    if math.isfinite(value):
        return Value(value, "")
    # Infinity would pass every threshold; one value, NaN, means failure everywhere.
    return Value(math.nan, f"the score is {cell.strip() or 'empty'}")


def value_text(score: Score) -> str:
    """Write a value with all its digits; a failure is ``nan``."""
    # repr is the shortest text that reads back as the same float.
    return "nan" if score.failed else repr(score.value)


def each_once(
    files: Mapping[str, Path], read: Callable[[Path, str], Numbered], place: str = "line"
) -> tuple[Score, ...]:
    """Read the files of all splits, each presentation once.

    Args:
        files: split to file.
        read: reads one of them.
        place: what its numbers count.

    Returns:
        The scores of all files.

    Raises:
        DataError: a file has no scores, a presentation is scored twice, or a name has two
            spellings; names both places.
    """
    scores: dict[str, Score] = {}
    places: list[str] = []
    for split, path in files.items():
        before = len(places)
        with closing(read(path, split)) as numbered:
            for number, score in numbered:
                at = f"{path}, {place} {number}"
                first = scores.setdefault(score.presentation, score)
                if first is not score:
                    where = Place(first.split, places[list(scores).index(score.presentation)])
                    words = scored_twice(score.presentation, where, Place(score.split, at))
                    raise DataError(f"{at}: {words}")
                places.append(at)
        if len(places) == before:
            raise DataError(f"{path}: no scores in it; is this the right file?")
    found = tuple(scores.values())
    refuse_spellings_in(found, COMPARED, places.__getitem__)
    return found


def overlap(scores: Sequence[Score]) -> tuple[str, ...]:
    """Say which subjects are in more than one split.

    Args:
        scores: all scores.

    Returns:
        One note, or none.
    """
    home: dict[str, str] = {}
    shared = {
        s.subject: (home[s.subject], s.split)
        for s in scores
        if s.subject and home.setdefault(s.subject, s.split) != s.split
    }
    if not shared:
        return ()
    name, (one, other) = min(shared.items())
    more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
    return (
        f"subject {name!r}{more} in both {one} and {other}: figures may be too good; `evaluate` "
        "takes such scores with --allow-subject-overlap",
    )
