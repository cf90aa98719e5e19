"""The losses of a distribution of depth, on original and on generated presentations."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from fasharness.ops import contrast_depth_loss
from fasharness_dum.module import Depth

DIVERGENCE = 1e-3
"""Weight of the divergence, which is a sum over the map (published as lambda)."""
GENERATED = 0.1
"""Weight of all losses of generated presentations (published)."""


class Losses(NamedTuple):
    """Scalar losses with their weights; `total` is their sum."""

    total: Tensor
    square: Tensor
    contrast: Tensor
    divergence: Tensor


def depth_losses(depth: Depth, label: Tensor, noise: Tensor) -> Losses:
    """Compare maps that are drawn from a distribution, and the distribution, with the label.

    Args:
        depth: of N frames.
        label: float tensor (N, D, D) in [0, 1], zeros for attacks.
        noise: float tensor (N, D, D), standard normal, which draws the maps.

    Returns:
        Mean squared error and contrastive depth loss of the drawn maps, and the
        Kullback-Leibler divergence from a normal distribution of unit variance around the label:
        mean over N of the sum over a map, times 0.001.
    """
    drawn = depth.sample(noise)
    square, contrast = F.mse_loss(drawn, label), contrast_depth_loss(drawn, label)
    # As published, around the label; a VAE's is around zero.
    places = (depth.mu - label).square() + depth.logvar.exp() - depth.logvar - 1
    divergence = DIVERGENCE * places.sum(dim=(1, 2)).mean() / 2
    return Losses(square + contrast + divergence, square, contrast, divergence)


def mixed_losses(depth: Depth, label: Tensor, noise: Tensor, own: int) -> Losses:
    """Losses of a batch of original presentations followed by generated ones.

    Args:
        depth: of N frames.
        label: float tensor (N, D, D).
        noise: float tensor (N, D, D).
        own: how many, the first ones, are original.

    Returns:
        Each loss of the original part plus 0.1 times that of the generated part, both means over
        their own frames.
    """
    original = depth_losses(Depth(depth.mu[:own], depth.logvar[:own]), label[:own], noise[:own])
    if own == len(label):
        return original
    generated = depth_losses(Depth(depth.mu[own:], depth.logvar[own:]), label[own:], noise[own:])
    return Losses(*(a + GENERATED * b for a, b in zip(original, generated, strict=True)))
