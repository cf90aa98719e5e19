"""Layers and losses built on `fasharness.ops`, shared by methods."""

from fasharness.nn.cdc_conv import CDConv2d, CDConv3d, CrossCDConv2d
from fasharness.nn.gradients import (
    GradientConv2d,
    SpatialGradient,
    SpatialGradientMagnitude,
    SpatialGradientSquared,
    TemporalGradientFeatures,
)
from fasharness.nn.losses import ContrastDepthLoss
from fasharness.nn.merge import merge_cdc

__all__ = [
    "CDConv2d",
    "CDConv3d",
    "ContrastDepthLoss",
    "CrossCDConv2d",
    "GradientConv2d",
    "SpatialGradient",
    "SpatialGradientMagnitude",
    "SpatialGradientSquared",
    "TemporalGradientFeatures",
    "merge_cdc",
]
