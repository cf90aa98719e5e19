"""One score per presentation, and the files that hold scores: own CSV and OULU-NPU's lists."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fasharness.errors import DataError
from fasharness.files import write_text
from fasharness.lines import at_line, text_lines, whole_text

SPLITS = ("train", "dev", "test")
COLUMNS = (
    "presentation", "split", "subject", "species", "group", "score",
    "clips", "frames", "failure", "device", "session", "data",
)  # fmt: skip
REQUIRED_COLUMNS = ("presentation", "split", "species", "score")
EXTRA_PREFIX = "x_"

SIMULATED_LINE = "# SIMULATED data, not OULU-NPU"

_DATA_WORDS = {"simulated": True, "real": False, "": False}
# Spreadsheets run a cell that starts with one of these as a formula; an apostrophe stops them.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True)
class Score:
    """What a method said about one presentation; higher values mean more bona fide, always.

    Args:
        presentation: the presentation's id, unique within a file.
        split: ``train``, ``dev`` or ``test``.
        subject: who is shown; empty where unknown (the presentation is then its own cluster).
        species: the PAI species, None for a bona fide presentation.
        group: the protocol's species group, e.g. ``print``; None for a bona fide presentation.
        value: a finite score, or NaN exactly when the presentation failed.
        clips: how many clips were aggregated into the value.
        frames: how many frames these clips used.
        failure: why there is no score; empty when there is one.
        device: the capture device, e.g. the phone; empty where unknown.
        session: the capture session; empty where unknown.
        simulated: whether the presentation is simulated.

    Raises:
        ValueError: when the fields contradict each other.
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

    def __post_init__(self) -> None:
        """Refuse fields that contradict each other."""
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
        """The species group, or the species where the protocol has no groups."""
        return self.group or self.species


def _problems(score: Score) -> Iterator[str]:
    """Name what contradicts itself in a score."""
    if not score.presentation:
        yield "its id is empty"
    if score.split not in SPLITS:
        yield f"unknown split {score.split!r}, expected one of {', '.join(SPLITS)}"
    if score.species == "" or score.group == "":
        yield "an empty species or group, expected None"
    if score.species is None and score.group is not None:
        yield f"bona fide (no species), but in the species group {score.group!r}"
    if score.failure and not math.isnan(score.value):
        yield f"failed ({score.failure}), but has the score {score.value!r}"
    if not score.failure and not math.isfinite(score.value):
        yield f"score {score.value!r} without a failure, expected a finite number"
    if score.clips < 0 or score.frames < 0:
        yield f"clips {score.clips} and frames {score.frames}, expected no negative count"
    texts = (score.presentation, score.subject, score.species, score.group, score.failure)
    if any(not text.isprintable() for text in (*texts, score.device, score.session) if text):
        yield "a text with a line break or a control character"


def write_csv(path: Path, scores: Iterable[Score]) -> None:
    """Write scores as CSV, atomically, in the order given; the values survive exactly.

    Args:
        path: the file to write.
        scores: the scores.

    Raises:
        ValueError: when a presentation occurs twice.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    seen: set[str] = set()
    for score in scores:
        if score.presentation in seen:
            raise ValueError(f"presentation {score.presentation!r} occurs twice")
        seen.add(score.presentation)
        writer.writerow(_cells(score))
    write_text(path, buffer.getvalue())


def _cells(score: Score) -> tuple[str, ...]:
    """Turn a score into the cells of a row."""
    return (
        _guard(score.presentation),
        score.split,
        _guard(score.subject),
        _guard(score.species or ""),
        _guard(score.group or ""),
        "" if score.failure else repr(float(score.value)),
        str(score.clips),
        str(score.frames),
        _guard(score.failure),
        _guard(score.device),
        _guard(score.session),
        "simulated" if score.simulated else "real",
    )


def _guard(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _unguard(text: str) -> str:
    """Take the apostrophe off again."""
    return text[1:] if text.startswith("'") else text


def read_csv(path: Path) -> tuple[Score, ...]:
    """Read a score file strictly, whoever wrote it.

    Args:
        path: a UTF-8 CSV file with the columns ``presentation, split, species, score`` and any
            of the other documented ones; columns whose names start with ``x_`` are passed over.

    Returns:
        The scores in the order of the file. A score that is not finite becomes a failure.

    Raises:
        DataError: naming file and line, for anything that is missing, doubled or not readable.
    """
    scores: dict[str, Score] = {}
    for number, score in _numbered(path):
        if score.presentation in scores:
            raise at_line(path, number, f"presentation {score.presentation!r} is scored twice")
        scores[score.presentation] = score
    if not scores:
        raise DataError(f"{path}: no scores after the header; is this the right file?")
    return tuple(scores.values())


def stream_csv(path: Path) -> Iterator[Score]:
    """Walk over a score file that may be larger than memory.

    Args:
        path: as for `read_csv`.

    Yields:
        The scores in the order of the file. Whether a presentation occurs twice is not checked,
        since that would need them all.

    Raises:
        DataError: as `read_csv`, once the line is reached.
    """
    for _, score in _numbered(path):
        yield score


def _numbered(path: Path) -> Iterator[tuple[int, Score]]:
    """Walk over the scores with the numbers of their lines."""
    lines = _lines(path)
    columns = _header(path, *next(lines))
    for number, cells in lines:
        if len(cells) != len(columns):
            expected = f"{len(columns)} fields as in the header"
            raise at_line(path, number, f"{len(cells)} fields, expected {expected}")
        yield number, _score(path, number, dict(zip(columns, cells, strict=True)))


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Split a CSV file into rows, and refuse files that are not whole text files."""
    reader = csv.reader(text_lines(path), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise at_line(path, reader.line_num, f"not CSV: {error}") from error


def _header(path: Path, number: int, cells: list[str]) -> list[str]:
    """Check the names of the columns."""
    names = [name.strip() for name in cells]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise at_line(path, number, "the delimiter is not a comma; save it as comma-separated")
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        raise at_line(path, number, f"no column {', '.join(map(repr, missing))} in the header")
    unknown = [n for n in names if n not in COLUMNS and not n.startswith(EXTRA_PREFIX)]
    if unknown:
        hint = f"known: {', '.join(COLUMNS)}; start your own with {EXTRA_PREFIX!r}"
        raise at_line(path, number, f"unknown column {unknown[0]!r}; {hint}")
    if len(set(names)) != len(names):
        raise at_line(path, number, "a column occurs twice in the header")
    return names


def _score(path: Path, number: int, row: dict[str, str]) -> Score:
    """Turn a row into a score."""
    data = row.get("data", "")
    if data not in _DATA_WORDS:
        raise at_line(path, number, f"column data is {data!r}, expected simulated or real")
    text = {name: _unguard(cell) for name, cell in row.items()}
    failure = text.get("failure", "")
    value = math.nan if failure and not row["score"] else _number(path, number, row["score"])
    if not math.isfinite(value):
        failure, value = failure or f"the score is {row['score'] or 'empty'}", math.nan
    try:
        return Score(
            presentation=text["presentation"],
            split=text["split"],
            subject=text.get("subject", ""),
            species=text["species"] or None,
            group=text.get("group") or None,
            value=value,
            clips=_count(path, number, row, "clips"),
            frames=_count(path, number, row, "frames"),
            failure=failure,
            device=text.get("device", ""),
            session=text.get("session", ""),
            simulated=_DATA_WORDS[data],
        )
    except ValueError as error:
        raise at_line(path, number, str(error)) from error


def _number(path: Path, line: int, cell: str) -> float:
    """Read a score; an empty cell is a missing score."""
    try:
        return float(cell) if cell else math.nan
    except ValueError as error:
        raise at_line(path, line, f"score {cell!r} is not a number") from error


def _count(path: Path, line: int, row: dict[str, str], column: str) -> int:
    """Read a count; a file without the column says one."""
    cell = row.get(column) or "1"
    if not (cell.isascii() and cell.isdigit()):
        raise at_line(path, line, f"column {column} is {cell!r}, expected a whole number")
    return int(cell)


def oulu_code(name: str) -> str:
    """Encode a name the way OULU-NPU's test lists do.

    Args:
        name: ``Phone_Session_User_File``, e.g. ``6_3_20_1``.

    Returns:
        ``0`` and the hexadecimal digits of the decimal number phone, file, session, user, as the
        evaluation code published with FAS-SGTD writes it.

    Raises:
        DataError: when the name is no such name.

    >>> oulu_code("6_3_20_1")
    '0ef88'
    """
    parts = name.split("_")
    widths = tuple(len(part) for part in parts if part.isascii() and part.isdigit())
    if widths != (1, 1, 2, 1) or parts[0] == "0":
        raise DataError(f"{name!r} is no OULU-NPU name (Phone_Session_User_File, e.g. 6_3_20_1)")
    phone, session, user, file = parts
    return f"0{int(phone + file + session + user):x}"


def oulu_name(code: str) -> str:
    """Decode a name from OULU-NPU's test lists.

    Args:
        code: what `oulu_code` returns.

    Returns:
        ``Phone_Session_User_File``.

    Raises:
        DataError: when the code is no such code.

    >>> oulu_name("0ef88")
    '6_3_20_1'
    """
    try:
        digits = str(int(code, 16))
        name = f"{digits[0]}_{digits[2]}_{digits[3:]}_{digits[1]}"
        if oulu_code(name) == code.lower():
            return name
    except (ValueError, IndexError, DataError):
        pass
    raise DataError(f"{code!r} is no coded OULU-NPU name, expected e.g. 0ef88 for 6_3_20_1")


def write_oulu_lists(folder: Path, scores: Sequence[Score]) -> None:
    """Write ``Dev_scores.txt`` (plain names) and ``Test_scores.txt`` (coded names), atomically.

    Args:
        folder: where the two files go.
        scores: the scores; those of the training split are left out. A failed presentation
            becomes a comment line, since the format has no word for it.

    Raises:
        DataError: when a presentation has no OULU-NPU name.
    """
    for file, split in (("Dev_scores.txt", "dev"), ("Test_scores.txt", "test")):
        write_text(folder / file, oulu_list([s for s in scores if s.split == split]))


def oulu_list(scores: Sequence[Score]) -> str:
    """Compose one of OULU-NPU's lists.

    Args:
        scores: the scores of a split; names of the test split are coded.

    Returns:
        The text of the file.

    Raises:
        DataError: when a presentation has no OULU-NPU name.
    """
    lines = [SIMULATED_LINE] if any(score.simulated for score in scores) else []
    for s in scores:
        code = oulu_code(s.presentation)
        name = code if s.split == "test" else s.presentation
        lines.append(f"# failed: {name}: {s.failure}" if s.failed else f"{name},{s.value!r}")
    return "".join(f"{line}\n" for line in lines)


class ListedScore(NamedTuple):
    """A line of OULU-NPU's score lists, with its name decoded."""

    presentation: str
    value: float


def read_oulu_list(path: Path) -> tuple[ListedScore, ...]:
    """Read one of OULU-NPU's score lists; plain and coded names are told apart line by line.

    Args:
        path: a ``name,score`` file; lines that start with ``#`` are passed over.

    Returns:
        The decoded names with their scores, in the order of the file.

    Raises:
        DataError: naming file and line, for a bad name, a bad number or a name given twice.
    """
    listed: dict[str, ListedScore] = {}
    for number, line in enumerate(whole_text(path).splitlines(), start=1):
        if line.startswith("#") or not line.strip():
            continue
        name, comma, cell = line.strip().partition(",")
        try:
            plain = oulu_name(name) if "_" not in name else oulu_name(oulu_code(name))
            value = float(cell) if comma else math.nan
        except (DataError, ValueError) as error:
            raise at_line(path, number, str(error)) from error
        if not math.isfinite(value):
            raise at_line(path, number, f"score {cell!r} is not a finite number")
        if plain in listed:
            raise at_line(path, number, f"presentation {plain!r} is scored twice")
        listed[plain] = ListedScore(plain, value)
    return tuple(listed.values())
