"""The steps of a fold up to its scores: prepare, train, score; each is done once under its key."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fasharness.clips import ClipSpec
from fasharness.common import records
from fasharness.common.files import write_json, write_text
from fasharness.common.formats import json_file
from fasharness.data import Presentation, Split
from fasharness.engine.position import EpochRecord
from fasharness.errors import RunError
from fasharness.fitted import Fitted
from fasharness.generator import Generator
from fasharness.method import Stage
from fasharness.prepare.pipeline import prepare as prepare_clips
from fasharness.prepare.planning import Recipe, Wanted, preparation_device
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipStore
from fasharness.run.fold import Fold
from fasharness.run.generated import name_of, warnings
from fasharness.run.resume_keys import fit_key, training_items

if TYPE_CHECKING:  # torch is imported only where a network is used
    from lightning_fabric import Fabric
    from torch import nn

    from fasharness.engine.clips import ClipSource
    from fasharness.engine.position import Training


def prepare(fold: Fold) -> Prepared:
    """Prepare the clips of every presentation that the fold needs; stored ones are reused."""
    with fold.steps.timed("prepare"):
        jobs = fold.settings.jobs
        prepared = prepared_clips(fold, wanted_clips(fold), title="prepare", jobs=jobs)
    write_json(fold.folder / "preparation.json", prepared.summary())
    fold.experiment.console.say(prepared.words())
    return prepared


def wanted_clips(fold: Fold) -> Wanted:
    """Return the clips that the fold needs of each presentation."""
    trains = fold.settings.checkpoint is None and bool(fold.method.stages())
    wanted: dict[Presentation, list[ClipSpec]] = {}
    # Training clips (more of them, drawn scales) are not prepared where a checkpoint is scored.
    for item in training_items(fold.protocol) if trains else ():
        if specs := item.specs(fold.method):
            wanted[item.presentation] = specs
    if not isinstance(fold.method, Generator):
        for split, presentation in fold.protocol.items():
            if split is not Split.TRAIN:
                wanted[presentation] = [fold.scoring_clips]
    return wanted


def prepared_clips(fold: Fold, wanted: Wanted, *, title: str, jobs: int) -> Prepared:
    """Prepare clips by the fold's settings, in the experiment's store.

    Args:
        fold: the fold.
        wanted: the clips of each presentation.
        title: title of the progress bar.
        jobs: number of processes.
    """
    experiment = fold.experiment
    console = experiment.console
    with console.bar(title, "videos") as advance, console.bar("read", "files") as read:
        return prepare_clips(
            wanted,
            recipe_of(fold),
            ClipStore(experiment.store, fold.settings.encoding),  # type: ignore[arg-type]
            experiment.plugins,
            jobs=jobs,
            progress=lambda done, total: advance(done, total, ""),
            reading=lambda done, total: read(done, total, ""),
        )


def recipe_of(fold: Fold) -> Recipe:
    """Return how faces and depth are found."""
    settings = fold.settings
    return Recipe(
        tuple((name, part.root) for name, part in fold.experiment.parts.items()),
        settings.faces,
        settings.detector,
        settings.depth_folder,
        settings.depth_estimator,
        preparation_device(settings.device),
    )


def train(fold: Fold, prepared: Prepared) -> Path | None:
    """Return the model, trained if necessary.

    Returns:
        The model file: given, trained before, or trained now; None if nothing is learnt.
    """
    from fasharness.engine.checkpoint import model_digest

    path = fold.model
    if path is None or path == fold.settings.checkpoint:
        return path
    weights = fold.experiment.weights
    key = fit_key(fold.method, fold.settings, fold.protocol, prepared, weights)
    # unchanged: a damaged or foreign model is trained again instead of being scored.
    work, outputs = partial(_fit, fold, prepared, path, key), [path, fold.folder / _TRAINING]
    fold.steps.once("train", key, outputs, work, unchanged=outputs, content=model_digest)
    return path


def _fit(fold: Fold, prepared: Prepared, path: Path, key: str) -> None:
    """Train from the last saved state, and write the model and its history."""
    from fasharness.engine import fitting
    from fasharness.engine import train as trainer
    from fasharness.engine.checkpoint import card_of, save_model
    from fasharness.engine.device import freeze

    weights, console = fold.experiment.weights, fold.experiment.console
    fabric, network = fresh_network(fold, weights)
    companions = fold.method.companions(weights)

    def finished(training: Training) -> None:
        write_training(fold, training)
        faces, detector = fold.settings.faces, fold.settings.detector
        card = card_of(
            fold.method,
            fit_key=key,
            faces=faces,
            detector=detector,
            simulated=fold.protocol.simulated,
            trained_on=_trained_on(fold),
            auxiliary=tuple(warnings(fold.generated, fold.protocol.simulated)),
        )
        save_model(path, card, network)

    with console.bar("train", "batches") as advance:
        plan = trainer.Plan(
            method=fold.method,
            sources={s.name: _training(fold, prepared, s) for s in fold.method.stages()},
            validate=_validation(fold, prepared, fabric),
            seed=fold.settings.seed,
            key=key,
            state=fold.folder / "training.safetensors",
            save_every=fold.settings.save_every,
            workers=fold.settings.workers,
            progress=lambda p: advance(p.done, p.total, p.words()),
            companions={name: freeze(each, fabric) for name, each in companions.items()},
            warn=lambda warning: console.say(f"warning: {warning}"),
            finished=finished,
        )
        learn = fitting.fit if isinstance(fold.method, Fitted) else trainer.fit
        learn(plan, network, fabric)


def _trained_on(fold: Fold) -> tuple[str, ...]:
    """Return what a generator is trained on; a method that measures may not see it again."""
    if not isinstance(fold.method, Generator):
        return ()
    return tuple(name_of(item.presentation) for item in training_items(fold.protocol))


def _training(fold: Fold, prepared: Prepared, stage: Stage) -> list[ClipSource]:
    sources = []
    for item in training_items(fold.protocol):
        spec = stage.clips_of(item.presentation, item.origin)
        if spec is not None:
            source = fold.source(prepared, item.presentation, spec)
            sources.append(dataclasses.replace(source, weight=item.weight, origin=item.origin))
    return sources


_TRAINING = "training.json"


@dataclass(frozen=True)
class _Told:
    """The content of ``training.json``.

    Attributes:
        selection: what `Method.selection` returns, in words.
        epochs: the history.
        warnings: what is doubtful about the model.
    """

    selection: str
    epochs: tuple[EpochRecord, ...]
    warnings: tuple[str, ...]


def write_training(fold: Fold, training: Training) -> None:
    """Write the history of a training, and what is doubtful about it."""
    # The figure that chose the weights is the method's own, so the file names it.
    told = _Told(fold.method.selector, tuple(training.history), tuple(training.warnings))
    write_text(fold.folder / _TRAINING, records.dumps(told))


def training_warnings(fold: Fold) -> tuple[str, ...]:
    """Return what is doubtful about the fold's own training; nothing where it trained nothing."""
    path = fold.folder / _TRAINING
    if fold.model in (None, fold.settings.checkpoint) or not path.is_file():
        return ()
    return records.build(_Told, json_file(path), str(path)).warnings


def _validation(
    fold: Fold, prepared: Prepared, fabric: Fabric
) -> Callable[[nn.Module, Stage], float] | None:
    """Return what chooses a stage's weights; None where dev is empty or lacks a class."""
    if {item.bona_fide for item in fold.protocol.dev if item.known} != {True, False}:
        return None
    return partial(_selection, fold, prepared, fabric)


def _selection(
    fold: Fold, prepared: Prepared, fabric: Fabric, network: nn.Module, stage: Stage
) -> float:
    """Return the method's figure on dev, which chooses a stage's weights."""
    from fasharness.engine.score import score_sources

    # Set back by `Method.train_mode` at the start of the next epoch.
    network.eval()
    values: dict[bool, list[float]] = {True: [], False: []}
    sources = [fold.source(prepared, shown, fold.scoring_clips) for shown in fold.protocol.dev]
    scores = score_sources(fold.method, stage, network, sources, fabric)
    for presentation, found in zip(fold.protocol.dev, scores, strict=True):
        if presentation.known and not found.failure:
            values[presentation.bona_fide].append(found.value)
    if not all(values.values()):
        raise RunError("a class of dev has no score to choose by; see preparation.json for why")
    figure = float(fold.method.selection(np.array(values[True]), np.array(values[False])))
    if not math.isfinite(figure):
        raise RunError(f"stage {stage.name}: {fold.method.selector} on dev is {figure}")
    return figure


def fresh_network(fold: Fold, weights: Mapping[str, Path]) -> tuple[Fabric, nn.Module]:
    """Return the device and a network on it, with fresh weights drawn by the seed."""
    import torch

    from fasharness.engine.device import make_fabric, place

    fabric = make_fabric(fold.settings.device, fold.settings.precision)
    # Directly before the network is built: its fresh weights depend on nothing else.
    torch.manual_seed(fold.settings.seed)
    return fabric, place(fold.method.network(weights), fabric)


def trained_network(fold: Fold, model: Path | None) -> tuple[Fabric, nn.Module]:
    """Return the device and the network on it, with the model's weights."""
    from fasharness.engine.checkpoint import load_model

    fabric, network = fresh_network(fold, {} if model is not None else fold.experiment.weights)
    if model is not None:
        load_model(model, fold.method, network)
    return fabric, network
