"""What is measured: every operator at the shapes of the networks, in all its formulations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from ops_papers import cdc, contrast_loss, magnitude, temporal_features
from torch import Tensor

from fasharness import ops
from fasharness.nn import CDConv2d
from fasharness.ops import EagerKernels
from fasharness.ops._native import DEFINITIONS

Run = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One operator at one shape.

    Attributes:
        group: operator and direction.
        shape: the shape, in words.
        runs: per formulation, a callable that does the work once; 'limit' is the least that
            must be done: a plain convolution, or moving each byte once.
        compiled: makes one more of them, the eager definition through torch.compile, which
            takes a C++ compiler and a minute.
    """

    group: str
    shape: str
    runs: dict[str, Run]
    compiled: Callable[[], Run]


def _tensor(*shape: int, dtype: torch.dtype, last: bool = False) -> Tensor:
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    return x.contiguous(memory_format=torch.channels_last) if last else x


def _both(
    group: str,
    shape: str,
    inputs: list[Tensor],
    forms: dict[str, Callable[..., Tensor]],
    limits: tuple[Run, Run],
) -> list[Case]:
    """Make the forward and the forward-and-backward case; the form 'compiled' is compiled."""
    compiled, others = forms["compiled"], {k: v for k, v in forms.items() if k != "compiled"}

    def forward(form: Callable[..., Tensor], context: Any) -> Run:
        def run() -> None:
            with torch.no_grad(), context():
                form(*inputs)

        return run

    def step(form: Callable[..., Tensor], context: Any) -> Run:
        learnt = [t.detach().requires_grad_() for t in inputs]
        with torch.no_grad():
            grad = torch.ones_like(form(*learnt))

        def run() -> None:
            with context():
                torch.autograd.grad(form(*learnt), learnt, grad)

        return run

    cases = []
    for suffix, make, limit in (("forward", forward, limits[0]), ("step", step, limits[1])):
        runs = {name: make(form, nullcontext) for name, form in others.items()}
        runs["eager"] = make(forms["native"], EagerKernels)
        runs["limit"] = limit
        dtype = str(inputs[0].dtype).removeprefix("torch.")
        compile_it = partial(_compile, make, compiled)
        cases.append(Case(f"{group} {suffix}", f"{shape} {dtype}", runs, compile_it))
    return cases


def _compile(make: Callable[..., Run], form: Callable[..., Tensor]) -> Run:
    torch.compiler.reset()  # forms share their code, and a function compiles but a few times
    return make(torch.compile(form, dynamic=False), nullcontext)


def _definition(name: str) -> Callable[..., Any]:
    """Give an operator's eager definition, which autograd and the compiler see into."""
    return DEFINITIONS[f"fasharness::{name}"]


def copies(*tensors: Tensor) -> Run:
    """Copy tensors into fresh memory: reads and writes each of their bytes once."""
    return lambda: [t.clone() for t in tensors]


def _moved(read: int, written: int, dtype: torch.dtype) -> Run:
    """Read and write so many elements, by a copy of half their sum into fresh memory."""
    source = torch.zeros((read + written) // 2, dtype=dtype)
    return copies(source)


def gradient_cases(dtype: torch.dtype, shapes: list[tuple[int, ...]], last: bool) -> list[Case]:
    """Sobel magnitude: forward against a copy, step against reading x twice, grad, writing two."""
    cases = []
    for shape in shapes:
        x = _tensor(*shape, dtype=dtype, last=last)
        forms = {
            "papers": magnitude,
            "native": ops.spatial_gradient_magnitude,
            "compiled": _definition("spatial_gradient_magnitude"),
        }
        n = x.numel()
        limits = copies(x), _moved(3 * n, 2 * n, dtype)
        name = "x".join(map(str, shape)) + (" channels_last" if last else "")
        cases += _both("magnitude", name, [x], forms, limits)
    return cases


def temporal_cases(dtype: torch.dtype, sizes: list[tuple[int, int]], last: bool) -> list[Case]:
    """Spatio-temporal features of clips of five frames at the published widths."""
    cases = []
    for clips, side in sizes:
        f = _tensor(5 * clips, 128, side, side, dtype=dtype, last=last)
        r = _tensor(5 * clips, 32, side, side, dtype=dtype, last=last)
        area = clips * side * side
        read, written = area * (4 * 128 + 5 * 32), area * 4 * 288
        back = area * (4 * 288 + 5 * 160)
        forms = {
            "papers": lambda f, r: temporal_features(f, r, 5),
            "native": lambda f, r: ops.temporal_gradient_features(f, r, 5),
            "compiled": lambda f, r: _definition("temporal_gradient_features")(f, r, 5),
        }
        limits = _moved(read, written, dtype), _moved(read + written, back, dtype)
        name = f"{clips} clips, 128+32 channels, {side}x{side}" + (" channels_last" if last else "")
        cases += _both("temporal", name, [f, r], forms, limits)
    return cases


def contrast_cases(batches: list[int]) -> list[Case]:
    """Contrastive depth loss on 32x32 maps; the limit is a mean squared error."""
    cases = []
    for batch in batches:
        pred, target = (_tensor(batch, 32, 32, dtype=torch.float32) for _ in range(2))
        learnt = pred.clone().requires_grad_()

        def mse_step(p: Tensor = learnt, t: Tensor = target) -> object:
            return torch.autograd.grad(F.mse_loss(p, t), p)

        forms = {
            "papers": contrast_loss,
            "native": ops.contrast_depth_loss,
            "compiled": lambda p, t: _definition("contrast_depth_loss")(p, t, None, False),
        }
        limits = (lambda p=pred, t=target: F.mse_loss(p, t)), mse_step
        cases += _both("contrast", f"{batch}x32x32", [pred, target], forms, limits)
    return cases


def _merged(weight: Tensor) -> Tensor:
    sample, spread = [1.0] * 9, [float(k == 4) for k in range(9)]
    merged: Tensor = _definition("cdc_weight")(weight, 0.7, None, sample, spread)
    return merged


def cdc_cases(dtype: torch.dtype, shapes: list[tuple[int, int, int, int]]) -> list[Case]:
    """Central-difference convolution; the limit is the plain convolution of the same shape."""
    cases = []
    for batch, inputs, outputs, side in shapes:
        x = _tensor(batch, inputs, side, side, dtype=dtype)
        w = _tensor(outputs, inputs, 3, 3, dtype=dtype)
        plain = [t.detach().requires_grad_() for t in (x, w)]
        grad = torch.ones(batch, outputs, side, side, dtype=dtype)

        def conv_step(p: list[Tensor] = plain, g: Tensor = grad) -> object:
            return torch.autograd.grad(F.conv2d(*p, padding=1), p, g)

        def conv(x: Tensor = x, w: Tensor = w) -> Tensor:
            return F.conv2d(x, w, padding=1)

        forms = {
            "papers": cdc,
            "native": lambda x, w: ops.cdc_conv2d(x, w, padding=1),
            "compiled": lambda x, w: F.conv2d(x, _merged(w), padding=1),
        }
        name = f"{batch}x{inputs}->{outputs}, {side}x{side}"
        cases += _both("cdc", name, [x, w], forms, (conv, conv_step))
        kept = forms | {"native": _layer(w)}
        cases.append(_both("cdc layer in eval", name, [x, w], kept, (conv, conv_step))[0])
    return cases


def _layer(weight: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Make a layer that keeps its merged weight, as it does where no gradient is asked for."""
    layer = CDConv2d(weight.shape[1], weight.shape[0], 3, padding=1, bias=False).eval()
    layer.weight = torch.nn.Parameter(weight)
    return lambda x, _: layer(x)


def cpu_cases() -> list[Case]:
    """List what two cores can measure in minutes, at shapes of the networks."""
    single, half = torch.float32, torch.bfloat16
    large, shapes = [(5, 64, 256, 256)], [(1, 64, 256, 256), (8, 384, 32, 32)]
    return [
        *contrast_cases([1, 8, 32]),
        *cdc_cases(single, [(1, 64, 128, 64), (8, 128, 128, 32)]),
        *cdc_cases(half, [(1, 64, 128, 64), (8, 128, 128, 32)]),
        *gradient_cases(single, shapes, last=False),
        *gradient_cases(single, shapes[:1], last=True),
        *gradient_cases(half, shapes[:1], last=False),
        *gradient_cases(torch.float16, shapes[:1], last=False),
        *temporal_cases(single, [(1, 128)], last=False),
        *temporal_cases(single, [(1, 64)], last=True),
        *gradient_cases(single, large, last=False),
        *gradient_cases(half, large, last=False),
    ]
