"""Training: stages, epochs and batches, with checkpoints that resume to the same curve."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from torch import nn

from fasharness.data import Batch
from fasharness.engine.checkpoint import (
    flatten_optimizer,
    read_tensors,
    restore_optimizer,
    write_tensors,
)
from fasharness.engine.clips import Arrays, ClipSource, EpochClips, batch_count, batches
from fasharness.errors import CheckpointError, RunError
from fasharness.method import Method, Stage


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """The result of one epoch.

    Attributes:
        stage: the stage's name.
        epoch: its number in the stage, from 1.
        losses: mean of each loss over the epoch's batches.
        dev_eer: EER on dev in [0, 1] where the epoch was validated.
    """

    stage: str
    epoch: int
    losses: Mapping[str, float]
    dev_eer: float | None = None


@dataclass
class Position:
    """How far training has got; saved with the weights, so that it can resume there.

    Attributes:
        stage: number of the stage, from 0.
        epoch: number of the epoch in the stage, from 0.
        batch: batches of the epoch that are done.
        sums: sum of each loss over these batches.
        best: lowest dev EER of the stage so far.
        history: finished epochs.
    """

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float | None = None
    history: list[EpochRecord] = field(default_factory=list)


class Progress(NamedTuple):
    """How far training has got, for display.

    Attributes:
        stage: name of the stage.
        epoch: number of the epoch, from 1.
        epochs: epochs of the stage.
        done: finished batches over all stages.
        total: batches of all stages.
        losses: mean losses of the running epoch.
    """

    stage: str
    epoch: int
    epochs: int
    done: int
    total: int
    losses: Mapping[str, float]

    def words(self) -> str:
        """Return one line to show beside a progress bar."""
        losses = " ".join(f"{name} {value:.4f}" for name, value in self.losses.items())
        return f"{self.stage} epoch {self.epoch}/{self.epochs} {losses}"


@dataclass(frozen=True)
class Plan:
    """Everything that training depends on.

    Attributes:
        method: the method.
        sources: training presentations with their clips, for each stage.
        validate: dev EER in [0, 1] of the network under a stage.
        seed: seed of the run.
        key: content key of the training; a state of another key is not resumed.
        state: file of the training state.
        save_every: seconds between two states within an epoch.
        workers: processes that read clips; 0 reads in this process.
        progress: called after every batch.
        finished: called with every epoch's record to save the weights, before the state is
            removed: a kill in between loses nothing.
    """

    method: Method
    sources: Mapping[str, Sequence[ClipSource]]
    validate: Callable[[nn.Module, Stage], float]
    seed: int
    key: str
    state: Path
    save_every: float
    workers: int
    progress: Callable[[Progress], None]
    finished: Callable[[Sequence[EpochRecord]], None] = lambda history: None


class _Step(nn.Module):
    """A method's losses as a module, so that Fabric can wrap precision and devices around it."""

    def __init__(self, method: Method, network: nn.Module) -> None:
        super().__init__()
        self.method = method
        self.network = network
        self.stage = method.stages()[0]

    def forward(
        self,
        frames: torch.Tensor,
        depth: torch.Tensor,
        mask: torch.Tensor,
        bona_fide: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Losses of a batch."""
        batch = Batch(frames, depth, mask, bona_fide)
        return dict(self.method.losses(self.stage, self.network, batch))


def fit(plan: Plan, network: nn.Module, fabric: Fabric) -> list[EpochRecord]:
    """Train a network through all stages of its method, resuming from a saved state.

    Args:
        plan: what to train on and how.
        network: the network with fresh weights; trained in place.
        fabric: the device and precision.

    Returns:
        The record of every epoch.

    Raises:
        RunError: a loss is not finite, or a stage has no clips.
        KeyboardInterrupt: Ctrl-C; the state is written first.
    """
    trainer = _Trainer(plan, network, fabric)
    with _graceful_interrupt() as interrupted:
        trainer.run(interrupted)
    plan.finished(trainer.position.history)
    # Only now: `finished` has written the weights.
    plan.state.unlink(missing_ok=True)
    return trainer.position.history


class _Trainer:
    """The loops; only `position`, the weights, the optimiser and `best` change."""

    def __init__(self, plan: Plan, network: nn.Module, fabric: Fabric) -> None:
        self.plan = plan
        self.network = network
        self.fabric = fabric
        self.stages = plan.method.stages()
        self.step = _Step(plan.method, network)
        self.position = Position()
        self.best: dict[str, torch.Tensor] = {}
        self.saved = time.monotonic()
        self.rates: list[float] = []
        self.counts = [self._batches(stage) for stage in self.stages]

    def run(self, interrupted: Callable[[], bool]) -> None:
        """Train every stage that is not finished."""
        tensors = self._resume()
        while self.position.stage < len(self.stages):
            stage = self.stages[self.position.stage]
            self.step.stage = stage
            optimizer = self.plan.method.optimizer(stage, self.network)
            # The optimiser's own rates are the reference: `_set_rates` overwrites them before each
            # batch.
            self.rates = [group["lr"] for group in optimizer.param_groups]
            module, optimizer = self.fabric.setup(self.step, optimizer)
            restore_optimizer(optimizer, tensors)
            # The saved optimiser belongs to the stage that was interrupted; later stages start
            # fresh.
            tensors = {}
            while self.position.epoch < stage.epochs:
                self._epoch(stage, module, optimizer, interrupted)
            self._finish_stage()

    def _batches(self, stage: Stage) -> int:
        clips = sum(source.stored.clips for source in self.plan.sources[stage.name])
        count = batch_count(clips, stage.batch_size, stage.drop_last)
        if count == 0:
            raise RunError(f"stage {stage.name}: {clips} training clips do not fill a batch")
        return count

    def _epoch(
        self, stage: Stage, module: Any, optimizer: Any, interrupted: Callable[[], bool]
    ) -> None:
        position = self.position
        self.plan.method.train_mode(stage, self.network)
        for number, arrays in enumerate(self._arrays(stage), start=position.batch):
            # Seeded for each batch, so that what a network draws (dropout) does not depend on where
            # training was resumed.
            torch.manual_seed(_mix(self.plan.seed, position.stage, position.epoch, number))
            self._set_rates(stage, optimizer)
            losses = self._batch(module, optimizer, arrays)
            for name, value in losses.items():
                position.sums[name] = position.sums.get(name, 0.0) + value
            position.batch = number + 1
            self._report(stage)
            if interrupted():
                self._save(optimizer)
                raise KeyboardInterrupt
            if time.monotonic() - self.saved > self.plan.save_every:
                self._save(optimizer)
        self._end_epoch(stage)
        self._save(optimizer)
        if interrupted():
            raise KeyboardInterrupt

    def _set_rates(self, stage: Stage, optimizer: Any) -> None:
        """Multiply the rates that the stage started with by the method's factor."""
        position = self.position
        count = self.counts[position.stage]
        done = (position.epoch * count + position.batch) / (stage.epochs * count)
        factor = self.plan.method.rate(stage, done)
        for group, rate in zip(optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def _arrays(self, stage: Stage) -> Iterator[Arrays]:
        position = self.position
        clips = EpochClips(
            self.plan.sources[stage.name],
            partial(self.plan.method.augment, stage),
            (self.plan.seed, position.stage, position.epoch),
        )
        return batches(
            clips,
            stage.batch_size,
            skip=position.batch,
            drop_last=stage.drop_last,
            workers=self.plan.workers,
            pin=self.fabric.device.type == "cuda",
        )

    def _batch(self, module: Any, optimizer: Any, arrays: Arrays) -> dict[str, float]:
        losses = module(*self.fabric.to_device(arrays))
        # Read before the backward pass, so that a loss that is not finite never reaches the
        # weights.
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        if not all(map(_finite, values.values())):
            raise RunError(
                f"training diverged: {values} in stage {self.step.stage.name}, epoch "
                f"{self.position.epoch + 1}, batch {self.position.batch + 1}"
            )
        optimizer.zero_grad()
        self.fabric.backward(losses["total"])
        optimizer.step()
        return values

    def _end_epoch(self, stage: Stage) -> None:
        """Record the epoch; validate it if it is due, and keep the best weights."""
        position = self.position
        count = self.counts[position.stage]
        eer = None
        if _validated(position.epoch, stage):
            eer = self.plan.validate(self.network, stage)
            # <=: of equally good weights the latest are kept, as `Stage.validations` states.
            if position.best is None or eer <= position.best:
                position.best = eer
                self.best = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        losses = {name: total / count for name, total in position.sums.items()}
        position.history.append(EpochRecord(stage.name, position.epoch + 1, losses, eer))
        position.epoch, position.batch, position.sums = position.epoch + 1, 0, {}

    def _finish_stage(self) -> None:
        """Load the best weights of a validated stage and move to the next stage."""
        if self.best:
            self.network.load_state_dict(self.best)
        position = self.position
        position.stage, position.epoch, position.best, self.best = position.stage + 1, 0, None, {}

    def _report(self, stage: Stage) -> None:
        position = self.position
        before = sum(
            count * each.epochs
            for count, each in zip(self.counts, self.stages[: position.stage], strict=False)
        )
        done = before + position.epoch * self.counts[position.stage] + position.batch
        total = sum(c * s.epochs for c, s in zip(self.counts, self.stages, strict=True))
        means = {name: value / position.batch for name, value in position.sums.items()}
        self.plan.progress(
            Progress(stage.name, position.epoch + 1, stage.epochs, done, total, means)
        )

    def _save(self, optimizer: Any) -> None:
        """Write everything that resuming needs, into one file."""
        tensors = {f"network/{name}": t for name, t in self.network.state_dict().items()}
        # The best weights so far too: without them a resumed stage could end with others.
        tensors |= {f"best/{name}": tensor for name, tensor in self.best.items()}
        tensors |= flatten_optimizer(optimizer.optimizer)
        meta = {"key": self.plan.key, "position": asdict(self.position)}
        write_tensors(self.plan.state, tensors, meta)
        self.saved = time.monotonic()

    def _resume(self) -> dict[str, torch.Tensor]:
        """Load a saved state of the same key; return its tensors for the optimiser."""
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
        self.network.load_state_dict(_under("network/", tensors))
        self.best = _under("best/", tensors)
        return tensors


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def _finite(value: float) -> bool:
    # False for NaN and for both infinities.
    return value - value == 0.0


def _mix(*numbers: int) -> int:
    """Combine several numbers into one 63-bit seed."""
    import numpy as np

    # Not a sum: (seed 0, epoch 1) and (seed 1, epoch 0) must differ. torch takes signed 64 bits.
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def _validated(epoch: int, stage: Stage) -> bool:
    """Return whether this epoch (from 0) is validated: evenly spread, always the last."""
    left = stage.epochs - 1 - epoch
    return any(
        left == stage.epochs * number // stage.validations for number in range(stage.validations)
    )


@contextmanager
def _graceful_interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C wait for the end of the batch; the second one interrupts at once."""
    caught = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal caught
        if caught:
            raise KeyboardInterrupt
        caught = True

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread: no signal reaches it anyway
        yield lambda: False
        return
    try:
        yield lambda: caught
    finally:
        signal.signal(signal.SIGINT, before)
