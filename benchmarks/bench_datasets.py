"""Measures planning, validation and preparation of a large data set of pictures.

Run it as ``python benchmarks/bench_datasets.py [--pictures 600000] [--folder DIR]``. It writes
CelebA-Spoof's tree with empty pictures and its JSON lists, then validates it and builds its
protocol in a process of its own, and reads time and peak memory. ``--prepare N`` measures
preparation of N real pictures with given boxes at 224 pixels instead.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from fasharness.builtin.datasets.celeba_spoof import CelebaSpoof

FOLD = "celeba-spoof-intra"
PER_SUBJECT = 60
"""Pictures of a subject, of which a third is bona fide; CelebA-Spoof has 61."""


class Picture(NamedTuple):
    """One picture of the tree: its path and its entry in the list."""

    path: str
    entry: list[int]


def pictures(count: int) -> Iterator[Picture]:
    """Iterate over the pictures; every ninth subject is of test."""
    for number in range(count):
        subject = number // PER_SUBJECT
        part = "test" if subject % 9 == 0 else "train"
        kind = 0 if number % 3 == 0 else 1 + number % 10
        folder = "spoof" if kind else "live"
        entry = [0] * 40 + [kind, kind % 5, kind % 3, int(kind > 0)]
        yield Picture(f"Data/{part}/{subject}/{folder}/{number:06d}.png", entry)


def write(root: Path, count: int, content: bytes, box: str) -> None:
    """Write the tree; without a box there are no side files."""
    lists: dict[str, dict[str, list[int]]] = {"train": {}, "test": {}}
    made = set()
    for path, entry in pictures(count):
        target = root / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_bytes(content)
        if box:
            target.with_name(f"{target.stem}_BB.txt").write_text(box)
        lists[path.split("/", 2)[1]][path] = entry
    metas = root / "metas" / "intra_test"
    metas.mkdir(parents=True)
    for part, entries in lists.items():
        (metas / f"{part}_label.json").write_text(json.dumps(entries))


def plan(root: Path) -> int:
    """Build the protocol."""
    found = CelebaSpoof(root).protocol(FOLD)
    return len(found.train) + len(found.dev) + len(found.test)


def validate(root: Path) -> int:
    """Validate the root; every empty picture is a finding."""
    return len(CelebaSpoof(root).validate([FOLD]).findings)


def measure(work: Callable[[Path], int], root: Path) -> None:
    """Do it in a process of its own, and print its time and peak memory."""
    process = multiprocessing.get_context("spawn").Process(target=_measured, args=(work, root))
    process.start()
    process.join()


def _measured(work: Callable[[Path], int], root: Path) -> None:
    start, used = time.perf_counter(), time.process_time()
    count = work(root)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{work.__name__}: {count} in {seconds:.1f} s ({used:.1f} s of processor time), "
        f"peak {peak:.2f} GiB"
    )


def main() -> None:
    """Write the tree and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=600_000)
    parser.add_argument("--folder", type=Path, help="where the tree is kept (default: nowhere)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
        root = options.folder or Path(scratch) / "root"
        if not (root / "metas").is_dir():
            write(root, options.pictures, b"", "")
        measure(plan, root)
        measure(validate, root)


if __name__ == "__main__":
    main()
