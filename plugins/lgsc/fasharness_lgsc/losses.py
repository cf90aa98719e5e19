"""The losses of the spoof cue: triplets of features, regression of live cues, classification."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

MARGIN = 0.5
"""By how much an attack must be farther from a bona fide feature than another bona fide one."""
REGRESSION = 5.0
CLASSIFICATION = 5.0
"""Published weights of the two losses; the triplet loss counts once."""


def triplet(features: Tensor, bona_fide: Tensor) -> Tensor:
    """Triplet loss of all triplets whose anchor and positive are bona fide, the negative an attack.

    Args:
        features: float tensor (B, C).
        bona_fide: bool tensor (B,).

    Returns:
        Scalar: the mean over the triplets that violate the margin; 0 where none does, e.g. without
        bona fide features.

    Source: Feng et al. 2020, equation 3; an attack is never an anchor.
    """
    unit = features / (features.square().sum(dim=1, keepdim=True) + 1e-10).sqrt()
    live = unit[bona_fide]
    # The authors take the root of |a|^2 - 2ab + |b|^2, whose gradient is NaN at zero, and on the
    # diagonal it is zero. vector_norm's is zero there.
    distance = torch.linalg.vector_norm(live[:, None] - unit, dim=2)
    positive, negative = distance[:, bona_fide], distance[:, ~bona_fide]
    hinge = F.relu(positive[:, :, None] - negative[:, None, :] + MARGIN)
    other = ~torch.eye(len(live), dtype=torch.bool, device=live.device)
    hinge = hinge * other[:, :, None]
    return hinge.sum() / (hinge > 0).sum().clamp(min=1)


def triplets(maps: Sequence[Tensor], bona_fide: Tensor) -> Tensor:
    """Sum the triplet loss over maps of several scales, each averaged over its places.

    Args:
        maps: float tensors (B, C, H, W).
        bona_fide: bool tensor (B,).
    """
    return torch.stack([triplet(_mean(each, (2, 3)), bona_fide) for each in maps]).sum()


def regression(cue: Tensor, bona_fide: Tensor) -> Tensor:
    """Mean absolute cue of the bona fide frames, which have none; attacks are left free.

    Args:
        cue: float tensor (B, 3, S, S).
        bona_fide: bool tensor (B,).

    Returns:
        Scalar; 0 without bona fide frames.

    Source: Feng et al. 2020, equation 1.
    """
    return (strength(cue) * bona_fide).sum() / bona_fide.sum().clamp(min=1)


def strength(cue: Tensor) -> Tensor:
    """Mean absolute cue of each frame.

    Args:
        cue: float tensor (B, 3, S, S).

    Returns:
        float tensor (B,) in [0, 1].
    """
    return _mean(cue.abs(), (1, 2, 3))


def _mean(x: Tensor, over: tuple[int, ...]) -> Tensor:
    # Never in half precision, which near 1 has steps of 0.004: distances and scores are small
    # differences.
    return x.mean(dim=over, dtype=torch.promote_types(x.dtype, torch.float32))


def classification(logits: Tensor, bona_fide: Tensor) -> Tensor:
    """Cross entropy of the classifier.

    Args:
        logits: float tensor (B, 2) of attack and bona fide.
        bona_fide: bool tensor (B,).

    Source: Feng et al. 2020, equation 4.
    """
    return F.cross_entropy(logits, bona_fide.long())
