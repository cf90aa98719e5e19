"""From stored clips to batches: what is read, in which order, with which random draws."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from fasharness.data import Batch, Clip, ClipSpec, Presentation
from fasharness.faces import CropRule
from fasharness.prepare.store import StoredClips, load_clip

Arrays = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class ClipSource:
    """Where the clips of one presentation lie and how they are cut."""

    presentation: Presentation
    stored: StoredClips
    spec: ClipSpec
    rule: CropRule

    def load(self, index: int, rng: np.random.Generator | None = None) -> Clip:
        """Read one clip; see `load_clip`."""
        return load_clip(self.stored, index, self.presentation, self.spec, self.rule, rng)


def stack(clips: Sequence[Clip]) -> Arrays:
    """Stack clips to the tensors of a `Batch`, in its order."""
    frames = torch.from_numpy(np.stack([clip.frames for clip in clips])).permute(0, 1, 4, 2, 3)
    depth = torch.from_numpy(np.stack([clip.depth for clip in clips]))
    mask = torch.from_numpy(np.stack([clip.mask for clip in clips]))
    return frames.contiguous(), depth, mask, torch.tensor([clip.bona_fide for clip in clips])


class EpochClips(TorchDataset[Clip]):
    """The training clips of one epoch; every draw depends on (seed, epoch, position) alone.

    Args:
        sources: presentations with their clips.
        augment: changes a clip at random.
        seed: seeds of the run, the stage and the epoch.
    """

    def __init__(
        self,
        sources: Sequence[ClipSource],
        augment: Callable[[Clip, np.random.Generator], Clip],
        seed: Sequence[int],
    ) -> None:
        self.items = [(s, index) for s in sources for index in range(s.stored.clips)]
        self.augment = augment
        self.seed = tuple(seed)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> Clip:
        source, index = self.items[position]
        rng = np.random.default_rng([*self.seed, position])
        return self.augment(source.load(index, rng), rng)

    def order(self) -> list[int]:
        """The epoch's shuffled positions."""
        positions = np.random.default_rng([*self.seed, len(self.items)]).permutation(len(self))
        return [int(position) for position in positions]


def batches(
    clips: EpochClips, size: int, *, skip: int, drop_last: bool, workers: int, pin: bool
) -> Iterator[Arrays]:
    """Batches of an epoch from batch `skip` on; the first ones are skipped without reading."""
    order = clips.order()
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    if drop_last and groups and len(groups[-1]) < size:
        groups.pop()
    loader: DataLoader[Clip] = DataLoader(
        clips,
        batch_sampler=groups[skip:],
        collate_fn=stack,
        num_workers=workers,
        pin_memory=pin,
        worker_init_fn=_ignore_interrupt,
    )
    return iter(loader)


def _ignore_interrupt(worker: int) -> None:
    """A terminal sends Ctrl-C to the readers too; the trainer decides when they end."""
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def batch_count(clips: int, size: int, drop_last: bool) -> int:
    """Number of batches in an epoch."""
    return clips // size if drop_last else -(-clips // size)


def scoring_batches(source: ClipSource, most: int = 16) -> Iterator[Batch]:
    """The clips of one presentation, in batches that depend on nothing but the presentation."""
    for start in range(0, source.stored.clips, most):
        stop = min(start + most, source.stored.clips)
        yield Batch(*stack([source.load(index) for index in range(start, stop)]))
