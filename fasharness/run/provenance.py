"""Versions and kernels that a result was made with."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from fasharness.plugins import Plugins

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
