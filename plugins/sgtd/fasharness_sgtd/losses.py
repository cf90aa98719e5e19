"""The losses of the single-frame and the multi-frame stage."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional as F

from fasharness.ops import contrast_depth_loss
from fasharness_sgtd.network import ClipMaps
from fasharness_sgtd.scoring import CLASS_SHARE

SINGLE_CONTRAST = 0.5  # weight of the contrastive loss in the single-frame stage (published)


class SingleLosses(NamedTuple):
    """Scalar losses of the single-frame stage."""

    total: torch.Tensor
    square: torch.Tensor
    contrast: torch.Tensor


class MultiLosses(NamedTuple):
    """Scalar losses of the multi-frame stage."""

    total: torch.Tensor
    depth: torch.Tensor
    classes: torch.Tensor


def single_losses(depth: torch.Tensor, target: torch.Tensor) -> SingleLosses:
    """Compare single-frame depth maps with the label depth.

    Args:
        depth: float tensor (N, D, D).
        target: float tensor (N, D, D) in [0, 1], zeros for attacks.

    Returns:
        Mean squared error, contrastive depth loss and ``square + 0.5 contrast``.

    Source: Wang et al., CVPR 2020, Euclidean and contrastive depth loss.
    """
    square = F.mse_loss(depth, target)
    # padding="same": the TensorFlow code pads the contrast with zeros, so depth at the border is
    # penalised too; CDCN does not pad.
    contrast = contrast_depth_loss(depth, target, padding="same")
    return SingleLosses(square + SINGLE_CONTRAST * contrast, square, contrast)


def multi_losses(
    maps: ClipMaps, target: torch.Tensor, bona_fide: torch.Tensor, depth_scale: float = 1.0
) -> MultiLosses:
    """Compare fused maps with the label depth and the class with the label.

    Args:
        maps: the network's output for B clips of T frames.
        target: float tensor (B, T, D, D) in [0, 1]; the last frame has no fused map.
        bona_fide: bool tensor (B,).
        depth_scale: factor on the depth loss.

    Returns:
        Depth loss (mean over maps of squared error + contrast), softmax cross entropy and
        ``0.2 depth + 0.8 classes``.

    Source: Wang et al., CVPR 2020, multi-frame loss with beta = 0.8.
    """
    fused, label = maps.fused.flatten(0, 1), target[:, :-1].flatten(0, 1)
    # Contrast weighs 1 here and 0.5 for single frames; both are published values.
    square = F.mse_loss(fused, label)
    depth = depth_scale * (square + contrast_depth_loss(fused, label, padding="same"))
    # Class 0 is bona fide in the published labels. With `compat` the network returns probabilities,
    # so the softmax is applied twice, as in the code.
    classes = F.cross_entropy(maps.classes, (~bona_fide).long())
    return MultiLosses((1 - CLASS_SHARE) * depth + CLASS_SHARE * classes, depth, classes)


def decayed(module: nn.Module) -> list[nn.Parameter]:
    """Return the weights under L2 decay: of convolutions and linear layers outside the ConvGRU.

    Args:
        module: the network or a part of it.

    Returns:
        Parameters in the order of the network, without biases and normalisations.
    """
    return [
        cast(nn.Parameter, layer.weight)
        for name, layer in module.named_modules()
        # The code's regulariser is an option of slim's layers; the ConvGRU's kernels are plain
        # variables.
        if isinstance(layer, nn.Conv2d | nn.Linear) and not name.endswith(("gates", "candidate"))
    ]
