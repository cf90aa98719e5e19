"""What the operator tests share: devices, golden arrays, and the native-against-eager check."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from fasharness.ops import EagerKernels
from fasharness.ops.build_info import build_info

DATA = Path(__file__).parent.parent / "data" / "ops"
TOLERANCE = {
    torch.float64: 1e-12,
    torch.float32: 2e-5,
    torch.bfloat16: 1.6e-2,
    torch.float16: 2e-3,
}

# csrc/check_cuda.sh tests the CUDA sources here, as a host library that emulates the device.
if library := os.environ.get("FASHARNESS_TEST_LIBRARY"):
    torch.ops.load_library(library)


@pytest.fixture(
    params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)],
)
def device(request: pytest.FixtureRequest) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return request.param


@pytest.fixture(scope="session")
def tolerance() -> dict[torch.dtype, float]:
    """The rounding of each dtype that kernels and definitions may differ by."""
    return TOLERANCE


@pytest.fixture(scope="session")
def golden() -> Callable[[str], dict[str, np.ndarray]]:
    return lambda name: dict(np.load(DATA / f"{name}.npz"))


def _run(function: Callable[..., Any], args: tuple[Any, ...]) -> list[Tensor]:
    """Values, then gradients for a fixed random direction."""
    copies = [
        a.detach().clone().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a
        for a in args
    ]
    out = function(*copies)
    out = out if isinstance(out, tuple) else (out,)
    generator = torch.Generator(device=out[0].device).manual_seed(1)
    directions = [
        torch.randn(o.shape, generator=generator, dtype=o.dtype, device=o.device) for o in out
    ]
    learnt = [c for c in copies if isinstance(c, Tensor) and c.requires_grad]
    return [*(o.detach() for o in out), *torch.autograd.grad(out, learnt, directions)]


def _same(function: Callable[..., Any], *args: Any) -> None:
    native = _run(function, args)
    with EagerKernels():
        eager = _run(function, args)
    for i, (a, b) in enumerate(zip(native, eager, strict=True)):
        assert a.dtype == b.dtype, i
        assert a.shape == b.shape, i
        assert a.stride() == b.stride() or a.numel() == 0, i
        scale = float(b.abs().max()) if b.numel() else 0.0
        assert torch.isfinite(a).all(), i
        torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE[a.dtype] * scale + 1e-12)


@pytest.fixture(scope="session")
def assert_native_is_eager() -> Callable[..., None]:
    """A check that kernels and eager definition agree in value, gradient, dtype and layout."""
    if not any(devices for _, devices in build_info().kernels):
        pytest.skip("no kernel library is loaded")
    return _same


@pytest.fixture
def opcheck() -> Callable[..., None]:
    """`torch.library.opcheck` on one of the project's operators."""

    def check(name: str, *args: Any) -> None:
        torch.library.opcheck(getattr(torch.ops.fasharness, name).default, args)

    return check
