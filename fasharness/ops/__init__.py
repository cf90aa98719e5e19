"""Operators of face anti-spoofing networks: an eager definition each, and optional kernels."""

from fasharness.ops._native import EagerKernels, load_default_kernels
from fasharness.ops.cdc_conv import cdc_conv2d, cdc_conv3d
from fasharness.ops.cdc_weight import cdc_weight, cross_weight
from fasharness.ops.contrast_depth_loss import contrast_depth_loss
from fasharness.ops.spatial_gradient import (
    SpatialGradient,
    spatial_gradient,
    spatial_gradient_magnitude,
    spatial_gradient_squared,
)
from fasharness.ops.temporal_gradient_features import temporal_gradient_features

__all__ = [
    "LOADED",
    "EagerKernels",
    "SpatialGradient",
    "cdc_conv2d",
    "cdc_conv3d",
    "cdc_weight",
    "contrast_depth_loss",
    "cross_weight",
    "spatial_gradient",
    "spatial_gradient_magnitude",
    "spatial_gradient_squared",
    "temporal_gradient_features",
]

# Which kernel libraries serve the operators in this process; empty means eager definitions.
LOADED = tuple(load_default_kernels())
