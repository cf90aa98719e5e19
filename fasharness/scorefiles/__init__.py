"""One door to the harness's own score files, whichever form their endings say."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from fasharness.errors import OptionError
from fasharness.scorefiles.parquet import numbered_parquet, write_parquet
from fasharness.scores import Score, numbered_csv, read_csv, unique, write_csv

_PARQUET = ".parquet"
_OF_A_RUN = ("run.json", "result.json")


def read(path: Path) -> tuple[Score, ...]:
    """Read a score file: Parquet if its name ends in ``.parquet``, else CSV.

    Args:
        path: the file.

    Returns:
        The scores in the order of the file. A score that is not finite is a failure.

    Raises:
        DataError: naming file and line or row, for what is missing, doubled or not readable.
    """
    if path.suffix.lower() == _PARQUET:
        return unique(path, "row", numbered_parquet(path))
    return read_csv(path)


def stream(path: Path) -> Iterator[Score]:
    """Walk over a score file that may be larger than memory.

    Args:
        path: as for `read`.

    Yields:
        The scores in the order of the file; doubles are not found, since that would need them
        all.

    Raises:
        DataError: as `read`, once the line is reached.
    """
    parquet = path.suffix.lower() == _PARQUET
    for _, score in numbered_parquet(path) if parquet else numbered_csv(path):
        yield score


def write(path: Path, scores: Iterable[Score]) -> None:
    """Write a score file, atomically: Parquet if its name ends in ``.parquet``, else CSV.

    Args:
        path: the file.
        scores: the scores.

    Raises:
        ValueError: when a presentation occurs twice.
    """
    (write_parquet if path.suffix.lower() == _PARQUET else write_csv)(path, scores)


def refuse_overwriting(targets: Iterable[Path], sources: Iterable[Path]) -> None:
    """Refuse to write over a file that the scores come from, over a folder or into a run.

    Args:
        targets: the files to write.
        sources: the files read.

    Raises:
        OptionError: naming the file.
    """
    kept = {path.resolve() for path in sources}
    for path in targets:
        if path.is_dir():
            raise OptionError(f"{path}: is a folder; name a file")
        if path.resolve() in kept:
            raise OptionError(f"{path} would be written over its own source; name another place")
        refuse_run_folder(path.parent)


def refuse_run_folder(folder: Path) -> None:
    """Refuse to write into the folder of a run, whose files would be written over.

    Args:
        folder: where something is to be written; it need not be there yet.

    Raises:
        OptionError: naming the folder, when it holds a run or lies in a file.
    """
    if any((folder / name).exists() for name in _OF_A_RUN):
        raise OptionError(f"{folder} holds a run, which keeps its own files; name another place")
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise OptionError(f"{folder}: {there} is no folder; name another place")


def json_target(path: Path | None, sources: Iterable[Path]) -> None:
    """Refuse a place for JSON that is named otherwise, or that `refuse_overwriting` refuses.

    Args:
        path: the file to write, None for none.
        sources: the files read.

    Raises:
        OptionError: naming the file.
    """
    if path is None:
        return
    if path.suffix.lower() != ".json":
        raise OptionError(f"{path}: JSON is written there; name a file that ends in .json")
    refuse_overwriting([path], sources)
