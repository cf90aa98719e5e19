"""Plugin of fasharness: a toy method and a metric; torch is imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.method import Method
    from fasharness.metric import MetricInput


def _toy() -> type[Method]:
    from fasharness_toy.method import Toy

    return Toy


def _gap(given: MetricInput) -> float:
    """Mean bona fide score minus mean attack score."""
    import numpy as np

    live, attack = given.bona_fide, ~given.bona_fide
    means = [np.average(given.scores[kept], weights=given.weights[kept]) for kept in (live, attack)]
    return float(means[0] - means[1])


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """Two convolutions."""
    return {"toy": _toy}


@hookimpl
def fasharness_metrics() -> Mapping[str, Callable[[MetricInput], float]]:
    """How far the classes lie apart."""
    return {"gap": _gap}
