"""Plugin of fasharness: well-known baselines; heavy packages are imported only when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.method import Method
    from fasharness.weights import Weights


def _colour_lbp() -> type[Method]:
    from fasharness_baselines.colour_lbp import ColourLBP

    return ColourLBP


def _image_quality() -> type[Method]:
    from fasharness_baselines.image_quality import ImageQuality

    return ImageQuality


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """The baselines, each in a module of its own."""
    return {
        "colour-lbp": _colour_lbp,
        "image-quality": _image_quality,
    }


@hookimpl
def fasharness_weights() -> Mapping[str, Callable[[], Weights]]:
    """What they start from."""
    return {}
