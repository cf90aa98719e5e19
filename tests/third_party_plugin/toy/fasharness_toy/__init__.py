"""Plugin of fasharness: a toy method and a metric; torch is imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fasharness.method import Method


def _toy() -> type[Method]:
    from fasharness_toy.method import Toy

    return Toy


def _gap(bona_fide: NDArray[np.float64], attacks: NDArray[np.float64], threshold: float) -> float:
    """Mean bona fide score minus mean attack score."""
    del threshold
    return float(bona_fide.mean() - attacks.mean())


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """Two convolutions."""
    return {"toy": _toy}


@hookimpl
def fasharness_metrics() -> Mapping[
    str, Callable[[NDArray[np.float64], NDArray[np.float64], float], float]
]:
    """How far the classes lie apart."""
    return {"gap": _gap}
