"""Times the main job from an empty cache: simulation, preparation, training, report, second run.

Run it as ``python benchmarks/main_job.py [--out FILE.json]``; it needs about ten minutes and
half a GiB of disk. Peak memory is the largest sum over the process tree, sampled five times a
second (proportional set size, so that shared pages count once).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

JOB = ["run", "--plugin", "sgtd", "--protocol", "oulu1"]


class Memory(threading.Thread):
    """Samples the memory of a process and its descendants until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.2):
            self.peak = max(self.peak, sum(map(proportional, tree(self.pid))))


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue
        for child in children:
            found += tree(int(child))
    return found


def proportional(pid: int) -> int:
    """Proportional set size of a process in bytes; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def measure(arguments: list[str], environment: dict[str, str], folder: Path) -> dict[str, float]:
    """Run a command of the harness; give its wall seconds, CPU seconds and peak memory."""
    before = os.times()
    start = time.monotonic()
    command = [sys.executable, "-m", "fasharness", *arguments]
    process = subprocess.Popen(command, env=environment, cwd=folder)
    memory = Memory(process.pid)
    memory.start()
    code = process.wait()
    memory.over.set()
    if code != 0:
        sys.exit(f"{' '.join(command)} ended with {code}")
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return {
        "wall_s": round(time.monotonic() - start, 1),
        "cpu_s": round(cpu, 1),
        "peak_MiB": round(memory.peak / 2**20),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "FASHARNESS_CACHE": str(folder / "cache")}
        environment.pop("FASHARNESS_OULU_NPU", None)
        environment["XDG_CONFIG_HOME"] = str(folder / "config")
        rows = {
            "first run": measure([*JOB, "--out", "run"], environment, folder),
            "second run": measure([*JOB, "--out", "run"], environment, folder),
        }
        for count in (5, 40):
            label = f"preparation of {3 * count} videos, own store"
            words = ["prepare", *JOB[1:], "--limit", str(count), "--store", f"store{count}"]
            rows[label] = measure([*words, "--out", f"prepare{count}"], environment, folder)
        steps = json.loads((folder / "run" / "steps.json").read_text())["seconds"]
        videos = json.loads((folder / "run" / "preparation.json").read_text())["presentations"]
        result = json.loads((folder / "run" / "result.json").read_text())["result"]
    report = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, no GPU",
        "load_1min_at_end": round(os.getloadavg()[0], 1),
        "command": "python benchmarks/main_job.py",
        "rows": rows,
        "steps_s": steps,
        "prepared_videos": videos,
        "prepared_videos_per_s": round(videos / steps["prepare"], 2),
        "metrics": result["evaluation"]["metrics"],
        "baselines": result["baselines"],
        "provenance": result["provenance"]["versions"],
    }
    text = json.dumps(report, indent=2) + "\n"
    sys.stdout.write(text)
    if options.out is not None:
        options.out.write_text(text)


if __name__ == "__main__":
    main()
