"""The experiment: a method on a protocol, all its folds, into a folder that can be resumed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fasharness import scores as score_files
from fasharness.common.progress import Console
from fasharness.common.workers import default_jobs
from fasharness.errors import DataError, OptionError, RunError
from fasharness.method import Method, make
from fasharness.plugins import Plugins
from fasharness.result import FoldsResult, Result
from fasharness.result import write as write_result
from fasharness.run.config import build
from fasharness.run.data_roots import resolve, simulated_root
from fasharness.run.fold import Experiment, Fold
from fasharness.run.folder import claim, mark_simulated
from fasharness.run.settings import Settings


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
            mark_simulated(folder)
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
    from fasharness.evaluation.folds import combine_folds, pool
    from fasharness.run.judge import rules

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
    scores = {name: score_files.read_csv(folder / name / "scores.csv") for name in folds}
    evaluations = {result.fold: result.evaluation for result in results}
    pooled = pool(evaluations, scores, rules(experiment.settings))
    combined = combine_folds(experiment.settings.protocol, results, pooled)
    write_result(folder / "result.json", combined)
    report.write(folder)
    return combined


def draw_pictures(folder: Path, plugins: Plugins, console: Console, store: Path) -> None:
    """Keep pictures of a finished run's worst errors in its folder, whosever faces these are.

    Args:
        folder: the run's folder.
        plugins: the plugins in use.
        console: hears the progress.
        store: folder of the clip store; what is not there is prepared again from the videos.

    Raises:
        FasharnessError: the run is not finished, or its data or its model are gone.
    """
    from fasharness.run.error_pictures import draw

    settings = recorded(folder)
    method = build_method(settings, plugins)
    dataset_class = plugins.dataset_of(settings.protocol)
    root = settings.data or simulated_root(dataset_class, settings.sim)
    experiment = Experiment(settings, plugins, console, method, dataset_class(root), store)
    folds = dataset_class.folds.get(settings.protocol, (settings.protocol,))
    with claim(folder, settings.deciding()):
        for name in folds:
            draw(Fold(experiment, name, folder if folds == (settings.protocol,) else folder / name))


def recorded(folder: Path) -> Settings:
    """The settings that a run's folder was made with, those that decide its result."""
    try:
        values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return build({name: value for name, value in values.items() if value != ""})
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise OptionError(f"{folder / 'run.json'}: cannot be read: {error}") from None
