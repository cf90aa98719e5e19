"""Packages that only some baselines need: asked for before anything long, in one line."""

from importlib.util import find_spec

from fasharness.errors import OptionError


def need(what: str, module: str, package: str, extra: str) -> None:
    """Refuse to begin where a package is missing.

    Args:
        what: what needs it.
        module: its name for Python, e.g. ``skimage``.
        package: its name for pip, e.g. ``scikit-image``.
        extra: the extra of fasharness-baselines that has it.

    Raises:
        OptionError: it is not installed.
    """
    if find_spec(module) is None:
        raise OptionError(
            f"{what} needs {package}, which is not installed: pip install {package} "
            f"(the extra {extra} of fasharness-baselines)"
        )
