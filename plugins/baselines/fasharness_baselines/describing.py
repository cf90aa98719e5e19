"""Descriptions of single faces for a whole batch, and the types that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from fasharness.data import Batch

Floats: TypeAlias = NDArray[np.float64]
Pixels: TypeAlias = NDArray[np.uint8]
"""RGB (H, W, 3)."""
Plane: TypeAlias = NDArray[np.uint8]
"""(H, W)."""


def describe_each(batch: Batch, describe: Callable[[Pixels], Floats]) -> torch.Tensor:
    """Describe the first frame of each clip.

    Args:
        batch: clips.
        describe: from a face to its D numbers.

    Returns:
        float64 tensor (B, D) on the batch's device.
    """
    frames = batch.rgb[:, 0].permute(0, 2, 3, 1).cpu().numpy()
    found = [describe(np.ascontiguousarray(frame)) for frame in frames]
    return torch.from_numpy(np.stack(found)).to(batch.rgb.device)
