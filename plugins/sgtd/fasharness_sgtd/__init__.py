"""Plugin of fasharness: the SGTD method; torch is imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.method import Method


def _sgtd() -> type[Method]:
    from fasharness_sgtd.method import SGTD

    return SGTD


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """Spatial gradient and temporal depth learning."""
    return {"sgtd": _sgtd}
