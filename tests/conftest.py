"""What the core's tests share: a toy OULU-NPU, really installed plugins, a quiet machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from fasharness.cli import main
from fasharness.scores import Score

# The networks here are too small for threads, which only wait for each other; set before torch
# is imported, and the same in every child process.
os.environ["OMP_NUM_THREADS"] = "1"

PLUGINS = Path(__file__).parent / "third_party_plugin"
SESSION = {"Train": 1, "Dev": 2, "Test": 3}
USERS = {"Train": (1, 2), "Dev": (21, 22), "Test": (36, 37)}
PHONES = range(1, 7)
HEIGHT, WIDTH, FRAMES = 96, 128, 16


@pytest.fixture
def own_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's cache nor the user's settings are read or written."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FASHARNESS_CACHE", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("FASHARNESS_OULU_NPU", raising=False)


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


def _film(path: Path, *, bona_fide: bool, seed: int, frames: int = FRAMES) -> None:
    """Write a video of a moving ellipse with its eye positions and, beside it, its depth.

    A bona fide one is smooth and shaded, an attack striped and flat.
    """
    rng = np.random.default_rng(seed)
    noise = rng.integers(60, 120, (HEIGHT, WIDTH, 3), np.uint8)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25, (WIDTH, HEIGHT)
    )
    assert writer.isOpened()
    depth, eyes = [], []
    for number in range(frames):
        x, y = 64 + 6 * np.sin(number / 3 + seed), 48.0 + number % 3
        bulge = 1 - ((columns - x) / 24) ** 2 - ((rows - y) / 32) ** 2
        inside = bulge > 0
        shade = 120 + 100 * bulge if bona_fide else 90 + 90 * (columns % 4 < 2)
        frame = noise.copy()
        frame[inside] = np.clip(shade, 0, 255)[inside, None]
        writer.write(frame)
        depth.append(np.where(inside, 1 + 254 * bulge.clip(0, 1), 0).astype(np.uint8)[::4, ::4])
        eyes.append(f"{number},{x - 10:.0f},{y - 8:.0f},{x + 10:.0f},{y - 8:.0f}\n")
    writer.release()
    path.with_suffix(".txt").write_text("".join(eyes))
    np.savez_compressed(path.with_suffix(".depth.npz"), depth=np.stack(depth))


def _names(part: str, phones: range | tuple[int, ...], users: tuple[int, ...]) -> list[str]:
    """Names of some videos of a part."""
    return [f"{p}_{SESSION[part]}_{u:02d}_{f}" for u in users for p in phones for f in range(1, 6)]


def _write_list(path: Path, videos: list[str]) -> None:
    """Write a protocol list as it is released."""
    label = {"1": "+1", "2": "-1", "3": "-1", "4": "-2", "5": "-2"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{label[name[-1]]},{name}\n" for name in videos))


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error that is the user's to mend; asserts that there is one."""
        assert self.code == 2, self.err
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if "fasharness: error:" in line]
        assert lines == [self.err.splitlines()[-1]], self.err
        assert lines[0].startswith("fasharness: error: ")
        return lines[0].removeprefix("fasharness: error: ")


@pytest.fixture
def command(own_machine: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """A function that runs the command line in this process."""

    def go(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Ended(code, *capsys.readouterr())

    return go


@pytest.fixture
def toy_run(
    command: Callable[..., Ended], toy: Path, shared_store: Path, here: Path
) -> Callable[..., Ended]:
    """A function that runs the toy method on a root: (root, further words, step="run")."""

    def go(root: Path, *words: object, step: str = "run", protocol: str = "oulu1") -> Ended:
        fixed = ["--plugin", "toy", "--protocol", protocol, "--faces", "dataset", "--jobs", "1"]
        return command(step, *fixed, "--data", root, "--store", shared_store, *words)

    return go


@pytest.fixture(scope="session")
def film() -> Callable[..., None]:
    """The function that writes a toy video: (path, bona_fide=, seed=, frames=)."""
    return _film


@pytest.fixture(scope="session")
def oulu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy OULU-NPU: protocol 1 with 20 videos a part, protocol 3 with six folds. Do not change.

    The second user of each part is on phones 1 and 2 only, the first one on all six.
    """
    root = tmp_path_factory.mktemp("oulu")
    for part, (first, second) in USERS.items():
        (root / f"{part}_files").mkdir()
        videos = _names(part, PHONES, (first,)) + _names(part, (1, 2), (second,))
        for number, name in enumerate(videos):
            path = root / f"{part}_files" / f"{name}.avi"
            _film(path, bona_fide=name.endswith("_1"), seed=number)
        _write_list(
            root / "Protocols" / "Protocol_1" / f"{part}.txt",
            _names(part, (1, 2), (first, second)),
        )
        for fold in PHONES:
            phones = tuple(p for p in PHONES if (p == fold) is (part == "Test"))
            _write_list(
                root / "Protocols" / "Protocol_3" / f"{part}_{fold}.txt",
                _names(part, phones, (first,)),
            )
    return root


@pytest.fixture
def own_oulu(oulu: Path, tmp_path: Path) -> Path:
    """A copy of the toy OULU-NPU that a test may break."""
    root = tmp_path / "oulu"
    shutil.copytree(oulu, root)
    return root


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip store of its own."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip store that tests fill together, where what is in it does not matter."""
    return tmp_path_factory.mktemp("shared_store")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


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
