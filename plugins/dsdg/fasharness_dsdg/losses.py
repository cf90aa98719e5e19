"""The generator's seven losses with their published weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from fasharness_dsdg.networks import Code

MMD, TYPE, ORTHOGONAL, IDENTITY, PAIR = 50.0, 10.0, 1.0, 1000.0, 5.0
"""Published weights (the authors' training script; the defaults in their code differ)."""
SIDE = 256
"""Published side of a picture in pixels."""
WARM_UP = 0.01
"""Published share of all losses but the reconstruction in the first epoch."""


class Losses(NamedTuple):
    """Scalar losses with their weights.

    Attributes:
        reconstruction: of both pictures of the pairs.
        divergence: of the three distributions from a standard normal one.
        mmd: difference of the mean identity codes of attacks and bona fide pictures.
        type: classification of the spoof type.
        orthogonal: of spoof type and identity.
        identity: of reconstructed and original pictures.
        pair: of the two reconstructed pictures.
    """

    reconstruction: Tensor
    divergence: Tensor
    mmd: Tensor
    type: Tensor
    orthogonal: Tensor
    identity: Tensor
    pair: Tensor

    def total(self, share: Tensor | float) -> Tensor:
        """The reconstruction plus a share of all others: `WARM_UP` in the first epoch, then 1."""
        return self.reconstruction + share * sum(self[1:], torch.zeros_like(self.reconstruction))


def reconstruction(made: Tensor, pairs: Tensor) -> Tensor:
    """Half the squared error, summed over a pair of the published size, meant over the batch.

    Args:
        made: float tensor (N, 6, S, S).
        pairs: what it should be, of the same shape.
    """
    # A sum, as published. Without the factor smaller pictures would shift the balance of all
    # losses: at 64 pixels the reconstruction would count a sixteenth.
    places = (SIDE / made.shape[-1]) ** 2
    return places * F.mse_loss(made, pairs, reduction="sum") / (2 * len(made))


def divergence(code: Code) -> Tensor:
    """Kullback-Leibler divergence from a standard normal distribution, meant over the batch."""
    places = code.mu.square() + code.logvar.exp() - code.logvar - 1
    return places.sum(dim=1).mean() / 2


def mmd(attack: Tensor, bona_fide: Tensor) -> Tensor:
    """Mean absolute difference of the mean identity codes, times 50.

    Args:
        attack: float tensor (N, H), drawn.
        bona_fide: float tensor (N, H), drawn.
    """
    return MMD * (attack.mean(dim=0) - bona_fide.mean(dim=0)).abs().mean()


def orthogonal(spoof: Tensor, attack: Tensor) -> Tensor:
    """Absolute value of the mean scalar product of type and identity code of attacks.

    Args:
        spoof: float tensor (N, H), drawn.
        attack: float tensor (N, H), drawn.
    """
    # As published: the absolute value of the mean over the batch, so signs may cancel.
    return ORTHOGONAL * (spoof * attack).sum(dim=1).mean().abs()


class Features(NamedTuple):
    """Identity features, float tensors (N, F) of length 1, of attacks and bona fide pictures."""

    attack: Tensor
    bona_fide: Tensor


def identity(made: Features, original: Features) -> Tensor:
    """Mean squared difference of the features of reconstructed and original pictures, times 1000.

    Args:
        made: of the reconstructed pictures.
        original: of the original ones; no gradient reaches them.
    """
    attack = F.mse_loss(made.attack, original.attack.detach())
    bona_fide = F.mse_loss(made.bona_fide, original.bona_fide.detach())
    return IDENTITY * (attack + bona_fide) / 2


def pair(made: Features) -> Tensor:
    """Mean squared difference of the features of the two reconstructed pictures, times 5."""
    return PAIR * F.mse_loss(made.attack, made.bona_fide)


def spoof_type(logits: Tensor, types: Tensor) -> Tensor:
    """Cross entropy of the spoof type, times 10.

    Args:
        logits: float tensor (N, T).
        types: int64 tensor (N,), from 0.
    """
    return TYPE * F.cross_entropy(logits, types)
