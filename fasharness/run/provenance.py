"""Versions and kernels that a result was made with."""

from __future__ import annotations

import dataclasses
import platform
from importlib.metadata import version
from typing import Any

from fasharness.common.files import digest
from fasharness.plugins import Plugins
from fasharness.prepare.planning import versions_in_use
from fasharness.run.fold import Fold
from fasharness.run.steps import recipe_of

_PACKAGES = ("torch", "numpy", "opencv-python", "mtcnn", "lightning-fabric", "pillow")


def collect(plugins: Plugins) -> dict[str, Any]:
    """Collect versions of the harness, its plugins and dependencies, and the kernels in use.

    Args:
        plugins: the plugins in use.

    Returns:
        Plain data that is the same in every run on the same installation.
    """
    return {
        # No times or dates: an interrupted run must end with the same result.json.
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
            **{f"plugin {name}": text for name, text in sorted(plugins.versions.items())},
        },
        "system": f"{platform.system()} {platform.machine()}",
        "operators": operators(),
    }


def operators() -> str:
    """Return which implementation of the operators is in use."""
    from fasharness import ops

    kernels = ", ".join(path.name for path in ops.LOADED)
    return f"compiled kernels ({kernels})" if kernels else "PyTorch only (no compiled kernels)"


def recipe_block(fold: Fold) -> dict[str, Any]:
    """How the fold's clips were made: two runs are comparable clip by clip where it is equal.

    Returns:
        Plain data: decoders, detector, depth, the clips of dev and test (crop, scale, which
        frames), versions and code of all that takes part, and a ``digest`` of the rest.
    """
    settings, plugins = fold.settings, fold.experiment.plugins
    spec = fold.scoring_clips
    decoders = [i.plugin_name for i in plugins.hook.fasharness_decode.get_hookimpls()]
    block = {
        "decoders": sorted(decoders),
        "faces": settings.detector if settings.faces == "detector" else "data set's own",
        "depth": "published maps"
        if settings.depth != "auto"
        else (f"data set's own, else {settings.depth_estimator}"),
        **{f"frames.{name}": value for name, value in dataclasses.asdict(spec.frames).items()},
        **{f"crop.{name}": value for name, value in dataclasses.asdict(spec.crop).items()},
        "modalities": spec.modalities,
        "labels": [label._asdict() for label in spec.labels],
        "views": [view._asdict() for view in spec.views],
        "versions": versions_in_use(recipe_of(fold), [spec], plugins),
    }
    return {**block, "digest": digest(block)[:16]}
