"""Score files of other tools, in and out: bob's, OULU-NPU's, labelled lines."""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fasharness.errors import DataError, OptionError
from fasharness.files import write_text
from fasharness.lines import at_line, whole_text
from fasharness.scores import (
    SIMULATED_LINE,
    Score,
    oulu_list,
    read_csv,
    read_oulu_list,
    write_csv,
)

_BOB_COLUMNS = ("claimed_id", "test_label", "is_bonafide", "attack_type", "score")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}
_OULU_SPECIES: Mapping[str, tuple[str | None, str | None]] = {
    "1": (None, None),
    "2": ("print1", "print"),
    "3": ("print2", "print"),
    "4": ("display1", "display"),
    "5": ("display2", "display"),
}


@dataclass(frozen=True)
class Format:
    """A way to keep the scores of one split in a file.

    Attributes:
        words: what a line holds.
        read: from a file and its split to scores.
        write: from the scores of a split to the text of a file.
        file: name of a split's file.
    """

    words: str
    read: Callable[[Path, str], tuple[Score, ...]]
    write: Callable[[Sequence[Score]], str]
    file: Callable[[str], str]


def read_bob_csv(path: Path, split: str) -> tuple[Score, ...]:
    """Read a CSV of bob.pad (``scores-dev.csv``, ``scores-eval.csv``).

    Args:
        path: the file; further columns are passed over.
        split: which split it holds.

    Returns:
        Scores; an empty or NaN score is a failure.

    Raises:
        DataError: naming file and line.
    """
    rows = csv.DictReader(io.StringIO(whole_text(path), newline=""))
    missing = [name for name in _BOB_COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise at_line(path, 1, f"no column {missing[0]!r}, expected {', '.join(_BOB_COLUMNS)}")
    scores = []
    for row in rows:
        if None in row or None in row.values():
            raise at_line(path, rows.line_num, "more or fewer fields than the header has")
        truth = _TRUTH.get(row["is_bonafide"].strip().lower())
        if truth is None:
            raise at_line(path, rows.line_num, f"is_bonafide is {row['is_bonafide']!r}")
        species = None if truth else row["attack_type"] or "attack"
        line = (row["test_label"], row["claimed_id"], species, row["score"])
        scores.append(_score(path, rows.line_num, split, *line))
    return _unique(path, scores)


def read_columns(path: Path, split: str) -> tuple[Score, ...]:
    """Read four columns (claimed, real, label, score) or five (with a model after the first).

    Args:
        path: a file of fields separated by blanks.
        split: which split it holds.

    Returns:
        Scores; a line whose real identity is the claimed one is bona fide, else the real
        identity is the PAI species.

    Raises:
        DataError: naming file and line.
    """
    scores = []
    for number, line in _lines(path):
        fields = line.split()
        if len(fields) not in (4, 5):
            raise at_line(path, number, f"{len(fields)} fields, expected 4 or 5")
        claimed, (real, label, value) = fields[0], fields[-3:]
        species = None if real == claimed else real
        scores.append(_score(path, number, split, label, claimed, species, value))
    return _unique(path, scores)


def read_oulu(path: Path, split: str) -> tuple[Score, ...]:
    """Read an OULU-NPU list, or SGTD's score files, which have the same form.

    Args:
        path: ``name,score`` lines with plain or coded names.
        split: which split it holds.

    Returns:
        Scores with subject, species, phone and session taken from the names.
    """
    text = whole_text(path)
    scores = []
    for name, value in read_oulu_list(path):
        phone, session, user, file = name.split("_")
        if file not in _OULU_SPECIES:
            raise DataError(f"{path}: {name}: OULU-NPU has the files 1 to 5")
        species, group = _OULU_SPECIES[file]
        scores.append(
            Score(
                name, split, user, species, group, value, device=phone, session=session,
                simulated=SIMULATED_LINE in text,
            )
        )  # fmt: skip
    return tuple(scores)


def read_labelled(path: Path, split: str) -> tuple[Score, ...]:
    """Read ``score label`` lines as CDCN's and DUM's codes write them: no names, label 1 is live.

    Args:
        path: the file.
        split: which split it holds.

    Returns:
        Scores named by split and line, all attacks of one species, no subjects.
    """
    scores = []
    for number, line in _lines(path):
        fields = line.split()
        if len(fields) != 2 or fields[1] not in ("0", "1"):
            raise at_line(path, number, f"{line!r:.60}, expected a score and the label 0 or 1")
        species = None if fields[1] == "1" else "attack"
        scores.append(_score(path, number, split, f"{split}-{number}", "", species, fields[0]))
    return tuple(scores)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Walk over lines that are neither empty nor comments."""
    for number, line in enumerate(whole_text(path).splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _score(
    path: Path, number: int, split: str, name: str, subject: str, species: str | None, cell: str
) -> Score:
    """Turn the fields of a line into a score; what is not finite is a failure."""
    try:
        value = float(cell) if cell.strip() else math.nan
        failure = "" if math.isfinite(value) else f"the score is {cell.strip() or 'empty'}"
        value = value if math.isfinite(value) else math.nan
        return Score(name, split, subject, species, None, value, failure=failure)
    except ValueError as error:
        raise at_line(path, number, str(error)) from error


def _unique(path: Path, scores: Sequence[Score]) -> tuple[Score, ...]:
    """Refuse a file that scores a presentation twice."""
    seen: set[str] = set()
    for score in scores:
        if score.presentation in seen:
            raise DataError(f"{path}: presentation {score.presentation!r} is scored twice")
        seen.add(score.presentation)
    return tuple(scores)


def _bob_csv(scores: Sequence[Score]) -> str:
    """Write bob's CSV."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_BOB_COLUMNS)
    for s in scores:
        value = "nan" if s.failed else repr(s.value)
        row = (s.subject, s.presentation, str(s.bona_fide), s.species or "", value)
        writer.writerow(row)
    return buffer.getvalue()


def _four_columns(scores: Sequence[Score]) -> str:
    """Write four columns."""
    return "".join(f"{claimed} {real} {rest}\n" for claimed, real, rest in map(_fields, scores))


def _five_columns(scores: Sequence[Score]) -> str:
    """Write five columns; the model is the claimed identity."""
    return "".join(
        f"{claimed} {claimed} {real} {rest}\n" for claimed, real, rest in map(_fields, scores)
    )


def _fields(s: Score) -> tuple[str, str, str]:
    """Compose the fields of a line of columns."""
    claimed = s.subject or s.presentation
    value = "nan" if s.failed else repr(s.value)
    for text in (claimed, s.species or "", s.presentation):
        if any(character.isspace() for character in text):
            raise DataError(f"{s.presentation!r}: a blank in {text!r} would part its columns")
    return claimed, s.species or claimed, f"{s.presentation} {value}"


def _labelled(scores: Sequence[Score]) -> str:
    """Write scores with labels; failures are comments."""
    return "".join(
        f"# failed: {s.presentation}: {s.failure}\n"
        if s.failed
        else f"{s.value!r} {int(s.bona_fide)}\n"
        for s in scores
    )


def _bob_file(ending: str) -> Callable[[str], str]:
    """Name files as bob does, whose word for test is eval."""
    return lambda split: f"scores-{'eval' if split == 'test' else split}.{ending}"


FORMATS: Mapping[str, Format] = {
    "bob-csv": Format(", ".join(_BOB_COLUMNS), read_bob_csv, _bob_csv, _bob_file("csv")),
    "four-column": Format(
        "claimed real label score", read_columns, _four_columns, _bob_file("txt")
    ),
    "five-column": Format(
        "claimed model real label score", read_columns, _five_columns, _bob_file("txt")
    ),
    "oulu": Format(
        "name,score; SGTD's files too",
        read_oulu,
        oulu_list,
        lambda split: f"{split.capitalize()}_scores.txt",
    ),
    "labelled": Format(
        "score label, as CDCN and DUM write them", read_labelled, _labelled, "{}.txt".format
    ),
}


def load(style: str, files: Mapping[str, Path]) -> tuple[Score, ...]:
    """Read the files of another tool.

    Args:
        style: one of `FORMATS`, or ``csv`` for the harness's own.
        files: split to file; for ``csv`` any key, since the file says the split.

    Returns:
        The scores of all files.

    Raises:
        DataError: when a file is broken or two files score one presentation.
        OptionError: when there is no such format.
    """
    scores: list[Score] = []
    for split, path in files.items():
        scores += read_csv(path) if style == "csv" else _format(style).read(path, split)
    return _unique(Path(", ".join(map(str, files.values()))), scores)


def save(style: str, folder: Path, scores: Sequence[Score]) -> tuple[Path, ...]:
    """Write the files of another tool, each atomically.

    Args:
        style: one of `FORMATS`, or ``csv`` for the harness's own.
        folder: where they go.
        scores: the scores.

    Returns:
        The files written, one for each split that has scores; one for ``csv``.

    Raises:
        DataError: when the format cannot hold a name.
        OptionError: when there is no such format.
    """
    if style == "csv":
        write_csv(folder / "scores.csv", scores)
        return (folder / "scores.csv",)
    chosen = _format(style)
    splits = dict.fromkeys(score.split for score in scores)
    texts = {
        folder / chosen.file(split): chosen.write([s for s in scores if s.split == split])
        for split in splits
    }
    for path, text in texts.items():
        write_text(path, text)
    return tuple(texts)


def _format(style: str) -> Format:
    """Look a format up."""
    if style not in FORMATS:
        raise OptionError(f"no score format {style!r}; there are csv, {', '.join(FORMATS)}")
    return FORMATS[style]
