"""One score per presentation, and the harness's own CSV of scores."""

import csv
import io
import math
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fasharness.common import keys
from fasharness.common.cells import to_count, to_number
from fasharness.common.files import write_text
from fasharness.common.lines import at_line, text_lines
from fasharness.common.spreadsheets import guard, unguard
from fasharness.errors import DataError

SPLITS = ("train", "dev", "test")
UNITS = ("video", "clip", "frame")
COLUMNS = (
    "presentation", "split", "subject", "species", "group", "score",
    "clips", "frames", "failure", "device", "session", "data",
)  # fmt: skip
UNIT_COLUMNS = ("unit", "video")
REQUIRED_COLUMNS = ("presentation", "split", "species", "score")
EXTRA_PREFIX = "x_"

_NUMBERS = ("score", "clips", "frames")
_TEXTS = (
    "presentation", "split", "subject", "species", "group", "failure", "device", "session", "unit",
    "video",
)  # fmt: skip
# The texts that name the same thing in other rows.
COMPARED = ("presentation", "video", "subject", "species", "group", "device", "session")
_DATA_WORDS = {"simulated": True, "real": False, "": False}


@dataclass(frozen=True)
class Score:
    """The score of one presentation; higher always means more bona fide.

    Its texts are keys: outer blanks are dropped and Unicode has one form (NFC).

    Args:
        presentation: the presentation's id, unique within a file.
        split: ``train``, ``dev`` or ``test``.
        subject: the person shown; empty if unknown (the presentation is then its own cluster).
        species: the PAI species, None for a bona fide presentation.
        group: the protocol's species group, e.g. ``print``; None for a bona fide presentation.
        value: a finite score, or NaN exactly when the presentation failed.
        clips: how many clips were aggregated into the value.
        frames: how many frames these clips used.
        failure: why there is no score; empty when there is one.
        device: the capture device, e.g. the phone; empty if unknown.
        session: the capture session; empty if unknown.
        simulated: whether the presentation is simulated.
        unit: what the score is of: a whole ``video``, a ``clip`` of it or a ``frame``.
        video: the video that a clip or frame belongs to; empty for a video.

    Raises:
        ValueError: the fields contradict each other.
    """

    presentation: str
    split: str
    subject: str
    species: str | None
    group: str | None
    value: float
    clips: int = 1
    frames: int = 1
    failure: str = ""
    device: str = ""
    session: str = ""
    simulated: bool = False
    unit: str = "video"
    video: str = ""

    def __post_init__(self) -> None:
        """Normalise the texts, and refuse fields that contradict each other."""
        texts = (
            f"{self.presentation}{self.split}{self.subject}{self.species}{self.group}"
            f"{self.failure}{self.device}{self.session}{self.unit}{self.video}"
        )
        # Most rows have nothing to normalise, and a file has millions of them.
        if " " in texts or not (texts.isascii() and texts.isprintable()):
            keys.clean_fields(self, _TEXTS)
        for problem in _problems(self):
            raise ValueError(f"presentation {self.presentation!r}: {problem}")

    @property
    def failed(self) -> bool:
        """Whether there is no score."""
        return bool(self.failure)

    @property
    def bona_fide(self) -> bool:
        """Whether the presentation is bona fide."""
        return self.species is None

    @property
    def kind(self) -> str | None:
        """The species group, or the species if the protocol has no groups."""
        return self.group or self.species


# Scores with the numbers of their lines or rows; closing it closes the file.
Numbered = Generator[tuple[int, Score], None, None]


def _problems(score: Score) -> Iterator[str]:
    """Yield the contradictions in a score."""
    if not score.presentation:
        yield "its id is empty"
    if score.split not in SPLITS:
        yield f"unknown split {score.split!r}, expected one of {', '.join(SPLITS)}"
    if score.species == "" or score.group == "":
        yield "an empty species or group, expected None"
    if score.species is None and score.group is not None:
        yield f"bona fide (no species), but in the species group {score.group!r}"
    yield from keys.words_for_nothing(score.subject, score.species, score.group)
    if score.failure and not math.isnan(score.value):
        yield f"failed ({score.failure}), but has the score {score.value!r}"
    if not score.failure and not math.isfinite(score.value):
        yield f"score {score.value!r} without a failure, expected a finite number"
    if score.clips < 0 or score.frames < 0:
        yield f"clips {score.clips} and frames {score.frames}, expected no negative count"
    if score.unit not in UNITS:
        yield f"unknown unit {score.unit!r}, expected one of {', '.join(UNITS)}"
    if (score.unit == "video") == bool(score.video):
        yield f"a {score.unit} with the video {score.video!r}; clips and frames alone name one"


def write_csv(path: Path, scores: Iterable[Score]) -> None:
    """Write scores as CSV, atomically, in the order given; values keep all digits.

    Args:
        path: the file to write.
        scores: the scores; ``unit`` and ``video`` are columns only if one is not of a video.

    Raises:
        ValueError: when a presentation occurs twice.
    """
    kept = list(scores)
    names = columns(kept)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for score in kept:
        cells = row_of(score)
        writer.writerow(cells[n] if n in _NUMBERS else guard(cells[n]) for n in names)
    write_text(path, text.getvalue())


def columns(scores: Sequence[Score]) -> tuple[str, ...]:
    """Return the columns that the scores of a file need.

    Args:
        scores: the scores.

    Returns:
        The columns in the order of the file.

    Raises:
        ValueError: when a presentation occurs twice.
    """
    seen: set[str] = set()
    for score in scores:
        if score.presentation in seen:
            raise ValueError(f"presentation {score.presentation!r} occurs twice")
        seen.add(score.presentation)
    return COLUMNS if all(s.unit == "video" for s in scores) else (*COLUMNS, *UNIT_COLUMNS)


def row_of(score: Score) -> dict[str, str]:
    """Convert a score to the texts of a row; the inverse of `score_of`.

    Args:
        score: the score.

    Returns:
        Column to text; values keep all their digits.
    """
    return {
        "presentation": score.presentation,
        "split": score.split,
        "subject": score.subject,
        "species": score.species or "",
        "group": score.group or "",
        # repr keeps all digits, so that a file read back gives the same threshold.
        "score": "" if score.failed else repr(float(score.value)),
        "clips": str(score.clips),
        "frames": str(score.frames),
        "failure": score.failure,
        "device": score.device,
        "session": score.session,
        "data": "simulated" if score.simulated else "real",
        "unit": score.unit,
        "video": score.video,
    }


def read_csv(path: Path) -> tuple[Score, ...]:
    """Read a score file strictly.

    Args:
        path: a UTF-8 CSV file with the columns ``presentation, split, species, score`` and any
            of the other documented ones; columns whose names start with ``x_`` are ignored.

    Returns:
        The scores in the order of the file. A score that is not finite becomes a failure.

    Raises:
        DataError: something is missing, duplicated or not readable; names file and line.
    """
    return unique(path, "line", numbered_csv(path))


def unique(path: Path, place: str, numbered: Numbered) -> tuple[Score, ...]:
    """Collect the scores of a file: at least one, one per presentation, names in one spelling.

    Args:
        path: the file, for the message.
        place: what the numbers count, e.g. ``line``.
        numbered: the scores with their numbers.

    Returns:
        The scores.

    Raises:
        DataError: no score, two of a presentation, or two spellings of a name; names the places.
    """
    scores: dict[str, Score] = {}
    numbers = array("q")
    with closing(numbered):
        for number, score in numbered:
            if score.presentation in scores:
                what = f"presentation {score.presentation!r} is scored twice"
                raise DataError(f"{path}, {place} {number}: {what}")
            scores[score.presentation] = score
            numbers.append(number)
    if not scores:
        raise DataError(f"{path}: no scores in it; is this the right file?")
    found = tuple(scores.values())
    keys.refuse_spellings_in(found, COMPARED, lambda row: f"{path}, {place} {numbers[row]}")
    return found


def numbered_csv(path: Path) -> Numbered:
    """Iterate over a score file that may be larger than memory.

    Args:
        path: as for `read_csv`.

    Yields:
        The numbers of the lines and their scores. Whether a presentation occurs twice is not
        checked, since that would need them all.

    Raises:
        DataError: as `read_csv`, once the line is reached.
    """
    return walk_csv(path, check_columns, score_of)


def walk_csv(
    path: Path,
    check: Callable[[Sequence[str]], None],
    score: Callable[[Mapping[str, str]], Score],
) -> Numbered:
    """Iterate over any CSV file of scores.

    Args:
        path: a UTF-8 file with commas, a header and rows of the same length; cells are cleaned.
        check: receives the column names; a ValueError rejects them.
        score: converts a row (column to text) to a score; a ValueError rejects the row.

    Yields:
        The numbers of the lines and their scores.

    Raises:
        DataError: not such a file, or rejected; names file and line.
    """
    number = 1
    try:
        with closing(text_lines(path)) as text:
            lines = enumerate(text, start=1)
            names = [name.strip() for name in _cells(path, *next(lines))]
            check(names)
            for number, line in lines:
                cells = _cells(path, number, line)
                if len(cells) != len(names):
                    raise ValueError(f"{len(cells)} fields, expected {len(names)} as in the header")
                if "'" in line:
                    cells = list(map(unguard, cells))
                if " " in line or not line.isascii():
                    cells = list(map(keys.clean, cells))
                yield number, score(dict(zip(names, cells, strict=True)))
    except ValueError as error:
        raise at_line(path, number, str(error)) from error


def _cells(path: Path, number: int, line: str) -> list[str]:
    """Split a line into cells; a quoted cell ends in the line it starts in."""
    # Only quoted lines need the csv module; a file may have millions of others.
    if '"' not in line:
        return line.rstrip("\r\n").split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise at_line(path, number, f"not CSV ({error}); fix the quotes in this line") from error


def check_columns(names: Sequence[str]) -> None:
    """Check the names of the columns of a score table.

    Args:
        names: the names in the header.

    Raises:
        ValueError: one is missing, unknown or duplicated.
    """
    other = next((sign for sign in (";", "\t", "|") if len(names) == 1 and sign in names[0]), "")
    if other:
        raise ValueError(f"the delimiter is {other!r}, not a comma; save it as comma-separated")
    check_names(names, REQUIRED_COLUMNS)
    known = (*COLUMNS, *UNIT_COLUMNS)
    unknown = [n for n in names if n not in known and not n.startswith(EXTRA_PREFIX)]
    if unknown:
        hint = f"known: {', '.join(known)}; start your own with {EXTRA_PREFIX!r}"
        raise ValueError(f"unknown column {unknown[0]!r}; {hint}")


def check_names(names: Sequence[str], required: Sequence[str]) -> None:
    """Check that the required columns exist, and none twice.

    Args:
        names: the names in the header.
        required: those that are needed.

    Raises:
        ValueError: one is missing or duplicated.
    """
    missing = [name for name in required if name not in names]
    if missing:
        hint = "for files of other tools there is `fasharness convert`"
        raise ValueError(f"no column {', '.join(map(repr, missing))} in the header; {hint}")
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise ValueError(f"a column occurs twice in the header: {doubled[0]!r}")


def score_of(row: Mapping[str, str]) -> Score:
    """Convert a row of a score table to a score.

    Args:
        row: column to text, as `row_of` returns it; columns that are not required may be missing.

    Returns:
        The score; a value that is not finite is a failure.

    Raises:
        ValueError: something cannot be read or is contradictory.
    """
    data = row.get("data", "")
    if data not in _DATA_WORDS:
        raise ValueError(f"column data is {data!r}, expected simulated or real")
    value, failure = to_number(row["score"]), row.get("failure", "")
    if not math.isfinite(value):
        value, failure = math.nan, failure or f"the score is {row['score'] or 'empty'}"
    return Score(
        presentation=row["presentation"],
        split=row["split"],
        subject=row.get("subject", ""),
        species=row["species"] or None,
        group=row.get("group") or None,
        value=value,
        clips=to_count(row.get("clips", ""), "clips"),
        frames=to_count(row.get("frames", ""), "frames"),
        failure=failure,
        device=row.get("device", ""),
        session=row.get("session", ""),
        simulated=_DATA_WORDS[data],
        unit=row.get("unit") or "video",
        video=row.get("video", ""),
    )
