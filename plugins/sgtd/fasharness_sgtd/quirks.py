"""The authors' published code where it departs from the paper, at its batch size of one clip."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from fasharness_sgtd.network import SGTDNet
from fasharness_sgtd.scoring import CLASS_SHARE, Scorer


class CompatSGTDNet(SGTDNet):
    """The multi-frame network as the published code runs it on one clip; same weights."""

    def recur(self, motion: torch.Tensor) -> torch.Tensor:
        """Turn motion features (B, T - 1, C, D, D) into maps, each step from the zero state.

        The code recurs over the batch axis, so with one clip the positions do not interact.
        """
        gru = self.recurrence
        # dynamic_rnn(time_major=True) on (B, T, ...). Training so gives the recurrent half of the
        # kernels no gradient: in released weights it should still be at its initial values.
        maps = gru.cell2.first(gru.cell1.first(motion.flatten(0, 1)))
        return maps.view(*motion.shape[:2], *maps.shape[-2:])

    def classify(self, depth: torch.Tensor) -> torch.Tensor:
        """Turn mean fused maps (B, D, D) into probabilities (B, 2), after a last ReLU.

        The code calls them logits, and its loss applies the softmax to them once more.
        """
        # A logit below zero has no gradient; if both are, the class branch stops learning.
        return torch.softmax(F.relu(super().classify(depth)), dim=1)


class CompatScorer(Scorer):
    """The published code's scores: depth inside a face mask, through a sigmoid."""

    def frames(self, depth: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Score single-frame depth maps: ``sigmoid(2 d - 1)``; see `Scorer.frames`.

        Returns:
            float tensor (N,) in (0, 1); NaN where the mask is empty, as in the code.
        """
        return torch.sigmoid(2 * _masked_mean(depth, mask) - 1)

    def clips(
        self, fused: torch.Tensor, classes: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Score clips: ``sigmoid(1.2 d + 0.8 p - 1)``; see `Scorer.clips`.

        It is the softmax over ``(0.2 d + 0.8 p, 1 - d)``, which are not complementary.

        Args:
            fused: float tensor (B, T - 1, D, D).
            classes: float tensor (B, 2), probabilities.
            mask: bool tensor (B, T, D, D); only that of the first frame is used.

        Returns:
            float tensor (B,) in (0, 1); NaN where the mask is empty, as in the code.
        """
        depth = _masked_mean(fused.mean(dim=1), None if mask is None else mask[:, 0])
        bona_fide = (1 - CLASS_SHARE) * depth + CLASS_SHARE * classes[:, 0]
        # For d and p in [0, 1] the score is between 0.27 and 0.73.
        return torch.sigmoid(bona_fide - (1 - depth))


def depth_scale(frames: int) -> float:
    """Return the factor on the depth loss: the code sums over T - 1 maps and divides by T."""
    return (frames - 1) / frames


def _masked_mean(depth: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    if mask is None:
        raise ValueError("the published score needs the label 'mask' of each clip")
    weight = mask.to(depth.dtype)
    # No epsilon, as in the code: NaN for an empty mask, which the harness counts as a failure. The
    # code's evaluation turns it into 0, an attack.
    return (depth * weight).sum(dim=(-2, -1)) / weight.sum(dim=(-2, -1))
