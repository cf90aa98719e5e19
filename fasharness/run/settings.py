"""The settings of a run: one record, its checks, and its name on disk."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fasharness.common.files import digest
from fasharness.errors import OptionError

PRECISIONS = ("32-true", "16-mixed", "bf16-mixed")
FACES = ("detector", "dataset")
_UNDECIDING = ("out", "jobs", "workers", "save_every", "max_failures")


@dataclass(frozen=True)
class Settings:
    """Everything that a user can say about a run; each field is a flag and a configuration key.

    Attributes:
        plugin: name of the method.
        protocol: name of the protocol or of one of its folds.
        preset: the method's preset; empty for its default.
        option: options of the method, name to text.
        data: the data set's folder; None looks at the environment, the user's settings and
            then simulates.
        sim: size of the simulated data.
        faces: ``detector``, or ``dataset`` for the data set's own eye positions or boxes.
        detector: name of the face detector.
        depth: ``auto``, or a folder of published depth maps.
        depth_estimator: name of the estimator where no depth comes with the data.
        checkpoint: a model file to score with instead of training.
        seed: seed of weights, order, augmentation and bootstrap.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        precision: one of `PRECISIONS`.
        limit: presentations taken of each split, spread over its classes; 0 takes all.
        max_failures: presentations that may fail, a number or a share such as ``5%``.
        out: folder of the run; None makes one under ``runs``.
        jobs: processes of simulation and preparation; 0 takes every core.
        workers: processes that read clips while training.
        save_every: seconds between two training states.
    """

    plugin: str
    protocol: str
    preset: str = ""
    option: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    data: Path | None = None
    sim: str = "mini"
    faces: str = "detector"
    detector: str = "mtcnn"
    depth: str = "auto"
    depth_estimator: str = "face-landmark"
    checkpoint: Path | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "32-true"
    limit: int = 0
    max_failures: str = "5%"
    out: Path | None = None
    jobs: int = 0
    workers: int = 0
    save_every: float = 120.0

    def __post_init__(self) -> None:
        self._one_of("faces", FACES)
        self._one_of("precision", PRECISIONS)
        for name in ("seed", "limit", "jobs", "workers", "save_every"):
            if getattr(self, name) < 0:
                raise OptionError(f"--{name.replace('_', '-')} must not be negative")
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise OptionError(
                f"no device {self.device!r}; available: auto, cpu, cuda, cuda:N (N from 0)"
            )
        if self.depth != "auto" and not Path(self.depth).is_dir():
            raise OptionError(f"--depth must be auto or a folder of depth maps, got {self.depth!r}")
        self.allowed_failures(0)

    def allowed_failures(self, presentations: int) -> int:
        """How many of so many presentations may fail."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)%|(\d+)", self.max_failures)
        if match is None or (match[1] and float(match[1]) > 100):
            raise OptionError(
                f"--max-failures must be a number or a share such as 5%, got {self.max_failures!r}"
            )
        return int(float(match[1]) * presentations / 100) if match[1] else int(match[2])

    def deciding(self) -> dict[str, Any]:
        """The settings that decide the result, as plain data; paths are absolute."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in _UNDECIDING:
            del values[name]
        values["option"] = dict(self.option)
        values["depth"] = self.depth_folder
        for name in ("data", "checkpoint"):
            values[name] = str(values[name].absolute()) if values[name] else ""
        return values

    @property
    def depth_folder(self) -> str:
        """``auto``, or the absolute path of the folder of depth maps."""
        return self.depth if self.depth == "auto" else str(Path(self.depth).absolute())

    def folder_name(self, simulated: bool) -> str:
        """Name of the run's folder: what it is, and a key of all that decides the result."""
        kind = "simulated" if self.data is not None else f"simulated-{self.sim}"
        parts = [self.plugin, self.protocol, *([kind] if simulated else [])]
        return "-".join([*parts, digest(self.deciding())[:8]])

    def command(self) -> str:
        """The command line that gives these settings; defaults are left out."""
        words = ["fasharness", "run", "--plugin", self.plugin, "--protocol", self.protocol]
        for item in dataclasses.fields(self)[2:]:
            value = getattr(self, item.name)
            flag = "--" + item.name.replace("_", "-")
            if item.name == "option":
                for key, text in value.items():
                    words += [flag, f"{key}={text}"]
            elif value != item.default and item.name not in _UNDECIDING:
                words += [flag, str(value)]
        return shlex.join(words)

    def _one_of(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise OptionError(f"no {name} {value!r}; available: {', '.join(choices)}")
