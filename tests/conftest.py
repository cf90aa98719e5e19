"""What the core's tests share beside `fasharness.testing`: installed plugins, drawn scores."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fasharness.faces import Face, Frame
from fasharness.hookspecs import hookimpl
from fasharness.plugins import Plugins, load
from fasharness.scores import Score, write_csv
from fasharness.testing import Ended

# The networks here are too small for threads, which only wait for each other; set before torch
# is imported, and the same in every child process.
os.environ["OMP_NUM_THREADS"] = "1"
# A shell's background jobs, such as a CI's, start with Ctrl-C ignored, and it stays so.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

PLUGINS = Path(__file__).parent / "third_party_plugin"


def install(package: str, target: Path, scratch: Path) -> subprocess.Popen[str]:
    """Begin a real installation of a package of this folder into a target folder."""
    source = scratch / package
    shutil.copytree(PLUGINS / package, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--disable-pip-version-check", "--no-build-isolation"]
    command += ["--root-user-action=ignore", "--target", str(target), str(source)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders that pip installed the third-party packages into, by package."""
    root = tmp_path_factory.mktemp("installed")
    targets = {name: root / name for name in ("toy", "broken", "slow")}
    running = {name: install(name, at, root / "sources") for name, at in targets.items()}
    for name, process in running.items():
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, f"{name}: {errors}"
    return targets


@pytest.fixture
def toy(installed: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy plugin in this process, found by its entry point."""
    monkeypatch.syspath_prepend(str(installed["toy"]))
    return installed["toy"]


@pytest.fixture(scope="session")
def program() -> Path:
    """The installed command."""
    return Path(sys.executable).with_name("fasharness")


@pytest.fixture
def child_environment(own_machine: None) -> Callable[..., dict[str, str]]:
    """A function that gives the environment of a child that finds packages in some folders."""

    def environment(*folders: Path, **more: str) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), **more}

    return environment


@pytest.fixture
def toy_run(
    command: Callable[..., Ended], toy: Path, shared_store: Path, here: Path
) -> Callable[..., Ended]:
    """A function that runs the toy method on a root: (root, further words, step="run")."""

    def go(root: Path, *words: object, step: str = "run", protocol: str = "oulu1") -> Ended:
        fixed = ["--plugin", "toy", "--protocol", protocol, "--faces", "dataset", "--jobs", "1"]
        return command(step, *fixed, "--data", root, "--store", shared_store, *words)

    return go


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip store of its own."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip store that tests fill together, where what is in it does not matter."""
    return tmp_path_factory.mktemp("shared_store")


SPECIES = {1: None, 2: "print1", 3: "print2", 4: "replay1", 5: "replay2"}
GROUPS = {"print1": "print", "print2": "print", "replay1": "display", "replay2": "display"}


def _oulu_like(
    seed: int = 0, dev_users: int = 6, test_users: int = 8, simulated: bool = False
) -> tuple[Score, ...]:
    generator = np.random.default_rng(seed)
    found = []
    for split, first, count in (("dev", 21, dev_users), ("test", 36, test_users)):
        for user in range(first, first + count):
            shift = generator.normal(0, 0.4)
            for phone in (1, 2):
                for session in (1, 3):
                    for file, species in SPECIES.items():
                        centre = {1: 2.0, 4: 0.6, 5: 0.6}.get(file, 0.0)
                        value = float(round(generator.normal(centre, 1.0) + shift, 3))
                        found.append(
                            Score(
                                f"{phone}_{session}_{user:02d}_{file}", split, f"{user:02d}",
                                species, GROUPS.get(species or ""), value, 6, 30, "",
                                str(phone), str(session), simulated,
                            )
                        )  # fmt: skip
    return tuple(found)


@pytest.fixture(scope="session")
def oulu_like() -> Callable[..., tuple[Score, ...]]:
    """A function that draws scores of every presentation of some users, on two phones in two
    sessions: (seed=0, dev_users=6, test_users=8, simulated=False).
    """
    return _oulu_like


@pytest.fixture
def cross_folder(tmp_path: Path, oulu_like: Callable[..., tuple[Score, ...]]) -> Path:
    """A folder with score files of two runs on A and of A's model on B, whose scores lie one
    higher: a.csv, b.csv, a-on-b.csv and b-on-a.csv.
    """
    first, second = oulu_like(1, 12, 12), oulu_like(2, 12, 12)
    shifted = [dataclasses.replace(s, value=s.value + 1) for s in second if s.split == "test"]
    write_csv(tmp_path / "a.csv", first)
    write_csv(tmp_path / "b.csv", second)
    write_csv(tmp_path / "a-on-b.csv", shifted)
    write_csv(tmp_path / "b-on-a.csv", [s for s in first if s.split == "test"])
    return tmp_path


@pytest.fixture
def tasks_file(cross_folder: Path) -> Callable[..., Path]:
    """A function that writes a table of tasks there: (*rows, header="train,test,scores,dev")."""

    def write(*rows: str, header: str = "train,test,scores,dev") -> Path:
        path = cross_folder / "tasks.csv"
        path.write_text("".join(f"{line}\n" for line in (header, *rows)))
        return path

    return write


@pytest.fixture
def make_root(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a folder of files: (names below it, content=, name=)."""

    def make(names: Iterable[str], content: bytes = b"", name: str = "root") -> Path:
        root = tmp_path / name
        for path in map(root.joinpath, names):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return root

    return make


@pytest.fixture(scope="session")
def short_film(film: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Content of a whole video of two frames."""
    path = tmp_path_factory.mktemp("film") / "short.avi"
    film(path, bona_fide=True, seed=0, frames=2)
    return path.read_bytes()


class Middle:
    """A detector that finds a face in the middle of every frame."""

    name = "middle"
    version = "1"

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        return [[Face((30.0, 20.0, 60.0, 60.0), 1.0)] for _ in frames]


@pytest.fixture
def middle() -> Plugins:
    """The installed plugins and `Middle`, for runs on toy videos."""

    @hookimpl
    def fasharness_detectors() -> Mapping[str, Callable[[str], Middle]]:
        return {"middle": lambda device: Middle()}

    return load([("middle", SimpleNamespace(fasharness_detectors=fasharness_detectors))])
