"""Plugin of fasharness: the spoof-cue network LGSC; torch is imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl
from fasharness.weights import FromUser, Weights

if TYPE_CHECKING:
    from fasharness.method import Method

RESNET18 = Weights(
    name="resnet18-imagenet",
    title="ResNet-18 trained on ImageNet, of torchvision",
    licence="BSD-3-Clause",
    source=FromUser("resnet18-5c106cde.pth", "torchvision's model page (ResNet18_Weights)"),
    # The digits that its published name has.
    sha256="5c106cde",
)


def _lgsc() -> type[Method]:
    from fasharness_lgsc.method import LGSCMethod

    return LGSCMethod


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """Spoof cues by generation."""
    return {"lgsc": _lgsc}


@hookimpl
def fasharness_weights() -> Mapping[str, Callable[[], Weights]]:
    """What the encoder starts from."""
    return {RESNET18.name: lambda: RESNET18}
