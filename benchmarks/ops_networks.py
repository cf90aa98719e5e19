"""`python benchmarks/ops_networks.py NAME`: a whole network, the papers' formulation and ours."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from fasharness_sgtd import layers
from fasharness_sgtd.network import FaceMapNet, SGTDNet

NETWORKS = ("sgtd-single", "sgtd-multi", "cdcn")


def _published_block(self: layers.SpatialGradientBlock, x: Tensor) -> Tensor:
    detail = self.gradient_norm(self.gradient(ops_papers.magnitude(x)))
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
    if name == "sgtd-single":
        return FaceMapNet(), torch.randn(1, 3, side, side), lambda m, x: m(x).depth
    return SGTDNet(side), torch.randn(1, 5, 3, side, side), lambda m, x: m(x).fused.flatten(0, 1)


def _loss(depth: Tensor, form: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    target = torch.zeros_like(depth)
    return F.mse_loss(depth, target) + form(depth, target)


def measure(name: str, side: int, dtype: torch.dtype, rounds: int, clock: Clock) -> list[str]:
    """Time forward and training step in turns, and measure the step's memory."""
    model, x, depth = _network(name, side)
    half = dtype != torch.float32

    def forward() -> None:
        with torch.no_grad(), torch.autocast("cpu", dtype, enabled=half):
            depth(model.eval(), x)

    def step(form: Callable[[Tensor, Tensor], Tensor] = contrast_depth_loss) -> None:
        with torch.autocast("cpu", dtype, enabled=half):
            loss = _loss(depth(model.train(), x), form)
        loss.backward()
        model.zero_grad()

    def published(run: Callable[[], None]) -> Callable[[], None]:
        def inside() -> None:
            with papers():
                run()

        return inside

    rows = []
    works = {
        "forward": (published(forward), forward),
        "training step": (published(lambda: step(ops_papers.contrast_loss)), step),
    }
    for work, (theirs, ours) in works.items():
        memory = peak_mib(theirs), peak_mib(ours)
        pairs = [(seconds(theirs, clock), seconds(ours, clock)) for _ in range(rounds)]
        best = [min(p[i] for p in pairs) for i in (0, 1)]
        rows.append(
            f"| {name} {side}x{side} {str(dtype).removeprefix('torch.')} | {work} | "
            f"{best[0]:.2f} | {best[1]:.2f} | {median(a / b for a, b in pairs):.2f} | "
            f"{memory[0]:.0f} | {memory[1]:.0f} | {memory[1] / memory[0]:.2f} |"
        )
    return rows


def main() -> None:
    """Measure the networks that are named and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NETWORKS)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cpu-time", action="store_true", help="one thread's CPU time")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    if arguments.cpu_time:
        torch.set_num_threads(1)
    lines = [
        f"`python {' '.join(sys.argv)}`, torch {torch.__version__}, {torch.get_num_threads()} "
        "threads; seconds are the least of all rounds, the ratio is the median of rounds in turn",
        "",
        "| network | work | papers, s | ours, s | faster | papers, MiB | ours, MiB | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for name in arguments.names:
        dtype = getattr(torch, arguments.dtype)
        rows = measure(name, arguments.side, dtype, arguments.rounds, clock)
        print("\n".join(rows), flush=True)
        lines += rows
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
