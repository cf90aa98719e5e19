"""MP4 and MOV files are read back by the harness, and their bytes do not vary."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fasharness.errors import OptionError
from fasharness.prepare.decode import decode
from fasharness_sim.capture import iso_media
from fasharness_sim.fields import noise


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    smooth = [np.dstack([noise(rng, (5, 6), (48, 64)) for _ in range(3)]) for _ in range(9)]
    return [np.clip(128 + 40 * s, 0, 255).astype(np.uint8) for s in smooth]


def _read(path: Path) -> np.ndarray:
    return np.stack([frame[..., ::-1] for _, frame in decode(path)]).astype(int)


@pytest.mark.parametrize("ending", [".mp4", ".mov"])
@pytest.mark.parametrize(("crf", "most"), [(0, 4), (23, 7), (40, 25)])
def test_h264_comes_back_the_coarser_the_higher_its_factor(frames, tmp_path, ending, crf, most):
    path, again = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    iso_media.write_h264(path, frames, 25, crf)
    iso_media.write_h264(again, frames, 25, crf)
    assert path.read_bytes() == again.read_bytes()
    error = np.abs(_read(path) - np.stack(frames)).mean()
    assert most / 4 < error < most


_NOISY = """
import sys
from pathlib import Path
import numpy as np
from fasharness_sim.capture import iso_media
noise = np.random.default_rng(3).normal(0, 12, (8, 180, 320, 3))
ramp = np.linspace(40, 200, 320)[:, None] + 30 * np.sin(np.arange(180) / 9)[:, None, None]
frames = list(np.clip(ramp + noise, 0, 255).astype(np.uint8))
iso_media.write_h264(Path(sys.argv[1]), frames, 15, 20)
"""


def test_bytes_do_not_depend_on_what_was_in_memory_before(tmp_path):
    written = set()
    for garbage in ("1", "85", "170"):
        path = tmp_path / f"{garbage}.mov"
        subprocess.run(
            [sys.executable, "-c", _NOISY, path],
            check=True,
            # glibc fills fresh memory with it
            env={**os.environ, "MALLOC_PERTURB_": garbage},
        )
        written.add(path.read_bytes())
    assert len(written) == 1


def test_a_higher_factor_takes_fewer_bytes(frames, tmp_path):
    sizes = []
    for crf in (0, 23, 40):
        iso_media.write_h264(tmp_path / "a.mp4", frames, 25, crf)
        sizes.append((tmp_path / "a.mp4").stat().st_size)
    assert sizes[0] > 2 * sizes[1] > 3 * sizes[2]


def test_motion_jpeg_keeps_frames_and_their_order(frames, tmp_path):
    iso_media.write_jpeg(tmp_path / "a.mov", frames, 25, 95)
    read = _read(tmp_path / "a.mov")
    assert len(read) == 9
    assert np.abs(read - np.stack(frames)).mean() < 3


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("ending", [".mp4", ".mov"])
def test_a_turn_is_stated_so_that_frames_are_read_upright(frames, tmp_path, degrees, ending):
    path = tmp_path / f"a{ending}"
    stored = [iso_media.turned_back(frame, degrees) for frame in frames]
    iso_media.write_h264(path, stored, 25, 10)
    iso_media.state_turn(path, degrees)
    assert stored[0].shape == ((48, 64, 3) if degrees % 180 == 0 else (64, 48, 3))
    assert np.abs(_read(path) - np.stack(frames)).mean() < 4


def test_without_pyav_the_command_to_install_it_is_named(frames, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(OptionError, match=r"need PyAV, which is not installed: pip install av"):
        iso_media.write_h264(tmp_path / "a.mov", frames, 25, 23)
