"""The three networks of MTCNN in torch, with the weights of the `mtcnn` package."""

import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fasharness.prepare.own_weights import MTCNN_NETWORKS
from fasharness.prepare.weights import content
from fasharness.weights import Weights


class Networks(NamedTuple):
    """The proposal, refinement and output network (Zhang et al. 2016, fig. 2)."""

    proposal: nn.Module
    refinement: nn.Module
    output: nn.Module


class _Columns(nn.Module):
    """Flattens (N, C, H, W) with the width outermost, the order the dense weights expect."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 2, 1).flatten(1)


class _Heads(nn.Module):
    """A trunk with several outputs; the last one becomes the probability of a face."""

    def __init__(self, trunk: nn.Sequential, *heads: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(heads)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = self.trunk(x)
        *regressions, logits = (head(features) for head in self.heads)
        return *regressions, logits.softmax(1)[:, 1]


def load_networks(device: str) -> Networks:
    """Build the networks and fill them with the weights of the `mtcnn` package.

    Args:
        device: where they run, e.g. ``cpu`` or ``cuda``.

    Returns:
        The networks, in evaluation mode. Each takes (N, 3, H, W) float32, (pixel - 127.5) / 128,
        and returns the box offsets, for the output network also ten landmark coordinates, and
        last the probability of a face.

    Raises:
        WeightsError: if the weights are missing, or are not those of mtcnn 1.0.0.
    """
    nets = Networks(_proposal(), _refinement(), _output())
    for net, weights in zip(nets, MTCNN_NETWORKS, strict=True):
        _fill(net, _arrays(weights))
        net.requires_grad_(False).eval().to(device)
    return nets


def _convolution(inputs: int, outputs: int, side: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, side), nn.PReLU(outputs)


def _pool(side: int) -> nn.Module:
    # ceil_mode equals Keras's padding "same" for every size that occurs here, and changes nothing
    # where sizes divide evenly.
    return nn.MaxPool2d(side, 2, ceil_mode=True)


def _dense(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return _Columns(), nn.Linear(inputs, outputs), nn.PReLU(outputs)


def _proposal() -> nn.Module:
    trunk = (*_convolution(3, 10, 3), _pool(2), *_convolution(10, 16, 3), *_convolution(16, 32, 3))
    return _Heads(nn.Sequential(*trunk), nn.Conv2d(32, 4, 1), nn.Conv2d(32, 2, 1))


def _refinement() -> nn.Module:
    trunk = nn.Sequential(
        *(*_convolution(3, 28, 3), _pool(3)),
        *(*_convolution(28, 48, 3), nn.MaxPool2d(3, 2)),
        *(*_convolution(48, 64, 2), *_dense(576, 128)),
    )
    return _Heads(trunk, nn.Linear(128, 4), nn.Linear(128, 2))


def _output() -> nn.Module:
    trunk = nn.Sequential(
        *(*_convolution(3, 32, 3), _pool(3)),
        *(*_convolution(32, 64, 3), nn.MaxPool2d(3, 2)),
        *(*_convolution(64, 64, 3), _pool(2)),
        *(*_convolution(64, 128, 2), *_dense(1152, 256)),
    )
    return _Heads(trunk, nn.Linear(256, 4), nn.Linear(256, 10), nn.Linear(256, 2))


def _arrays(weights: Weights) -> Iterator[NDArray[np.float32]]:
    import joblib  # needed only here; installed with mtcnn

    # The files are pickles, which can run code: only the published bytes are loaded.
    return iter(joblib.load(io.BytesIO(content(weights))))


def _fill(net: nn.Module, arrays: Iterator[NDArray[np.float32]]) -> None:
    # The file lists its arrays in Keras's order, which `modules()` follows only as long as the
    # trunk is built before the heads and the heads stay in this order.
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            # Keras: convolutions (H, W, in, out), dense layers (in, out), PReLU (1, 1, C).
            weight = _tensor(next(arrays).transpose(3, 2, 0, 1))
            # Pictures arrive channels-last, and pooling is three times as fast in this layout.
            layer.weight.data = weight.contiguous(memory_format=torch.channels_last)
            layer.bias = nn.Parameter(_tensor(next(arrays)))
        elif isinstance(layer, nn.Linear):
            layer.weight.data = _tensor(next(arrays).T)
            layer.bias = nn.Parameter(_tensor(next(arrays)))
        elif isinstance(layer, nn.PReLU):
            layer.weight.data = _tensor(next(arrays).reshape(-1))


def _tensor(array: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array).copy())
