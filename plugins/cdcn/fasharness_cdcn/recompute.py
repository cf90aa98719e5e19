"""Two ways to run a part of a network in training: keep what it computes, or compute it twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

Run: TypeAlias = Callable[[nn.Module, Tensor], Tensor]


def direct(part: nn.Module, x: Tensor) -> Tensor:
    """Run a part and keep its features for the backward pass."""
    found: Tensor = part(x)
    return found


def recomputed(part: nn.Module, x: Tensor) -> Tensor:
    """Run a part and compute its features again in the backward pass: less memory, more time.

    Results and gradients are the same; the running statistics of its normalisations move once.
    """
    if not torch.is_grad_enabled():
        return direct(part, x)
    found: Tensor = checkpoint(
        part,
        x,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _still(part)),
        # Nothing is drawn in these parts.
        preserve_rng_state=False,
    )
    return found


@contextmanager
def _still(part: nn.Module) -> Iterator[None]:
    """Keep running statistics as they are while a part is computed for the second time."""
    norms = [each for each in part.modules() if isinstance(each, nn.BatchNorm2d)]
    momenta = [each.momentum for each in norms]
    for each in norms:
        each.momentum = 0.0
    try:
        yield
    finally:
        for each, momentum in zip(norms, momenta, strict=True):
            each.momentum = momentum
            if each.training and each.num_batches_tracked is not None:
                each.num_batches_tracked.sub_(1)
