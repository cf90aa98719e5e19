"""One harness for face anti-spoofing: data sets, methods, operators, metrics and reports.

From Python: `run` makes a run, `evaluate` and `compare` give the figures of score files, and
`load` takes a trained model to score pictures and videos with. Everything is imported when it is
used, so ``import fasharness`` costs nothing.

To read the code, start at ``hookspecs.py`` (what can be extended), ``data.py`` (the words used
everywhere) and ``run/experiment.py`` (the chain from videos to a report).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# The function `run` below takes the place of the package of this name as an attribute. The import
# system would set it back at the package's first import, so that must be now; it is empty.
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
    """Run a method on a protocol, or go on with a run that was interrupted.

    Args:
        last: the step to stop after: ``prepare``, ``train``, ``score`` or ``run``.
        store: folder of the clip store; None for the one in the user's cache.
        quiet: show no progress on the standard error stream.
        **settings: the flags of ``fasharness run`` (see `fasharness.run.settings.Settings`):
            ``plugin`` and ``protocol`` at least; ``option`` maps names to values.

    Returns:
        The run's folder, and its result where the last step was done.

    Raises:
        FasharnessError: whatever is for the user to correct, in one line.
    """
    from fasharness.common.paths import clip_store_dir
    from fasharness.common.progress import Terminal
    from fasharness.plugins import load as load_plugins
    from fasharness.run import experiment
    from fasharness.run.config import build

    console = Terminal(sys.stderr, quiet=quiet)
    place = Path(store or clip_store_dir())
    return experiment.run(build(settings), load_plugins(), console, place, last)


def read_scores(path: PathLike) -> tuple[Score, ...]:
    """Read a score file of the harness, CSV or Parquet.

    Raises:
        DataError: naming file and line, for what is missing, doubled or not readable.
    """
    from fasharness import scorefiles

    return scorefiles.read(Path(path))


def evaluate(scores: PathLike | Sequence[Score], **rules: Any) -> Evaluation:
    """Choose the threshold on dev scores, and give every figure on test scores.

    Args:
        scores: a score file, or scores.
        **rules: how; see `fasharness.evaluation.evaluate.EvaluationOptions`.

    Returns:
        The figures: ``found.metric("acer").value``, with ``low`` and ``high`` of its interval.

    Raises:
        DataError: the scores give no figure.
        OptionError: an unknown or impossible rule.
    """
    from fasharness.evaluation.evaluate import evaluate as evaluate_scores
    from fasharness.evaluation.evaluate import make_options
    from fasharness.plugins import load as load_plugins

    found = read_scores(scores) if isinstance(scores, str | os.PathLike) else scores
    extra = {offer.name: offer.make for offer in load_plugins().offers("metric")}
    return evaluate_scores(found, make_options(rules), extra)


def compare(
    first: PathLike | Sequence[Score], second: PathLike | Sequence[Score], **rules: Any
) -> Comparison:
    """Compare two runs of the same protocol, paired by presentation.

    Args:
        first: a run's folder, a score file, or scores.
        second: the run that is compared with it.
        **rules: as for `evaluate`.

    Returns:
        The differences (second minus first) with their intervals, and the tests.

    Raises:
        DataError: the runs share too little, or a file is broken.
        OptionError: a folder holds no finished run; an unknown or impossible rule.
    """
    from fasharness.evaluation.compare import compare_runs
    from fasharness.evaluation.evaluate import make_options

    return compare_runs(_by_fold(first), _by_fold(second), make_options(rules))


def _by_fold(run: PathLike | Sequence[Score]) -> Mapping[str, Sequence[Score]]:
    """Scores of each fold; a score file, or scores, are of one."""
    from fasharness.report.runs import scores_by_fold

    return scores_by_fold(Path(run)) if isinstance(run, str | os.PathLike) else {"": run}


def load(model: PathLike, *, device: str = "auto", detector: str = "mtcnn") -> TrainedModel:
    """Load a trained model, to score pictures and videos that belong to no data set.

    Args:
        model: a run's ``model.safetensors``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        detector: name of the face detector, the one that the model was trained with.

    Returns:
        The model; ``model.score("video.mp4")`` or ``model.score(frames)`` gives a score, higher is
        more bona fide.

    Raises:
        CheckpointError: the file is no model of the harness, or its method has changed since.
        UnknownNameError: no installed plugin has the method.
    """
    from fasharness.plugins import load as load_plugins
    from fasharness.run.trained import load_trained

    return load_trained(Path(model), load_plugins(), device=device, detector=detector)
