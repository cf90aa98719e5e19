"""Reading the encoder's weights from torchvision's file, without running code in it."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from fasharness.errors import WeightsError
from fasharness_lgsc.layers import ResNet18

# What torch raises on damaged files, from both of its formats.
_BROKEN = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
)


def load_encoder(encoder: ResNet18, path: Path) -> None:
    """Copy the convolutions and normalisations of torchvision's ResNet-18 into an encoder.

    Args:
        encoder: of the published width; its classifier-less names are torchvision's with ``norm``
            for ``bn``.
        path: torchvision's file, e.g. ``resnet18-5c106cde.pth``.

    Raises:
        WeightsError: the file is damaged, holds anything but tensors, or is of another network.
        OSError: it cannot be read.
    """
    found = {name.replace("bn", "norm"): value for name, value in _read(path).items()}
    state = {}
    for name, own in encoder.state_dict().items():
        if name.endswith("num_batches_tracked"):
            # Files of that age do not have it.
            state[name] = own
            continue
        value = found.get(name)
        if value is None or value.shape != own.shape:
            has = "is missing" if value is None else f"has the shape {tuple(value.shape)}"
            raise WeightsError(
                f"{path}: is not ResNet-18: {name.replace('norm', 'bn')} {has}, expected "
                f"{tuple(own.shape)}"
            )
        if not value.isfinite().all():
            raise WeightsError(f"{path}: {name.replace('norm', 'bn')} is not finite")
        state[name] = value
    encoder.load_state_dict(state)


def _read(path: Path) -> Mapping[str, Tensor]:
    content = io.BytesIO(path.read_bytes())
    try:
        found = torch.load(content, map_location="cpu", weights_only=True)
    except _BROKEN:
        raise WeightsError(
            f"{path}: is damaged, or holds code, which is never run; add the published file"
        ) from None
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
    ):
        raise WeightsError(f"{path}: is no table of named tensors; add the published file")
    return found
