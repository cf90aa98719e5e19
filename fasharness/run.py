"""The experiment: a method on a protocol, all its folds, into a folder that can be resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fasharness import scores as score_files
from fasharness.errors import DataError, OptionError, RunError
from fasharness.fold import Experiment, Fold
from fasharness.folder import claim
from fasharness.method import Method, make
from fasharness.plugins import Plugins
from fasharness.progress import Console
from fasharness.result import FoldsResult, Result, combine_folds
from fasharness.result import write as write_result
from fasharness.roots import resolve, simulated_root
from fasharness.scores import Score
from fasharness.settings import Settings
from fasharness.workers import default_jobs


class Outcome(NamedTuple):
    """What a command left behind.

    Attributes:
        folder: the run's folder.
        result: the result, None where the command stops before it.
    """

    folder: Path
    result: Result | FoldsResult | None


def run(
    settings: Settings, plugins: Plugins, console: Console, store: Path, last: str = "run"
) -> Outcome:
    """Run a method on a protocol, or the first steps of it.

    Args:
        settings: what to run.
        plugins: the plugins in use.
        console: hears the progress.
        store: folder of the clip store.
        last: the step to stop after: ``prepare``, ``train``, ``score`` or ``run``.

    Returns:
        The run's folder and result.

    Raises:
        FasharnessError: whatever the user can mend.
    """
    method = build_method(settings, plugins)
    dataset_class = plugins.dataset_of(settings.protocol)
    _check_early(settings, plugins, method)
    root = resolve(
        dataset_class, settings.data, settings.sim, settings.jobs or default_jobs(), console
    )
    if root != simulated_root(dataset_class, settings.sim):
        settings = dataclasses.replace(settings, data=root)
    dataset = dataset_class(root)
    folder = settings.out or Path("runs") / settings.folder_name(dataset.simulated)
    experiment = Experiment(settings, plugins, console, method, dataset, store)
    folds = dataset_class.folds.get(settings.protocol, (settings.protocol,))
    console.say(f"run folder: {folder}")
    with claim(folder, settings.deciding()):
        plugins.hook.fasharness_run_started(folder=folder, settings=settings.deciding())
        if dataset.simulated:
            console.say("SIMULATED data: the figures say nothing of real attacks.")
        if folds == (settings.protocol,):
            result: Result | FoldsResult | None = Fold(experiment, folds[0], folder).run(last)
        else:
            result = _run_folds(experiment, folds, folder, last)
        if result is not None:
            plugins.hook.fasharness_run_finished(folder=folder, result=result)
    return Outcome(folder, result)


def _check_early(settings: Settings, plugins: Plugins, method: Method) -> None:
    """Find out at once what would otherwise fail after the long preparation."""
    from fasharness.engine.checkpoint import check_card
    from fasharness.engine.device import device_name

    plugins.find("detector", settings.detector)
    plugins.find("depth estimator", settings.depth_estimator)
    device_name(settings.device)
    if settings.checkpoint is not None:
        check_card(settings.checkpoint, method)


def build_method(settings: Settings, plugins: Plugins) -> Method:
    """The method with its options; a checkpoint's own ones where none are given."""
    method_class = plugins.method(settings.plugin)
    given = bool(settings.preset or settings.option)
    if settings.checkpoint is None or given:
        return make(method_class, settings.preset, settings.option)
    from fasharness.engine.checkpoint import read_card

    card = read_card(settings.checkpoint)
    if card.method != settings.plugin:
        raise OptionError(
            f"{settings.checkpoint}: trained by {card.method}, not by {settings.plugin}"
        )
    return make(method_class, "", {k: _as_text(v) for k, v in card.options.items()})


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _run_folds(
    experiment: Experiment, folds: Sequence[str], folder: Path, last: str
) -> FoldsResult | None:
    from fasharness import report

    results, failures = [], {}
    for number, name in enumerate(folds, start=1):
        experiment.console.say(f"Fold {number} of {len(folds)}: {name}")
        try:
            result = Fold(experiment, name, folder / name).run(last)
        except (DataError, RunError) as error:  # the other folds are run all the same
            failures[name] = str(error)
            experiment.console.say(f"{name} failed: {error}")
        else:
            results += [] if result is None else [result]
    if failures:
        first = next(iter(failures))
        raise RunError(
            f"{len(failures)} of {len(folds)} folds failed ({', '.join(failures)}), so there is "
            f"no figure for {experiment.settings.protocol}; {first}: {failures[first]}"
        )
    if not results:
        return None
    combined = combine_folds(experiment.settings.protocol, results)
    write_result(folder / "result.json", combined)
    report.write(folder, combined, fold_scores(folder, folds))
    return combined


def fold_scores(folder: Path, folds: Sequence[str]) -> list[Score]:
    """Scores of all folds of a run, one after the other."""
    return [s for name in folds for s in score_files.read_csv(folder / name / "scores.csv")]
