"""The three networks of MTCNN in torch, with the weights of the installed `mtcnn` package."""

import hashlib
import importlib.util
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fasharness.errors import DataError

# mtcnn 1.0.0 (MIT). The files are pickles, which can run code: only these bytes are loaded.
SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}


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
    """Build the networks and fill them from the installed `mtcnn` package.

    Args:
        device: where they run, e.g. ``cpu`` or ``cuda``.

    Returns:
        The networks, in evaluation mode. Each takes (N, 3, H, W) float32, (pixel - 127.5) / 128,
        and returns the box offsets, for the output network also ten landmark coordinates, and
        last the probability of a face.

    Raises:
        DataError: if the package is missing or its weights are not those of mtcnn 1.0.0.
    """
    nets = Networks(_proposal(), _refinement(), _output())
    for net, name in zip(nets, SHA256, strict=True):
        _fill(net, _weights(name))
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


def _weights(name: str) -> Iterator[NDArray[np.float32]]:
    # Importing mtcnn would import TensorFlow, so the file is looked up beside its __init__.
    spec = importlib.util.find_spec("mtcnn")
    if spec is None or spec.origin is None:
        raise DataError("the face detector needs the package mtcnn: pip install mtcnn==1.0.0")
    file = Path(spec.origin).parent / "assets" / "weights" / f"{name}.lz4"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}; pip install mtcnn==1.0.0") from error
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise DataError(f"{file} is not the file of mtcnn 1.0.0; pip install mtcnn==1.0.0")
    import joblib  # needed only here; installed with mtcnn

    return iter(joblib.load(io.BytesIO(content)))


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
