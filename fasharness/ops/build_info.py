"""`python -m fasharness.ops.build_info`: which kernels are built, for what, and in use."""

from __future__ import annotations

import importlib
import platform
import sys
from dataclasses import dataclass

import torch

from fasharness import ops
from fasharness.ops._native import DEFINITIONS


@dataclass(frozen=True)
class BuildInfo:
    """The implementations of the operators in this process.

    Attributes:
        torch_version: the installed torch.
        python_version: the running interpreter.
        libraries: file names of the loaded kernel libraries.
        built: facts that the CPU library reports of its build; empty without one.
        kernels: per operator, the device types that have a kernel of their own.
    """

    torch_version: str
    python_version: str
    libraries: tuple[str, ...]
    built: tuple[tuple[str, str], ...]
    kernels: tuple[tuple[str, tuple[str, ...]], ...]

    def lines(self) -> list[str]:
        """Format the record for a terminal.

        Returns:
            One line per fact.
        """
        facts = [
            ("torch", self.torch_version),
            ("python", self.python_version),
            ("libraries", ", ".join(self.libraries) or "none, eager definitions only"),
            *self.built,
            *((name, ", ".join(devices) or "eager") for name, devices in self.kernels),
        ]
        return [f"{name:<50} {value}" for name, value in facts]


def _devices(name: str) -> tuple[str, ...]:
    # A private function, but torch has no public one that tells kernels from fallbacks.
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return tuple(key for key in ("CPU", "CUDA") if has(name, key))


def build_info() -> BuildInfo:
    """Collect the implementations of the operators in this process.

    Returns:
        The record.
    """
    built: dict[str, str] = {}
    if any(path.name.startswith("_C.") for path in ops.LOADED):
        built = importlib.import_module("fasharness.ops._C").build_info()
    return BuildInfo(
        torch.__version__,
        platform.python_version(),
        tuple(path.name for path in ops.LOADED),
        tuple(built.items()),
        tuple((name, _devices(name)) for name in sorted(DEFINITIONS)),
    )


if __name__ == "__main__":
    sys.stdout.write("\n".join(build_info().lines()) + "\n")
