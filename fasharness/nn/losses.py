"""Losses on depth maps that methods share."""

from __future__ import annotations

from torch import Tensor, nn

from fasharness import ops
from fasharness.ops.contrast_depth_loss import Padding


class ContrastDepthLoss(nn.Module):
    """Mean squared difference of the eight neighbour contrasts of two depth maps.

    Args:
        padding: 'valid' leaves border cells out, 'same' pads the maps with zeros.
    """

    def __init__(self, padding: Padding = "valid") -> None:
        super().__init__()
        self.padding: Padding = padding

    def forward(self, pred: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Apply `fasharness.ops.contrast_depth_loss`.

        Args:
            pred: float tensor (N, H, W) or (N, C, H, W).
            target: float tensor of the shape of pred.
            weight: float tensor (N,) or None.

        Returns:
            Tensor ().
        """
        return ops.contrast_depth_loss(pred, target, padding=self.padding, weight=weight)
