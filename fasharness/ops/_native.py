"""Declares operators, and decides which implementation of them runs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Increased with every change of an operator's schema, here and in csrc/common/platform.h.
OPS_VERSION = 2
NAMESPACE = "fasharness"
P = ParamSpec("P")
R = TypeVar("R")
DEFINITIONS: dict[str, Callable[..., Any]] = {}


class Operator(Generic[P, R]):
    """An operator: a call runs the kernel for the tensors' device, or the eager definition.

    Args:
        name: the operator's name, the same as that of the kernels in csrc.
        definition: the eager definition; the schema is read from its annotations.
    """

    def __init__(self, name: str, definition: Callable[P, R]) -> None:
        DEFINITIONS[f"{NAMESPACE}::{name}"] = definition
        custom_op: Any = torch.library.custom_op
        self._declared = custom_op(f"{NAMESPACE}::{name}", definition, mutates_args=())
        self._call = getattr(getattr(torch.ops, NAMESPACE), name).default

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the operator through the dispatcher.

        Args:
            *args: as the definition.
            **kwargs: as the definition.

        Returns:
            As the definition.

        Raises:
            RuntimeError: within `torch.func.grad` and its like, which PyTorch's custom operators
                do not support.
        """
        try:
            result: R = self._call(*args, **kwargs)
        except RuntimeError as error:
            if "functorch transforms" not in str(error):
                raise
            raise RuntimeError(
                f"{self._call}: torch.func.grad, vjp, jvp and jacrev do not work with "
                "fasharness's operators; use torch.autograd.grad"
            ) from None
        return result

    def fake(self, shapes: Callable[P, R]) -> Callable[P, R]:
        """Register the function that returns results of the right shapes, without values.

        Args:
            shapes: a function of the operator's signature.

        Returns:
            The function itself.
        """
        self._declared.register_fake(shapes)
        return shapes

    def autograd(
        self, vjp: Callable[..., Any], setup: Callable[[Any, Any, Any], None] | None = None
    ) -> None:
        """Register the derivative.

        Args:
            vjp: maps the context and the gradients of the results to those of the arguments.
            setup: stores in the context what vjp needs.
        """
        self._declared.register_autograd(vjp, setup_context=setup)


def operator(name: str) -> Callable[[Callable[P, R]], Operator[P, R]]:
    """Declare a function as the eager definition of an operator.

    Args:
        name: the operator's name.

    Returns:
        A decorator that makes an `Operator` of the function.
    """
    return lambda definition: Operator(name, definition)


class EagerKernels(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within this context every operator runs its eager definition, even if kernels are loaded."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        # By name: the definition runs in place of whichever kernel the dispatcher would choose.
        definition = DEFINITIONS.get(func._schema.name, func)
        return definition(*args, **(kwargs or {}))


def libraries(folder: Path) -> list[Path]:
    """List the kernel libraries of a folder, the CPU one first.

    Args:
        folder: where to look.

    Returns:
        Paths of `_C*.so` (or `.pyd`), built for any interpreter.
    """
    found = (p for p in folder.iterdir() if p.suffix in (".so", ".pyd"))
    # By the name before the first dot, as the rest names interpreter and platform. The CPU library
    # comes first.
    return sorted(p for p in found if p.name.split(".")[0] in ("_C", "_C_cuda"))


def is_truncated(content: bytes) -> bool:
    """Return whether the end of an ELF file is missing; loading it would kill the process.

    Args:
        content: the file.

    Returns:
        True if its last table, the section headers, is not inside the file.
    """
    start, size, count = (
        # ELF64 header: e_shoff at 40, e_shentsize at 58, e_shnum at 60.
        int.from_bytes(content[i:j], "little")
        for i, j in ((40, 48), (58, 60), (60, 62))
    )
    return content[:4] == b"\x7fELF" and start + size * count > len(content)


def load_library(path: Path) -> str | None:
    """Load one kernel library, unless it is not one of this version.

    Args:
        path: the library file.

    Returns:
        None if its kernels are now registered, else the reason why not.
    """
    # Loading registers the kernels and cannot be undone, so the version is read from the file.
    content = path.read_bytes()
    if f"fasharness.ops kernels {OPS_VERSION};".encode() not in content:
        return f"it holds no fasharness kernels of version {OPS_VERSION}"
    if is_truncated(content):
        return "the file is cut off"
    try:
        torch.ops.load_library(path)  # type: ignore[no-untyped-call]
    except OSError as error:
        # torch wraps the loader's reason, e.g. a missing libtorch_cuda.so, in a longer text.
        return str(error.__cause__ or error)
    return None


def load_kernels(folder: Path, choice: str) -> list[Path]:
    """Load the kernel libraries of a folder, if wanted and possible.

    Args:
        folder: where to look for them.
        choice: 'eager' loads nothing, 'native' requires the CPU library, '' loads what works.

    Returns:
        The libraries that were loaded.

    Raises:
        ValueError: another choice.
        ImportError: 'native', and no library could be loaded.
    """
    if choice not in ("", "eager", "native"):
        raise ValueError(f"FASHARNESS_OPS must be 'eager' or 'native', got {choice!r}")
    if choice == "eager":
        return []
    problems = {path: load_library(path) for path in libraries(folder)}
    for path, problem in problems.items():
        if problem is not None:
            warnings.warn(
                f"cannot use the kernel library {path}, falling back to eager operators: {problem}",
                RuntimeWarning,
                stacklevel=2,
            )
    loaded = [path for path, problem in problems.items() if problem is None]
    if choice == "native" and not loaded:
        raise ImportError(f"FASHARNESS_OPS=native, but {folder} holds no usable kernel library")
    return loaded


def load_default_kernels() -> list[Path]:
    """Load the libraries beside this file, as the variable FASHARNESS_OPS demands.

    Returns:
        The libraries that were loaded.
    """
    return load_kernels(Path(__file__).parent, os.environ.get("FASHARNESS_OPS", ""))
