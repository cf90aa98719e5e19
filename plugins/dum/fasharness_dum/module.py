"""The depth uncertainty module: a distribution of the depth at each place, from any features."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Depth(NamedTuple):
    """A normal distribution of the depth at each place of N maps.

    Attributes:
        mu: float tensor (N, D, D), the mean; it can be negative.
        logvar: float tensor (N, D, D), the logarithm of the variance.
    """

    mu: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Draw maps by reparameterisation, so that gradients reach mean and variance.

        Args:
            noise: float tensor (N, D, D), standard normal.

        Returns:
            float tensor (N, D, D).
        """
        return self.mu + noise * torch.exp(self.logvar / 2)


class DepthUncertainty(nn.Module):
    """Gives a distribution of the depth on top of any network that estimates depth.

    Args:
        features: turns frames (N, 3, S, S) into features (N, channels, D, D): a network without
            its last convolution, the one to the depth map.
        channels: of the features.

    Source: Wu et al., Dual Spoof Disentanglement Generation for Face Anti-spoofing with Depth
    Uncertainty Learning, 2021, section on depth uncertainty learning.
    """

    def __init__(self, features: nn.Module, channels: int) -> None:
        super().__init__()
        self.features = features
        # Plain convolutions without normalisation and ReLU, as published, also on CDCN.
        self.mu = nn.Conv2d(channels, 1, 3, padding=1, bias=False)
        self.logvar = nn.Conv2d(channels, 1, 3, padding=1, bias=False)

    def forward(self, frames: Tensor) -> Depth:
        """Estimate depth and its uncertainty.

        Args:
            frames: float tensor (N, 3, S, S), as the features' network takes them.

        Returns:
            The distribution; nothing is drawn from it here.
        """
        features = self.features(frames)
        return Depth(self.mu(features).squeeze(1), self.logvar(features).squeeze(1))
