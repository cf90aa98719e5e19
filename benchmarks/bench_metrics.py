"""Measures the metrics: point figures against one roc_curve call, the bootstrap, a cold start."""

import argparse
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fasharness.metrics import bootstrap, curves, points, rates, thresholds
from fasharness.scores import Score, write_csv

Floats = NDArray[np.float64]


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Shortest of several runs."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def draw(size: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Scores of one bona fide presentation for every four attacks."""
    generator = np.random.default_rng(seed)
    return generator.normal(1, 1, size // 5), generator.normal(0, 1, size - size // 5)


def point_metrics(live: Floats, fake: Floats) -> tuple[float, ...]:
    """Everything that is read off two sets of scores."""
    half, quarter = fake.size // 2, fake.size // 4
    groups = {"print": fake[:half], "display": fake[half:]}
    species = {str(i): fake[i * quarter : (i + 1) * quarter] for i in range(4)}
    curve = curves.error_curve(live, fake)
    cut = thresholds.equal_error(curve)
    return (
        rates.acer(live, groups, cut), rates.acer(live, species, cut), rates.hter(live, fake, cut),
        rates.accuracy(live, fake, cut), curves.eer(curve), curves.auc(curve),
        *(points.parse(name).read(curve) for name in points.STANDARD),
        rates.d_prime(live, fake),
        *(curves.bpcer_at_apcer(curve, limit) for limit in (0.1, 0.05, 0.01)),
    )  # fmt: skip


def bench_points(size: int, repeat: int) -> None:
    from sklearn.metrics import roc_curve

    live, fake = draw(size)
    labels = np.append(np.ones(live.size), np.zeros(fake.size))
    scores = np.append(live, fake)
    ours = seconds(lambda: point_metrics(live, fake), repeat)
    theirs = seconds(lambda: roc_curve(labels, scores), repeat)
    tracemalloc.start()
    point_metrics(live, fake)
    peak = tracemalloc.get_traced_memory()[1] / scores.nbytes
    tracemalloc.stop()
    print(
        f"point metrics of {size:,} scores: {ours:.2f} s, roc_curve alone {theirs:.2f} s, ratio "
        f"{ours / theirs:.2f}; memory {peak:.1f} times the score array"
    )


def sample(size: int, subjects: int) -> bootstrap.Sample:
    """Scores of several subjects, four species in two groups."""
    generator = np.random.default_rng(1)
    species = np.arange(size) % 5
    scores = generator.normal(np.where(species == 0, 1.0, 0.0), 1.0)
    return bootstrap.Sample(scores, species, [0, 0, 1, 1], np.arange(size) % subjects)


def bench_bootstrap(size: int, subjects: int, replicates: int) -> None:
    one = sample(size, subjects)

    def work() -> None:
        draws = bootstrap.draw(one.cluster_count, replicates, seed=0)
        bootstrap.gather(bootstrap.figures(one, 0.5, (0.1, 0.05, 0.01), w) for w in draws)

    took = seconds(work, 1)
    print(f"{replicates} replicates over {subjects} subjects of {size:,} scores: {took:.2f} s")


def bench_cold_start(rows: int) -> None:
    species = (None, "print1", "print2", "replay1", "replay2")
    generator = np.random.default_rng(2)
    scores = [
        Score(
            f"p{i}", "dev" if i % 55 < 20 else "test", f"s{i % 55}", species[i // 55 % 5], None,
            float(generator.normal(1.5 if i // 55 % 5 == 0 else 0.0)),
        )
        for i in range(rows)
    ]  # fmt: skip
    code = (
        "import sys; from pathlib import Path; from fasharness.scores import read_csv; "
        "from fasharness.evaluation.evaluate import evaluate; "
        "evaluate(read_csv(Path(sys.argv[1]))); "
        "assert 'torch' not in sys.modules"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.csv"
        write_csv(path, scores)
        command = [sys.executable, "-c", code, str(path)]
        took = seconds(lambda: subprocess.run(command, check=True), 3)
    print(f"cold start, read and evaluate {rows} rows, 1000 replicates: {took:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes of the stated limits")
    full = parser.parse_args().full
    bench_points(10_000_000 if full else 1_000_000, 2)
    bench_bootstrap(4950, 55, 2000)
    bench_bootstrap(1_000_000 if full else 100_000, 200, 2000)
    bench_cold_start(4950)


if __name__ == "__main__":
    main()
