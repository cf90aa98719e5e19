"""The two networks of SGTD: a depth map from one frame, and depth and class from a clip."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from fasharness_sgtd.layers import (
    BN_MOMENTUM,
    ConvGRUCell,
    OffsetBatchNorm2d,
    ShortTermBlock,
    SpatialGradientBlock,
    initialise,
)

RECURRENT_SHARE = 0.6  # of a fused map; the rest is the frame's own map (published value)


class FaceMaps(NamedTuple):
    """Outputs of the single-frame network for N frames.

    Attributes:
        depth: float tensor (N, S / 8, S / 8), not negative.
        features: float tensors (N, C, S, S), (N, C, S / 2, S / 2), (N, C, S / 4, S / 4).
    """

    depth: torch.Tensor
    features: tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class ClipMaps(NamedTuple):
    """Outputs of the multi-frame network for B clips of T frames.

    Attributes:
        single: float tensor (B, T, D, D), the single-frame network's depth maps, D = S / 8.
        recurrent: float tensor (B, T - 1, D, D), the ConvGRU's maps.
        fused: float tensor (B, T - 1, D, D), their weighted sum; it can be negative.
        classes: float tensor (B, 2), logits, class 0 is bona fide.
    """

    single: torch.Tensor
    recurrent: torch.Tensor
    fused: torch.Tensor
    classes: torch.Tensor


def scaled(channels: int, width: float) -> int:
    """Scale the channels of a layer to another width.

    Args:
        channels: channels at the published width.
        width: factor, 1 for the published width.

    Returns:
        At least 1.
    """
    return max(1, round(channels * width))


class FaceMapNet(nn.Module):
    """Single-frame network: residual spatial gradient blocks on three scales to a depth map.

    Source: Wang et al., CVPR 2020, the depth-supervised architecture of a single frame.
    """

    def __init__(self, width: float = 1.0, momentum: float = BN_MOMENTUM) -> None:
        super().__init__()
        narrow, middle, wide = (scaled(c, width) for c in (64, 128, 192))

        def chain(*channels: int) -> nn.Sequential:
            blocks = (SpatialGradientBlock(i, o, momentum) for i, o in pairwise(channels))
            return nn.Sequential(*blocks)

        self.features = middle
        self.first = SpatialGradientBlock(3, narrow, momentum)
        self.scale1 = chain(narrow, middle, wide, middle)
        self.scale2 = chain(middle, middle, wide, middle)
        self.scale3 = chain(middle, middle, wide, middle)
        self.joint = chain(3 * middle, middle, narrow)
        self.depth = nn.Conv2d(narrow, 1, 3, padding=1)
        self.apply(initialise)

    def forward(self, frames: torch.Tensor) -> FaceMaps:
        """Estimate depth.

        Args:
            frames: float tensor (N, 3, S, S) in [-0.5, 0.5], RGB, S a multiple of 8.

        Returns:
            The depth maps, and the features that the multi-frame network uses.

        Raises:
            ValueError: the frames have another shape.
        """
        if frames.ndim != 4 or frames.shape[1] != 3 or frames.shape[2] % 8 or frames.shape[3] % 8:
            raise ValueError(
                f"frames must be (N, 3, S, S), S a multiple of 8, got {tuple(frames.shape)}"
            )
        features1 = self.scale1(self.first(frames))
        pool1 = F.max_pool2d(features1, 2)
        features2 = self.scale2(pool1)
        pool2 = F.max_pool2d(features2, 2)
        features3 = self.scale3(pool2)
        # TensorFlow 1's resize_bilinear at these integer ratios is a plain stride, bit for bit.
        # F.interpolate would average pixels, and published weights would not fit.
        scales = (pool1[..., ::4, ::4], pool2[..., ::2, ::2], F.max_pool2d(features3, 2))
        # ReLU, not a sigmoid: depth is not negative, and no normalisation follows. Not in place, so
        # that another head may take the features where `depth` is an identity.
        depth = F.relu(self.depth(self.joint(torch.cat(scales, dim=1))))
        return FaceMaps(depth.squeeze(1), (features1, features2, features3))


class _NormalisedConv(nn.Module):
    """Convolution, ReLU, normalisation, in the published order."""

    def __init__(self, inputs: int, outputs: int, momentum: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = OffsetBatchNorm2d(outputs, momentum)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.norm(F.relu_(self.conv(x)))
        return y


class MotionNet(nn.Module):
    """Short-term spatio-temporal blocks on three scales, joined from fine to coarse.

    Source: Wang et al., CVPR 2020, spatio-temporal propagation module, short-term part.
    """

    def __init__(self, features: int, width: float = 1.0, momentum: float = BN_MOMENTUM) -> None:
        super().__init__()
        reduced, outputs = scaled(32, width), scaled(128, width)
        self.block1 = ShortTermBlock(features, reduced, outputs, momentum)
        self.block2 = ShortTermBlock(features, reduced, outputs, momentum)
        self.block3 = ShortTermBlock(features, reduced, outputs, momentum)
        self.cascade1 = _NormalisedConv(2 * outputs, outputs, momentum)
        self.cascade2 = _NormalisedConv(2 * outputs, outputs, momentum)
        self.last = _NormalisedConv(outputs, outputs, momentum)
        self.apply(initialise)

    def forward(
        self, features: tuple[torch.Tensor, torch.Tensor, torch.Tensor], frames: int
    ) -> torch.Tensor:
        """Describe the motion between neighbouring frames.

        Args:
            features: as `FaceMaps.features` with N = B * frames, a clip's frames in order.
            frames: frames in a clip, at least 2.

        Returns:
            float tensor (B * (frames - 1), outputs, S / 8, S / 8).
        """
        fine, middle, coarse = features
        x = self.block1(fine, frames)
        # Stride 2 in place of resizing, as in `FaceMapNet`.
        x = self.cascade1(torch.cat((x[..., ::2, ::2], self.block2(middle, frames)), dim=1))
        x = self.cascade2(torch.cat((x[..., ::2, ::2], self.block3(coarse, frames)), dim=1))
        y: torch.Tensor = self.last(x)
        return y


class DepthGRU(nn.Module):
    """Two stacked ConvGRU cells from motion features to depth maps.

    Source: Wang et al., CVPR 2020, spatio-temporal propagation module, long-term part.
    """

    def __init__(self, inputs: int, width: float = 1.0) -> None:
        super().__init__()
        hidden = scaled(64, width)
        self.cell1 = ConvGRUCell(inputs, hidden)
        self.cell2 = ConvGRUCell(hidden, 1)
        self.apply(initialise)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Recur over time.

        Args:
            x: float tensor (B, T, inputs, D, D).

        Returns:
            float tensor (B, T, D, D) in (-1, 1).
        """
        return self.cell2.unroll(self.cell1.unroll(x)).squeeze(2)


class Classifier(nn.Module):
    """Two linear layers from the mean fused map to the two classes."""

    def __init__(self, side: int, width: float = 1.0) -> None:
        super().__init__()
        self.hidden = nn.Linear(side * side, scaled(64, width))
        self.output = nn.Linear(self.hidden.out_features, 2)
        self.apply(initialise)

    def forward(self, depth: torch.Tensor) -> torch.Tensor:
        """Classify maps.

        Args:
            depth: float tensor (B, D, D).

        Returns:
            float tensor (B, 2), logits; class 0 is bona fide.
        """
        logits: torch.Tensor = self.output(F.relu_(self.hidden(depth.flatten(1))))
        return logits


class SGTDNet(nn.Module):
    """Multi-frame network around the single-frame one: motion, recurrence, fusion, class.

    Source: Wang et al., CVPR 2020, spatio-temporal propagation module and depth fusion.
    """

    def __init__(self, size: int = 256, width: float = 1.0, momentum: float = BN_MOMENTUM) -> None:
        """Build the network with fresh weights.

        Args:
            size: side of a frame, a multiple of 8.
            width: factor on all channels, 1 for the published network.
            momentum: share of a batch in the running statistics of the normalisations.

        Raises:
            ValueError: size is not a positive multiple of 8.
        """
        super().__init__()
        if size < 8 or size % 8:
            raise ValueError(f"size must be a positive multiple of 8, got {size}")
        self.faces = FaceMapNet(width, momentum)
        self.motion = MotionNet(self.faces.features, width, momentum)
        self.recurrence = DepthGRU(self.motion.last.conv.out_channels, width)
        self.classifier = Classifier(size // 8, width)

    def forward(self, frames: torch.Tensor) -> ClipMaps:
        """Estimate depth over time and the class; in evaluation mode clips do not interact.

        Args:
            frames: float tensor (B, T, 3, S, S) in [-0.5, 0.5], RGB, T at least 2.

        Returns:
            Depth maps and logits.
        """
        batch, length = frames.shape[:2]
        faces = self.faces(frames.flatten(0, 1))
        motion = self.motion(faces.features, length)
        # Rows are clip by clip. The published code stores them frame by frame and reads them clip
        # by clip, which mixes clips in every batch above one.
        recurrent = self.recur(motion.view(batch, length - 1, *motion.shape[1:]))
        single = faces.depth.view(batch, length, *faces.depth.shape[1:])
        # T frames have T - 1 pairs; the map of the last frame is not used. Not clipped, as
        # published.
        fused = torch.lerp(single[:, :-1], recurrent, RECURRENT_SHARE)
        return ClipMaps(single, recurrent, fused, self.classify(fused.mean(dim=1)))

    def recur(self, motion: torch.Tensor) -> torch.Tensor:
        """Turn motion features (B, T - 1, C, D, D) into depth maps (B, T - 1, D, D)."""
        maps: torch.Tensor = self.recurrence(motion)
        return maps

    def classify(self, depth: torch.Tensor) -> torch.Tensor:
        """Turn mean fused maps (B, D, D) into logits (B, 2)."""
        logits: torch.Tensor = self.classifier(depth)
        return logits
