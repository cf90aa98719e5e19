"""`python benchmarks/ops_networks.py NAME`: a whole network, the papers' formulation and ours."""

from __future__ import annotations

import argparse
import copy
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from unittest import mock

import ops_papers
import torch
import torch.nn.functional as F
from ops_table import Clock, peak_mib, seconds
from torch import Tensor, nn

from fasharness.nn import CDConv2d
from fasharness.ops import contrast_depth_loss
from fasharness_cdcn.network import CDCN
from fasharness_cdcn.recompute import direct
from fasharness_dum.networks import cdcn as dum_on_cdcn
from fasharness_sgtd import layers
from fasharness_sgtd.network import FaceMapNet, SGTDNet

NETWORKS = ("sgtd-single", "sgtd-multi", "cdcn", "dum")
Loss = Callable[[Tensor, Tensor], Tensor]


def _published_block(self: layers.SpatialGradientBlock, x: Tensor) -> Tensor:
    gradient = F.conv2d(ops_papers.magnitude(x), self.gradient.weight, self.gradient.bias)
    detail = self.gradient_norm(gradient)
    return F.relu(self.norm(self.conv(x) + detail))


@contextmanager
def papers() -> Iterator[None]:
    """Put the papers' formulations in the place of the operators."""
    with (
        mock.patch.object(layers.SpatialGradientBlock, "forward", _published_block),
        mock.patch.object(layers, "temporal_gradient_features", ops_papers.temporal_features),
        mock.patch.object(CDConv2d, "forward", ops_papers.cdc_layer),
    ):
        yield


def _network(
    name: str, side: int
) -> tuple[nn.Module, Tensor, Callable[[nn.Module, Tensor], Tensor]]:
    """Build a network, its input of one sample, and what makes depth maps of it."""
    torch.manual_seed(0)
    if name == "cdcn":
        return CDCN(), torch.randn(1, 3, side, side), lambda m, x: m(x)
    if name == "dum":
        return dum_on_cdcn(0.7, 1.0, direct), torch.randn(1, 3, side, side), _drawn
    if name == "sgtd-single":
        return FaceMapNet(), torch.randn(1, 3, side, side), lambda m, x: m(x).depth
    return SGTDNet(side), torch.randn(1, 5, 3, side, side), lambda m, x: m(x).fused.flatten(0, 1)


def _drawn(model: nn.Module, x: Tensor) -> Tensor:
    found = model(x)
    return found.sample(torch.randn_like(found.mu))


def _loss(depth: Tensor, form: Loss) -> Tensor:
    target = torch.zeros_like(depth)
    return F.mse_loss(depth, target) + form(depth, target)


Step = Callable[[], object]


def _convolutions(model: nn.Module, run: Step) -> Step:
    """Repeat the plain convolutions of a step, forward and backward, and nothing else."""
    seen: list[tuple[nn.Conv2d, Tensor]] = []

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        seen.append((layer, torch.randn(inputs[0].shape).requires_grad_()))

    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, nn.Conv2d)]
    run()
    for hook in hooks:
        hook.remove()

    def repeat() -> None:
        for layer, x in seen:
            y = F.conv2d(x, layer.weight, None, layer.stride, layer.padding)
            torch.autograd.grad(y, (x, layer.weight), torch.ones_like(y))

    return repeat


def _published(run: Step) -> Step:
    def inside() -> None:
        with papers():
            run()

    return inside


def forms(name: str, side: int) -> dict[str, dict[str, Step]]:
    """Make what is compared: per work, per form, a callable that does the work once."""
    model, x, depth = _network(name, side)
    last = copy.deepcopy(model).to(memory_format=torch.channels_last)

    def forward(net: nn.Module, dtype: torch.dtype) -> Step:
        def run() -> None:
            with torch.no_grad(), _cast(dtype):
                depth(net.eval(), x)

        return run

    def step(net: nn.Module, dtype: torch.dtype, loss: Loss = contrast_depth_loss) -> Step:
        def run() -> None:
            with _cast(dtype):
                value = _loss(depth(net.train(), x), loss)
            value.backward()
            net.zero_grad()

        return run

    def of(make: Callable[..., Step], *papers_loss: Loss) -> dict[str, Step]:
        single, half = torch.float32, torch.bfloat16
        return {
            "papers float32": _published(make(model, single, *papers_loss)),
            "ours float32": make(model, single),
            "ours float32 channels_last": make(last, single),
            "papers bfloat16": _published(make(model, half, *papers_loss)),
            "ours bfloat16": make(model, half),
            "ours bfloat16 channels_last": make(last, half),
        }

    steps = of(step, ops_papers.contrast_loss)
    steps["convolutions alone float32"] = _convolutions(model, steps["ours float32"])
    return {"forward": of(forward), "training step": steps}


def _cast(dtype: torch.dtype) -> torch.autocast:
    return torch.autocast("cpu", dtype, enabled=dtype != torch.float32)


def measure(name: str, side: int, rounds: int, clock: Clock) -> list[str]:
    """Time all forms in turns, measure their memory, and set both against the papers' float32."""
    rows = []
    for work, runs in forms(name, side).items():
        memory = {form: peak_mib(run) for form, run in runs.items()}
        times = {form: [] for form in runs}
        for _ in range(rounds):
            for form, run in runs.items():
                times[form].append(seconds(run, clock))
        base = times["papers float32"]
        for form, own in times.items():
            faster = median(a / b for a, b in zip(base, own, strict=True))
            share = memory[form] / memory["papers float32"]
            rows.append(
                f"| {name} {side}x{side} | {work} | {form} | {min(own):.2f} | {faster:.2f} | "
                f"{memory[form]:.0f} | {share:.2f} |"
            )
    return rows


def main() -> None:
    """Measure the networks that are named and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NETWORKS)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cpu-time", action="store_true", help="one thread's CPU time")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    if arguments.cpu_time:
        torch.set_num_threads(1)
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, `python {' '.join(sys.argv)}`, torch {torch.__version__}, "
        f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}, "
        f"{torch.get_num_threads()} threads. Seconds are the least of all rounds, 'faster' is the "
        "median over rounds in turn; both it and 'memory' are against the papers' float32. "
        "'convolutions alone' repeats our plain convolutions, forward and backward: no form of the "
        "same network in the same library can be faster.",
        "",
        "| network | work | form | seconds | faster | MiB | memory |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for name in arguments.names:
        rows = measure(name, arguments.side, arguments.rounds, clock)
        print("\n".join(rows), flush=True)
        lines += rows
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
