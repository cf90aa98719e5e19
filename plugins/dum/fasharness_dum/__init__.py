"""Plugin of fasharness: the depth uncertainty module; torch is imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.method import Method


def _dum() -> type[Method]:
    from fasharness_dum.method import DUM

    return DUM


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """Depth with its uncertainty, on any network that estimates depth."""
    return {"dum": _dum}
