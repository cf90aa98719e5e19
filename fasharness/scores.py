"""One score per presentation, and the harness's own CSV of scores."""

import math
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from sys import intern

from fasharness.common import keys
from fasharness.common.cells import keeps_apart, to_count, to_number
from fasharness.common.csv_rows import check_names, csv_rows, csv_text
from fasharness.common.doubles import Place, scored_twice
from fasharness.common.files import write_text
from fasharness.common.lines import at_line
from fasharness.common.memory import uncollected
from fasharness.common.spreadsheets import guard
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
# Other tools' words for the splits that are meant by them alone.
SPLIT_WORDS = {**{split: split for split in SPLITS}, "devel": "dev", "eval": "test"}

_NUMBERS = ("score", "clips", "frames")
_TEXTS = (
    "presentation", "split", "subject", "species", "group", "failure", "device", "session", "unit",
    "video",
)  # fmt: skip
# The texts that name the same thing in other rows.
COMPARED = ("presentation", "video", "subject", "species", "group", "device", "session")
_KNOWN = frozenset((*COLUMNS, *UNIT_COLUMNS))
_LONGEST = 500  # characters of a name
_DATA_WORDS = {"simulated": True, "real": False, "": False}


@dataclass(frozen=True, slots=True)
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
        attributes: further facts, (name, text) each, e.g. ``("skin_tone", "dark brown")``; the
            columns ``x_NAME`` of a file.

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
    attributes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Normalise the texts, and refuse fields that contradict each other."""
        texts = (
            f"{self.presentation}{self.split}{self.subject}{self.species}{self.group}"
            f"{self.failure}{self.device}{self.session}{self.unit}{self.video}"
        )
        if len(texts) > _LONGEST:
            self._refuse_long()
        # Most rows have nothing to normalise, and a file has millions of them.
        if " " in texts or not (texts.isascii() and texts.isprintable()):
            keys.clean_fields(self, _TEXTS)
        if self.attributes:
            clean = tuple((keys.clean(name), keys.clean(text)) for name, text in self.attributes)
            object.__setattr__(self, "attributes", clean)
        for problem in _problems(self):
            raise ValueError(f"presentation {self.presentation!r}: {problem}")

    def _refuse_long(self) -> None:
        """Refuse names that no file, plot or table can show."""
        for name in _TEXTS:
            text = getattr(self, name)
            if name != "failure" and text and len(text) > _LONGEST:
                raise ValueError(f"{name} {text[:40]!r}... is longer than {_LONGEST} characters")

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


_EXPECTED = "expected a real number of at least 32 bits"


def _problems(score: Score) -> Iterator[str]:
    """Yield the contradictions in a score."""
    if not score.presentation:
        yield "its id is empty"
    if score.split not in SPLITS:
        yield f"unknown split {score.split!r}, expected train, dev (or devel), test (or eval)"
    if score.species == "" or score.group == "":
        yield "an empty species or group, expected None"
    if score.species is None and score.group is not None:
        yield f"bona fide (no species), but in the species group {score.group!r}"
    yield from keys.words_for_nothing(score.subject, score.species, score.group)
    if type(score.value) is not float and not keeps_apart(score.value):
        yield f"score {score.value!r:.60} of type {type(score.value).__name__}, {_EXPECTED}"
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
    if not all(name and text for name, text in score.attributes):
        yield f"an attribute without a name or a text: {score.attributes!r:.60}"


def write_csv(path: Path, scores: Iterable[Score]) -> None:
    """Write scores as CSV, atomically, in the order given; values keep all digits.

    Args:
        path: the file to write.
        scores: the scores; ``unit`` and ``video`` are columns only if one is not of a video, and
            each attribute is a column.

    Raises:
        ValueError: when a presentation occurs twice.
    """
    kept = list(scores)
    names = columns(kept)
    # A score has no cell for an attribute that only others have.
    rows = (
        [cells[n] if n in _NUMBERS else guard(cells.get(n, "")) for n in names]
        for cells in map(row_of, kept)
    )
    write_text(path, csv_text(names, rows))


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
    units = () if all(s.unit == "video" for s in scores) else UNIT_COLUMNS
    extra = dict.fromkeys(EXTRA_PREFIX + name for s in scores for name, _ in s.attributes)
    return (*COLUMNS, *units, *extra)


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
        **{EXTRA_PREFIX + name: text for name, text in score.attributes},
    }


def read_csv(path: Path) -> tuple[Score, ...]:
    """Read a score file strictly.

    Args:
        path: a UTF-8 CSV file with the columns ``presentation, split, species, score`` and any
            of the other documented ones; columns whose names start with ``x_`` are attributes.

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
    with uncollected(), closing(numbered):
        for number, score in numbered:
            first = scores.setdefault(score.presentation, score)
            if first is not score:
                start = numbers[list(scores).index(score.presentation)]
                one = Place(first.split, f"{place} {start}")
                other = Place(score.split, f"{place} {number}")
                words = scored_twice(score.presentation, one, other)
                raise DataError(f"{path}, {other.words}: {words}")
            numbers.append(number)
    if not scores:
        raise DataError(f"{path}: no scores in it; is this the right file?")
    found = tuple(scores.values())
    del scores  # the spellings of millions of names need its memory
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
    with closing(csv_rows(path, check)) as rows:
        for number, row in rows:
            try:
                yield number, score(row)
            except ValueError as error:
                raise at_line(path, number, str(error)) from error


def check_columns(names: Sequence[str]) -> None:
    """Check the names of the columns of a score table.

    Args:
        names: the names in the header.

    Raises:
        ValueError: one is missing, unknown or duplicated.
    """
    known = (*COLUMNS, *UNIT_COLUMNS)
    check_names(names, REQUIRED_COLUMNS, known)
    unknown = [n for n in names if n not in known and not n.startswith(EXTRA_PREFIX)]
    if unknown:
        hint = f"known: {', '.join(known)}; start your own with {EXTRA_PREFIX!r}"
        raise ValueError(f"unknown column {unknown[0]!r}; {hint}")


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
        split=intern(split_of(row["split"])),
        subject=intern(row.get("subject", "")),
        species=intern(row["species"]) or None,
        group=intern(row.get("group", "")) or None,
        value=value,
        clips=to_count(row.get("clips", ""), "clips"),
        frames=to_count(row.get("frames", ""), "frames"),
        failure=failure,
        device=intern(row.get("device", "")),
        session=intern(row.get("session", "")),
        simulated=_DATA_WORDS[data],
        unit=row.get("unit") or "video",
        video=row.get("video", ""),
        attributes=() if row.keys() <= _KNOWN else _attributes(row),
    )


def split_of(cell: str) -> str:
    """Read a split by its name here or in other tools.

    Args:
        cell: e.g. ``dev`` or ``Devel``.

    Returns:
        One of `SPLITS`; any other text as it is, which `Score` refuses.
    """
    return SPLIT_WORDS.get(cell.strip().lower(), cell)


def _attributes(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Read the user's own columns."""
    extra = ((name, text) for name, text in row.items() if name.startswith(EXTRA_PREFIX) and text)
    return tuple((name.removeprefix(EXTRA_PREFIX), text) for name, text in extra)
