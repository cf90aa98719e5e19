"""Features by hand and a support vector machine: fitted, kept, scored, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

pytest.importorskip("skimage", reason="the extra classic of fasharness-baselines")

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError
from fasharness.fitted import Gathered
from fasharness.method import make
from fasharness_baselines.colour_lbp import ColourLBP, colour_texture
from fasharness_baselines.image_quality import ImageQuality, features
from fasharness_baselines.machine import Machine

METHODS = {ColourLBP: 354, ImageQuality: 137}


def _blobs(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    live = np.arange(count) % 5 == 0
    points = rng.normal(0, 1, (count, 6)) * [1, 10, 100, 1, 1, 1]
    points[live, :3] += [2, 20, 200]
    return points, live


def test_the_machine_decides_as_scikit_learn_does() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    points, live = _blobs(200)
    others, _ = _blobs(50, 1)
    for cost in (1.0, 30.0):
        machine = Machine()
        machine.fit(points, live, cost)
        theirs = make_pipeline(StandardScaler(), SVC(C=cost, class_weight="balanced"))
        expected = theirs.fit(points, live).decision_function(others)
        found = machine(torch.from_numpy(others))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
        one = machine(torch.from_numpy(others[7:8]))
        np.testing.assert_allclose(one, found[7:8], rtol=1e-12)


def test_a_constant_feature_does_no_harm() -> None:
    points, live = _blobs(60)
    points[:, 4] = 3.5
    machine = Machine()
    machine.fit(points, live)
    assert machine(torch.from_numpy(points)).isfinite().all()


def test_a_fitted_machine_is_loaded_from_its_tensors_into_an_empty_one() -> None:
    points, live = _blobs(80)
    machine, other = Machine(), Machine()
    machine.fit(points, live)
    other.load_state_dict(load(save(machine.state_dict())))
    there = torch.from_numpy(points)
    assert torch.equal(machine(there), other(there))
    with pytest.raises(RuntimeError, match="Missing key"):
        Machine().load_state_dict({"mean": torch.zeros(3)})


def _batch(count: int = 5, side: int = 32) -> Batch:
    rng = np.random.default_rng(1)
    pixels = torch.from_numpy(rng.integers(0, 256, (count, 1, side, side, 3), np.uint8))
    shown = [Presentation(f"p{number}", rgb(Path("x.avi"))) for number in range(count)]
    images = {RGB: pixels.permute(0, 1, 4, 2, 3)}
    return Batch(images, {}, torch.tensor([n % 2 == 0 for n in range(count)]), shown, [""] * count)


@pytest.mark.parametrize("kind", METHODS)
def test_a_method_describes_fits_and_scores(kind: type[Any]) -> None:
    made = make(kind, "", {"side": "32"})
    network, batch = made.network({}).eval(), _batch()
    found = made.features(network, batch)
    assert found.shape == (5, METHODS[kind])
    direct = {ColourLBP: colour_texture, ImageQuality: features}[kind]
    face = batch.rgb[3, 0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(found[3], direct(np.ascontiguousarray(face)))
    made.fit(network, Gathered(found.numpy(), batch.bona_fide.numpy()))
    scores = made.score(None, network, batch)
    assert (scores > 0).tolist() == batch.bona_fide.tolist()


@pytest.mark.parametrize("kind", METHODS)
def test_the_clips(kind: type[Any]) -> None:
    made = make(kind, "", {"side": "64", "scale": "1.2", "frames": "3", "score_frames": "2"})
    (stage,) = made.stages()
    assert stage.bona_fide.frames.clips(12) == ((2,), (6,), (10,))
    assert made.scoring_clips().frames.clips(12) == ((3,), (9,))
    assert made.scoring_clips().crop == stage.attack.crop
    assert (stage.attack.crop.size, stage.attack.crop.scale) == (64, (1.2, 1.2))


@pytest.mark.parametrize(
    "options", [{"side": "8"}, {"frames": "0"}, {"scale": "0"}, {"cost": "0"}, {"cost": "nan"}]
)
def test_impossible_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        make(ColourLBP, "", options)


@pytest.mark.parametrize(("module", "package"), [("skimage", "image"), ("sklearn", "learn")])
def test_a_missing_package_is_named_before_anything_long(
    command: Callable[..., Any], oulu: Path, here: Path,
    monkeypatch: pytest.MonkeyPatch, module: str, package: str,
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, module, None)
    ended = command("run", "--plugin", "colour-lbp", "--protocol", "oulu1", "--data", oulu)
    assert f"colour-lbp needs scikit-{package}, which is not installed: pip install" in ended.error
    assert not list(here.rglob("*"))


def test_a_run_from_videos_to_figures_and_again_from_the_model(
    command: Callable[..., Any], oulu: Path, here: Path
) -> None:
    words = ("run", "--protocol", "oulu1", "--data", oulu, "--faces", "dataset", "--quiet",
             "--jobs", 1, "--device", "cpu")  # fmt: skip
    small = ("--option", "side=64", "--option", "frames=2", "--option", "score_frames=2")
    ended = command(*words, "--plugin", "colour-lbp", *small, "--out", here / "a")
    assert ended.code == 0, ended.err
    # Stripes tell the toy's attacks from its smooth bona fide faces.
    assert " 0.00 %" in next(line for line in ended.out.splitlines() if line.startswith("ACER"))
    model = here / "a" / "model.safetensors"
    again = command(*words, "--plugin", "colour-lbp", "--checkpoint", model, "--out", here / "b")
    assert again.code == 0, again.err
    scores = [(here / name / "scores.csv").read_bytes() for name in "ab"]
    assert scores[0] == scores[1]
