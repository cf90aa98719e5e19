"""Central-difference convolution in two and three dimensions, each one plain convolution."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from fasharness.ops._check import (
    Size,
    require_float,
    require_rank,
    require_same_device,
    under_autocast,
)
from fasharness.ops.cdc_weight import Form, Theta, cdc_weight

# Names the axes of a weight from those of an image: (N, C, H, W) becomes (O, I, kH, kW).
_KERNEL_AXES = str.maketrans({"N": "O", "C": "I", "T": "kT", "H": "kH", "W": "kW"})


def _bias(bias: Tensor | None, theta: Theta, compat: bool) -> Tensor | None:
    # The published layer adds the bias in both of its branches, so b - theta * b remains. The
    # published networks have no bias.
    return bias * (1 - theta) if compat and bias is not None else bias


def check_convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, groups: int, layout: str
) -> None:
    """Refuse arguments that do not make a convolution.

    Args:
        x: the input.
        weight: its weight.
        bias: one number for each output channel, or None.
        groups: groups of channels.
        layout: the axes of x, such as ``(N, C, H, W)``.

    Raises:
        TypeError: a tensor is not floating point, or the dtypes differ outside autocast.
        ValueError: ranks, shapes, groups or devices do not fit.
    """
    require_float("x", x)
    require_float("weight", weight)
    require_rank("x", x, layout)
    require_rank("weight", weight, layout.translate(_KERNEL_AXES))
    require_same_device("x", x, "weight", weight)
    if groups < 1 or weight.shape[0] % groups:
        raise ValueError(f"groups must divide the {weight.shape[0]} outputs, got {groups}")
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(
            f"x must have {weight.shape[1] * groups} channels for this weight and "
            f"groups={groups}, got {tuple(x.shape)}"
        )
    if bias is not None:
        _check_bias(bias, weight)
    # Autocast brings both to its own dtype inside the convolution.
    if x.dtype != weight.dtype and not under_autocast(x):
        raise TypeError(f"weight must have x's dtype {x.dtype}, got {weight.dtype}")


def _check_bias(bias: Tensor, weight: Tensor) -> None:
    require_float("bias", bias)
    require_same_device("weight", weight, "bias", bias)
    if tuple(bias.shape) != (weight.shape[0],):
        raise ValueError(f"bias must be ({weight.shape[0]},), got {tuple(bias.shape)}")
    if bias.dtype != weight.dtype:
        raise TypeError(f"bias must have weight's dtype {weight.dtype}, got {bias.dtype}")


def cdc_conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    theta: Theta = 0.7,
    compat: bool = False,
) -> Tensor:
    """Central-difference convolution: conv(x, w) - theta * conv(x at the centre, sum w) + b.

    Args:
        x: float tensor (N, C, H, W).
        weight: float tensor (O, C / groups, kH, kW), kernel sizes odd.
        bias: float tensor (O,), added once.
        stride: as in `torch.nn.functional.conv2d`.
        padding: as there; the difference is to the pixel under the centre tap for any padding.
        dilation: as there.
        groups: as there.
        theta: share of the difference term, a number or a tensor of one element.
        compat: scale the bias by 1 - theta, as the published layer does in effect.

    Returns:
        float tensor (N, O, H', W').

    Raises:
        TypeError: a tensor is not floating point, or the dtypes differ outside autocast.
        ValueError: shapes, devices, kernel size or theta do not fit.

    Source: Yu et al., Searching Central Difference Convolutional Networks for Face
    Anti-Spoofing, CVPR 2020, equation 4.
    """
    check_convolution(x, weight, bias, groups, "(N, C, H, W)")
    merged = cdc_weight(weight, theta)
    # One convolution, not the two of the published code. Its 1x1 branch has padding 0, so it raises
    # unless padding = dilation * (k - 1) / 2; the merged form takes any padding.
    return F.conv2d(x, merged, _bias(bias, theta, compat), stride, padding, dilation, groups)


def cdc_conv3d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    theta: Theta = 0.7,
    form: Form = "all",
    compat: bool = False,
) -> Tensor:
    """Central-difference convolution of video, in one of its three forms.

    Args:
        x: float tensor (N, C, T, H, W).
        weight: float tensor (O, C / groups, kT, kH, kW), kernel sizes odd.
        bias: float tensor (O,), added once.
        stride: as in `torch.nn.functional.conv3d`.
        padding: as there.
        dilation: as there.
        groups: as there.
        theta: share of the difference term, a number or a tensor of one element.
        form: 'all', 'adjacent' or 'temporal', see `cdc_weight`.
        compat: scale the bias by 1 - theta, as the published layer does in effect.

    Returns:
        float tensor (N, O, T', H', W').

    Raises:
        TypeError: a tensor is not floating point, or the dtypes differ outside autocast.
        ValueError: shapes, devices, kernel size, theta or form do not fit.

    Source: Yu et al., Searching Multi-Rate and Multi-Modal Temporal Enhanced Networks for
    Gesture Recognition, 2020 (3D-CDC-ST, -T and -TR).
    """
    check_convolution(x, weight, bias, groups, "(N, C, T, H, W)")
    merged = cdc_weight(weight, theta, form)
    return F.conv3d(x, merged, _bias(bias, theta, compat), stride, padding, dilation, groups)
