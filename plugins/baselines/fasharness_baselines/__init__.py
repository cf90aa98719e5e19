"""Plugin of fasharness: well-known baselines; heavy packages are imported only when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.method import Method
    from fasharness.weights import Weights


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """The baselines, each in a module of its own."""
    return {}


@hookimpl
def fasharness_weights() -> Mapping[str, Callable[[], Weights]]:
    """What they start from."""
    return {}
