"""A finished run, read from its folder for the report, with a part for each fold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from fasharness import result as results
from fasharness import scorefiles
from fasharness.common.files import sha256, write_bytes
from fasharness.errors import DataError, OptionError
from fasharness.result import FoldsResult, Result
from fasharness.scores import Score, read_csv

PICTURES = "pictures"


class Exhibit(NamedTuple):
    """Pictures of one presentation, each None if it is missing.

    Attributes:
        strip: a JPEG or PNG file, the frames of a clip side by side.
        predicted: a PNG file, the method's map of this clip.
        truth: a PNG file, the depth that the map should show.
    """

    strip: bytes | None
    predicted: bytes | None
    truth: bytes | None


_FILES = (".jpg", ".predicted.png", ".truth.png")


def write_exhibit(folder: Path, presentation: str, exhibit: Exhibit) -> None:
    """Write the pictures of a presentation into a run's folder, each file atomically.

    Args:
        folder: the run's folder, or a fold's.
        presentation: its id.
        exhibit: the pictures.
    """
    for path, content in zip(_paths(folder, presentation), exhibit, strict=True):
        if content is not None:
            write_bytes(path, content)


def read_exhibit(folder: Path, presentation: str) -> Exhibit:
    """Read the pictures of a presentation from a run's folder; see `write_exhibit`."""
    paths = _paths(folder, presentation)
    return Exhibit(*(path.read_bytes() if path.is_file() else None for path in paths))


def _paths(folder: Path, presentation: str) -> tuple[Path, ...]:
    """Return the files of a presentation, always inside the folder."""
    # An id may hold slashes and dots; quoted, it cannot lead out of the folder.
    name = quote(presentation, safe="")
    return tuple(folder / PICTURES / f"{name}{ending}" for ending in _FILES)


@dataclass(frozen=True, eq=False)
class Part:
    """One protocol or fold of a run.

    Attributes:
        result: its result.
        scores: the scores behind it; without a test score there are no plots.
        exhibit: function from a presentation's id to its pictures.
    """

    result: Result
    scores: Sequence[Score]
    exhibit: Callable[[str], Exhibit]

    @property
    def name(self) -> str:
        """The fold, or the protocol if there are no folds."""
        return self.result.fold or self.result.protocol


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Attributes:
        name: its name on a page with other runs.
        result: its result.
        parts: one for a protocol, else one for each fold.
    """

    name: str
    result: Result | FoldsResult
    parts: tuple[Part, ...]

    @property
    def first(self) -> Result:
        """A result with the facts that all folds share."""
        return self.parts[0].result

    @property
    def protocol(self) -> str:
        """The protocol, or the fold if only one was run."""
        return self.result.protocol if isinstance(self.result, FoldsResult) else self.parts[0].name

    @property
    def scores(self) -> list[Score]:
        """The scores of all parts, one after the other."""
        return [score for part in self.parts for score in part.scores]

    @property
    def simulated(self) -> bool:
        """Whether any presentation is simulated."""
        return self.result.simulated or any(score.simulated for score in self.scores)

    @property
    def leaks(self) -> bool:
        """Whether a threshold was chosen on test."""
        return any(part.result.evaluation.threshold.leaks for part in self.parts)


def read(folder: Path, name: str = "") -> Run:
    """Read a finished run.

    Args:
        folder: the run's folder.
        name: its name; empty for the folder's name.

    Returns:
        The run.

    Raises:
        OptionError: when the folder holds no finished run.
        DataError: when a file of it is missing, damaged or another run's.
    """
    if not (folder / "result.json").is_file():
        raise OptionError(f"{folder}: no finished run (it has no result.json)")
    found = results.read(folder / "result.json")
    if isinstance(found, FoldsResult):
        parts = tuple(_part(folder / fold.fold, fold) for fold in found.folds)
    else:
        parts = (_part(folder, found),)
    return Run(name or folder.resolve().name, found, parts)


def scores_by_fold(path: Path) -> Mapping[str, Sequence[Score]]:
    """Read the scores of a run.

    Args:
        path: a run's folder, or a score file.

    Returns:
        A mapping from fold to scores; a score file is one fold without a name.

    Raises:
        OptionError: when the folder holds no finished run.
        DataError: when a file is missing or damaged.
    """
    if not path.is_dir():
        return {"": scorefiles.read(path)}
    return {part.name: part.scores for part in read(path).parts}


def recipe_of(path: Path) -> Mapping[str, Any] | None:
    """How a run's clips were made, by its result; None for a score file, which does not say."""
    if not path.is_dir():
        return None
    result = results.read(path / "result.json")
    one = result.folds[0] if isinstance(result, FoldsResult) else result
    found = one.provenance.get("recipe")
    return found if isinstance(found, Mapping) else None


def _part(folder: Path, result: Result) -> Part:
    """Read the scores that a result was made from."""
    scores = folder / "scores.csv"
    if not scores.is_file():
        raise DataError(f"{scores}: missing; repeat the run's command to score again")
    made_from = result.provenance.get("scores_sha256")
    # A scores.csv of another evaluation would give plots that contradict the figures.
    if made_from is not None and made_from != sha256(scores):
        raise DataError(
            f"{scores} is not the file that result.json was made from; repeat the run's command"
        )
    return Part(result, read_csv(scores), lambda name: read_exhibit(folder, name))


def read_several(folders: Sequence[Path]) -> tuple[Run, ...]:
    """Read runs, each with a unique name.

    Args:
        folders: the runs' folders.

    Returns:
        The runs, named after their folders, or by their whole paths if folder names are equal.

    Raises:
        OptionError: when a folder is named twice or holds no finished run.
        DataError: when a file of a run is missing or damaged.
    """
    # Resolved, so that two spellings of one folder are found.
    whole = [folder.resolve() for folder in folders]
    for number, folder in enumerate(whole):
        if folder in whole[:number]:
            raise OptionError(f"{folders[number]}: named twice; name each run once")
    names = [folder.name for folder in whole]
    return tuple(
        read(folder, name if names.count(name) == 1 else str(folder))
        for folder, name in zip(folders, names, strict=True)
    )
