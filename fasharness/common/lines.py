"""Read text files that must be complete, with errors that name a line."""

import os
from collections.abc import Generator
from pathlib import Path

from fasharness.errors import DataError

_LONGEST_LINE = 65_536
_MARK = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 4096
_BINARY = {
    b"PAR1": "Parquet; its name must end in .parquet",
    b"PK\x03\x04": "a spreadsheet or another ZIP archive; save it as CSV (UTF-8)",
    b"\x1f\x8b": "compressed (gzip); unpack it first",
}


def text_lines(path: Path) -> Generator[str, None, None]:
    """Iterate over the lines of a UTF-8 text file; memory does not grow with the file.

    Args:
        path: the file; a byte order mark at its start is skipped.

    Yields:
        Lines with their ends. A caller that may stop early must close the generator, which closes
        the file.

    Raises:
        DataError: the file cannot be read, is empty, is not UTF-8, has a giant line, or its last
            line is cut off; names the file and, if known, the line.
    """
    refuse_other_than_files(path)
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size == 0:
                raise DataError(f"{path}: the file is empty; score again")
            stream.seek(0)
            _refuse_other_than_text(path, stream.read(_HEAD))
            stream.seek(-1, os.SEEK_END)
            # A file cut off inside the last number would be read as another score.
            whole = stream.read(1) in (b"\n", b"\r")
            stream.seek(0)
            if not whole:
                problem = "the last line is cut off (no line end); write the file again"
                raise at_line(path, sum(1 for _ in stream), problem)
            # Bounded: a binary file may have no line end at all.
            for number, line in enumerate(iter(lambda: stream.readline(_LONGEST_LINE + 1), b""), 1):
                yield _decoded(path, number, line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def refuse_other_than_files(path: Path) -> None:
    """Refuse a path that exists but cannot be read several times.

    Args:
        path: the path to read; a missing one is reported on opening.

    Raises:
        DataError: a folder, a pipe or a device.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or device, which cannot be read twice"
        raise DataError(f"{path}: is {what}; name a file")


def _refuse_other_than_text(path: Path, head: bytes) -> None:
    """Refuse the beginning of a file of another kind, or in another encoding of two bytes."""
    if head[:2] in _WIDE:
        raise at_line(path, 1, "UTF-16, not UTF-8 text; save the file as UTF-8")
    for mark, words in _BINARY.items():
        if head.startswith(mark):
            raise DataError(f"{path}: is {words}")
    line = head.partition(b"\n")[0]
    # A zero byte alone may be a slip in a text; the line that has it is named later.
    if b"\0" in line or (b"\0" in head and not line.isascii()):
        raise DataError(f"{path}: is a binary file, not a text file; name the right one")


def _decoded(path: Path, number: int, line: bytes) -> str:
    """Decode a line."""
    if len(line) > _LONGEST_LINE:
        raise at_line(path, number, f"longer than {_LONGEST_LINE} bytes; this is not a score file")
    # csv takes a lone carriage return for a line end, and line numbers would be wrong.
    if b"\r" in line.rstrip(b"\r\n"):
        problem = "a carriage return inside the line; save the file with Unix line ends"
        raise at_line(path, number, problem)
    try:
        return (line.removeprefix(_MARK) if number == 1 else line).decode("utf-8")
    except UnicodeDecodeError as error:
        raise at_line(path, number, "not UTF-8 text; save the file as UTF-8") from error


def whole_text(path: Path) -> str:
    """Read a whole text file, as `text_lines` does.

    Args:
        path: the file.

    Returns:
        Its text without a byte order mark.

    Raises:
        DataError: as `text_lines`.
    """
    return "".join(text_lines(path))


def at_line(path: Path, line: int, problem: str) -> DataError:
    """Return the one-line error for a place in a file.

    Args:
        path: the file.
        line: the line, from 1.
        problem: what is wrong there.

    Returns:
        The error to raise.
    """
    return DataError(f"{path}, line {line}: {problem}")
