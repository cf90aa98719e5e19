"""Plugin of fasharness: the generator DSDG; torch is imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.common.packages import NpmTarball
from fasharness.hookspecs import hookimpl
from fasharness.weights import FromUser, InPackage, Weights

if TYPE_CHECKING:
    from fasharness.method import Method

LIGHTCNN = Weights(
    name="lightcnn-29v2",
    title="LightCNN-29v2, a face recognition network of Wu et al.",
    licence="MIT",
    source=FromUser("LightCNN_29Layers_V2_checkpoint.pth.tar", "its authors' page on GitHub"),
)
_HUMAN = NpmTarball(
    "@vladmandic/human",
    "3.3.6",
    "425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7",
    28_615_417,
)
_FACERES = "HSE-FaceRes, a face recognition MobileNet trained on VGGFace2"
_TERMS = "Apache-2.0 (HSE_FaceRec_tf), package MIT"
FACERES = Weights(
    name="faceres",
    title=f"{_FACERES}: values",
    licence=_TERMS,
    source=InPackage(_HUMAN, "package/models/faceres.bin"),
    sha256="2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
    size=6_978_814,
)
FACERES_GRAPH = Weights(
    name="faceres-graph",
    title=f"{_FACERES}: layers",
    licence=_TERMS,
    source=InPackage(_HUMAN, "package/models/faceres.json"),
    sha256="5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    size=71_432,
)


def _dsdg() -> type[Method]:
    from fasharness_dsdg.method import DSDG

    return DSDG


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """A generator of pairs: a bona fide face and an attack that shows the same person."""
    return {"dsdg": _dsdg}


@hookimpl
def fasharness_weights() -> Mapping[str, Callable[[], Weights]]:
    """Face recognition networks, one of which compares the identities of pictures in training."""
    return {
        LIGHTCNN.name: lambda: LIGHTCNN,
        FACERES.name: lambda: FACERES,
        FACERES_GRAPH.name: lambda: FACERES_GRAPH,
    }
