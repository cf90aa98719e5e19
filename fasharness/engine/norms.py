"""Running statistics of batch normalisations: seen too few batches, or estimated anew."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

Norms = Mapping[str, _BatchNorm]


class Unsettled(NamedTuple):
    """Batch normalisations whose running statistics still contain their start.

    Attributes:
        layers: how many they are.
        seen: the fewest training batches that one has seen.
        needed: the time constant of that one: 1 / momentum.
    """

    layers: int
    seen: int
    needed: int

    def words(self) -> str:
        """Return the fact as the first half of a sentence."""
        return (
            f"the running statistics of {self.layers} batch normalisations have seen {self.seen} "
            f"training batches, fewer than the {self.needed} (1 / momentum) that they take to "
            "forget their start"
        )


def norms(network: nn.Module, *, training: bool) -> Norms:
    """Return the batch normalisations with running statistics, by name.

    Args:
        network: the network.
        training: those in training mode, which update them, or those in evaluation mode.
    """
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm)
        and module.running_mean is not None
        and module.training is training
    }


def unsettled(found: Norms, settled: Iterable[str]) -> Unsettled | None:
    """Find the running statistics that have seen fewer batches than their time constant.

    Args:
        found: batch normalisations by name.
        settled: names of those that were estimated anew.

    Returns:
        The facts, None if there are none. Those that saw no batch at all came with other weights
        or are as they were built, on purpose, and do not count.
    """
    counts = []
    for name in found.keys() - set(settled):
        seen, momentum = found[name].num_batches_tracked, found[name].momentum
        if seen is not None and momentum and 0 < int(seen) < 1 / momentum:
            counts.append((int(seen), math.ceil(1 / momentum)))
    return Unsettled(len(counts), *min(counts)) if counts else None


@contextmanager
def estimating(found: Norms) -> Iterator[None]:
    """Let batch normalisations estimate their running statistics anew within the block.

    They are plain means over the batches of the block. Source: Wu and Johnson, Rethinking "Batch"
    in BatchNorm, 2021, section 3 (precise batch norm).
    """
    before = {name: module.momentum for name, module in found.items()}
    for module in found.values():
        module.reset_running_stats()
        module.momentum = None  # torch's way to ask for the plain mean
    try:
        yield
    finally:
        for name, module in found.items():
            module.momentum = before[name]
