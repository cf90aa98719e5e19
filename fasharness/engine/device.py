"""The device and precision of a run, as a Fabric."""

from __future__ import annotations

import logging
import os
import platform
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, cast

import torch
from lightning_fabric import Fabric
from torch import nn

from fasharness.errors import OptionError

_CPUINFO = Path("/proc/cpuinfo")


def make_fabric(device: str, precision: str) -> Fabric:
    """Build the Fabric of a run on one device, with deterministic algorithms.

    Args:
        device: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``.
        precision: e.g. ``32-true`` or ``bf16-mixed``.

    Raises:
        OptionError: this machine has no such device.
    """
    kind, index = _resolve(device)
    # cuBLAS is deterministic only with a fixed workspace, chosen before its first use.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # TF32 would round the convolutions of a score to 10 bits.
    torch.backends.cudnn.allow_tf32 = False
    # Filling every fresh tensor helps only code that reads what it never wrote, and costs a tenth
    # of a training step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # A warning alone on CUDA: operations without a deterministic kernel would end the run.
    torch.use_deterministic_algorithms(True, warn_only=kind == "cuda")
    # It writes the precision on the standard error stream, even of a quiet run.
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    devices: Any = [index] if kind == "cuda" else 1
    with warnings.catch_warnings():
        # Lightning warns where a user chooses the CPU beside a free GPU.
        warnings.filterwarnings("ignore", message=".*GPU available but not used.*")
        return Fabric(
            accelerator=kind,
            devices=devices,
            precision=cast(Literal["32-true", "16-mixed", "bf16-mixed"], precision),
        )


def prefer_huge_pages() -> None:
    """Let torch take large pages for large tensors; only before the process's first tensor.

    Every training step frees its activations and asks for them again, and the system has to map
    and clear each page anew: far fewer of them if they are large.
    """
    # torch reads it once, with its first tensor. Linux only; a user's own choice stands.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def place(network: nn.Module, fabric: Fabric) -> nn.Module:
    """Move a network to the device, with the channels of its images innermost in memory."""
    # Convolutions are faster so, on processors and on GPUs; batches lie the same way.
    ready = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    moved: nn.Module = fabric.to_device(ready)
    return moved


def freeze(companion: nn.Module, fabric: Fabric) -> nn.Module:
    """Place a network that only helps in training: in evaluation mode, without gradients."""
    return place(companion, fabric).eval().requires_grad_(False)


def prefer_fused(optimizers: Iterable[torch.optim.Optimizer]) -> None:
    """Let optimisers make their whole step in one kernel, where torch has one."""
    for optimizer in optimizers:
        # By type: the step of a subclass may not know the setting.
        if type(optimizer) in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD):
            for group in optimizer.param_groups:
                others = ("fused", "foreach", "capturable", "differentiable")
                if not any(group.get(name) for name in others) and group["fused"] is None:
                    group["fused"] = True


def resolve_precision(precision: str, device: str) -> str:
    """Return what a precision stands for on this machine.

    Args:
        precision: ``auto``, or anything else, which stands for itself.
        device: as for `make_fabric`.

    Returns:
        For ``auto``: ``bf16-mixed`` where the device computes in bfloat16, else ``32-true``.
    """
    if precision != "auto":
        return precision
    kind, _ = _resolve(device)
    if kind == "cuda":
        hardware = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        hardware = not {"amx_bf16", "avx512_bf16"}.isdisjoint(_cpuinfo("flags").split())
    return "bf16-mixed" if hardware else "32-true"


def device_name(device: str) -> str:
    """Return the name of the GPU or processor, for display."""
    kind, index = _resolve(device)
    if kind == "cuda":
        return torch.cuda.get_device_name(index)
    return f"cpu ({_processor()}, {torch.get_num_threads()} threads)"


def _resolve(device: str) -> tuple[str, int]:
    name, _, index = device.partition(":")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        name = "cuda" if count else "cpu"
    if name == "cuda" and int(index or 0) >= count:
        raise OptionError(f"no device {device!r} on this machine; CUDA devices: {count}")
    return name, int(index or 0)


def _processor() -> str:
    """Return the processor's model, where the system reports it."""
    # platform.processor() is empty or only "x86_64" on most Linux systems.
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(key: str) -> str:
    """Return what Linux says of the first processor; empty elsewhere."""
    if _CPUINFO.is_file():
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            if line.startswith(key):
                return line.partition(":")[2].strip()
    return ""


def device_names() -> list[str]:
    """List every device that ``--device`` accepts on this machine, with its name."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cpu", *(f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count))]
