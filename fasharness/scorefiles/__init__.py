"""Read and write the harness's own score files, CSV or Parquet by the ending of their names."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from fasharness.common.files import sha256
from fasharness.common.formats import json_file
from fasharness.common.keys import clean
from fasharness.errors import DataError, OptionError
from fasharness.scorefiles.bona_fide import with_word
from fasharness.scorefiles.parquet import numbered_parquet, write_parquet
from fasharness.scores import (
    Numbered,
    Score,
    check_columns,
    numbered_csv,
    read_csv,
    unique,
    walk_csv,
    write_csv,
)

_PARQUET = ".parquet"
_OF_A_RUN = ("run.json", "result.json")
_SCORES = "scores.csv"


def score_files(path: Path) -> tuple[Path, ...]:
    """Find the score files that a path stands for.

    Args:
        path: a score file or a run's folder.

    Returns:
        The run's ``scores.csv``, or those of its folds; any other path as it is.

    Raises:
        DataError: a run's scores were changed since the run wrote them.
    """
    if not path.is_dir():
        return (path,)
    run = any((path / name).is_file() for name in _OF_A_RUN)
    files: tuple[Path, ...] = (path / _SCORES,) if (path / _SCORES).is_file() else ()
    if run and not files:
        files = tuple(sorted(path.glob(f"*/{_SCORES}")))
    for file in files:
        _refuse_changed(file)
    return files or (path,)


def _score_file(path: Path) -> Path:
    """Return the one score file that a path stands for."""
    files = score_files(path)
    if len(files) > 1:
        folds = ", ".join(file.parent.name for file in files)
        raise DataError(f"{path}: a run of several folds ({folds}); name the folder of one of them")
    return files[0]


def _refuse_changed(scores: Path) -> None:
    """Refuse scores that a run's folder stands for and that its run did not write."""
    try:
        keys = json_file(scores.parent / "steps.json").get("keys")
    except DataError:
        return  # of no run, or of one whose notes are lost
    noted = keys.get("score") if isinstance(keys, dict) else None
    # The step's key, then the hash of each output, scores.csv first (`run.folder.Steps`).
    if isinstance(noted, str) and noted.split(" ")[1:2] not in ([], [sha256(scores)]):
        raise DataError(
            f"{scores}: damaged or changed since its run wrote it; repeat the run's command, or "
            "name the file itself to take it as it is"
        )


def read(path: Path) -> tuple[Score, ...]:
    """Read a score file: Parquet if its name ends in ``.parquet``, else CSV.

    Args:
        path: the file; a run's folder stands for its ``scores.csv``.

    Returns:
        The scores in the order of the file. A score that is not finite is a failure.

    Raises:
        DataError: naming file and line or row, when something is missing, given twice or not
            readable.
    """
    path = _score_file(path)
    if path.suffix.lower() == _PARQUET:
        return unique(path, "row", numbered_parquet(path))
    return read_csv(path)


def read_naming_bona_fide(path: Path, word: str) -> tuple[Score, ...]:
    """Read a score file in which a word, not an empty species, means bona fide.

    Args:
        path: as for `read`.
        word: the species of bona fide presentations, e.g. ``live``.

    Returns:
        The scores in the order of the file.

    Raises:
        DataError: as `read`, for an empty species, and when no row has the word.
    """
    parquet, score = path.suffix.lower() == _PARQUET, with_word(clean(word))
    rows = numbered_parquet(path, score) if parquet else walk_csv(path, check_columns, score)
    found = unique(path, "row" if parquet else "line", rows)
    if not any(score.bona_fide for score in found):
        raise DataError(f"{path}: no row has the species {word!r}, so none would be bona fide")
    return found


def stream(path: Path) -> Iterator[Score]:
    """Iterate over a score file that may be larger than memory.

    Args:
        path: as for `read`.

    Yields:
        The scores in the order of the file; a presentation scored twice is not found,
        since that would need all names in memory.

    Raises:
        DataError: as `read`, once the line is reached.
    """
    for _, score in numbered(path):
        yield score


def numbered(path: Path) -> Numbered:
    """Iterate over a score file with the numbers of its lines or rows.

    Args:
        path: as for `read`.

    Returns:
        An iterator as of `stream`; closing it closes the file.
    """
    path = _score_file(path)
    return numbered_parquet(path) if path.suffix.lower() == _PARQUET else numbered_csv(path)


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
    """Refuse to overwrite a source of the scores, to write over a folder or into a run.

    Args:
        targets: the files to write.
        sources: the files read.

    Raises:
        OptionError: naming the file.
    """
    # Resolved, so that a link or another spelling of a source is found too.
    kept = {path.resolve() for path in sources}
    for path in targets:
        if path.is_dir():
            raise OptionError(f"{path}: is a folder; name a file")
        if path.resolve() in kept:
            raise OptionError(f"{path} would be written over its own source; name another place")
        refuse_run_folder(path.parent)


def refuse_run_folder(folder: Path) -> None:
    """Refuse to write into the folder of a run, whose files would be overwritten.

    Args:
        folder: the folder to write to; it need not exist yet.

    Raises:
        OptionError: naming the folder, when it holds a run, or a parent is not a folder.
    """
    if any((folder / name).exists() for name in _OF_A_RUN):
        raise OptionError(f"{folder} holds a run, which keeps its own files; name another place")
    # Where a parent is a file, mkdir would fail later and name another path.
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise OptionError(f"{folder}: {there} is not a folder; name another place")


def json_target(path: Path | None, sources: Iterable[Path]) -> None:
    """Refuse a file for JSON that does not end in ``.json``, or that `refuse_overwriting` refuses.

    Args:
        path: the file to write; None if none is written.
        sources: the files read.

    Raises:
        OptionError: naming the file.
    """
    if path is None:
        return
    if path.suffix.lower() != ".json":
        raise OptionError(f"{path}: JSON is written there; name a file that ends in .json")
    refuse_overwriting([path], sources)
