"""The three building blocks of SGTD: spatial gradient block, spatio-temporal block, ConvGRU."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional as F

from fasharness.nn import GradientConv2d
from fasharness.ops import spatial_gradient_magnitude, temporal_gradient_features

# TensorFlow slim's values: torch's defaults (1e-5, 0.1) give other scores with published weights.
BN_EPS = 1e-3
BN_MOMENTUM = 1e-3  # torch's convention: share of the new batch; published as decay 0.999


class ScaleAndOffset(NamedTuple):
    """An affine map of each channel: float tensors (C,)."""

    scale: torch.Tensor
    offset: torch.Tensor


class OffsetBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation with a learned offset and no learned scale, as published."""

    def __init__(self, channels: int, momentum: float = BN_MOMENTUM) -> None:
        super().__init__(channels, eps=BN_EPS, momentum=momentum, affine=False)
        self.bias = nn.Parameter(torch.zeros(channels))

    def fixed(self) -> ScaleAndOffset:
        """Return the affine map that equals normalisation by the running statistics."""
        mean, variance = cast(torch.Tensor, self.running_mean), cast(torch.Tensor, self.running_var)
        scale = torch.rsqrt(variance + self.eps)
        return ScaleAndOffset(scale, self.bias - mean * scale)


class SpatialGradientBlock(nn.Module):
    """Residual spatial gradient block: convolution plus normalised gradient magnitude.

    ``ReLU(BN(conv3x3(x) + BN(conv1x1(|grad x|))))``, where the gradient is the Sobel operator on
    every input channel. The convolutions keep their biases, which are redundant before a
    normalisation, so that published weights fit.

    Source: Wang et al., CVPR 2020, residual spatial gradient block (RSGB).
    """

    def __init__(self, inputs: int, outputs: int, momentum: float = BN_MOMENTUM) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.gradient = GradientConv2d(inputs, outputs)
        self.gradient_norm = OffsetBatchNorm2d(outputs, momentum)
        self.norm = OffsetBatchNorm2d(outputs, momentum)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the block.

        Args:
            x: float tensor (N, inputs, H, W).

        Returns:
            float tensor (N, outputs, H, W), not negative.
        """
        if not self.training:
            return F.relu_(self._merged(x))
        detail = self.gradient_norm(self.gradient(x))
        # In place: convolution and normalisation save their inputs, not these outputs.
        return F.relu_(self.norm(self.conv(x).add_(detail)))

    def _merged(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the block with both normalisations merged into the weights."""
        # Saves two passes over the largest feature maps; equal up to rounding.
        scale, offset = self.norm.fixed()
        detail_scale, detail_offset = self.gradient_norm.fixed()
        detail_scale = detail_scale * scale
        detail_bias = _bias(self.gradient) * detail_scale
        bias = (_bias(self.conv) + detail_offset) * scale + offset + detail_bias
        weight = self.conv.weight * scale.view(-1, 1, 1, 1)
        detail_weight = self.gradient.weight * detail_scale.view(-1, 1, 1, 1)
        detail = F.conv2d(spatial_gradient_magnitude(x), detail_weight)
        return F.conv2d(x, weight, bias, padding=1).add_(detail)


class ShortTermBlock(nn.Module):
    """Short-term spatio-temporal block: what changes between neighbouring frames of a clip.

    Source: Wang et al., CVPR 2020, short-term spatio-temporal block (STSTB).
    """

    def __init__(
        self, inputs: int, reduced: int, outputs: int, momentum: float = BN_MOMENTUM
    ) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(inputs, reduced, 1)
        self.norm = OffsetBatchNorm2d(reduced, momentum)
        self.linear = nn.Conv2d(inputs + 5 * reduced, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor, frames: int) -> torch.Tensor:
        """Describe each pair of neighbouring frames.

        Args:
            x: float tensor (B * frames, inputs, H, W), the frames of a clip one after the other.
            frames: frames in a clip, at least 2.

        Returns:
            float tensor (B * (frames - 1), outputs, H // 2, W // 2).
        """
        # ReLU before the normalisation, as published, and no activation after it.
        reduced = self.norm(F.relu_(self.reduce(x)))
        pairs = temporal_gradient_features(x, reduced, frames)
        # Published as ReLU, then pooling. In this order the result is the same, on a quarter of the
        # pixels.
        return F.relu_(F.max_pool2d(self.linear(pairs), 2))


class ConvGRUCell(nn.Module):
    """Gated recurrent unit with 3x3 convolutions.

    ``[r, u] = sigmoid(G * [x, h])``, ``c = tanh(C * [x, r h])``, ``h' = u h + (1 - u) c``.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.gates = nn.Conv2d(inputs + hidden, 2 * hidden, 3, padding=1)
        self.candidate = nn.Conv2d(inputs + hidden, hidden, 3, padding=1)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """Take one step.

        Args:
            x: float tensor (B, inputs, H, W).
            h: float tensor (B, hidden, H, W), the state before.

        Returns:
            float tensor (B, hidden, H, W), the state after.
        """
        return self._step(self._drive(x), h)

    def first(self, x: torch.Tensor) -> torch.Tensor:
        """Take one step from the zero state.

        Args:
            x: float tensor (B, inputs, H, W).

        Returns:
            float tensor (B, hidden, H, W).
        """
        return self._first(self._drive(x))

    def unroll(self, x: torch.Tensor) -> torch.Tensor:
        """Recur over time from the zero state.

        Args:
            x: float tensor (B, T, inputs, H, W).

        Returns:
            float tensor (B, T, hidden, H, W), the state after each step.
        """
        drive = self._drive(x.flatten(0, 1))
        drive = drive.view(*x.shape[:2], *drive.shape[1:])
        states = [self._first(drive[:, 0])]
        for t in range(1, x.shape[1]):
            states.append(self._step(drive[:, t], states[-1]))
        return torch.stack(states, dim=1)

    def _drive(self, x: torch.Tensor) -> torch.Tensor:
        """Return the share of the input in reset, update and candidate, in one convolution."""
        n = self.inputs
        # conv([x, h]) = conv_x(x) + conv_h(h): the half of the input needs no recurrence, so all
        # time steps go through one convolution. Input channels come first in the weights.
        weight = torch.cat((self.gates.weight[:, :n], self.candidate.weight[:, :n]))
        bias = torch.cat((_bias(self.gates), _bias(self.candidate)))
        return F.conv2d(x, weight, bias, padding=1)

    def _first(self, drive: torch.Tensor) -> torch.Tensor:
        _, update, candidate = drive.chunk(3, dim=1)
        # h = 0: (1 - u) c, with 1 - sigmoid(u) as sigmoid(-u), which keeps its digits where u is
        # near 1.
        return torch.sigmoid(-update) * torch.tanh(candidate)

    def _step(self, drive: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        n = self.inputs
        # Reset before update, the published order of the gates in one kernel.
        reset_in, update_in, candidate_in = drive.chunk(3, dim=1)
        gates = F.conv2d(h, self.gates.weight[:, n:], padding=1)
        reset_h, update_h = gates.chunk(2, dim=1)
        reset = torch.sigmoid(reset_in + reset_h)
        update = torch.sigmoid(update_in + update_h)
        recalled = F.conv2d(reset * h, self.candidate.weight[:, n:], padding=1)
        # h' = u h + (1 - u) c: here u keeps the old state; torch.nn.GRU is the same, some papers
        # swap them.
        return torch.lerp(torch.tanh(candidate_in + recalled), h, update)


def _bias(conv: nn.Conv2d) -> torch.Tensor:
    if conv.bias is None:
        raise TypeError("the convolution must have a bias, got none")
    return conv.bias


def initialise(module: nn.Module) -> None:
    """Fill one module with the published initial weights; for ``nn.Module.apply``.

    Convolutions and linear layers: Glorot uniform weights, zero biases; ConvGRU gate biases: one.

    Args:
        module: any module; other kinds are left unchanged.
    """
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, ConvGRUCell):
        # As TensorFlow's GRU, which starts by neither resetting nor updating. `apply` visits the
        # cell after its convolutions, so their zeros are overwritten here.
        nn.init.ones_(_bias(module.gates))
