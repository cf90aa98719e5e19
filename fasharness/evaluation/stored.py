"""Read what `fasharness evaluate --out` wrote, in the form of a run's result."""

from pathlib import Path

from fasharness import result as results
from fasharness.common import records
from fasharness.common.formats import file_text, json_file, json_object
from fasharness.errors import DataError
from fasharness.evaluation.folds import Folds
from fasharness.result import Evaluation, FoldsResult, Result

_OF_RUNS = ("protocol", "folds")
_OF_FILES = ("evaluation", "evaluations")


def nameless(evaluation: Evaluation, simulated: bool, fold: str = "") -> Result:
    """Make a result of an evaluation of scores: nothing is known of a run behind it.

    Args:
        evaluation: the evaluation.
        simulated: whether any of its scores is of a simulated presentation.
        fold: the fold's name; empty if there are no folds.

    Returns:
        The result, with an empty method, data set and protocol.
    """
    return Result("", "", "", {}, "", "", fold, simulated, "", evaluation)


def holds_figures(path: Path) -> bool:
    """Return whether a JSON file says that ``fasharness evaluate --out`` wrote it."""
    try:
        return json_file(path).get("kind") in _OF_FILES
    except DataError:
        return False


def read(path: Path) -> Result | FoldsResult:
    """Read the figures of a run, or of score files.

    Args:
        path: a ``result.json``, or a file that ``fasharness evaluate --out`` wrote.

    Returns:
        The result; see `nameless` for that of score files.

    Raises:
        DataError: the file is missing, broken or something else.
    """
    text = file_text(path)
    content = json_object(text, str(path))
    if content.get("kind") in _OF_RUNS:
        return results.from_json(text, str(path))
    kinds, marks = (*_OF_RUNS, *_OF_FILES), ("simulated",)
    kind, figures = records.unwrap(text, str(path), results.SCHEMA, kinds, marks)
    simulated = content["simulated"]
    if not isinstance(simulated, bool):
        raise DataError(f"{path}: simulated is {simulated!r:.60}, expected true or false")
    if kind == "evaluation":
        return nameless(records.build(Evaluation, figures, str(path)), simulated)
    folds = records.build(Folds, figures, str(path))
    if not folds.evaluations:
        raise DataError(f"{path}: holds no fold")
    parts = [nameless(one, simulated, fold) for fold, one in folds.evaluations.items()]
    return FoldsResult(
        "", tuple(parts), folds.metrics, more=folds.more, pooled=folds.pooled,
        outcomes=folds.outcomes,
    )  # fmt: skip
