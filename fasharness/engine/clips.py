"""From stored clips to batches: which clips, in which order, with which random draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from fasharness.clips import ClipSpec, Sampling
from fasharness.common import signals
from fasharness.data import Batch, Clip, Presentation
from fasharness.engine.sampling import Draw, Item, Pick, plan_epoch
from fasharness.faces import CropRule
from fasharness.prepare.store import StoredClips, load_clip


@dataclass(frozen=True, slots=True)
class ClipSource:
    """Where the clips of one presentation are stored and how they are cut.

    Attributes:
        presentation: what is shown.
        stored: its clips.
        spec: what they are.
        rule: how crops are resized.
        weight: how often training counts each clip.
        origin: name of its auxiliary set; empty for the protocol's own.
    """

    presentation: Presentation
    stored: StoredClips
    spec: ClipSpec
    rule: CropRule
    weight: int = 1
    origin: str = ""

    def load(self, index: int, rng: np.random.Generator | None = None) -> Clip:
        """Read one clip; see `load_clip`."""
        clip = load_clip(self.stored, index, self.presentation, self.spec, self.rule, rng)
        return replace(clip, origin=self.origin)

    def item(self) -> Item:
        """What sampling needs to know of it."""
        return Item(self.presentation, self.stored.clips, self.weight, self.origin)


Loaded = tuple[Clip, Clip | None]


def stack(clips: Sequence[Clip]) -> Batch:
    """Stack clips into a batch."""
    images = {
        name: torch.from_numpy(np.stack([clip.images[name] for clip in clips]))
        # Not contiguous: the channels stay innermost (channels_last), as networks have them too.
        .permute(0, 1, 4, 2, 3)
        for name in clips[0].images
    }
    labels = {
        name: torch.from_numpy(np.stack([clip.labels[name] for clip in clips]))
        for name in clips[0].labels
    }
    return Batch(
        images,
        labels,
        torch.tensor([clip.bona_fide for clip in clips]),
        [clip.presentation for clip in clips],
        [clip.origin for clip in clips],
    )


def _collate(loaded: Sequence[Loaded]) -> Batch:
    batch = stack([clip for clip, _ in loaded])
    partners = [partner for _, partner in loaded if partner is not None]
    if partners:
        batch.partner = stack(partners)
    return batch


class EpochClips(TorchDataset[Loaded]):
    """The training clips of one epoch; every draw depends only on the seeds and its place.

    Args:
        sources: presentations with their clips.
        augment: changes a clip at random; is given the generator of its draw.
        seed: seeds of the run, the stage and the epoch.
    """

    def __init__(
        self,
        sources: Sequence[ClipSource],
        augment: Callable[[Clip, np.random.Generator], Clip],
        seed: Sequence[int],
    ) -> None:
        self.sources = sources
        self.augment = augment
        self.seed = tuple(seed)

    def plan(self, sampling: Sampling, size: int, *, drop_last: bool) -> list[list[Draw]]:
        """Plan the batches of the epoch; see `plan_epoch`."""
        items = [source.item() for source in self.sources]
        return plan_epoch(items, sampling, size, self.seed, drop_last=drop_last)

    def __getitem__(self, draw: Draw) -> Loaded:
        # A generator for each draw, not one for the epoch: the draws are the same with any
        # number of reader processes and after a resumed epoch.
        rng = np.random.default_rng([*self.seed, draw.seed])
        clip = self._load(draw.pick, rng)
        return clip, None if draw.partner is None else self._load(draw.partner, rng)

    def _load(self, pick: Pick, rng: np.random.Generator) -> Clip:
        return self.augment(self.sources[pick.item].load(pick.clip, rng), rng)


def batches(
    clips: EpochClips, plan: Sequence[Sequence[Draw]], *, workers: int, pin: bool
) -> Iterator[Batch]:
    """Iterate over planned batches; those that a resumed epoch has done are not in `plan`."""
    loader: DataLoader[Loaded] = DataLoader(
        clips,
        # DataLoader's own shuffling would draw from torch's global generator and depend on what
        # ran before.
        batch_sampler=plan,  # type: ignore[arg-type]  # draws are the indices
        collate_fn=_collate,
        num_workers=workers,
        pin_memory=pin,
        worker_init_fn=_ignore_interrupt,
    )
    return iter(loader)


def _ignore_interrupt(worker: int) -> None:
    """Ignore ending signals, which a terminal sends to the readers too; the trainer ends them."""
    del worker
    signals.ignore()


Chunk = Sequence[ClipSource]
"""Presentations that are scored together."""


def scoring_chunks(sources: Iterable[ClipSource], most: int) -> Iterator[Chunk]:
    """Group whole presentations, in their order, as long as their clips fit into one batch.

    Args:
        sources: the presentations.
        most: clips in a batch; a presentation that has more is a chunk of its own.
    """
    # By the presentations alone, never by what is left to do: batch sizes change rounding, and a
    # resumed scoring must give the same floats.
    chunk: list[ClipSource] = []
    clips = 0
    for source in sources:
        if chunk and clips + source.stored.clips > most:
            yield chunk
            chunk, clips = [], 0
        chunk.append(source)
        clips += source.stored.clips
    if chunk:
        yield chunk


def scoring_batches(chunk: Chunk, most: int) -> list[Batch]:
    """Read the clips of a chunk, presentation by presentation, in batches of at most `most`."""
    picks = [(source, index) for source in chunk for index in range(source.stored.clips)]
    return [
        stack([source.load(index) for source, index in picks[start : start + most]])
        for start in range(0, len(picks), most)
    ]
