"""Which versions and kernels stand behind a result."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from fasharness.plugins import Plugins

_PACKAGES = ("torch", "numpy", "opencv-python", "mtcnn", "lightning-fabric", "pillow")


def collect(plugins: Plugins) -> dict[str, Any]:
    """Versions of the harness, its plugins and what it stands on, and the kernels in use.

    Args:
        plugins: the plugins in use.

    Returns:
        Plain data that is the same in every run on the same installation.
    """
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
            **{f"plugin {name}": text for name, text in sorted(plugins.versions.items())},
        },
        "system": f"{platform.system()} {platform.machine()}",
        "operators": operators(),
    }


def operators() -> str:
    """Which implementation of the operators is in use."""
    from fasharness import ops

    kernels = ", ".join(path.name for path in ops.LOADED)
    return f"compiled kernels ({kernels})" if kernels else "PyTorch only (no compiled kernels)"
