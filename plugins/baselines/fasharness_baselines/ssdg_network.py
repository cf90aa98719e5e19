"""The network of SSDG-R: normalised features of ResNet-18, a classifier and a discriminator."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness_lgsc.layers import ResNet18

CHANNELS = (64, 64, 128, 256, 512)
"""Channels of ResNet-18 from the stem to the deepest map."""
_STEEP = 10.0
_DROPPED = 0.5


class _Reverse(torch.autograd.Function):
    """The identity, whose gradient has the opposite sign."""

    @staticmethod
    def forward(context: Any, x: Tensor, strength: Tensor) -> Tensor:
        context.save_for_backward(strength)
        return x.view_as(x)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (strength,) = context.saved_tensors
        return -strength * gradients[0], None


def reversed_gradient(x: Tensor, strength: Tensor) -> Tensor:
    """Return x; its gradient is multiplied by -strength (Ganin and Lempitsky, ICML 2015).

    Args:
        x: float tensor.
        strength: scalar.
    """
    found: Tensor = _Reverse.apply(x, strength)  # type: ignore[no-untyped-call]
    return found


def strength_at(progress: float) -> float:
    """Weight of the reversed gradient: from 0 at the start towards 1 at the end of training.

    Args:
        progress: share of the training that is done, in [0, 1].
    """
    return 2 / (1 + math.exp(-_STEEP * progress)) - 1


class SSDG(nn.Module):
    """Classifies frames by features that do not tell the domains of bona fide ones.

    Args:
        domains: outputs of the discriminator.
        width: factor on all channels; 1 is published.
        compat: the authors' normalisations, see `embed` and `classify`.

    Attributes:
        strength: weight of the reversed gradient; saved and resumed with the weights.

    Source: Jia et al., Single-Side Domain Generalization for Face Anti-Spoofing, CVPR 2020.
    """

    strength: Tensor

    def __init__(self, domains: int, width: float = 1.0, compat: bool = False) -> None:
        super().__init__()
        channels = [max(1, round(each * width)) for each in CHANNELS]
        last = channels[-1]
        self.compat = compat
        self.encoder = ResNet18(channels, nn.BatchNorm2d)
        self.bottleneck = nn.Sequential(
            _linear(last, last, 0.005, 0.1), nn.ReLU(), nn.Dropout(_DROPPED)
        )
        self.classifier = _linear(last, 2, 0.01)
        self.discriminator = nn.Sequential(
            _linear(last, last, 0.01),
            nn.ReLU(),
            nn.Dropout(_DROPPED),
            _linear(last, domains, 0.3),
        )
        self.register_buffer("strength", torch.zeros(()))

    def embed(self, frames: Tensor) -> Tensor:
        """Compute normalised features.

        Args:
            frames: float tensor (N, 3, S, S) of ImageNet's scale.

        Returns:
            float tensor (N, 512) of length 1; with `compat` as the authors' code has it, divided
            by the root of twice the length.
        """
        features: Tensor = self.bottleneck(self.encoder(frames)[-1].mean(dim=(2, 3)))
        length = torch.linalg.vector_norm(features, dim=1, keepdim=True).clamp(min=1e-12)
        scale: Tensor = (2 * length).sqrt() if self.compat else length
        return features / scale

    def classify(self, features: Tensor) -> Tensor:
        """Return logits of attack and bona fide, float tensor (N, 2), from `embed`'s features.

        The weights of each class have length 1; with `compat` the two of each feature have, as in
        the authors' code, which sets them so before each use.
        """
        weight = self.classifier.weight
        if self.compat:
            with torch.no_grad():
                weight.copy_(F.normalize(weight, dim=0))
            return F.linear(features, weight, self.classifier.bias)
        return F.linear(features, F.normalize(weight, dim=1), self.classifier.bias)

    def discriminate(self, features: Tensor) -> Tensor:
        """Return logits of the domains, float tensor (N, domains); the gradient is reversed."""
        found: Tensor = self.discriminator(reversed_gradient(features, self.strength))
        return found

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits of attack and bona fide, float tensor (N, 2)."""
        return self.classify(self.embed(frames))


def _linear(inputs: int, outputs: int, deviation: float, bias: float = 0.0) -> nn.Linear:
    """A layer whose fresh weights are those of the authors' code."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=deviation)
    nn.init.constant_(layer.bias, bias)
    return layer


def triplets(features: Tensor, groups: Tensor, margin: float) -> Tensor:
    """Triplet loss of all triplets, averaged over those that violate the margin.

    Args:
        features: float tensor (B, C).
        groups: int tensor (B,): anchor and positive are of one group, the negative of another. For
            the asymmetric loss all bona fide frames are one group, and the attacks of each domain.
        margin: by how much a negative must be farther than a positive.

    Returns:
        Scalar; 0 where no triplet violates the margin.

    Source: Jia et al. 2020.
    """
    # Of differences: the root of a difference of squares has an infinite slope at zero.
    distance = torch.linalg.vector_norm(features[:, None] - features, dim=2)
    same = groups[:, None] == groups
    positive = same & ~torch.eye(len(groups), dtype=torch.bool, device=groups.device)
    hinge = F.relu(distance[:, :, None] - distance[:, None, :] + margin)
    hinge = hinge * (positive[:, :, None] & ~same[:, None, :])
    return hinge.sum() / (hinge > 0).sum().clamp(min=1)
