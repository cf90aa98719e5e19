"""Measures what is not done twice: a second method, many pictures in packs, planning.

Run it as ``python benchmarks/preparation.py [--out FILE.json]``; it takes about ten minutes and
4 GiB of a temporary folder (``TMPDIR``). Figures are ratios within this run, or seconds of
planning. Wall seconds hold for the machine and the load that are noted; on a busy machine the
seconds of the processor (``cpu``) say more.
With ``--weights`` depth is estimated (``fasharness weights get face-landmark``), not read.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import cv2
import numpy as np
from bench_prepare import scene
from safetensors.numpy import save

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.oulu_npu_files import all_names
from fasharness.clips import ClipSpec, Crop, Every, Frames, Label
from fasharness.common.files import write_bytes
from fasharness.common.sealed import seal
from fasharness.common.workers import one_thread
from fasharness.data import RGB, Presentation, rgb
from fasharness.dataset import Dataset
from fasharness.hookspecs import hookimpl
from fasharness.plugins import Plugins, load
from fasharness.prepare.pipeline import GROUP, prepare
from fasharness.prepare.planning import Planner, Recipe, Task, Wanted
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipArrays, ClipStore, no_clips

VIDEO = ClipSpec(Frames(5, 1, Every(1, 6)), Crop(256), labels=(Label("depth", 32),))
IMAGE = ClipSpec(Frames(pick=Every(keep=1)), Crop(64))


class Pictures(Dataset):
    """A folder of pictures, for planning only."""

    name = "pictures"
    title = "pictures"
    folds: Mapping[str, tuple[str, ...]] = {}  # type: ignore[misc]

    def protocol(self, name: str) -> Any:
        """None is read."""
        raise NotImplementedError

    def presentations(self) -> Iterator[Presentation]:
        """Every file, as a presentation of its own."""
        for folder in sorted(self.root.iterdir()):
            for path in sorted(folder.iterdir()):
                yield Presentation(f"{folder.name}/{path.name}", rgb(path), self.name)


@hookimpl
def fasharness_datasets() -> Mapping[str, Callable[[], type[Dataset]]]:
    """The folder of pictures."""
    return {"pictures": lambda: Pictures}


def plugins() -> Plugins:
    """The installed plugins and the folder of pictures."""
    own = SimpleNamespace(fasharness_datasets=fasharness_datasets)
    return load([("pictures", own)])


class Spent(NamedTuple):
    """Seconds on the clock and of the processor."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Spent:
    """Measure a call."""
    wall, cpu = time.monotonic(), time.process_time()
    work()
    return Spent(time.monotonic() - wall, time.process_time() - cpu)


def run(wanted: Wanted, recipe: Recipe, store: ClipStore) -> Spent:
    """Prepare in this process."""
    own = plugins()
    return timed(lambda: prepare(wanted, recipe, store, own, jobs=1, progress=lambda *now: None))


def second_method(folder: Path, *, estimated: bool) -> dict[str, float]:
    """Prepare videos for a method, then for others that differ only in their crop."""
    root = folder / "videos"
    files = root / "Train_files"
    files.mkdir(parents=True)
    names = [name for name in all_names() if name.file == 1][:12]
    for number, name in enumerate(names):
        video = cv2.VideoWriter(
            str(files / f"{name}.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 15, (360, 640)
        )
        for index in range(24):
            frame = scene(640, 360, 280, index + number)
            video.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        video.release()
        if not estimated:
            depth = np.zeros((24, 160, 90), np.uint8)
            depth[:, 60:95, 30:60] = 200
            np.savez_compressed(files / f"{name}.depth.npz", depth=depth)
    data, recipe = OuluNpu(root), Recipe((("oulu-npu", root),))
    items = [data.presentation(name) for name in names]
    store = ClipStore(folder / "clips")
    run({items[0]: [VIDEO]}, recipe, ClipStore(folder / "warm"))
    first = run({item: [VIDEO] for item in items}, recipe, store)
    others = {
        "floor 224": Crop(224, "floor"),
        "pillow 224": Crop(224),
        "floor 64": Crop(64, "floor"),
        "pillow 256, scale 1.5": Crop(256, scale=(1.5, 1.5)),
    }
    found = {"first preparation, s": round(first.wall, 2), "the same, cpu s": round(first.cpu, 2)}
    for name, crop in others.items():
        spec = dataclasses.replace(VIDEO, crop=crop)
        spent = run({item: [spec] for item in items}, recipe, store)
        found[f"{name} / first"] = round(spent.wall / first.wall, 3)
        found[f"{name} / first, cpu"] = round(spent.cpu / first.cpu, 3)
    return found


def arrays(number: int) -> ClipArrays:
    """One small crop."""
    picture = np.full((1, 1, 64, 64, 3), number % 251, np.uint8)
    return no_clips(IMAGE)._replace(
        images={RGB: picture},
        box=np.zeros((1, 4), np.float32),
        region=np.zeros((1, 4), np.int32),
        numbers=np.zeros((1, 1), np.int32),
    )


def packs(folder: Path, count: int) -> dict[str, float]:
    """Store small pictures in packs, and some of them one file each."""
    few = count // 10
    start = time.monotonic()
    for number in range(few):
        content = seal(save(arrays(number).tensors(), metadata={"fasharness": "{}"}))
        name = f"{number:032x}"
        write_bytes(folder / "files" / name[-2:] / name, content)
    alone = (time.monotonic() - start) / few
    store = ClipStore(folder / "packs")
    start = time.monotonic()
    fill(store, ((f"{number:032x}", f"p{number}") for number in range(count)))
    together = (time.monotonic() - start) / count
    start = time.monotonic()
    found = store.look_up([f"{number:032x}" for number in range(count)])
    looked = time.monotonic() - start
    assert len(found) == count
    return {
        "pictures": count,
        "files in the store": sum(path.is_file() for path in store.root.rglob("*")),
        "one file each / packs, time a picture": round(alone / together, 1),
        "one file each, ms a picture": round(1e3 * alone, 3),
        "packs, ms a picture": round(1e3 * together, 3),
        "look-up of all, s": round(looked, 2),
    }


def fill(store: ClipStore, wanted: Iterator[tuple[str, str]]) -> None:
    """Store small pictures under (key, name), in packs as preparation writes them."""
    packer = store.packer()
    for number, (key, name) in enumerate(wanted):
        if number % GROUP == 0:
            packer.flush()
        store.add(packer, key, name, arrays(number), 0)
    packer.flush()


def plan(wanted: Wanted, recipe: Recipe, store: ClipStore, own: Plugins) -> tuple[Spent, int]:
    """Time of planning, and how many presentations are missing."""
    tasks: list[Task] = []
    spent = timed(lambda: tasks.extend(Planner(wanted, recipe, store, own, None).plan(Prepared())))
    return spent, len(tasks)


def videos(folder: Path) -> dict[str, float]:
    """Plan a run over all of OULU-NPU, stored, with two files beside each video."""
    root = folder / "planned"
    for split in ("Train", "Dev", "Test"):
        (root / f"{split}_files").mkdir(parents=True)
    data, recipe, own = OuluNpu(root), Recipe((("oulu-npu", root),)), plugins()
    items = [data.presentation(name) for name in all_names()]
    for number, item in enumerate(items):
        for end in (".avi", ".txt", ".depth.npz"):
            item.path.with_suffix(end).write_text(f"{number} {end}")
    wanted, store = {item: [IMAGE] for item in items}, ClipStore(folder / "planned-clips")
    first = Planner(wanted, recipe, store, own, None).plan(Prepared())
    for number, task in enumerate(first):
        store.write(task.keys[0], task.presentation.id, arrays(number), 0)
    spent, missing = plan(wanted, recipe, store, own)
    assert not missing
    return {
        "videos": len(items),
        "planning, all stored, s": round(spent.wall, 2),
        "planning, all stored, cpu s": round(spent.cpu, 2),
    }


def images(folder: Path, count: int) -> dict[str, float]:
    """Plan a run over many pictures: none stored and none read, none stored, all stored."""
    root = folder / "pictures"
    for number in range(count):
        place = root / f"{number // 10_000:02d}"
        if number % 10_000 == 0:
            place.mkdir(parents=True)
        (place / f"{number:06d}.jpg").write_text(str(number))
    found: dict[str, float] = {"pictures": count}
    for what in ("first, all files read", "again, nothing stored", "all stored"):
        # A process of its own, whose peak is that of the planning.
        command = [sys.executable, __file__, "--plan", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        wall, cpu, peak, missing = json.loads(done.stdout)
        assert missing == (0 if what == "all stored" else count)
        found[f"planning, {what}, s"] = round(wall, 1)
        found[f"planning, {what}, cpu s"] = round(cpu, 1)
        found[f"planning, {what}, peak GiB"] = round(peak, 2)
        if what.startswith("again"):
            subprocess.run([*command, "--fill"], check=True)
    return found


def plan_images(folder: Path, *, then_fill: bool) -> None:
    """Plan over the pictures of `images` and print the figures, or store all pictures."""
    recipe = Recipe((("pictures", folder / "pictures"),))
    store, own = ClipStore(folder / "picture-clips"), plugins()
    wanted = {one: [IMAGE] for one in Pictures(folder / "pictures").presentations()}
    if then_fill:
        tasks = Planner(wanted, recipe, store, own, None).plan(Prepared())
        fill(store, ((task.keys[0], task.presentation.id) for task in tasks))
        return
    spent, missing = plan(wanted, recipe, store, own)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps([*spent, peak, missing]))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", action="store_true")
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--images", type=int, default=600_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plan", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    one_thread()
    if options.plan is not None:
        plan_images(options.plan, then_fill=options.fill)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} processors",
            "load before": round(os.getloadavg()[0], 1),
            "second method": second_method(folder / "a", estimated=options.weights),
            "packs": packs(folder / "b", options.pictures),
            "planning videos": videos(folder / "c"),
            "planning pictures": images(folder / "d", options.images),
            "load after": round(os.getloadavg()[0], 1),
        }
    text = json.dumps(found, indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
