"""Scores as Parquet: the columns and checks of the CSV, read in batches for large files."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.common.files import replacing
from fasharness.common.keys import clean
from fasharness.common.lines import refuse_other_than_files
from fasharness.errors import DataError, OptionError
from fasharness.scores import (
    EXTRA_PREFIX,
    Numbered,
    Score,
    check_columns,
    columns,
    row_of,
    score_of,
)

if TYPE_CHECKING:
    import pyarrow

_BATCH = 16_384
_COUNTS = ("clips", "frames")


def write_parquet(path: Path, scores: Iterable[Score]) -> None:
    """Write scores as Parquet, atomically, in the order given; values are kept exactly.

    Args:
        path: the file to write.
        scores: the scores. A bona fide presentation's species and a failure's score are null.

    Raises:
        OptionError: when the package pyarrow is missing.
        ValueError: when a presentation occurs twice.
    """
    arrow, parquet = _packages(path)
    kept = list(scores)
    names = columns(kept)
    rows = [row_of(score) for score in kept]
    # A score has no text for an attribute that only others have.
    data: dict[str, list[Any]] = {name: [row.get(name, "") for row in rows] for name in names}
    # Null, since NaN is a number to other tools.
    data["score"] = [None if score.failed else float(score.value) for score in kept]
    for name in ("species", "group", *(n for n in names if n.startswith(EXTRA_PREFIX))):
        data[name] = [text or None for text in data[name]]
    for name in _COUNTS:
        data[name] = [int(text) for text in data[name]]
    kinds = {"score": arrow.float64()} | dict.fromkeys(_COUNTS, arrow.int64())
    schema = arrow.schema([(name, kinds.get(name, arrow.string())) for name in names])
    with replacing(path) as part:
        parquet.write_table(
            arrow.table(data, schema), part, row_group_size=4 * _BATCH, write_page_checksum=True
        )


def numbered_parquet(
    path: Path, score: Callable[[Mapping[str, str]], Score] = score_of
) -> Numbered:
    """Iterate over a Parquet file that may be larger than memory.

    Args:
        path: a file with the columns of the CSV: the score a number, ``clips`` and ``frames``
            whole numbers, the others text or whole numbers; null is empty. A column ``x_...`` of
            another type is ignored.
        score: function from a row (column to text) to its score; a ValueError rejects the row.

    Yields:
        The numbers of the rows, from 1, and their scores.

    Raises:
        DataError: naming file and row, when something is missing, given twice or not readable.
        OptionError: when the package pyarrow is missing.
    """
    refuse_other_than_files(path)
    _, parquet = _packages(path)
    with _errors_of(path), parquet.ParquetFile(path, page_checksum_verification=True) as file:
        try:
            check_columns(file.schema_arrow.names)
            _check_kinds(file.schema_arrow)
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error
        number = 0
        # The user's own columns may have any type; those that are no text are not even read.
        own = [n.name for n in file.schema_arrow if n.name.startswith(EXTRA_PREFIX)]
        other = {name for name in own if not _textual(file.schema_arrow.field(name).type)}
        wanted = [n for n in file.schema_arrow.names if n not in other]
        for batch in file.iter_batches(_BATCH, columns=wanted):
            for row in batch.to_pylist():
                number += 1
                texts = {name: "" if x is None else clean(str(x)) for name, x in row.items()}
                # The checks of the CSV, so that both forms accept the same rows.
                try:
                    yield number, score(texts)
                except ValueError as error:
                    raise DataError(f"{path}, row {number}: {error}") from error


def _packages(path: Path) -> tuple[Any, Any]:
    """Import pyarrow and its Parquet module."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        way = "pip install 'fasharness[parquet]', or use CSV"
        raise OptionError(f"{path}: Parquet needs the package pyarrow: {way}") from error
    return pyarrow, pyarrow.parquet


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Turn errors of pyarrow into a DataError of one line."""
    import pyarrow

    try:
        yield
    except (OSError, pyarrow.ArrowException) as error:
        if isinstance(error, OSError) and error.errno:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from error
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{path}: not a complete Parquet file ({reason}); write it again"
        ) from error


def _check_kinds(schema: "pyarrow.Schema") -> None:
    """Refuse columns of an unexpected type."""
    from pyarrow import types

    for field in schema:
        kind = _values_of(field.type)
        if field.name == "score":
            # Half precision has merged scores that were different before they were written.
            wide = types.is_floating(kind) and not types.is_float16(kind)
            fits, expected = types.is_integer(kind) or wide, "numbers of at least 32 bits"
        elif field.name in _COUNTS:
            fits, expected = types.is_integer(kind), "whole numbers"
        else:
            fits, expected = _textual(kind), "text"
        if not fits and not field.name.startswith(EXTRA_PREFIX):
            raise ValueError(f"column {field.name!r} holds {field.type}, expected {expected}")


def _values_of(kind: Any) -> Any:
    """Return the type of a column's values: pandas writes categories as dictionaries."""
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind


def _textual(kind: Any) -> bool:
    """Whether a column can be read as text."""
    from pyarrow import types

    kind = _values_of(kind)
    # No floats: pandas turns whole numbers with a gap into 1.0, 2.0, which would be other subjects
    # than the 1 and 2 of the CSV.
    return bool(
        types.is_integer(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_null(kind)
    )
