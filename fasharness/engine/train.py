"""Training: stages, epochs and batches, with checkpoints that resume to the same curve."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from fasharness.common.faults import concerning
from fasharness.common.signals import Pause, pausing
from fasharness.data import Batch
from fasharness.engine.checkpoint import (
    flatten_optimizers,
    read_tensors,
    restore_optimizers,
    write_tensors,
)
from fasharness.engine.clips import ClipSource, EpochClips, batches
from fasharness.engine.device import prefer_fused
from fasharness.engine.norms import estimating, norms, unsettled
from fasharness.engine.position import EpochRecord, Position, Progress, Training, some, validated
from fasharness.engine.sampling import Draw
from fasharness.errors import CheckpointError, DataError, RunError
from fasharness.method import At, Method, Stage

# Losses are read from the device once in so many batches: reading waits for all its work.
_READ_EVERY = 8


@dataclass(frozen=True)
class Plan:
    """Everything that training depends on.

    Attributes:
        method: the method.
        sources: training presentations with their clips, for each stage.
        validate: `Method.selection` of the network under a stage on dev; None without dev.
        seed: seed of the run.
        key: content key of the training; a state of another key is not resumed.
        state: file of the training state.
        save_every: seconds between two states within an epoch.
        workers: processes that read clips; 0 reads in this process.
        progress: called after every step.
        companions: networks that only help in training, on the device.
        warn: called with what is doubtful, one sentence each.
        finished: called with the outcome to save the weights, before the state is removed: a
            kill in between loses nothing.
    """

    method: Method
    sources: Mapping[str, Sequence[ClipSource]]
    validate: Callable[[nn.Module, Stage], float] | None
    seed: int
    key: str
    state: Path
    save_every: float
    workers: int
    progress: Callable[[Progress], None]
    companions: Mapping[str, nn.Module] = field(default_factory=dict)
    warn: Callable[[str], None] = lambda warning: None
    finished: Callable[[Training], None] = lambda training: None


class _Losses(nn.Module):
    """A method's losses as a module, so that Fabric can wrap precision and devices around it."""

    def __init__(self, plan: Plan, network: nn.Module) -> None:
        super().__init__()
        self.method = plan.method
        self.network = network
        self.stage = plan.method.stages()[0]
        # A tuple around them: as modules of this one they would train and be saved with it.
        self.frozen = (plan.companions,)

    def forward(self, take: Callable[[], Batch]) -> dict[str, torch.Tensor]:
        """Losses of a batch."""
        # In a function, since Fabric would round the labels of a batch to half precision.
        (companions,) = self.frozen
        return dict(self.method.losses(self.stage, self.network, take(), companions))


class _Unread(NamedTuple):
    """Losses of a batch that are still on the device."""

    batch: int
    losses: Mapping[str, torch.Tensor]
    shown: tuple[str, ...]


def fit(plan: Plan, network: nn.Module, fabric: Fabric) -> Training:
    """Train a network through all stages of its method, resuming from a saved state.

    Args:
        plan: what to train on and how.
        network: the network with fresh weights; trained in place.
        fabric: the device and precision.

    Returns:
        The record of every epoch, and warnings.

    Raises:
        RunError: a loss or a weight is not finite, or a stage has no clips.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP; the state is written first.
    """
    trainer = _Trainer(plan, network, fabric)
    with pausing() as pause:
        trainer.run(pause)
    outcome = Training(trainer.position.history, trainer.position.warnings)
    plan.finished(outcome)
    # Only now: `finished` has written the weights.
    plan.state.unlink(missing_ok=True)
    return outcome


class _Trainer:
    """The loops; only `position`, the weights, the optimisers and `best` change."""

    def __init__(self, plan: Plan, network: nn.Module, fabric: Fabric) -> None:
        self.plan = plan
        self.network = network
        self.fabric = fabric
        self.stages = plan.method.stages()
        self.losses = _Losses(plan, network)
        self.module: Any = None
        self.optimizers: Sequence[Any] = ()
        self.rates: list[list[float]] = []
        self.position = Position()
        self.best: dict[str, torch.Tensor] = {}
        self.unread: list[_Unread] = []
        self.saved = time.monotonic()
        self.kept = False
        self.counts = [self._batches(stage) for stage in self.stages]

    def run(self, pause: Pause) -> None:
        """Train every stage that is not finished."""
        tensors = self._resume()
        while self.position.stage < len(self.stages):
            stage = self.stages[self.position.stage]
            self._start_stage(stage, tensors)
            # The saved optimisers belong to the stage that was interrupted; later stages start
            # fresh.
            tensors = {}
            while not self.position.exhausted(stage):
                self._epoch(stage, pause)
            self._finish_stage(stage)

    def _start_stage(self, stage: Stage, tensors: Mapping[str, torch.Tensor]) -> None:
        self.losses.stage = stage
        optimizers = list(self.plan.method.optimizers(stage, self.network))
        # Its one scale of the losses would change between the steps of two optimisers.
        if len(optimizers) > 1 and self.fabric.strategy.precision.state_dict():
            raise RunError("16-mixed takes one optimiser; use --precision bf16-mixed or 32-true")
        prefer_fused(optimizers)
        # The optimisers' own rates are the reference: `_set_rates` overwrites them before each
        # step.
        self.rates = [[group["lr"] for group in each.param_groups] for each in optimizers]
        self.module, *self.optimizers = self.fabric.setup(self.losses, *optimizers)
        restore_optimizers(optimizers, tensors)
        self.plan.method.train_mode(stage, self.network)
        self._doubt(stage, "the stage normalises by them", training=False)
        if stage.validations and self.plan.validate is None:
            self._warn(f"stage {stage.name}: no dev set of both classes chooses its weights")

    def _batches(self, stage: Stage) -> int:
        # Equal in every epoch: only which clips are drawn changes.
        count = len(self._planned(self._epoch_clips(stage, 0), stage))
        if count == 0:
            clips = sum(source.stored.clips for source in self.plan.sources[stage.name])
            lost = [source.stored.failure for source in self.plan.sources[stage.name]]
            why = next((f"; e.g. {reason}" for reason in lost if reason), "")
            raise RunError(f"stage {stage.name}: {clips} training clips do not fill a batch{why}")
        return count

    def _epoch_clips(self, stage: Stage, epoch: int) -> EpochClips:
        return EpochClips(
            self.plan.sources[stage.name],
            partial(self.plan.method.augment, stage),
            (self.plan.seed, self.stages.index(stage), epoch),
        )

    def _planned(self, clips: EpochClips, stage: Stage) -> list[list[Draw]]:
        try:
            return clips.plan(stage.sampling, stage.batch_size, drop_last=stage.drop_last)
        except DataError as error:
            raise RunError(f"stage {stage.name}: {error}") from None

    def _epoch(self, stage: Stage, pause: Pause) -> None:
        self.plan.method.train_mode(stage, self.network)
        clips = self._clips(stage, skip=self.position.batch)
        # States are written between steps only, so a resumed epoch starts with a whole one.
        while step := list(islice(clips, stage.accumulate)):
            self._step(stage, step)
            self.plan.progress(self.position.progress(self.stages, self.counts, len(self.unread)))
            if pause.wanted:
                self._save()
                pause.take()
            if time.monotonic() - self.saved > self.plan.save_every:
                self._save()
        self._check(stage)
        try:
            with pause.at_once():
                value = self._validate(stage)
        except KeyboardInterrupt:
            # Its last batch is done: the resumed epoch starts with the validation.
            self._save()
            raise
        self._end_epoch(stage, value)
        self._save()
        pause.take()

    def _step(self, stage: Stage, step: Sequence[Batch]) -> None:
        """Make one optimiser step from the mean loss of some batches."""
        at = self._at(stage)
        self._set_rates(stage, at)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        for batch in step:
            losses = self._losses(batch, self.position.batch)
            self.fabric.backward(losses["total"] / len(step))
            values = {name: loss.detach() for name, loss in losses.items()}
            self.unread.append(_Unread(self.position.batch, values, tuple(batch.ids())))
            self.position.batch += 1
        for optimizer in self.optimizers:
            if stage.clip_norm:
                self.fabric.clip_gradients(
                    self.network, optimizer, max_norm=stage.clip_norm, error_if_nonfinite=False
                )
            optimizer.step()
        self.plan.method.after_step(stage, self.network, at._replace(step=at.step + 1))
        if len(self.unread) >= _READ_EVERY or self.position.batch == self._count:
            self._read(stage)

    def _losses(self, batch: Batch, number: int) -> dict[str, torch.Tensor]:
        # Seeded for each batch, so that what a network draws (dropout) does not depend on where
        # training was resumed.
        position = self.position
        torch.manual_seed(_mix(self.plan.seed, position.stage, position.epoch, number))
        with concerning(f"epoch {position.epoch + 1}, batch {number + 1}"):
            return dict(self.module(lambda: batch.to(self.fabric.device)))

    @property
    def _count(self) -> int:
        """Batches in an epoch of the running stage."""
        return self.counts[self.position.stage]

    def _at(self, stage: Stage) -> At:
        steps = -(-self._count // stage.accumulate)
        done = self.position.epoch * steps + self.position.batch // stage.accumulate
        return At(done, stage.epochs * steps, self.position.epoch, stage.epochs)

    def _set_rates(self, stage: Stage, at: At) -> None:
        """Multiply the rates that the stage started with by the method's factor."""
        factor = self.plan.method.rate(stage, at)
        for optimizer, rates in zip(self.optimizers, self.rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor

    def _clips(self, stage: Stage, skip: int) -> Iterator[Batch]:
        """Read the batches of the running epoch."""
        clips = self._epoch_clips(stage, self.position.epoch)
        # Planned before skipping, so that a resumed epoch has the same batches.
        planned = self._planned(clips, stage)[skip:]
        pin = self.fabric.device.type == "cuda"
        return batches(clips, planned, workers=self.plan.workers, pin=pin)

    def _read(self, stage: Stage) -> None:
        """Read the losses of the last batches from the device, and check them."""
        flat = [loss.double().reshape(()) for each in self.unread for loss in each.losses.values()]
        values = iter(torch.stack(flat).tolist() if flat else ())
        sums = self.position.sums
        for each in self.unread:
            losses = {name: next(values) for name in each.losses}
            if not all(map(math.isfinite, losses.values())):
                what = f"losses {losses} of {some(each.shown)}"
                raise self._diverged(stage, each.batch, what)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value
        self.unread = []

    def _check(self, stage: Stage) -> None:
        """Refuse weights that are not finite: they must reach no file and choose nothing."""
        self._read(stage)
        # A gradient can be NaN while the loss is finite (the root of zero).
        weights = [parameter.detach() for parameter in self.network.parameters()]
        if not math.isfinite(float(nn.utils.get_total_norm(weights, math.inf))):
            raise self._diverged(stage, self.position.batch - 1, "weights that are not finite")

    def _diverged(self, stage: Stage, batch: int, what: str) -> RunError:
        kept = f"the last good state is kept in {self.plan.state}"
        return RunError(
            f"training diverged: {what} in stage {stage.name}, epoch {self.position.epoch + 1}, "
            f"batch {batch + 1}; {kept if self.kept else 'no state was kept before'}"
        )

    def _validate(self, stage: Stage) -> float | None:
        """Estimate statistics anew and validate, if either is due; it can be repeated."""
        epoch = self.position.epoch
        due = validated(epoch, stage)
        if stage.recalibrate and (due or epoch + 1 == stage.epochs):
            self._recalibrate(stage)
        if due and self.plan.validate is not None:
            return self.plan.validate(self.network, stage)
        return None

    def _end_epoch(self, stage: Stage, value: float | None) -> None:
        """Record the epoch, and keep the best weights."""
        position = self.position
        # <=: of equally good weights the latest are kept, as `Stage.validations` states.
        if value is not None and (position.best is None or value <= position.best):
            position.best = value
            self.best = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        losses = {name: total / self._count for name, total in position.sums.items()}
        position.history.append(EpochRecord(stage.name, position.epoch + 1, losses, value))
        position.epoch, position.batch, position.sums = position.epoch + 1, 0, {}

    def _recalibrate(self, stage: Stage) -> None:
        """Estimate the running statistics anew from batches of the epoch just done."""
        found = norms(self.network, training=True)
        with estimating(found):
            for number, batch in enumerate(islice(self._clips(stage, 0), stage.recalibrate)):
                # With gradients, though nothing is learnt: a loss may need them itself.
                self._losses(batch, number)
        self.position.recalibrated = sorted({*self.position.recalibrated, *found})

    def _finish_stage(self, stage: Stage) -> None:
        """Load the best weights of a validated stage and move to the next stage."""
        if self.best:
            self.network.load_state_dict(self.best)
        position = self.position
        self.plan.method.train_mode(stage, self.network)
        if position.stage + 1 == len(self.stages) or position.best is not None:
            self._doubt(stage, "scores are computed with them", training=True)
        position.stage, position.epoch, position.best, self.best = position.stage + 1, 0, None, {}

    def _doubt(self, stage: Stage, use: str, *, training: bool) -> None:
        """Warn of running statistics that are used before they have settled."""
        found = norms(self.network, training=training)
        facts = unsettled(found, self.position.recalibrated)
        if facts is not None:
            cure = "more steps, a larger momentum or Stage.recalibrate would cure it"
            self._warn(f"stage {stage.name}: {facts.words()}, but {use}; {cure}")

    def _warn(self, warning: str) -> None:
        # A resumed stage finds the same again.
        if warning not in self.position.warnings:
            self.position.warnings.append(warning)
            self.plan.warn(warning)

    def _save(self) -> None:
        """Write everything that resuming needs, into one file."""
        self._check(self.losses.stage)
        tensors = {f"network/{name}": t for name, t in self.network.state_dict().items()}
        # The best weights so far too: without them a resumed stage could end with others.
        tensors |= {f"best/{name}": tensor for name, tensor in self.best.items()}
        tensors |= flatten_optimizers([each.optimizer for each in self.optimizers])
        precision = self.fabric.strategy.precision.state_dict()
        meta = {"key": self.plan.key, "position": asdict(self.position), "precision": precision}
        write_tensors(self.plan.state, tensors, meta)
        self.saved, self.kept = time.monotonic(), True

    def _resume(self) -> dict[str, torch.Tensor]:
        """Load a saved state of the same key; return its tensors for the optimisers."""
        try:
            tensors, meta = read_tensors(self.plan.state)
            if meta["key"] != self.plan.key:
                return {}
        # Missing, damaged or of another training: train from the start.
        except CheckpointError:
            return {}
        content = meta["position"]
        content["history"] = [EpochRecord(**record) for record in content["history"]]
        self.position = Position(**content)
        self.fabric.strategy.precision.load_state_dict(meta["precision"])
        self.network.load_state_dict(_under("network/", tensors))
        self.best = _under("best/", tensors)
        self.kept = True
        return tensors


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def _mix(*numbers: int) -> int:
    """Combine several numbers into one 63-bit seed."""
    # Not a sum: (seed 0, epoch 1) and (seed 1, epoch 0) must differ. torch takes signed 64 bits.
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
