"""Scores of frames and clips from the outputs of the networks; higher is more bona fide."""

from __future__ import annotations

import torch

CLASS_SHARE = 0.8  # of the class branch in loss and score; the rest is depth (published value)


class Scorer:
    """Scores without a face mask, as a test video has none.

    Attack presentations are trained to zero depth everywhere and the background of a bona fide
    crop to zero as well, so the mean over the whole map ranks clips like the mean inside the face.
    """

    def frames(self, depth: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Score single-frame depth maps by their mean.

        Args:
            depth: float tensor (N, D, D).
            mask: bool tensor (N, D, D), where a face is; not used here.

        Returns:
            float tensor (N,) in [0, 1].
        """
        del mask
        return depth.mean(dim=(-2, -1)).clamp(0, 1)

    def clips(
        self, fused: torch.Tensor, classes: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Score clips: ``0.2 d + 0.8 p``, mean depth and probability of bona fide.

        Args:
            fused: float tensor (B, T - 1, D, D).
            classes: float tensor (B, 2), logits, class 0 is bona fide.
            mask: bool tensor (B, T, D, D); not used here.

        Returns:
            float tensor (B,) in [0, 1].
        """
        del mask
        # Clamped, as fused maps can be negative; the paper's weighted sum expects a share.
        depth = fused.mean(dim=(1, 2, 3)).clamp(0, 1)
        return torch.lerp(depth, torch.softmax(classes, dim=1)[:, 0], CLASS_SHARE)
