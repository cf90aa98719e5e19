"""The trivial scorers that a fold is compared with: scored beside the method, evaluated later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fasharness import scores as score_files
from fasharness.builtin.baselines import BASELINES
from fasharness.evaluation.evaluate import EvaluationOptions, baseline
from fasharness.method import Method, make
from fasharness.result import Baseline
from fasharness.run.fold import Fold
from fasharness.scores import Score


def others(fold: Fold) -> Mapping[str, str]:
    """Return the baselines without the method itself: it is not compared with itself."""
    return {name: words for name, words in BASELINES.items() if name != fold.method.name}


def methods(fold: Fold) -> list[Method]:
    """Return the baselines as methods."""
    return [make(fold.experiment.plugins.method(name), "", {}) for name in others(fold)]


def path(fold: Fold, name: str) -> Path:
    """Return the file of a baseline's scores."""
    return fold.folder / "baselines" / f"{name}.csv"


def write(fold: Fold, name: str, scores: Sequence[Score]) -> None:
    """Write a baseline's scores."""
    path(fold, name).parent.mkdir(exist_ok=True)
    score_files.write_csv(path(fold, name), scores)


def figures(fold: Fold, options: EvaluationOptions) -> Iterator[Baseline]:
    """Evaluate the baselines' scores."""
    for name, words in others(fold).items():
        yield baseline(name, words, score_files.read_csv(path(fold, name)), options)
