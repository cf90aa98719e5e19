"""The settings of a run: one record whose fields are flags and configuration keys."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fasharness.errors import OptionError

PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")
FACES = ("detector", "dataset")
ENCODINGS = ("raw", "png", "jpeg")
# What torch.manual_seed takes; a larger one would fail only after the preparation.
_LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Flag:
    """Description of a setting for the command line and the configuration file.

    Attributes:
        help: its meaning in one line; argparse prints ``%%`` as a per cent sign.
        read: converts text to the value; `dict` for ``KEY=VALUE``, which may be repeated.
        metavar: name of the value in the help.
        decides: whether another value gives another result, and therefore another run.
    """

    help: str
    read: type[Any] = str
    metavar: str | None = None
    decides: bool = True

    @staticmethod
    def of(setting: dataclasses.Field[Any]) -> Flag:
        """The flag of a field of `Settings`."""
        found: Flag = setting.metadata["flag"]
        return found


def _flag(help: str, default: Any = dataclasses.MISSING, **more: Any) -> Any:
    return dataclasses.field(default=default, metadata=_described(help, **more))


def _described(help: str, **more: Any) -> Mapping[str, Flag]:
    return {"flag": Flag(help, **more)}


@dataclass(frozen=True)
class Settings:
    """All settings of a run; the help of each field states its meaning.

    `None`, an empty text and 0 mean "not given": the data set's folder is searched for or
    simulated, the run's folder gets its own name, all cores are used, nothing is limited.
    """

    plugin: str = _flag("the method; see `fasharness ls methods`")
    protocol: str = _flag("e.g. oulu1; see `fasharness ls protocols`")
    preset: str = _flag("the method's preset (default: its first)", "")
    option: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: MappingProxyType({}),
        metadata=_described("option of the method; repeatable", read=dict, metavar="KEY=VALUE"),
    )
    auxiliary: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: MappingProxyType({}),
        metadata=_described(
            "folder of generated presentations to train on as well; repeatable",
            read=dict,
            metavar="NAME=DIR",
        ),
    )
    data: Path | None = _flag("the data set's folder", None, read=Path, metavar="DIR")
    sim: str = _flag("size of simulated data, e.g. mini or small", "mini", metavar="SIZE")
    faces: str = _flag("detector, or dataset for its own eye positions or boxes", "detector")
    detector: str = _flag("name of the face detector (default: mtcnn)", "mtcnn")
    depth: str = _flag("folder of published depth maps", "auto", metavar="DIR")
    depth_estimator: str = _flag("depth estimator for data without depth", "face-landmark")
    encoding: str = _flag(
        "of stored clips: raw, png (smaller, the same pixels) or jpeg (smallest, other pixels)",
        "raw",
    )
    checkpoint: Path | None = _flag(
        "score this model instead of training", None, read=Path, metavar="FILE"
    )
    seed: int = _flag("of weights, order, augmentation and intervals (default: 0)", 0, read=int)
    device: str = _flag("auto, cpu, cuda or cuda:N", "auto")
    precision: str = _flag(
        "of training: 32-true, bf16-mixed, 16-mixed, or auto: bf16-mixed where the device has it "
        "in hardware; scores are always float32",
        "auto",
    )
    limit: int = _flag("take N presentations of each split", 0, read=int, metavar="N")
    max_failures: str = _flag(
        "presentations that may fail: a number or 5%%", "5%", metavar="N", decides=False
    )
    out: Path | None = _flag(
        "the run's folder (default: runs/NAME)", None, read=Path, metavar="DIR", decides=False
    )
    jobs: int = _flag("processes (default: all cores)", 0, read=int, metavar="N", decides=False)
    workers: int = _flag(
        "processes that read clips while training", 0, read=int, metavar="N", decides=False
    )
    save_every: float = _flag(
        "seconds between training states", 120.0, read=float, metavar="S", decides=False
    )

    def __post_init__(self) -> None:
        self._refuse_halves()
        self._one_of("faces", FACES)
        self._one_of("precision", PRECISIONS)
        self._one_of("encoding", ENCODINGS)
        for name in ("seed", "limit", "jobs", "workers", "save_every"):
            if getattr(self, name) < 0:
                raise OptionError(f"{flag_name(name)} must not be negative")
        if self.seed > _LARGEST_SEED:
            raise OptionError(f"--seed must be at most {_LARGEST_SEED}, got {self.seed}")
        check_device(self.device)
        if self.depth != "auto" and not Path(self.depth).is_dir():
            raise OptionError(f"--depth must be auto or a folder of depth maps, got {self.depth!r}")
        # Checks the text now, not after hours of preparation.
        self.allowed_failures(0)

    def _refuse_halves(self) -> None:
        """Refuse names that are no text: no file of the run could hold them."""
        for setting in _fields():
            try:
                str(getattr(self, setting.name)).encode()
            except UnicodeEncodeError:
                raise OptionError(
                    f"{flag_name(setting.name)}: the name is not UTF-8 text; rename it"
                ) from None

    def allowed_failures(self, presentations: int) -> int:
        """Return how many of this number of presentations may fail."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)%|(\d+)", self.max_failures)
        if match is None or (match[1] and float(match[1]) > 100):
            raise OptionError(
                f"--max-failures must be a number or a share such as 5%, got {self.max_failures!r}"
            )
        # Rounded down: 5% of 19 presentations allows none.
        return int(float(match[1]) * presentations / 100) if match[1] else int(match[2])

    def deciding(self) -> dict[str, Any]:
        """Return the settings that decide the result, as plain data; paths are absolute."""
        values = {f.name: getattr(self, f.name) for f in _fields() if Flag.of(f).decides}
        values["option"] = dict(self.option)
        values["auxiliary"] = {
            name: str(Path(folder).absolute()) for name, folder in self.auxiliary.items()
        }
        # Absolute paths: the same command in another folder is another run.
        values["depth"] = self.depth_folder
        for name in ("data", "checkpoint"):
            values[name] = str(values[name].absolute()) if values[name] else ""
        return values

    @property
    def depth_folder(self) -> str:
        """``auto``, or the absolute path of the folder of depth maps."""
        return self.depth if self.depth == "auto" else str(Path(self.depth).absolute())

    def folder_name(self, simulated: bool) -> str:
        """Return the name of the run's folder: method, protocol and a key of the settings."""
        from fasharness.common.files import digest  # `run --help` needs this module, not hashing

        kind = "simulated" if self.data is not None else f"simulated-{self.sim}"
        # A folder that a shell takes for a redirection is a trap.
        protocol = self.protocol.replace("->", "-to-")
        parts = [self.plugin, protocol, *([kind] if simulated else [])]
        return "-".join([*parts, digest(self.deciding())[:8]])

    def command(self) -> str:
        """Return the command line of these settings; defaults are left out."""
        words = ["fasharness", "run", "--plugin", self.plugin, "--protocol", self.protocol]
        # plugin and protocol, the first two fields, are already written.
        for setting in _fields()[2:]:
            value, flag = getattr(self, setting.name), flag_name(setting.name)
            if Flag.of(setting).read is dict:
                for key, text in value.items():
                    words += [flag, f"{key}={text}"]
            elif value != setting.default and Flag.of(setting).decides:
                words += [flag, str(value)]
        return shlex.join(words)

    def _one_of(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise OptionError(f"no {name} {value!r}; available: {', '.join(choices)}")


def check_device(device: str) -> None:
    """Refuse a device of another form than ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        OptionError: the text has another form; whether the device exists is checked later.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", str(device)):
        raise OptionError(f"no device {device!r}; available: auto, cpu, cuda, cuda:N (N from 0)")


def flag_name(setting: str) -> str:
    """Return a setting's flag.

    >>> flag_name("save_every")
    '--save-every'
    """
    return "--" + setting.replace("_", "-")


def _fields() -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(Settings)
