"""Score files of lines with fields: bob's four and five columns, and scores with labels."""

from collections.abc import Sequence
from pathlib import Path

from fasharness.common.keys import fold
from fasharness.errors import DataError
from fasharness.scorefiles.loading import Line, marked, value_of, value_text, walk
from fasharness.scores import Numbered, Score


def read_four_columns(path: Path, split: str) -> Numbered:
    """Read lines of four columns: claimed identity, real identity, label, score.

    Args:
        path: a file of fields separated by blanks.
        split: which split it holds.

    Yields:
        Scores with their lines; a line is bona fide if its real identity is the claimed one;
        otherwise the real identity is the PAI species.

    Raises:
        DataError: naming file and line.
    """
    return walk(path, split, lambda line: _of_columns(line, 4))


def read_five_columns(path: Path, split: str) -> Numbered:
    """Read lines of five columns: as `read_four_columns`, with a model after the claimed identity.

    Args:
        path: a file of fields separated by blanks.
        split: which split it holds.

    Yields:
        Scores with their lines.

    Raises:
        DataError: naming file and line.
    """
    return walk(path, split, lambda line: _of_columns(line, 5))


def _of_columns(line: Line, columns: int) -> Score:
    """Turn a line of columns into a score."""
    fields = line.text.split()
    if len(fields) != columns:
        raise ValueError(f"{len(fields)} fields, expected {columns}")
    # From both ends: the model of five columns is between them.
    claimed, (real, label, cell) = fields[0], fields[-3:]
    if real != claimed and fold(real) == fold(claimed):
        raise ValueError(f"real {real!r} and claimed {claimed!r}: one name in two spellings")
    value, failure = value_of(cell)
    return Score(
        label, line.split, claimed, None if real == claimed else real, None, value,
        failure=failure, simulated=line.simulated,
    )  # fmt: skip


def write_four_columns(scores: Sequence[Score]) -> str:
    """Write four columns.

    Args:
        scores: the scores of a split.

    Returns:
        The text of the file.

    Raises:
        DataError: a name would be read as another column.
    """
    return marked(scores) + "".join(
        f"{claimed} {real} {rest}\n" for claimed, real, rest in map(_fields, scores)
    )


def write_five_columns(scores: Sequence[Score]) -> str:
    """Write five columns; the model is the claimed identity.

    Args:
        scores: the scores of a split.

    Returns:
        The text of the file.

    Raises:
        DataError: a name would be read as another column.
    """
    return marked(scores) + "".join(
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
    return claimed, s.species or claimed, f"{s.presentation} {value_text(s)}"


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
    return walk(path, split, _of_label)


def _of_label(line: Line) -> Score:
    """Turn a line with a score and a label into a score."""
    fields = line.text.split()
    if len(fields) != 2 or fields[1] not in ("0", "1"):
        raise ValueError(f"{line.text!r:.60}, expected a score and the label 0 or 1")
    species, name = None if fields[1] == "1" else "attack", f"{line.split}-{line.number}"
    value, failure = value_of(fields[0])
    return Score(
        name, line.split, "", species, None, value, failure=failure, simulated=line.simulated
    )


def write_labelled(scores: Sequence[Score]) -> str:
    """Write scores with labels.

    Args:
        scores: the scores of a split.

    Returns:
        The text of the file.
    """
    return marked(scores) + "".join(f"{value_text(s)} {int(s.bona_fide)}\n" for s in scores)
