"""Argument checks shared by all operators, so that eager and native refuse the same input."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Size = int | Sequence[int]


def require_float(name: str, value: Tensor) -> None:
    """Refuse a value that is not a floating point tensor.

    Args:
        name: name of the argument, for the message.
        value: the argument.

    Raises:
        TypeError: not a tensor, or not of a floating point dtype.
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
    if not value.is_floating_point():
        raise TypeError(f"{name} must be a floating point tensor, got {value.dtype}")


def require_rank(name: str, value: Tensor, layout: str) -> None:
    """Refuse a tensor whose rank is not that of the layout.

    Args:
        name: name of the argument, for the message.
        value: the argument.
        layout: the expected axes, such as ``(N, C, H, W)``.

    Raises:
        ValueError: the rank differs.
    """
    if value.ndim != layout.count(",") + 1:
        raise ValueError(f"{name} must be {layout}, got {tuple(value.shape)}")


def require_same_device(first: str, a: Tensor, second: str, b: Tensor) -> None:
    """Refuse two tensors on different devices.

    Args:
        first: the name of the tensor that sets the device.
        a: that tensor.
        second: the name of the other one.
        b: the other one.

    Raises:
        ValueError: the devices differ.
    """
    if a.device != b.device:
        raise ValueError(f"{second} must be on the device of {first}, {a.device}, got {b.device}")


def under_autocast(x: Tensor) -> bool:
    """Return whether autocast is on for the device of a tensor; devices such as meta have none."""
    kind = x.device.type
    return bool(torch.amp.is_autocast_available(kind)) and torch.is_autocast_enabled(kind)


def memory_format(x: Tensor) -> torch.memory_format:
    """Return the memory format in which an operator writes its result for this input.

    Args:
        x: float tensor (N, C, H, W).

    Returns:
        channels_last only if x is stored in it and is not contiguous as well.
    """
    # One channel or one pixel is contiguous in both formats; the default must win, as in the
    # kernels.
    if x.is_contiguous() or not x.is_contiguous(memory_format=torch.channels_last):
        return torch.contiguous_format
    return torch.channels_last


def accumulator(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which sums are kept: float32, or float64 for float64.

    Args:
        dtype: a floating point dtype.

    Returns:
        The dtype of the sums.
    """
    # Sums of bfloat16 and float16 would lose most of their digits; the kernels do the same.
    return torch.float64 if dtype == torch.float64 else torch.float32
