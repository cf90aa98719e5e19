"""The report as a whole: files, marks, what is kept, what is refused; on toy videos."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.errors import DataError, FasharnessError, OptionError, UnknownNameError
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout
from fasharness_sim.validity import measuring, validate, video
from fasharness_sim.validity.records import Validity
from fasharness_sim.validity.text import summary

PROTOCOLS = OuluNpuLayout.protocols


def test_the_json_is_the_report(reported: tuple[Path, Validity]) -> None:
    out, found = reported
    content = json.loads((out / "validity.json").read_text())
    assert content["schema"] == 1
    assert content["simulated"] is True
    assert content["simulation"]["seed"] == 0
    assert content["videos"] == found.videos == 30
    assert [c["name"] for c in content["checks"]] == [
        "trivial", "classic_colour_texture", "classic_image_quality", "detection", "parallax",
        "traces", "identity",
    ]  # fmt: skip
    assert content["holds"] is all(c["holds"] for c in content["checks"])
    test = next(c for c in content["counts"] if c["split"] == "test")
    assert (test["bona_fide"], sum(test["attacks"].values()), test["subjects"]) == (2, 8, 2)
    assert len(content["frequencies"]) == len(content["spectra"][1]["excess"]) == 24


def test_toys_are_seen_through(reported: tuple[Path, Validity]) -> None:
    """Striped attacks without a face: sharpness leaks, no face is found, stripes are a peak."""
    found = {check.name: check for check in reported[1].checks}
    assert not found["trivial"].holds
    acer = {row.name: row.acer.value for row in reported[1].scorers}
    assert acer["sharpness_face"] == acer["noise_face"] == 0
    assert acer["length"] == 0.5
    assert not found["detection"].holds
    assert found["traces"].holds
    assert not reported[1].holds


def test_everything_says_simulated(reported: tuple[Path, Validity]) -> None:
    out, found = reported
    page = (out / "validity.html").read_text()
    assert "<title>SIMULATED: " in page
    assert "SIMULATED DATA" in page
    assert len(re.findall(r'<text class="stamp"[^>]*>SIMULATED</text>', page)) == 2
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "http:" not in page
    assert "https:" not in page
    for check in found.checks:
        assert check.title in page
    lines = summary(found).splitlines()
    assert lines[0].startswith("SIMULATED")
    assert sum(line.startswith("DOES NOT HOLD: ") for line in lines) == sum(
        not check.holds for check in found.checks
    )


def test_what_is_measured_is_kept_and_only_what_is_new_is_measured(
    reported: tuple[Path, Validity], toy_sim: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(reported[0], out)
    before = {p.name: p.stat().st_mtime_ns for p in (out / "features").iterdir()}
    assert len(before) == 30
    damaged = out / "features" / sorted(before)[7]
    damaged.write_bytes(damaged.read_bytes()[:100])
    seen: list[tuple[int, int]] = []
    again = validate(
        OuluNpu(toy_sim),
        out,
        PROTOCOLS,
        chosen=("oulu1",),
        jobs=1,
        progress=lambda *done: seen.append(done),
    )
    assert again == reported[1]
    assert seen == [(29, 30), (30, 30)]
    after = {p.name: p.stat().st_mtime_ns for p in (out / "features").iterdir()}
    assert {name for name in after if after[name] != before[name]} == {damaged.name}
    for name in ("validity.json", "validity.html"):
        assert (out / name).read_bytes() == (reported[0] / name).read_bytes()


def test_a_changed_video_is_measured_again(toy_sim: Path, own_sim: Path) -> None:
    shown = OuluNpu(own_sim).protocol("oulu1").train[0]
    same = OuluNpu(toy_sim).protocol("oulu1").train[0]
    assert measuring._key(shown) == measuring._key(same)
    with np.load(shown.path.with_suffix(".depth.npz")) as archive:
        depth = archive["depth"]
    np.savez_compressed(shown.path.with_suffix(".depth.npz"), depth=depth[:, ::-1])
    assert measuring._key(shown) != measuring._key(same)


def _refusal(kind: type[FasharnessError], folder: Path, out: Path, **options: object) -> str:
    with pytest.raises(kind) as caught:
        validate(OuluNpu(folder), out, PROTOCOLS, jobs=1, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert not (out / "validity.json").exists()
    return str(caught.value)


def test_real_data_are_not_judged(oulu: Path, command: Callable[..., Any], tmp_path: Path) -> None:
    assert "not a simulated folder" in _refusal(DataError, oulu, tmp_path / "out")
    for folder, said in (
        (oulu, "not a simulated folder"),
        (oulu / "none", "no such folder"),
        (tmp_path, "not a simulated folder"),
    ):
        assert said in command("sim", "validate", folder, "--out", tmp_path / "out").error


def test_a_missing_video_is_named(own_sim: Path, tmp_path: Path) -> None:
    video = own_sim / "Dev_files" / "1_2_21_3.avi"
    video.unlink()
    said = _refusal(DataError, own_sim, tmp_path / "out", chosen=("oulu1",))
    assert said.startswith(f"{video}: no such video (1 of 30 are missing)")


@pytest.mark.parametrize(
    ("ending", "said"),
    [(".avi", "cut short"), (".txt", "no eyes of frame 3"), (".depth.npz", "no readable depth")],
)
def test_a_broken_file_is_named(own_sim: Path, ending: str, said: str) -> None:
    shown = OuluNpu(own_sim).protocol("oulu1").dev[0]
    path = shown.path.with_suffix(ending)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=said) as caught:
        measuring.measure(OuluNpu(own_sim), shown)
    assert str(path) in str(caught.value)


def test_frames_without_a_row_have_their_true_faces(own_sim: Path) -> None:
    shown = OuluNpu(own_sim).protocol("oulu1").dev[0]
    eyes = shown.path.with_suffix(".txt")
    rows = [row.split(",") for row in eyes.read_text().splitlines()]
    whole = video.read(OuluNpu(own_sim), shown)
    eyes.write_text("".join(f"{','.join(row)}\n" for row in rows if row[0] != "3"))
    truth = shown.path.with_suffix(".truth.npz")
    pairs = 10 * np.array([row[1:] for row in rows], float)
    np.savez(truth, eyes=pairs.reshape(-1, 2, 2).astype(np.int16))
    faces = video.read(OuluNpu(own_sim), shown).faces
    np.testing.assert_allclose([f.box for f in faces], [f.box for f in whole.faces])
    np.savez(truth, eyes=np.zeros((2, 2, 2), np.int16))
    with pytest.raises(DataError, match=r"truth\.npz: no true eyes of 16 frames"):
        video.read(OuluNpu(own_sim), shown)


def test_too_few_subjects_are_refused(toy_sim: Path, tmp_path: Path) -> None:
    said = _refusal(DataError, toy_sim, tmp_path / "out", chosen=("oulu3",))
    assert "oulu3 tests on subject 36 alone" in said


def test_bad_options_are_refused(toy_sim: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "did you mean" in _refusal(UnknownNameError, toy_sim, out, chosen=("oulu5",))
    assert "no protocol" in _refusal(OptionError, toy_sim, out, chosen=())
    assert "seed -1" in _refusal(OptionError, toy_sim, out, seed=-1)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("sklearn", "pip install scikit-learn"),
        ("skimage", "pip install scikit-image"),
        ("fasharness_baselines.needs", "pip install './plugins/baselines[classic]'"),
    ],
)
def test_missing_packages_are_named_with_the_command(
    toy_sim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert words in _refusal(OptionError, toy_sim, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command(
    command: Callable[..., Any], reported: tuple[Path, Validity], toy_sim: Path, tmp_path: Path
) -> None:
    shutil.copytree(reported[0], tmp_path / "out")
    words = ("sim", "validate", toy_sim, "--out", tmp_path / "out", "--quiet")
    ended = command(*words, "--protocols", "oulu1", "--jobs", 1)
    assert ended.code == 1  # the toys do not hold
    assert ended.out.startswith("SIMULATED")
    assert "DOES NOT HOLD: No cheap trick works" in ended.out
    assert str(tmp_path / "out" / "validity.html") in ended.out
    assert "oulu3 tests on subject 36 alone" in command(*words).error
