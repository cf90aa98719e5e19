"""Read the rows of strict CSV files, whose errors name the line and what to do; write CSV text."""

import csv
import io
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from fasharness.common.keys import clean
from fasharness.common.lines import at_line, text_lines
from fasharness.common.spreadsheets import unguard

Rows = Generator[tuple[int, dict[str, str]], None, None]


def csv_rows(path: Path, check: Callable[[Sequence[str]], None]) -> Rows:
    """Iterate over the rows of a CSV file that may be larger than memory.

    Args:
        path: a UTF-8 file with commas, a header and rows of the same length.
        check: receives the column names; a ValueError rejects them.

    Yields:
        The number of each line, and its cells by the names of their columns.

    Raises:
        DataError: not such a file, or rejected; names file and line.
    """
    number = 1
    try:
        with closing(text_lines(path)) as text:
            lines = enumerate(text, start=1)
            names = [name.strip() for name in _cells(path, *next(lines))]
            check_header(names)
            check(names)
            for number, line in lines:
                cells = _cells(path, number, line)
                if not any(cells):
                    raise ValueError("an empty row; delete it")
                if len(cells) != len(names):
                    raise ValueError(f"{len(cells)} fields, expected {len(names)} as in the header")
                if "'" in line:
                    cells = list(map(unguard, cells))
                if " " in line or not line.isascii():
                    cells = list(map(clean, cells))
                yield number, dict(zip(names, cells, strict=True))
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


def csv_text(names: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a header and rows as CSV with Unix line ends.

    Args:
        names: of the columns.
        rows: their cells; texts that anyone may choose are guarded already
            (`fasharness.common.spreadsheets`).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def check_header(names: Sequence[str]) -> None:
    """Refuse a first line that is no header of a CSV file.

    Args:
        names: its cells.

    Raises:
        ValueError: a line for Excel, another delimiter, or a column without a name.
    """
    if names[0].lower().startswith("sep="):
        raise ValueError(f"{','.join(names)!r} is a line for Excel, not the header; delete it")
    other = next((sign for sign in (";", "\t", "|") if len(names) == 1 and sign in names[0]), "")
    if other:
        raise ValueError(f"the delimiter is {other!r}, not a comma; save it as comma-separated")
    if "" in names:
        hint = "delete the column (pandas: index=False; spreadsheets: a comma at the end)"
        raise ValueError(f"column {names.index('') + 1} has no name in the header; {hint}")


def check_names(names: Sequence[str], required: Sequence[str], known: Collection[str]) -> None:
    """Check that the required columns exist, and none twice.

    Args:
        names: the names in the header.
        required: those that are needed.
        known: those and the others that have a meaning; their names have no capitals.

    Raises:
        ValueError: one is missing, duplicated or differs from a known one only in capitals.
    """
    for name in names:
        if name not in known and name.lower() in known:
            way = f"rename it, or `fasharness convert` with --columns {name.lower()}={name},..."
            raise ValueError(f"column {name!r} is called {name.lower()!r} here; {way}")
    missing = [name for name in required if name not in names]
    if missing:
        hint = "for files of other tools there is `fasharness convert`"
        raise ValueError(f"no column {', '.join(map(repr, missing))} in the header; {hint}")
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise ValueError(f"a column occurs twice in the header: {doubled[0]!r}")
