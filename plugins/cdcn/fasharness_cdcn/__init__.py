"""Plugin of fasharness: CDCN and CDCN++; torch is imported only when they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.method import Method


def _cdcn() -> type[Method]:
    from fasharness_cdcn.method import CDCNMethod

    return CDCNMethod


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """Central-difference convolutional networks."""
    return {"cdcn": _cdcn}
