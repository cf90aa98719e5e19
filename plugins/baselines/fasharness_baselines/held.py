"""Modules whose tensors get their shapes from what is fitted or loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


class Held(nn.Module):
    """Numbers as buffers; how many there are is known after a fit, or from a file, alone.

    Args:
        names: names of the buffers, which are empty at first.
        dtype: their type.
    """

    def __init__(self, *names: str, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        for name in names:
            self.register_buffer(name, torch.zeros(0, dtype=dtype))

    def hold(self, values: Mapping[str, NDArray[np.generic] | float]) -> None:
        """Set buffers, on the device where they are."""
        for name, value in values.items():
            own = self.get_buffer(name)
            setattr(self, name, torch.as_tensor(value, dtype=own.dtype, device=own.device))

    def _load_from_state_dict(
        self, state_dict: Mapping[str, torch.Tensor], prefix: str, *rest: Any
    ) -> None:
        # torch refuses other shapes, and before the fit these have none.
        for name, own in self.named_buffers(recurse=False):
            if prefix + name in state_dict:
                setattr(self, name, own.new_empty(state_dict[prefix + name].shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)
