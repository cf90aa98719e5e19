"""A user without a home folder, as in a container: it works, or one line names the variable."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.common.paths import cache_dir, config_file

NOBODY = (
    "unshare",
    "-U",
    "--map-user=12345",
    "--map-group=12345",
    "env",
    "-i",
    "PATH=/usr/bin:/bin",
)


@pytest.fixture
def nobody(program: Path) -> Callable[..., tuple[int, str, str]]:
    """A function that runs a command as a user who is in no database, without an environment."""
    try:
        subprocess.run([*NOBODY, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system has no user namespaces")

    def go(*words: str) -> tuple[int, str, str]:
        done = subprocess.run([*NOBODY, *words], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    return go


def test_a_run_without_home_needs_one_variable(
    nobody: Callable[..., tuple[int, str, str]], program: Path, oulu: Path, tmp_path: Path
):
    words = [str(program), "run", "--plugin", "brightness", "--protocol", "oulu1", "--quiet"]
    words += ["--data", str(oulu), "--faces", "dataset", "--out", str(tmp_path / "r")]
    code, _, error = nobody(*words)
    assert code == 2
    assert error == (
        "fasharness: error: no home folder for the cache (HOME is not set, and the user is "
        "unknown): set FASHARNESS_CACHE to a folder that can be written\n"
    )
    assert not (tmp_path / "r").exists()
    code, out, error = nobody(f"FASHARNESS_CACHE={tmp_path / 'cache'}", *words)
    assert code == 0, error
    assert "Traceback" not in error
    assert "SIMULATED" not in out
    assert (tmp_path / "r" / "report.html").is_file()


def test_setting_a_folder_without_home_names_the_variable(
    nobody: Callable[..., tuple[int, str, str]], program: Path, oulu: Path
):
    code, _, error = nobody(str(program), "data", "set", "oulu-npu", str(oulu))
    assert code == 2
    assert "set XDG_CONFIG_HOME, or name the data with FASHARNESS_OULU_NPU" in error


def test_the_variables_come_first(monkeypatch: pytest.MonkeyPatch):
    for name in ("FASHARNESS_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/h")
    assert cache_dir() == Path("/h/.cache/fasharness")
    assert config_file() == Path("/h/.config/fasharness/config.json")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/y")
    assert (cache_dir(), config_file()) == (
        Path("/x/fasharness"), Path("/y/fasharness/config.json"),
    )  # fmt: skip
    monkeypatch.setenv("FASHARNESS_CACHE", "/z")
    assert cache_dir() == Path("/z")
