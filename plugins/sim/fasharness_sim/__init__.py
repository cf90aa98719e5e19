"""Plugin of fasharness: simulated presentations, and the command that writes and judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.dataset import Simulator
    from fasharness_sim.layout import Layout


def _simulator(layout: Layout) -> Simulator:
    from fasharness_sim.simulator import LayoutSimulator

    return LayoutSimulator(layout)


def _sim(commands: Any) -> None:
    from fasharness_sim.commands import add

    add(commands)


@hookimpl
def fasharness_simulators() -> Mapping[str, Callable[[], Simulator]]:
    """A simulator for each layout."""
    from fasharness_sim.layouts import LAYOUTS

    return {name: partial(_simulator, layout) for name, layout in LAYOUTS.items()}


@hookimpl
def fasharness_commands() -> Mapping[str, Callable[[Any], None]]:
    """``fasharness sim``."""
    return {"sim": _sim}
