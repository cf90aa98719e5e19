"""How far training has got: the history of finished epochs, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fasharness.method import Stage


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """The result of one epoch.

    Attributes:
        stage: the stage's name.
        epoch: its number in the stage, from 1.
        losses: mean of each loss over the epoch's batches.
        selection: `Method.selection` on dev where the epoch was validated; lower is better.
    """

    stage: str
    epoch: int
    losses: Mapping[str, float]
    selection: float | None = None


class Training(NamedTuple):
    """The outcome of training.

    Attributes:
        history: the record of every epoch.
        warnings: what is doubtful about the model, one sentence each.
    """

    history: list[EpochRecord]
    warnings: list[str]


@dataclass
class Position:
    """How far training has got; saved with the weights, so that it can resume there.

    Attributes:
        stage: number of the stage, from 0.
        epoch: number of the epoch in the stage, from 0.
        batch: batches of the epoch that are done.
        sums: sum of each loss over these batches, as far as they are read.
        best: lowest `Method.selection` of the stage so far.
        history: finished epochs.
        warnings: see `Training`.
        recalibrated: batch normalisations whose running statistics were estimated anew.
    """

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float | None = None
    history: list[EpochRecord] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    recalibrated: list[str] = field(default_factory=list)

    def exhausted(self, stage: Stage) -> bool:
        """Return whether the running stage ends: all epochs done, or its patience at an end."""
        values = [r.selection for r in self.history if r.stage == stage.name]
        known = [value for value in values if value is not None]
        # The first of equals: weights that are only as good are no progress.
        waited = len(known) - 1 - known.index(min(known)) if known else 0
        return self.epoch >= stage.epochs or (0 < stage.patience <= waited)

    def progress(self, stages: Sequence[Stage], counts: Sequence[int], unread: int) -> Progress:
        """Return what to show of a running stage.

        Args:
            stages: all stages.
            counts: batches in an epoch of each.
            unread: batches of the epoch whose losses are not in `sums`.
        """
        batches = [count * each.epochs for count, each in zip(counts, stages, strict=True)]
        done = sum(batches[: self.stage]) + self.epoch * counts[self.stage] + self.batch
        means = {name: value / max(1, self.batch - unread) for name, value in self.sums.items()}
        stage = stages[self.stage]
        return Progress(stage.name, self.epoch + 1, stage.epochs, done, sum(batches), means)


class Progress(NamedTuple):
    """How far training has got, for display.

    Attributes:
        stage: name of the stage.
        epoch: number of the epoch, from 1.
        epochs: epochs of the stage.
        done: finished batches over all stages.
        total: batches of all stages.
        losses: mean losses of the running epoch, as far as they are read.
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


def validated(epoch: int, stage: Stage) -> bool:
    """Return whether an epoch (from 0) is validated: evenly spread, always the last."""
    left = stage.epochs - 1 - epoch
    return any(
        left == stage.epochs * number // stage.validations for number in range(stage.validations)
    )


def some(names: Sequence[str]) -> str:
    """The first few names of presentations."""
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:5]) + (", ..." if len(unique) > 5 else "")
