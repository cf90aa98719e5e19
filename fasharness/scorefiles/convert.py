"""Read and write score files of other tools: bob's, OULU-NPU's, labelled lines."""

import csv
import io
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fasharness import scorefiles
from fasharness.common.cells import to_number
from fasharness.common.files import write_text
from fasharness.common.keys import fold, refuse_spellings_in
from fasharness.common.lines import at_line, text_lines
from fasharness.common.spreadsheets import guard
from fasharness.errors import DataError, OptionError
from fasharness.scorefiles.official_lists import oulu_list, read_oulu_list
from fasharness.scores import COMPARED, Numbered, Score, check_names, unique, walk_csv

OWN = ("csv", "parquet")
SIMULATED_LINE = "# SIMULATED data: these scores say nothing of real attacks"

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
    """A file format for the scores of one split.

    Attributes:
        read: function from a file and its split to numbered scores.
        write: function from the scores of a split to the text of a file.
        file: function from a split to the name of its file.
    """

    read: Callable[[Path, str], Numbered]
    write: Callable[[Sequence[Score]], str]
    file: Callable[[str], str]


def read_bob_csv(path: Path, split: str) -> Numbered:
    """Read a CSV of bob.pad (``scores-dev.csv``, ``scores-eval.csv``).

    Args:
        path: the file. Of further columns, ``data`` may say that a line is simulated; the others
            are ignored.
        split: which split it holds.

    Yields:
        Scores with their lines; an empty or NaN score is a failure.

    Raises:
        DataError: naming file and line.
    """

    def check(names: Sequence[str]) -> None:
        check_names(names, _BOB_COLUMNS)

    return walk_csv(path, check, lambda row: _bob_score(row, split))


def _bob_score(row: Mapping[str, str], split: str) -> Score:
    """Turn a row of bob's CSV into a score."""
    truth = _TRUTH.get(row["is_bonafide"].strip().lower())
    if truth is None:
        raise ValueError(f"is_bonafide is {row['is_bonafide']!r:.60}, expected True or False")
    # bool("False") is True: the words are looked up, and a contradiction is refused.
    if truth and row["attack_type"]:
        raise ValueError(f"bona fide, but with the attack_type {row['attack_type']!r:.60}")
    species = None if truth else row["attack_type"] or "attack"
    simulated = row.get("data", "") == "simulated"
    return _score(row["test_label"], split, row["claimed_id"], species, row["score"], simulated)


class _Line(NamedTuple):
    """A line that is neither empty nor a comment, with its place."""

    text: str
    number: int
    split: str
    simulated: bool


def _walk(path: Path, split: str, score: Callable[[_Line], Score]) -> Numbered:
    """Turn each line of a file into a score; an error names its line."""
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
                yield number, score(_Line(text, number, split, simulated))
            except ValueError as error:
                raise at_line(path, number, str(error)) from error


def read_columns(path: Path, split: str) -> Numbered:
    """Read four columns (claimed, real, label, score) or five (with a model after the first).

    Args:
        path: a file of fields separated by blanks.
        split: which split it holds.

    Yields:
        Scores with their lines; a line is bona fide if its real identity is the claimed one;
        otherwise the real identity is the PAI species.

    Raises:
        DataError: naming file and line.
    """
    return _walk(path, split, _of_columns)


def _of_columns(line: _Line) -> Score:
    """Turn a line of columns into a score."""
    fields = line.text.split()
    if len(fields) not in (4, 5):
        raise ValueError(f"{len(fields)} fields, expected 4 or 5")
    # From both ends: the optional model is between them.
    claimed, (real, label, value) = fields[0], fields[-3:]
    species = None if real == claimed else real
    if species and fold(real) == fold(claimed):
        raise ValueError(f"real {real!r} and claimed {claimed!r}: one name in two spellings")
    return _score(label, line.split, claimed, species, value, line.simulated)


def read_labelled(path: Path, split: str) -> Numbered:
    """Read ``score label`` lines as CDCN's and DUM's codes write them: no names, label 1 is live.

    Args:
        path: the file.
        split: which split it holds.

    Yields:
        Scores with their lines, named by split and line; all attacks have one species, and there
        are no subjects.

    Raises:
        DataError: naming file and line.
    """
    return _walk(path, split, _of_label)


def _of_label(line: _Line) -> Score:
    """Turn a line with a score and a label into a score."""
    fields = line.text.split()
    if len(fields) != 2 or fields[1] not in ("0", "1"):
        raise ValueError(f"{line.text!r:.60}, expected a score and the label 0 or 1")
    species, name = None if fields[1] == "1" else "attack", f"{line.split}-{line.number}"
    return _score(name, line.split, "", species, fields[0], line.simulated)


def _score(
    name: str, split: str, subject: str, species: str | None, cell: str, simulated: bool
) -> Score:
    """Turn the fields of a line into a score; what is not finite is a failure."""
    value = to_number(cell.strip())
    failure = "" if math.isfinite(value) else f"the score is {cell.strip() or 'empty'}"
    # Infinity would pass every threshold; one value, NaN, means failure everywhere.
    value = value if math.isfinite(value) else math.nan
    return Score(name, split, subject, species, None, value, failure=failure, simulated=simulated)


def read_oulu(path: Path, split: str) -> Numbered:
    """Read an OULU-NPU list, or SGTD's score files, which have the same form.

    Args:
        path: ``name,score`` lines with plain or coded names.
        split: which split it holds.

    Yields:
        Scores, numbered, with subject, species, phone and session taken from the names.

    Raises:
        DataError: naming file and line, or the name.
    """
    found = read_oulu_list(path)
    for number, (name, value, failure) in enumerate(found.scores, start=1):
        phone, session, user, file = name.split("_")
        if file not in _OULU_SPECIES:
            raise DataError(f"{path}: {name}: OULU-NPU has the files 1 to 5")
        species, group = _OULU_SPECIES[file]
        yield number, Score(
            name, split, user, species, group, value, failure=failure, device=phone,
            session=session, simulated=found.simulated,
        )  # fmt: skip


def _marked(scores: Sequence[Score]) -> str:
    """Return the first line of a file of simulated scores; empty for real ones."""
    return f"{SIMULATED_LINE}\n" if any(score.simulated for score in scores) else ""


def _bob_csv(scores: Sequence[Score]) -> str:
    """Write bob's CSV; a further column says when scores are simulated."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    simulated = any(score.simulated for score in scores)
    writer.writerow((*_BOB_COLUMNS, "data") if simulated else _BOB_COLUMNS)
    for s in scores:
        names = (guard(s.subject), guard(s.presentation), str(s.bona_fide), guard(s.species or ""))
        data = ("simulated" if s.simulated else "real",) if simulated else ()
        writer.writerow((*names, _value(s), *data))
    return text.getvalue()


def _value(score: Score) -> str:
    """Write a value with all its digits."""
    # repr is the shortest text that reads back as the same float.
    return "nan" if score.failed else repr(score.value)


def _four_columns(scores: Sequence[Score]) -> str:
    """Write four columns."""
    return _marked(scores) + "".join(
        f"{claimed} {real} {rest}\n" for claimed, real, rest in map(_fields, scores)
    )


def _five_columns(scores: Sequence[Score]) -> str:
    """Write five columns; the model is the claimed identity."""
    return _marked(scores) + "".join(
        f"{claimed} {claimed} {real} {rest}\n" for claimed, real, rest in map(_fields, scores)
    )


def _fields(s: Score) -> tuple[str, str, str]:
    """Return the fields of a line of columns."""
    claimed = s.subject or s.presentation
    for text in (claimed, s.species or "", s.presentation):
        # Columns have no quoting, so such a text cannot be written.
        if any(character.isspace() for character in text) or text.startswith("#"):
            raise DataError(
                f"{s.presentation!r}: {text!r} would be read as other columns; rename it"
            )
    # Equal columns mean bona fide when the file is read.
    if s.species == claimed:
        raise DataError(f"{s.presentation!r}: species and subject are both {claimed!r}; rename one")
    return claimed, s.species or claimed, f"{s.presentation} {_value(s)}"


def _labelled(scores: Sequence[Score]) -> str:
    """Write scores with labels."""
    return _marked(scores) + "".join(f"{_value(s)} {int(s.bona_fide)}\n" for s in scores)


def _bob_file(ending: str) -> Callable[[str], str]:
    """Name files as bob does, where test is called eval."""
    return lambda split: f"scores-{'eval' if split == 'test' else split}.{ending}"


FORMATS: Mapping[str, Format] = {
    "bob-csv": Format(read_bob_csv, _bob_csv, _bob_file("csv")),
    "four-column": Format(read_columns, _four_columns, _bob_file("txt")),
    "five-column": Format(read_columns, _five_columns, _bob_file("txt")),
    "oulu": Format(read_oulu, oulu_list, lambda split: f"{split.capitalize()}_scores.txt"),
    "labelled": Format(read_labelled, _labelled, "{}.txt".format),
}


def load(style: str, files: Mapping[str, Path]) -> tuple[Score, ...]:
    """Read the files of another tool.

    Args:
        style: one of `FORMATS`, or of `OWN` for the harness's own.
        files: split to file; any key for the harness's own files, which name the split themselves.

    Returns:
        The scores of all files.

    Raises:
        DataError: when a file is damaged or two files score one presentation.
        OptionError: when there is no such format.
    """
    scores: dict[str, Score] = {}
    source: list[Path] = []
    for split, path in files.items():
        for score in _read(style, path, split):
            if score.presentation in scores:
                what = f"presentation {score.presentation!r} is scored twice"
                raise DataError(f"{', '.join(map(str, files.values()))}: {what}")
            scores[score.presentation] = score
            source.append(path)
    found = tuple(scores.values())
    refuse_spellings_in(found, COMPARED, lambda row: f"{source[row]}: {found[row].presentation!r}")
    return found


def _read(style: str, path: Path, split: str) -> tuple[Score, ...]:
    """Read a file."""
    if style in OWN:
        return scorefiles.read(path)
    return unique(path, "line", _format(style).read(path, split))


def save(
    style: str, folder: Path, scores: Sequence[Score], keep: Collection[Path] = ()
) -> tuple[Path, ...]:
    """Write the files of another tool, each atomically.

    Args:
        style: one of `FORMATS`, or of `OWN` for the harness's own.
        folder: where they go.
        scores: the scores.
        keep: files that must not be overwritten.

    Returns:
        The files written, one for each split that has scores; one for the harness's own.

    Raises:
        DataError: when the format cannot hold a name, or has no clips and frames.
        OptionError: when there is no such format, a file that must be kept would be overwritten,
            or the folder holds a run.
    """
    if style in OWN:
        target = folder / f"scores.{style}"
        scorefiles.refuse_overwriting([target], keep)
        scorefiles.write(target, scores)
        return (target,)
    chosen = _format(style)
    if any(score.unit != "video" for score in scores):
        raise DataError(f"{style} has whole videos only; convert to {' or '.join(OWN)}")
    splits = dict.fromkeys(score.split for score in scores)
    texts = {
        folder / chosen.file(split): chosen.write([s for s in scores if s.split == split])
        for split in splits
    }
    # All files are composed and checked before the first one is written.
    scorefiles.refuse_overwriting(texts, keep)
    for path, text in texts.items():
        write_text(path, text)
    return tuple(texts)


def _format(style: str) -> Format:
    """Find a format by its name."""
    if style not in FORMATS:
        raise OptionError(f"no score format {style!r}; there are {', '.join((*OWN, *FORMATS))}")
    return FORMATS[style]
