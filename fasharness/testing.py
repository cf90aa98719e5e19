"""Fixtures for tests of the harness and of plugins: a tiny OULU-NPU, commands, clean settings.

A plugin's tests get these pytest fixtures with ``pytest_plugins = ["fasharness.testing"]`` in
their top ``conftest.py``, or with ``-p fasharness.testing``.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from fasharness.cli import main

SESSION = {"Train": 1, "Dev": 2, "Test": 3}
USERS = {"Train": (1, 2), "Dev": (21, 22), "Test": (36, 37)}
PHONES = range(1, 7)
HEIGHT, WIDTH, FRAMES = 96, 128, 16


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error that the user can fix; asserts that there is one."""
        assert self.code == 2, self.err
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if "fasharness: error:" in line]
        assert lines == [self.err.splitlines()[-1]], self.err
        assert lines[0].startswith("fasharness: error: ")
        return lines[0].removeprefix("fasharness: error: ")


@pytest.fixture
def own_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's cache nor the user's settings are read or written."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FASHARNESS_CACHE", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("FASHARNESS_OULU_NPU", raising=False)


@pytest.fixture
def command(own_machine: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Return a function that runs the command line in this process."""

    def go(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Ended(code, *capsys.readouterr())

    return go


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


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
    """Write a protocol list in the released format."""
    label = {"1": "+1", "2": "-1", "3": "-1", "4": "-2", "5": "-2"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{label[name[-1]]},{name}\n" for name in videos))


@pytest.fixture(scope="session")
def film() -> Callable[..., None]:
    """Return the function that writes a toy video: (path, bona_fide=, seed=, frames=)."""
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
