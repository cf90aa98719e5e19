"""Reading the encoder's weights from torchvision's file."""

from __future__ import annotations

from pathlib import Path

from fasharness.engine.published import load_published
from fasharness_lgsc.layers import ResNet18


def load_encoder(encoder: ResNet18, path: Path) -> None:
    """Copy the convolutions and normalisations of torchvision's ResNet-18 into an encoder.

    Args:
        encoder: of the published width; its classifier-less names are torchvision's with ``norm``
            for ``bn``.
        path: torchvision's file, e.g. ``resnet18-5c106cde.pth``.

    Raises:
        WeightsError: the file is damaged, holds anything but tensors, or is of another network.
    """
    load_published(encoder, path, "ResNet-18", _torchvisions, unused=("fc.",))


def _torchvisions(name: str) -> str:
    return name.replace("norm", "bn")
