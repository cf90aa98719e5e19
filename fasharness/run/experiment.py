"""Run a method on a protocol, with all its folds, in a folder that can be resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fasharness import report
from fasharness import scores as score_files
from fasharness.common.faults import logged
from fasharness.common.formats import json_file
from fasharness.common.progress import Console
from fasharness.common.workers import default_jobs
from fasharness.dataset import Dataset, JointDataset, environment_variable
from fasharness.engine.checkpoint import check_card, read_card
from fasharness.engine.device import device_name, prefer_huge_pages, resolve_precision
from fasharness.errors import DataError, OptionError, RunError, UnknownNameError
from fasharness.evaluation.folds import combine_folds, pool
from fasharness.generator import Generator
from fasharness.method import Method, make
from fasharness.plugins import Plugins
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.weights import resolve
from fasharness.result import FoldsResult, Result
from fasharness.result import write as write_result
from fasharness.run import scoring, steps
from fasharness.run.cache import in_use
from fasharness.run.config import build
from fasharness.run.data_roots import (
    HOW_TO_SIMULATE,
    DataRoot,
    absent,
    locate,
    simulate,
    simulated_root,
)
from fasharness.run.feasible import check_feasible
from fasharness.run.fold import Experiment, Fold, open_fold
from fasharness.run.folder import claim, mark_simulated
from fasharness.run.judge import evaluate, rules
from fasharness.run.settings import Settings
from fasharness.run.trained import method_of
from fasharness.scores import Score

LOG = "errors.log"
"""File of a run's folder with the tracebacks of what failed."""
STEPS = ("prepare", "train", "score", "run")
"""The steps that a run can stop after."""


class Outcome(NamedTuple):
    """The outcome of a command.

    Attributes:
        folder: the run's folder.
        result: the result, None if the command stops before it.
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
        console: receives messages and progress.
        store: folder of the clip store.
        last: the step to stop after, one of `STEPS`.

    Returns:
        The run's folder and result.

    Raises:
        FasharnessError: anything that the user can fix.
    """
    if last not in STEPS:
        raise UnknownNameError("step", last, STEPS)
    prefer_huge_pages()
    method = build_method(settings, plugins)
    dataset_class = plugins.dataset_of(settings.protocol)
    if isinstance(method, Generator) and last in ("score", "run"):
        raise OptionError(
            f"{method.name} is a generator and scores nothing: `fasharness train` it, then "
            "`fasharness generate`"
        )
    _check_early(settings, plugins, method, store)
    weights = _named_weights(settings, method, plugins)
    roots = _located(dataset_class, settings, plugins)
    settings = _resolved(settings, roots)
    with in_use(store):
        for name, root in roots.items():
            simulate(plugins.dataset(name), root, settings.jobs, console)
        # After simulating: a data set reads its folder on construction.
        dataset = _opened(dataset_class, roots, plugins)
        experiment = Experiment(settings, plugins, console, method, dataset, store, weights)
        return _run_in_folder(experiment, last)


def _run_in_folder(experiment: Experiment, last: str) -> Outcome:
    """Run in the folder that the user or the settings name, which no other process may use."""
    settings, plugins, console = experiment.settings, experiment.plugins, experiment.console
    simulated = experiment.dataset.simulated
    folder = settings.out or Path("runs") / settings.folder_name(simulated)
    # Before there is a folder: a broken list leaves nothing behind.
    folds = _opened_folds(experiment, folder)
    for fold in folds.values():
        check_feasible(fold)
    console.say(f"run folder: {folder}")
    with claim(folder, settings.deciding()), logged(folder / LOG, plugins.packages()):
        told = {"folder": folder, "settings": settings.deciding()}
        plugins.notify("fasharness_run_started", console.say, **told)
        if simulated:
            console.say("SIMULATED data: the figures say nothing of real attacks.")
            mark_simulated(folder)
        result = _run_protocol(folds, settings.protocol, folder, last)
        if result is not None:
            told = {"folder": folder, "result": result}
            plugins.notify("fasharness_run_finished", console.say, **told)
    return Outcome(folder, result)


Roots = Mapping[str, DataRoot]
"""Name of each data set of a run and its folder."""


def _located(dataset: type[Dataset], settings: Settings, plugins: Plugins) -> Roots:
    """Return where the data are, or where they will be simulated."""
    if not issubclass(dataset, JointDataset):
        simulator = plugins.simulator(dataset.name)
        return {dataset.name: locate(dataset, settings.data, simulator, settings.sim)}
    if settings.data is not None:
        raise OptionError(
            f"{dataset.title} joins {', '.join(dataset.members)}, so --data cannot name one "
            "folder; name each with `fasharness data set NAME DIR` or its environment variable"
        )
    members = {name: plugins.dataset(name) for name in dataset.members}
    if missing := absent(dataset, plugins):
        raise OptionError(
            f"{settings.protocol} needs {', '.join(dataset.members)}, and no folder of "
            f"{', '.join(missing)} is configured: name it with `fasharness data set "
            f"{missing[0]} DIR` or {environment_variable(missing[0])}"
        )
    return {
        name: locate(member, None, plugins.simulator(name), settings.sim)
        for name, member in members.items()
    }


def _opened(dataset: type[Dataset], roots: Roots, plugins: Plugins) -> Dataset:
    for root in roots.values():
        if root.path.exists() and not root.path.is_dir():
            raise OptionError(f"{root.path}: is no folder; name the data set's folder with --data")
    if issubclass(dataset, JointDataset):
        opened = plugins.open_dataset
        return dataset({n: opened(plugins.dataset(n), root.path) for n, root in roots.items()})
    return plugins.open_dataset(dataset, roots[dataset.name].path)


def _resolved(settings: Settings, roots: Roots) -> Settings:
    """Fill in what the user left open; later code uses these values only.

    The precision that ``auto`` stands for is one of them: it decides the weights, so it is part of
    the run's key, and the command that a result names gives the same weights elsewhere.
    For a simulation in the cache ``data`` stays open: the place of the cache decides no figure, so
    the run's folder has the same name on every machine.
    """
    (root, *others) = roots.values()
    data = None if root.simulator is not None or others else root.path
    precision = resolve_precision(settings.precision, settings.device)
    jobs = settings.jobs or default_jobs()
    return dataclasses.replace(settings, data=data, jobs=jobs, precision=precision)


def _check_early(settings: Settings, plugins: Plugins, method: Method, store: Path) -> None:
    """Check early what would otherwise fail after the long preparation."""
    if store.exists() and not store.is_dir():
        raise OptionError(f"{store}: is a file; name a folder with --store")
    plugins.find("detector", settings.detector)
    plugins.find("depth estimator", settings.depth_estimator)
    device_name(settings.device)
    if settings.checkpoint is not None:
        check_card(settings.checkpoint, method)


def _named_weights(settings: Settings, method: Method, plugins: Plugins) -> Mapping[str, Path]:
    """Find the weights that training starts from; a given model needs none."""
    if settings.checkpoint is not None:
        return {}
    return resolve(plugins, method.weights())


def build_method(settings: Settings, plugins: Plugins) -> Method:
    """Build the method with its options; with those of the checkpoint if none are given."""
    method_class = plugins.method(settings.plugin)
    given = bool(settings.preset or settings.option)
    if settings.checkpoint is None or given:
        return make(method_class, settings.preset, settings.option)
    card = read_card(settings.checkpoint)
    if card.method != settings.plugin:
        raise OptionError(
            f"{settings.checkpoint}: trained by {card.method}, not by {settings.plugin}"
        )
    return method_of(card, plugins)


def _opened_folds(experiment: Experiment, folder: Path) -> dict[str, Fold]:
    """Open every fold of the protocol in the run's folder, or each of several below it."""
    name = experiment.settings.protocol
    names = experiment.dataset.folds.get(name, (name,))
    # A protocol without folds names itself as its only fold.
    places = {fold: folder if names == (name,) else folder / fold for fold in names}
    return {fold: open_fold(experiment, fold, place) for fold, place in places.items()}


def _run_protocol(
    folds: Mapping[str, Fold], protocol: str, folder: Path, last: str
) -> Result | FoldsResult | None:
    """Run the protocol's only fold in the run's folder, or each of several below it."""
    if [*folds] == [protocol]:
        return _run_fold(folds[protocol], last)
    return _run_folds(folds, protocol, folder, last)


def _run_fold(fold: Fold, last: str) -> Result | None:
    """Do a fold's steps up to `last`; steps already done under the same key are skipped."""
    _print_notes(fold)
    # Marked before any figure is written; each fold has a folder of its own.
    if fold.protocol.simulated:
        mark_simulated(fold.folder)
    prepared = steps.prepare(fold)
    model = None if last == "prepare" else steps.train(fold, prepared)
    scores = scoring.score(fold, prepared, model) if last in ("score", "run") else ()
    _check_failures(fold, prepared, scores)
    return evaluate(fold, prepared, scores, model) if last == "run" else None


def _print_notes(fold: Fold) -> None:
    console, name = fold.experiment.console, fold.protocol.name
    notes = fold.experiment.dataset.notes(name)
    for note in notes[:3]:
        console.say(f"note: {note}")
    if len(notes) > 3:
        console.say(
            f"note: {len(notes) - 3} more differences between the lists and the published "
            f"rule: fasharness validate --protocol {name}"
        )


def _check_failures(fold: Fold, prepared: Prepared, scores: Sequence[Score]) -> None:
    """End a run in which more presentations failed than the user allows."""
    failures = prepared.failures() | {s.presentation: s.failure for s in scores if s.failure}
    count = len(steps.wanted_clips(fold))
    allowed = fold.settings.allowed_failures(count)
    if len(failures) > allowed:
        name, reason = next(iter(sorted(failures.items())))
        raise RunError(
            f"{len(failures)} of {count} presentations failed, {allowed} are allowed "
            f"(--max-failures {fold.settings.max_failures}); the first is {name}: "
            f"{reason}; all are in {fold.folder / 'preparation.json'}, the scores of the "
            f"others in {fold.folder / 'scores.csv'}"
        )


def _run_folds(
    folds: Mapping[str, Fold], protocol: str, folder: Path, last: str
) -> FoldsResult | None:
    results, failures = [], {}
    for number, (name, fold) in enumerate(folds.items(), start=1):
        console = fold.experiment.console
        console.say(f"Fold {number} of {len(folds)}: {name}")
        try:
            result = _run_fold(fold, last)
        except (DataError, RunError) as error:  # the other folds still run
            failures[name] = str(error)
            console.say(f"{name} failed: {error}")
        else:
            results += [] if result is None else [result]
    if failures:
        first = next(iter(failures))
        raise RunError(
            # No mean over the folds that are left: it would pass for the figure of the protocol.
            f"{len(failures)} of {len(folds)} folds failed ({', '.join(failures)}), so there is "
            f"no figure for {protocol}; {first}: {failures[first]}"
        )
    if not results:
        return None
    scores = {name: score_files.read_csv(folder / name / "scores.csv") for name in folds}
    evaluations = {result.fold: result.evaluation for result in results}
    # Folds of one protocol share its convention.
    pooled = pool(evaluations, scores, rules(fold.settings, fold.protocol))
    combined = combine_folds(protocol, results, pooled)
    write_result(folder / "result.json", combined)
    report.write(folder)
    return combined


@contextmanager
def reopened(
    folder: Path, plugins: Plugins, console: Console, store: Path
) -> Iterator[Sequence[Fold]]:
    """Open the folds of a run again, by the settings in its folder.

    Args:
        folder: the run's folder.
        plugins: the plugins in use.
        console: receives messages and progress.
        store: folder of the clip store.

    Raises:
        FasharnessError: the run or its data are gone.
    """
    settings = recorded(folder)
    method = build_method(settings, plugins)
    dataset_class = plugins.dataset_of(settings.protocol)
    roots = _recorded_roots(dataset_class, settings, plugins)
    settings = _resolved(settings, roots)
    dataset, weights = (
        _opened(dataset_class, roots, plugins),
        _named_weights(settings, method, plugins),
    )
    experiment = Experiment(settings, plugins, console, method, dataset, store, weights)
    with (
        in_use(store),
        claim(folder, settings.deciding()),
        logged(folder / LOG, plugins.packages()),
    ):
        yield [*_opened_folds(experiment, folder).values()]


def _recorded_roots(dataset: type[Dataset], settings: Settings, plugins: Plugins) -> Roots:
    """Return where a finished run's data are: those it used, not those configured now."""
    if issubclass(dataset, JointDataset):
        return _located(dataset, settings, plugins)
    if settings.data is not None:
        return {dataset.name: DataRoot(settings.data)}
    simulator = plugins.simulator(dataset.name)
    if simulator is None:
        raise OptionError(f"no installed plugin simulates {dataset.title}; {HOW_TO_SIMULATE}")
    root = simulated_root(dataset.name, simulator, settings.sim)
    return {dataset.name: DataRoot(root, simulator, settings.sim)}


def recorded(folder: Path) -> Settings:
    """Read the settings that decided a run's result from its folder."""
    try:
        values = json_file(folder / "run.json")
    except DataError as error:
        raise OptionError(str(error)) from None
    # `deciding` writes an open path as an empty text.
    return build({name: value for name, value in values.items() if value != ""})
