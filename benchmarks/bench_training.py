"""Measures a training step of SGTD's stages: float32, and what ``--precision auto`` takes here.

Run it as ``python benchmarks/bench_training.py [--preset demo] [--threads 1]``; processor time,
medians of steps in turn, ratios within one run. "before" is float32 with unfused optimisers, fresh
memory filled and the loss read after each step, as the engine worked before it had the others.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.engine.device import make_fabric, place, prefer_fused, resolve_precision
from fasharness.method import Method, Stage, make
from fasharness_sgtd.method import SGTD


def random_batch(method: Method, stage: Stage) -> Batch:
    """Uniform pixels and depth of the stage's shapes."""
    spec, count = stage.bona_fide, stage.batch_size
    length, side = spec.frames.length, spec.crop.size
    images = torch.randint(0, 256, (count, length, side, side, 3), dtype=torch.uint8)
    labels = {each.name: torch.rand(count, length, each.size, each.size) for each in spec.labels}
    shown = [Presentation("x", rgb(Path("x.avi")))] * count
    bona_fide = torch.arange(count) % 2 == 0
    return Batch({RGB: images.permute(0, 1, 4, 2, 3)}, labels, bona_fide, shown, [""] * count)


def step(method: Method, stage: Stage, precision: str, before: bool) -> Callable[[], object]:
    """Return a function that makes one training step."""
    fabric = make_fabric("cpu", precision)
    torch.manual_seed(0)
    network = place(method.network({}), fabric)
    optimizers = list(method.optimizers(stage, network))
    if not before:
        prefer_fused(optimizers)
    method.train_mode(stage, network)
    batch = random_batch(method, stage)

    def make_step() -> object:
        torch.utils.deterministic.fill_uninitialized_memory = before  # type: ignore[attr-defined]
        with fabric.autocast():
            losses = method.losses(stage, network, batch, {})
        read = {name: float(loss.detach()) for name, loss in losses.items()} if before else None
        for optimizer in optimizers:
            optimizer.zero_grad()
        losses["total"].backward()
        for optimizer in optimizers:
            optimizer.step()
        return read

    return make_step


def main() -> None:
    """Print milliseconds and ratios of both stages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="demo")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=7)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    method, auto = make(SGTD, given.preset, {}), resolve_precision("auto", "cpu")
    print(f"{platform.machine()}, torch {torch.__version__}, auto is {auto}")
    for stage in method.stages():
        ways = {
            "before": step(method, stage, "32-true", True),
            "32-true": step(method, stage, "32-true", False),
            "auto": step(method, stage, auto, False),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(given.repeat + 1):
            for name, make_step in ways.items():
                start = time.process_time()
                make_step()
                times[name].append(time.process_time() - start)
        medians = {name: statistics.median(found[1:]) for name, found in times.items()}
        for name, median in medians.items():
            ratio = median / medians["before"]
            print(f"{stage.name:8} {name:8} {1e3 * median:7.0f} ms  {ratio:.2f}")


if __name__ == "__main__":
    main()
