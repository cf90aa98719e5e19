"""Plugin of fasharness: simulated presentations, and the command that writes and judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    from fasharness.dataset import Simulator


def _oulu_npu() -> Simulator:
    from fasharness_sim.layouts.oulu_npu import OuluNpuSimulator

    return OuluNpuSimulator()


def _sim(commands: Any) -> None:
    from fasharness_sim.commands import add

    add(commands)


@hookimpl
def fasharness_simulators() -> Mapping[str, Callable[[], Simulator]]:
    """OULU-NPU."""
    return {"oulu-npu": _oulu_npu}


@hookimpl
def fasharness_commands() -> Mapping[str, Callable[[Any], None]]:
    """``fasharness sim``."""
    return {"sim": _sim}
