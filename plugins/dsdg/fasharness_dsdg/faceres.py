"""HSE-FaceRes, a face recognition MobileNet in TensorFlow.js's format, rebuilt from its graph."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness.common.formats import json_file
from fasharness.errors import DataError, WeightsError

SIDE = 224
"""Side of the pictures that it takes."""
_FEATURES = "global_pooling/Mean"
_INPUT = "input_1"
# Of red, green and blue, subtracted in the authors' facial_analysis.py.
_MEANS = (123.68, 116.779, 103.939)
_KINDS = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}

Node = Mapping[str, Any]


class Convolution(nn.Module):
    """A convolution with TensorFlow's padding, scale and shift of each channel, clipped ReLU.

    Args:
        kernel: float tensor (outputs, inputs / groups, k, k).
        scale: float tensor (outputs,).
        shift: float tensor (outputs,).
        ceiling: the largest value; larger ones are cut off.
        stride: 1 or 2.
        groups: of channels that see each other.
    """

    kernel: Tensor
    shift: Tensor

    def __init__(
        self, kernel: Tensor, scale: Tensor, shift: Tensor, ceiling: float, stride: int, groups: int
    ) -> None:
        super().__init__()
        self.register_buffer("kernel", kernel * scale[:, None, None, None])
        self.register_buffer("shift", shift)
        self.ceiling, self.stride, self.groups = ceiling, stride, groups

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to a float tensor (N, inputs, H, W); H and W are halved by stride 2."""
        side = self.kernel.shape[-1]
        # "SAME" pads what is odd at the far edges, where PyTorch pads both alike.
        pads = [_padding(length, side, self.stride) for length in (x.shape[3], x.shape[2])]
        x = F.pad(x, [pad for before, after in pads for pad in (before, after)])
        x = F.conv2d(x, self.kernel, self.shift, self.stride, groups=self.groups)
        return x.clamp(0, self.ceiling)


def _padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


class FaceRes(nn.Module):
    """The network up to the features that identify a person.

    Args:
        layers: its convolutions in order.
    """

    means: Tensor

    def __init__(self, layers: Sequence[Convolution]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.register_buffer("means", torch.tensor(_MEANS).view(1, 3, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute what identifies the persons on pictures.

        Args:
            pictures: float tensor (N, 3, S, S) in [0, 1], RGB, each filled by a face.

        Returns:
            float tensor (N, 1024) of length 1.
        """
        sized = F.interpolate(pictures, (SIDE, SIDE), mode="bilinear", align_corners=False)
        # It was trained on blue, green, red.
        blue_first = (255 * sized - self.means).flip(1)
        features = self.layers(blue_first).to(pictures.dtype).mean(dim=(2, 3))
        return F.normalize(features)


def load(graph: Path, values: Path) -> FaceRes:
    """Rebuild the network from the files of the package; nothing in them is run.

    Args:
        graph: ``faceres.json``, its layers and the table of its constants.
        values: ``faceres.bin``, the constants.

    Raises:
        WeightsError: the files are damaged, do not belong together, or are of another network.
    """
    try:
        content: Any = json_file(graph)
        constants = dict(_constants(content["weightsManifest"], values.read_bytes()))
        nodes = {node["name"]: node for node in content["modelTopology"]["node"]}
        layers = [_convolution(part, constants) for part in _parts(nodes)]
    except (DataError, KeyError, IndexError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{graph}: is not the graph of HSE-FaceRes with its values in {values}: "
            f"{type(error).__name__}: {error}"
        ) from None
    return FaceRes(layers)


class _Part(NamedTuple):
    """Nodes of one layer."""

    convolution: Node
    scale: str
    shift: str
    ceiling: str


def _constants(
    manifest: Sequence[Mapping[str, Any]], content: bytes
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield each constant's name and values; they lie in the order of the table."""
    start = 0
    for entry in manifest[0]["weights"]:
        kind = entry.get("quantization", entry)["dtype"]
        stored = np.dtype(_KINDS[kind])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        found = np.frombuffer(content, stored, count, start)
        yield entry["name"], found.reshape(entry["shape"])
        start += count * stored.itemsize
    if start != len(content):
        raise ValueError(f"{len(content)} bytes of values, the table names {start}")


def _parts(nodes: Mapping[str, Node]) -> list[_Part]:
    """Follow the graph from the features back to the picture."""
    found = []
    name = nodes[_FEATURES]["input"][0]
    while name != _INPUT:
        lowest = _expect(nodes[name], "Maximum")
        highest = _expect(nodes[lowest["input"][0]], "Minimum")
        relu = _expect(nodes[highest["input"][0]], "Relu")
        added = _expect(nodes[relu["input"][0]], "Add")
        node, scale = nodes[added["input"][0]], ""
        if node["op"] == "Mul":
            node, scale = nodes[node["input"][0]], node["input"][1]
        if node["op"] not in ("Conv2D", "DepthwiseConv2dNative"):
            raise ValueError(f"{node['name']} is {node['op']}, expected a convolution")
        found.append(_Part(node, scale, added["input"][1], highest["input"][1]))
        name = node["input"][0]
    return found[::-1]


def _expect(node: Node, operation: str) -> Node:
    if node["op"] != operation:
        raise ValueError(f"{node['name']} is {node['op']}, expected {operation}")
    return node


def _convolution(part: _Part, constants: Mapping[str, NDArray[Any]]) -> Convolution:
    node = part.convolution
    attributes = node["attr"]
    if base64.b64decode(attributes["padding"]["s"]) != b"SAME":
        raise ValueError(f"{node['name']} pads otherwise")
    kernel = torch.from_numpy(constants[node["input"][1]].astype(np.float32))
    separate = node["op"] == "DepthwiseConv2dNative"
    # TensorFlow: rows, columns, inputs, outputs; of separate channels the inputs come first.
    kernel = kernel.permute(2, 3, 0, 1) if separate else kernel.permute(3, 2, 0, 1)
    shift = torch.from_numpy(constants[part.shift].astype(np.float32))
    scale = torch.ones_like(shift)
    if part.scale:
        scale = torch.from_numpy(constants[part.scale].astype(np.float32))
    stride = int(attributes["strides"]["list"]["i"][1])
    ceiling = float(constants[part.ceiling])
    groups = len(kernel) if separate else 1
    return Convolution(kernel.contiguous(), scale, shift, ceiling, stride, groups)
