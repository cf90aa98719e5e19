"""Cross-data-set evaluation: trained on some data sets, tested on another, task by task."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fasharness.common import keys
from fasharness.common.lines import at_line, whole_text
from fasharness.errors import DataError, OptionError, naming
from fasharness.evaluation.checks import check
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.folds import over_folds
from fasharness.result import Evaluation, FoldMetric, figures_json
from fasharness.scorefiles import read
from fasharness.scores import Score

COLUMNS = ("train", "test", "scores", "dev", "method")
# The convention of this literature pools the attacks, except in APCER; the names say so.
FIGURES = ("hter", "apcer", "bpcer", "auc_pooled", "tpr@fpr_pooled=0.01")


@dataclass(frozen=True)
class Task:
    """One row of a table of tasks.

    Attributes:
        train: the training data, several joined by ``+``, e.g. ``O+C+I``.
        test: the target data set.
        scores: score file; its test rows are of the target.
        dev: score file; its dev rows are of the training data.
        method: the trained method; empty if all rows are of one method.
    """

    train: str
    test: str
    scores: Path
    dev: Path
    method: str = ""


@dataclass(frozen=True)
class Crossed:
    """The evaluation of a task.

    Attributes:
        task: the task.
        simulated: whether any of its scores is of a simulated presentation.
        source: at a threshold from the training data's dev scores, None if there are none.
        target: at the target's own EER threshold, which leaks; None if leaks are not allowed.
    """

    task: Task
    simulated: bool
    source: Evaluation | None
    target: Evaluation | None


@dataclass(frozen=True)
class OverTasks:
    """Averages over the tasks of a method whose target differs from the training data.

    Attributes:
        method: the method; empty if all tasks are of one.
        count: how many tasks.
        simulated: whether any of their scores is of a simulated presentation.
        source: metric name to its mean at thresholds from the training data's dev scores.
        target: the same at the targets' own EER thresholds, which leak.
    """

    method: str
    count: int
    simulated: bool
    source: Mapping[str, FoldMetric]
    target: Mapping[str, FoldMetric]


def read_tasks(path: Path) -> tuple[Task, ...]:
    """Read a table of tasks.

    Args:
        path: a UTF-8 CSV file with the columns ``train, test, scores`` and optionally ``dev``
            (default: the dev rows of ``scores``) and ``method``; file names are relative to its
            folder.

    Returns:
        The tasks in the order of the rows.

    Raises:
        DataError: naming file and line, for a missing or unknown column, an empty cell, a test
            set among the training ones of several, or a task given twice.
    """
    reader = csv.DictReader(io.StringIO(whole_text(path)), strict=True, restval="")
    tasks: list[Task] = []
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        wrong = {*COLUMNS[:3]} - {*names} or {*names} - {*COLUMNS}
        if wrong:
            known = ", ".join(COLUMNS)
            raise at_line(path, 1, f"column {min(wrong)!r} is missing or unknown; known: {known}")
        for row in reader:
            if None in row:
                raise at_line(path, reader.line_num, "more cells than columns")
            tasks.append(_task(path, reader.line_num, row))
            if len({(t.method, t.train, t.test) for t in tasks}) < len(tasks):
                raise at_line(path, reader.line_num, "the same task twice; name the methods")
    except csv.Error as error:
        raise at_line(path, reader.line_num, f"not CSV: {error}") from error
    if not tasks:
        raise DataError(f"{path}: no tasks after the header")
    for column in ("train", "test", "method"):
        texts = [getattr(task, column) for task in tasks]
        keys.refuse_spellings(column, texts, lambda row: f"{path}, task {row + 1}")
    return tuple(tasks)


def _task(path: Path, line: int, row: Mapping[str, str]) -> Task:
    """Turn a row into a task."""
    cells = {name.strip(): keys.clean(text or "") for name, text in row.items()}
    empty = [name for name in COLUMNS[:3] if not cells[name]]
    if empty:
        raise at_line(path, line, f"column {empty[0]!r} is empty")
    trained = [keys.fold(name) for name in cells["train"].split("+")]
    # One set alone may be tested on itself (the intra-data-set row); among several it is a leak.
    if keys.fold(cells["test"]) in trained and len(trained) > 1:
        raise at_line(path, line, f"the test set {cells['test']!r} is among the training ones")
    scores = path.parent / cells["scores"]
    dev = path.parent / cells["dev"] if cells.get("dev") else scores
    return Task(cells["train"], cells["test"], scores, dev, cells.get("method", ""))


def cross(tasks: Sequence[Task], options: EvaluationOptions) -> tuple[Crossed, ...]:
    """Evaluate every task.

    Args:
        tasks: the tasks.
        options: as for `evaluate`; if leaks are allowed, also at the target's own threshold.

    Returns:
        The evaluation of each task.

    Raises:
        OptionError: when the threshold rule uses the test split.
        DataError: naming the file, when its scores cannot be evaluated.
    """
    if options.leaks:
        raise OptionError(
            f"threshold rule {options.threshold_rule!r}: tasks take it from the training data's "
            "dev scores; allow leaks to add the target's own EER threshold"
        )
    rules = replace(options, points=(*options.points, FIGURES[-1]))
    return tuple(_crossed(task, rules) for task in tasks)


def _crossed(task: Task, options: EvaluationOptions) -> Crossed:
    """Evaluate a task by both conventions."""
    dev, test = _rows(task.dev, "dev"), _rows(task.scores, "test")
    if not dev and not options.allow_leaks:
        raise DataError(
            f"{task.dev}: no dev scores of the training data {task.train!r}, which choose the "
            "threshold; name their file in the column dev"
        )
    # Data sets number their subjects, so an equal name in two of them is not one subject.
    scores = [*(dev if task.train == task.test else map(_as_training, dev)), *test]
    # The convention of the leave-one-domain-out papers: SSDG's code and its successors take the
    # threshold from the target test set.
    leaking = replace(options, threshold_rule="test:eer", allow_leaks=True)
    also = "" if task.dev == task.scores else f" after the dev rows of {task.dev}"
    with naming(f"test rows of {task.scores}{also}"):
        return Crossed(
            task,
            any(score.simulated for score in scores),
            evaluate(scores, options) if dev else None,
            evaluate(test, leaking) if options.allow_leaks else None,
        )


def _rows(path: Path, split: str) -> list[Score]:
    """Read the scores of a split, after a check of the whole file."""
    scores = read(path)
    with naming(path):
        check(scores)
    return [score for score in scores if score.split == split]


def _as_training(score: Score) -> Score:
    """Prefix the names of the training data, which may occur in the target as well."""
    subject, device, session = (
        f"train/{text}" if text else "" for text in (score.subject, score.device, score.session)
    )
    name = f"train/{score.presentation}"
    return replace(score, presentation=name, subject=subject, device=device, session=session)


def over_tasks(found: Sequence[Crossed]) -> Iterator[OverTasks]:
    """Average the cross-data-set tasks of each method that has several.

    Args:
        found: what `cross` returns.

    Yields:
        The averages of each method, in the order of the methods' first tasks.
    """
    away = [one for one in found if one.task.train != one.task.test]
    for method in dict.fromkeys(one.task.method for one in away):
        mine = [one for one in away if one.task.method == method]
        if len(mine) > 1:
            yield OverTasks(
                method,
                len(mine),
                any(one.simulated for one in mine),
                _averages([one.source for one in mine]),
                _averages([one.target for one in mine]),
            )


def _averages(evaluations: Sequence[Evaluation | None]) -> Mapping[str, FoldMetric]:
    """Average metrics over tasks; there is no average if a task has no evaluation."""
    metrics = {str(i): (*e.metrics, *e.more) if e else () for i, e in enumerate(evaluations)}
    return {metric.name: metric for metric in over_folds(metrics)}


def to_json(found: Sequence[Crossed]) -> str:
    """Write the evaluations of tasks as JSON.

    Args:
        found: what `cross` returns.

    Returns:
        JSON with sorted keys, the schema number and the kind ``cross``.
    """
    return figures_json("cross", found, any(one.simulated for one in found))
