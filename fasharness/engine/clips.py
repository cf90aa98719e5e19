"""From stored clips to batches: which clips, in which order, with which random draws."""

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
    """Where the clips of one presentation are stored and how they are cut."""

    presentation: Presentation
    stored: StoredClips
    spec: ClipSpec
    rule: CropRule

    def load(self, index: int, rng: np.random.Generator | None = None) -> Clip:
        """Read one clip; see `load_clip`."""
        return load_clip(self.stored, index, self.presentation, self.spec, self.rule, rng)


def stack(clips: Sequence[Clip]) -> Arrays:
    """Stack clips into the tensors of a `Batch`, in its order."""
    frames = torch.from_numpy(np.stack([clip.frames for clip in clips])).permute(0, 1, 4, 2, 3)
    depth = torch.from_numpy(np.stack([clip.depth for clip in clips]))
    mask = torch.from_numpy(np.stack([clip.mask for clip in clips]))
    # Not contiguous: the channels stay innermost (channels_last), as networks have them too.
    return frames, depth, mask, torch.tensor([clip.bona_fide for clip in clips])


class EpochClips(TorchDataset[Clip]):
    """The training clips of one epoch; every draw depends only on (seed, epoch, position).

    Args:
        sources: presentations with their clips.
        augment: changes a clip at random; is given the generator of its position.
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
        # A generator for each position, not one for the epoch: the draws are the same with any
        # number of reader processes and after a resumed epoch.
        rng = np.random.default_rng([*self.seed, position])
        return self.augment(source.load(index, rng), rng)

    def order(self) -> list[int]:
        """Return the shuffled positions of the epoch."""
        # len(self.items) is one more than the last position, so the order shares no draws with a
        # clip.
        positions = np.random.default_rng([*self.seed, len(self.items)]).permutation(len(self))
        return [int(position) for position in positions]


def batches(
    clips: EpochClips, size: int, *, skip: int, drop_last: bool, workers: int, pin: bool
) -> Iterator[Arrays]:
    """Iterate over the batches of an epoch from batch `skip` on, without reading those before."""
    order = clips.order()
    # Cut before skipping, so that a resumed epoch has the same batches. DataLoader's own shuffling
    # would draw from torch's global generator and depend on what ran before.
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
    """Ignore Ctrl-C, which a terminal sends to the readers too; the trainer ends them."""
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def batch_count(clips: int, size: int, drop_last: bool) -> int:
    """Return the number of batches in an epoch."""
    return clips // size if drop_last else -(-clips // size)


def scoring_batches(source: ClipSource, most: int) -> Iterator[Batch]:
    """Iterate over the clips of one presentation, in batches of this presentation alone."""
    # Never filled up with another presentation's clips: batch sizes change rounding, and a resumed
    # scoring must give the same floats.
    for start in range(0, source.stored.clips, most):
        stop = min(start + most, source.stored.clips)
        yield Batch(*stack([source.load(index) for index in range(start, stop)]))
