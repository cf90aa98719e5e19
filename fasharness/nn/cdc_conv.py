"""Central-difference convolution layers, each one plain convolution with a merged weight."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from fasharness.ops import cdc_weight, cross_weight
from fasharness.ops.cdc_conv import check_convolution
from fasharness.ops.cdc_weight import Direction, Form


class _Merged(NamedTuple):
    """A merged weight and its inputs; holding them keeps their memory from being reused."""

    result: Tensor
    parts: tuple[Tensor, ...]
    versions: tuple[int, ...]

    def made_from(self, parts: tuple[Tensor, ...]) -> bool:
        return (
            # data_ptr sees a replaced tensor (load with assign, .to), the version a write in place.
            len(parts) == len(self.parts)
            and all(
                a.data_ptr() == b.data_ptr() and a.dtype == b.dtype
                for a, b in zip(self.parts, parts, strict=True)
            )
            and self.versions == tuple(p._version for p in parts)
        )


class _CDConv(nn.modules.conv._ConvNd):
    """Common part of the layers: theta, and a merged weight that is kept in eval mode."""

    theta: float | nn.Parameter

    def _start(self, theta: float, learnable_theta: bool, compat: bool) -> None:
        if not math.isfinite(theta):
            raise ValueError(f"theta must be a finite number, got {theta}")
        if any(k % 2 == 0 for k in self.kernel_size):
            raise ValueError(f"kernel_size must be odd, got {self.kernel_size}")
        # On the device and in the dtype of the weight, where the operators expect it.
        if learnable_theta:
            self.theta = nn.Parameter(self.weight.new_tensor(theta))
        else:
            self.theta = float(theta)
        self.compat = compat
        self._kept: _Merged | None = None

    def train(self, mode: bool = True) -> Self:
        """Switch the mode and drop the kept weight.

        Args:
            mode: True to train.

        Returns:
            This layer.
        """
        self._kept = None
        return super().train(mode)

    def __getstate__(self) -> dict[str, Any]:
        # Copies and pickles hold the parameters only once.
        return {**self.__dict__, "_kept": None}

    def _merge(self) -> Tensor:
        return cdc_weight(self.weight, self.theta)

    def merged_weight(self) -> Tensor:
        """Merge the central difference into the weight.

        In eval mode, if no gradient is needed, the result is kept until weight or theta change.
        A write through `.data` is not noticed before the next `train()` or `eval()`.

        Returns:
            The weight of the plain convolution.
        """
        parts = tuple(p for p in (self.weight, self.theta) if isinstance(p, Tensor))
        gradient = torch.is_grad_enabled() and any(p.requires_grad for p in parts)
        # Inference tensors have no version counter, and a compiled graph keeps constants itself.
        unseen = torch.compiler.is_compiling() or any(p.is_inference() for p in parts)
        if self.training or gradient or unseen:
            return self._merge()
        if self._kept is None or not self._kept.made_from(parts):
            versions = tuple(p._version for p in parts)
            self._kept = _Merged(self._merge(), tuple(p.detach() for p in parts), versions)
        return self._kept.result

    def merged_bias(self) -> Tensor | None:
        """Return the bias of the plain convolution.

        Returns:
            The bias, times 1 - theta with `compat`; None for a layer without bias.
        """
        if self.bias is None or not self.compat:
            return self.bias
        return self.bias * (1 - self.theta)

    def extra_repr(self) -> str:
        """Describe the layer in one line.

        Returns:
            The settings of the convolution and theta.
        """
        theta = "learnable" if isinstance(self.theta, Tensor) else self.theta
        settings = super().extra_repr()  # type: ignore[no-untyped-call]
        return f"{settings}, theta={theta}"


class CDConv2d(_CDConv, nn.Conv2d):
    """Central-difference convolution, replaces `torch.nn.Conv2d` with zero padding.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: odd.
        stride: as in Conv2d.
        padding: as in Conv2d.
        dilation: as in Conv2d.
        groups: as in Conv2d.
        bias: whether a bias is learnt.
        theta: share of the difference term.
        learnable_theta: make theta a parameter.
        compat: scale the bias by 1 - theta, as the published layer does in effect.

    Source: Yu et al., Searching Central Difference Convolutional Networks for Face
    Anti-Spoofing, CVPR 2020, equation 4.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        theta: float = 0.7,
        learnable_theta: bool = False,
        compat: bool = False,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self._start(theta, learnable_theta, compat)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve.

        Args:
            x: float tensor (N, C, H, W).

        Returns:
            float tensor (N, O, H', W').

        Raises:
            TypeError: x is not floating point, or of another dtype than the weight.
            ValueError: x is of another rank, number of channels or device.
        """
        check_convolution(x, self.weight, self.bias, self.groups, "(N, C, H, W)")
        result: Tensor = self._conv_forward(x, self.merged_weight(), self.merged_bias())
        return result


class CrossCDConv2d(CDConv2d):
    """Directional central-difference convolution: five weights on a cross of a 3x3 kernel.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        direction: 'hv' for the upright cross, 'diagonal' for the other one.
        stride: as in Conv2d.
        padding: as in Conv2d.
        bias: whether a bias is learnt.
        theta: share of the difference term.
        compat: scale the bias by 1 - theta, as the published layer does in effect.

    Source: Yu et al., Dual-Cross Central Difference Network for Face Anti-Spoofing,
    IJCAI 2021, equation 3.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        direction: Direction,
        stride: Any = 1,
        padding: Any = 1,
        bias: bool = True,
        *,
        theta: float = 0.8,
        compat: bool = False,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            # The stored shape of the published layer, so that its weights load; the convolution is
            # 3x3.
            (1, 5),
            stride,
            padding,
            bias=bias,
            theta=theta,
            compat=compat,
        )
        self.direction: Direction = direction

    def _merge(self) -> Tensor:
        return cdc_weight(cross_weight(self.weight, self.direction), self.theta)


class CDConv3d(_CDConv, nn.Conv3d):
    """Central-difference convolution of video.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: odd.
        stride: as in Conv3d.
        padding: as in Conv3d.
        dilation: as in Conv3d.
        groups: as in Conv3d.
        bias: whether a bias is learnt.
        theta: share of the difference term.
        form: 'all', 'adjacent' or 'temporal', see `fasharness.ops.cdc_weight`.
        learnable_theta: make theta a parameter.
        compat: scale the bias by 1 - theta, as the published layer does in effect.

    Source: Yu et al., Searching Multi-Rate and Multi-Modal Temporal Enhanced Networks for
    Gesture Recognition, 2020 (3D-CDC-ST, -T and -TR).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        theta: float = 0.6,
        form: Form = "all",
        learnable_theta: bool = False,
        compat: bool = False,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self.form: Form = form
        self._start(theta, learnable_theta, compat)

    def _merge(self) -> Tensor:
        return cdc_weight(self.weight, self.theta, self.form)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve.

        Args:
            x: float tensor (N, C, T, H, W).

        Returns:
            float tensor (N, O, T', H', W').

        Raises:
            TypeError: x is not floating point, or of another dtype than the weight.
            ValueError: x is of another rank, number of channels or device.
        """
        check_convolution(x, self.weight, self.bias, self.groups, "(N, C, T, H, W)")
        result: Tensor = self._conv_forward(x, self.merged_weight(), self.merged_bias())
        return result
