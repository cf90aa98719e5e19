"""One harness for face anti-spoofing: data sets, methods, operators, metrics and reports.

From Python: `run` makes a run, `evaluate` and `compare` compute the metrics of score files, and
`load` loads a trained model that scores pictures and videos. Everything is imported when it is
used, so ``import fasharness`` is fast.

To read the code, start at ``hookspecs.py`` (what can be extended), ``data.py`` (the types used
everywhere) and ``run/experiment.py`` (the chain from videos to a report).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# The function `run` below replaces the package of this name as an attribute. The import system
# sets the attribute when it first imports the package, so it must do that now (run/ has an empty
# __init__).
import fasharness.run  # noqa: F401

if TYPE_CHECKING:
    from fasharness.evaluation.compare import Comparison
    from fasharness.result import Evaluation
    from fasharness.run.experiment import Outcome
    from fasharness.run.trained import TrainedModel
    from fasharness.scores import Score

PathLike = str | os.PathLike[str]

__version__ = "0.1.0"
__all__ = ["__version__", "compare", "evaluate", "load", "read_scores", "run"]


def run(
    *,
    last: str = "run",
    store: PathLike | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Outcome:
    """Run a method on a protocol, or resume an interrupted run.

    Args:
        last: the step to stop after: ``prepare``, ``train``, ``score`` or ``run``.
        store: folder of the clip store; None uses the one in the user's cache.
        quiet: show no progress on the standard error stream.
        **settings: the flags of ``fasharness run`` (see `fasharness.run.settings.Settings`):
            ``plugin`` and ``protocol`` at least; ``option`` maps names to values.

    Returns:
        The run's folder, and its result if the last step was done.

    Raises:
        FasharnessError: anything that the user can fix, in one line.
    """
    from fasharness.common.paths import clip_store_dir
    from fasharness.common.progress import Terminal
    from fasharness.common.workers import without_main
    from fasharness.errors import OptionError
    from fasharness.plugins import load as load_plugins
    from fasharness.run import experiment
    from fasharness.run.config import build

    if store is not None and not isinstance(store, str | os.PathLike):
        raise OptionError(f"--store must be a path, got {store!r:.60}")
    # A text such as "no" would be true.
    if not isinstance(quiet, bool):
        raise OptionError(f"--quiet must be true or false, got {quiet!r:.60}")
    console, place = Terminal(sys.stderr, quiet=quiet), Path(store or clip_store_dir())
    with without_main():
        return experiment.run(build(settings), load_plugins(), console, place, last)


def read_scores(path: PathLike) -> tuple[Score, ...]:
    """Read a score file of the harness, CSV or Parquet.

    Args:
        path: the file, or a run's folder, which stands for its ``scores.csv``.

    Raises:
        TypeError: not a path.
        DataError: something is missing, duplicated or not readable; names file and line.
    """
    from fasharness import scorefiles

    return scorefiles.read(_path(path))


def _path(given: PathLike) -> Path:
    """Refuse what is no path in one line."""
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"expected a path, got {given!r:.60}")
    return Path(given)


def evaluate(scores: PathLike | Sequence[Score], **rules: Any) -> Evaluation:
    """Choose the threshold on dev scores, and compute all metrics on test scores.

    Args:
        scores: a score file, a run's folder, which stands for its ``scores.csv``, or scores.
        **rules: options of the evaluation; see `fasharness.evaluation.evaluate.EvaluationOptions`.

    Returns:
        The metrics: ``found.metric("acer").value``, with ``low`` and ``high`` of its interval.

    Raises:
        DataError: the scores allow no metric.
        OptionError: an unknown or impossible option.
    """
    from fasharness.evaluation.checks import limited
    from fasharness.evaluation.evaluate import evaluate as evaluate_scores
    from fasharness.evaluation.evaluate import make_options
    from fasharness.plugins import load as load_plugins
    from fasharness.run.folder import limit_of

    if isinstance(scores, str | os.PathLike):
        found, limit = read_scores(scores), limit_of(Path(scores))
    else:
        found, limit = tuple(_checked(scores)), 0
    extra = {offer.name: offer.make for offer in load_plugins().offers("metric")}
    return limited(evaluate_scores(found, make_options(rules), extra), limit)


def compare(
    first: PathLike | Sequence[Score], second: PathLike | Sequence[Score], **rules: Any
) -> Comparison:
    """Compare two runs of the same protocol, paired by presentation.

    Args:
        first: a run's folder, a score file, or scores.
        second: the run to compare with it.
        **rules: as for `evaluate`.

    Returns:
        The differences (second minus first) with their intervals, and the tests.

    Raises:
        DataError: the runs share too little, or a file is broken.
        OptionError: a folder has no finished run; an unknown or impossible option.
    """
    from fasharness.evaluation.compare import compare_runs, with_recipes
    from fasharness.evaluation.evaluate import make_options

    found = compare_runs(_by_fold(first), _by_fold(second), make_options(rules))
    return with_recipes(found, _recipe_of(first), _recipe_of(second))


def _recipe_of(run: PathLike | Sequence[Score]) -> Mapping[str, Any] | None:
    """How a run's clips were made, None where nothing says it."""
    from fasharness.report.runs import recipe_of

    return recipe_of(Path(run)) if isinstance(run, str | os.PathLike) else None


def _by_fold(run: PathLike | Sequence[Score]) -> Mapping[str, Sequence[Score]]:
    """Return the scores of each fold; a score file, or scores, are one fold."""
    from fasharness.report.runs import scores_by_fold

    if isinstance(run, str | os.PathLike):
        return scores_by_fold(Path(run))
    return {"": _checked(run)}


def _checked(scores: Sequence[Score]) -> Sequence[Score]:
    """Refuse what is neither a path nor scores in one line, before any work."""
    from fasharness.scores import Score

    if not isinstance(scores, Sequence) or not all(isinstance(one, Score) for one in scores):
        raise TypeError(f"expected a path or a sequence of Score, got {scores!r:.60}")
    return scores


def load(model: PathLike, *, device: str = "auto", detector: str = "") -> TrainedModel:
    """Load a trained model to score pictures and videos outside of any data set.

    Args:
        model: a run's ``model.safetensors``, or the run's folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        detector: name of the face detector; empty for the one of the model's run.

    Returns:
        The model; ``model.score("video.mp4")`` or ``model.score(frames)`` returns a score, higher
        is more bona fide, and ``model.bona_fide(...)`` decides at the model's threshold.

    Raises:
        CheckpointError: not a model file of the harness, or its method has changed since.
        TypeError: not a path.
        UnknownNameError: no installed plugin has the method.
    """
    from fasharness.plugins import load as load_plugins
    from fasharness.run.trained import load_trained

    return load_trained(_path(model), load_plugins(), device=device, detector=detector)
