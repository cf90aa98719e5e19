"""Measures planning, validation and preparation of a large data set of pictures.

Run it as ``python benchmarks/bench_datasets.py [--pictures 600000] [--folder DIR]``. It writes
CelebA-Spoof's tree with empty pictures and its JSON lists, then validates it and builds its
protocol, each in a process of its own, and reads time and peak memory. ``--prepare N`` measures
instead how N pictures (480x640, one photograph) with given boxes are prepared for LGSC at 224
pixels by two processes.
"""

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2

from fasharness.builtin.datasets.celeba_spoof import CelebaSpoof

PHOTO = Path(__file__).parents[1] / "tests" / "prepare" / "data" / "astronaut.jpg"
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


def photograph() -> bytes:
    """One photograph of a face as JPEG."""
    picture = cv2.resize(cv2.imread(str(PHOTO)), (480, 640))
    return bytes(cv2.imencode(".jpg", picture)[1])


def write(root: Path, count: int, content: bytes = b"", box: str = "") -> None:
    """Write the tree; without a box there are no side files."""
    lists: dict[str, dict[str, list[int]]] = {"train": {}, "test": {}}
    made = set()
    for number, (path, entry) in enumerate(pictures(count)):
        target = root / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        # A comment tells them apart: what has the same content is prepared once.
        comment = b"\xff\xfe\x00\x06" + number.to_bytes(4, "big")
        target.write_bytes(content and content[:2] + comment + content[2:])
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


def prepare(scratch: Path, count: int) -> None:
    """Write pictures with boxes, prepare them, and print how many are prepared in a second."""
    root = scratch / "root"
    write(root, count, photograph(), "62 25 100 100 0.99\n")
    command = [
        sys.executable,
        "-m",
        "fasharness",
        "prepare",
        "--plugin",
        "lgsc",
        "--protocol",
        FOLD,
    ]
    command += ["--data", str(root), "--faces", "dataset", "--jobs", "2", "--quiet"]
    command += ["--store", str(scratch / "store"), "--out", str(scratch / "run")]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - start
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    print(
        f"prepare: {count} in {seconds:.1f} s, {count / seconds:.0f} a second "
        f"({used:.1f} s of processor time, start included)"
    )


def main() -> None:
    """Write the tree and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=600_000)
    parser.add_argument("--folder", type=Path, help="where the tree is kept (default: nowhere)")
    parser.add_argument("--prepare", type=int, metavar="N", help="prepare N pictures instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
        if options.prepare:
            prepare(Path(scratch), options.prepare)
            return
        root = options.folder or Path(scratch) / "root"
        if not (root / "metas").is_dir():
            write(root, options.pictures)
        measure(plan, root)
        measure(validate, root)


if __name__ == "__main__":
    main()
