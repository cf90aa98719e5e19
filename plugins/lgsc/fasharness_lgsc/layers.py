"""What the encoder, the decoder and the classifier are built of, with Paddle's rules by choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Callable[[int], nn.Module]


def instance_norm(channels: int) -> nn.Module:
    """Instance normalisation with a learnt weight and bias."""
    # The same as InstanceNorm2d, which copies its input where the channels are innermost.
    return nn.GroupNorm(channels, channels)


class PaddleBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation whose running variance averages the biased variance of a batch.

    torch averages the unbiased one, which is n / (n - 1) times as large, n = values per channel.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise a float tensor (N, C, H, W)."""
        mean, variance, count = self.running_mean, self.running_var, self.num_batches_tracked
        if not self.training or mean is None or variance is None or count is None:
            return super().forward(x)
        count.add_(1)
        # None asks for the plain mean, as torch has it.
        share = 1 / int(count) if self.momentum is None else self.momentum
        # Into copies: the backward pass keeps what it is given and refuses later changes.
        new = mean.clone(), variance.clone()
        found = F.batch_norm(x, *new, self.weight, self.bias, True, share, self.eps)
        # The batch's part of the new variance is n / (n - 1) times too large.
        excess = (new[1] - (1 - share) * variance) / (x.numel() // x.shape[1])
        mean.copy_(new[0])
        variance.copy_(new[1] - excess)
        return found


class PaddleDropout(nn.Dropout):
    """Dropout that scales in evaluation (by 1 - p), not in training (by 1 / (1 - p))."""

    def forward(self, x: Tensor) -> Tensor:
        """Drop or scale the values of a float tensor."""
        return F.dropout(x, self.p, self.training) * (1 - self.p)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al., CVPR 2016).

    Args:
        inputs: channels before.
        outputs: channels after.
        norm: makes the normalisation of so many channels.
        stride: of the first convolution.
    """

    def __init__(self, inputs: int, outputs: int, norm: Norm, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = norm(outputs)
        self.downsample = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs))
            if stride > 1 or inputs != outputs
            else nn.Sequential()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features of a float tensor (N, inputs, H, W): (N, outputs, H / stride, W / stride)."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.downsample(x))


class ResNet18(nn.Module):
    """ResNet-18 without its classifier, with the maps of all its depths.

    Args:
        channels: of the stem and of each of the four layers.
        norm: makes the normalisation of so many channels.

    Source: He et al., Deep Residual Learning for Image Recognition, CVPR 2016.
    """

    def __init__(self, channels: Sequence[int], norm: Norm) -> None:
        super().__init__()
        stem, first, second, third, fourth = channels

        def layer(inputs: int, outputs: int, stride: int = 2) -> nn.Module:
            blocks = (
                BasicBlock(inputs, outputs, norm, stride),
                BasicBlock(outputs, outputs, norm),
            )
            return nn.Sequential(*blocks)

        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False)
        self.norm1 = norm(stem)
        self.layer1 = layer(stem, first, stride=1)
        self.layer2 = layer(first, second)
        self.layer3 = layer(second, third)
        self.layer4 = layer(third, fourth)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Compute the maps.

        Args:
            x: float tensor (N, 3, S, S).

        Returns:
            The stem's map before pooling, side S / 2, then those of layers 1 to 4, sides S / 4 to
            S / 32.
        """
        maps = [F.relu(self.norm1(self.conv1(x)))]
        x = F.max_pool2d(maps[0], 3, 2, 1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            maps.append(x)
        return maps


class Lift(nn.Module):
    """A decoder stage: double the side, add the encoder's map, refine by residual blocks.

    Args:
        inputs: channels of the deeper map.
        lifted: channels after doubling.
        beside: channels of the encoder's map; 0 where there is none.
        outputs: channels of the result.
    """

    def __init__(self, inputs: int, lifted: int, beside: int, outputs: int) -> None:
        super().__init__()
        both = lifted + beside
        self.up = nn.Sequential(
            nn.UpsamplingNearest2d(scale_factor=2),
            # An even kernel keeps the side with one row and column of zeros more, at the far ends.
            nn.ZeroPad2d((0, 1, 0, 1)),
            nn.Conv2d(inputs, lifted, 2, bias=False),
            instance_norm(lifted),
            nn.ReLU(inplace=True),
        )
        self.refine = nn.Sequential(
            BasicBlock(both, outputs, instance_norm), BasicBlock(outputs, outputs, instance_norm)
        )
        self.shortcut = nn.Sequential(
            nn.Conv2d(both, outputs, 1, bias=False), instance_norm(outputs)
        )

    def forward(self, deeper: Tensor, beside: Tensor | None) -> Tensor:
        """Lift a float tensor (N, inputs, H, W) to (N, outputs, 2 H, 2 W).

        Args:
            deeper: the deeper map.
            beside: the encoder's map of the doubled side, None where there is none.
        """
        x = self.up(deeper)
        if beside is not None:
            x = torch.cat([x, beside], dim=1)
        # No activation after the sum, as published: cues may have either sign.
        found: Tensor = self.refine(x) + self.shortcut(x)
        return found
