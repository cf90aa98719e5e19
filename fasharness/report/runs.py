"""A finished run, or the figures of a score file, read for the report, a part for each fold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from fasharness import result as results
from fasharness import scorefiles
from fasharness.common.files import sha256, write_bytes
from fasharness.common.places import inside
from fasharness.errors import DataError, OptionError, naming
from fasharness.evaluation import stored
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.result import Evaluation, FoldsResult, Result
from fasharness.scores import Score, read_csv

PICTURES = "pictures"
RESULT = "result.json"

Evaluate = Callable[[Sequence[Score]], Evaluation]


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
        file: the score file, or the JSON of figures, that it was read from; empty for a folder.
    """

    name: str
    result: Result | FoldsResult
    parts: tuple[Part, ...]
    file: str = ""

    @property
    def first(self) -> Result:
        """A result with the facts that all folds share."""
        return self.parts[0].result

    @property
    def protocol(self) -> str:
        """The protocol, or the fold if only one was run."""
        return self.result.protocol if isinstance(self.result, FoldsResult) else self.parts[0].name

    @property
    def title(self) -> str:
        """What is reported."""
        folds = f", {len(self.parts)} folds" if len(self.parts) > 1 else ""
        what = self.name if self.file else f"{self.first.method} on {self.protocol}"
        return f"{what}{folds}"

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


def evaluated(scores: Sequence[Score]) -> Evaluation:
    """Evaluate a score file as a run is evaluated, without the metrics of plugins."""
    return evaluate(scores, EvaluationOptions(more=True))


def read(path: Path, name: str = "", evaluate: Evaluate = evaluated) -> Run:
    """Read a finished run, or the figures of a score file.

    Args:
        path: a run's folder, a score file, or a JSON file that ``fasharness evaluate --out``
            wrote.
        name: its name; empty for that of the folder or file.
        evaluate: evaluates the scores of a score file.

    Returns:
        The run.

    Raises:
        OptionError: when there is nothing, or no finished run in the folder.
        DataError: when a file is missing, damaged, of something else or of another run.
    """
    name = name or path.resolve().name
    if path.is_file() and path.suffix.lower() == ".json":
        return _without_scores(path, name)
    if path.is_file():
        scores = scorefiles.read(path)
        with naming(path):
            found = evaluate(scores)
        result = stored.nameless(found, any(score.simulated for score in scores))
        return Run(name, result, (Part(result, scores, _no_exhibit),), str(path))
    if not path.exists():
        raise OptionError(f"{path}: there is no such run, score file or JSON of figures")
    return _read_folder(path, name)


def _no_exhibit(presentation: str) -> Exhibit:
    """Return no picture: score files have none."""
    del presentation
    return Exhibit(None, None, None)


def _without_scores(path: Path, name: str) -> Run:
    """Read figures that were written without the scores behind them."""
    result = stored.read(path)
    folds = result.folds if isinstance(result, FoldsResult) else (result,)
    return Run(name, result, tuple(Part(fold, (), _no_exhibit) for fold in folds), str(path))


def _read_folder(folder: Path, name: str) -> Run:
    """Read a finished run from its folder."""
    if not (folder / RESULT).is_file():
        raise OptionError(f"{folder}: no finished run (it has no {RESULT})")
    found = results.read(folder / RESULT)
    if isinstance(found, FoldsResult):
        place = folder / RESULT
        parts = tuple(_part(inside(folder, fold.fold, place), fold) for fold in found.folds)
    else:
        parts = (_part(folder, found),)
    return Run(name, found, parts)


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


def read_several(paths: Sequence[Path], evaluate: Evaluate = evaluated) -> tuple[Run, ...]:
    """Read runs and score files, each with a unique name.

    Args:
        paths: as for `read`.
        evaluate: evaluates the scores of score files.

    Returns:
        The runs, named after their folders or files, or by their whole paths if two names are
        equal.

    Raises:
        OptionError: when one is named twice or holds no finished run.
        DataError: when a file is missing or damaged.
    """
    # Resolved, so that two spellings of one path are found.
    whole = [path.resolve() for path in paths]
    for number, path in enumerate(whole):
        if path in whole[:number]:
            raise OptionError(f"{paths[number]}: named twice; name each run once")
    names = [path.name for path in whole]
    return tuple(
        read(path, name if names.count(name) == 1 else str(path), evaluate)
        for path, name in zip(paths, names, strict=True)
    )
