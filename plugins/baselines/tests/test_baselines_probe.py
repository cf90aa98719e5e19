"""The probe: its decisions against scikit-learn, its options, and runs with an encoder in ONNX."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import load, save

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError
from fasharness.fitted import Gathered
from fasharness.method import make
from fasharness_baselines.heads import Gaussian, Logistic
from fasharness_baselines.probe import Probe


def _points(count: int = 120, width: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    live = np.arange(count) % 5 == 0
    return rng.normal(0, 1, (count, width)) * np.arange(1, width + 1) + live[:, None], live


@pytest.mark.parametrize("cost", [0.01, 1.0])
def test_log_odds_are_those_of_scikit_learn(cost: float) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    points, live = _points()
    head = Logistic()
    head.fit(points, live, cost)
    theirs = make_pipeline(
        StandardScaler(), LogisticRegression(C=cost, class_weight="balanced", max_iter=10_000)
    ).fit(points, live)
    expected = theirs.decision_function(points)
    np.testing.assert_allclose(head(torch.from_numpy(points)), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("width", [9, 60])
def test_the_one_class_distance_is_that_of_scikit_learn_and_knows_no_attack(width: int) -> None:
    """Also with more dimensions than the 24 bona fide clips."""
    from sklearn.covariance import LedoitWolf

    points, live = _points(width=width)
    head, other = Gaussian(), Gaussian()
    head.fit(points, live, 1.0)
    expected = -np.sqrt(LedoitWolf().fit(points[live]).mahalanobis(points))
    np.testing.assert_allclose(head(torch.from_numpy(points)), expected, rtol=1e-8)
    changed = np.where(live[:, None], points, points + 100)
    other.fit(changed, live, 1.0)
    assert torch.equal(other.precision, head.precision)


@pytest.mark.parametrize(
    "options",
    [
        {"encoder": "resnet"}, {"classifier": "forest"}, {"side": "8"}, {"frames": "0"},
        {"mean": "0.5,0.5"}, {"deviation": "0.5,0,0.5"}, {"cost": "0"},
    ],
)  # fmt: skip
def test_impossible_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        make(Probe, "", options)


def test_the_clips_weights_and_classes() -> None:
    made = make(Probe, "one-class", {"frames": "2", "score_frames": "1", "side": "64"})
    (stage,) = made.stages()
    assert stage.sampling.classes == "bona fide"
    assert stage.bona_fide.frames.clips(8) == ((2,), (6,))
    assert made.scoring_clips().frames.clips(9) == ((4,),)
    assert (made.scoring_clips().crop.size, made.scoring_clips().crop.scale) == (64, (1.3, 1.3))
    assert made.weights() == ("efficientnet-lite0",)
    assert make(Probe, "", {"encoder": "onnx"}).weights() == ("probe-onnx",)
    assert make(Probe, "", {}).stages()[0].sampling.classes == "both"
    live = [Presentation("a", rgb(Path("a.avi")))]
    made.check_training(live)
    with pytest.raises(ValueError, match="no attack presentation in train, and probe is fitted"):
        make(Probe, "", {}).check_training(live)


def test_a_trained_model_holds_encoder_and_decision() -> None:
    made = make(Probe, "", {"side": "32"})
    torch.manual_seed(0)
    network, other = made.network({}).eval(), made.network({}).eval()
    pixels = torch.randint(0, 256, (6, 1, 3, 32, 32), dtype=torch.uint8)
    shown = [Presentation(f"p{number}", rgb(Path("x.avi"))) for number in range(6)]
    batch = Batch({RGB: pixels}, {}, torch.arange(6) < 3, shown, [""] * 6)
    with torch.no_grad():
        found = made.features(network, batch)
        assert found.shape == (6, 1280)
        made.fit(network, Gathered(found.numpy(), batch.bona_fide.numpy()))
        before = made.score(None, network, batch)
        other.load_state_dict(load(save(network.state_dict())))
        assert torch.equal(made.score(None, other, batch), before)
    assert (before > 0).tolist() == batch.bona_fide.tolist()


def test_pixels_are_standardised_as_the_encoder_was_trained() -> None:
    """Google's EfficientNet-Lite: (value - 127) / 128."""
    made = make(Probe, "", {"side": "32"})

    class Seen(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.flatten(1)

    network = torch.nn.Module()
    network.encoder = Seen()
    pixels = torch.arange(256, dtype=torch.uint8)[:192].reshape(1, 1, 3, 8, 8)
    shown = [Presentation("p", rgb(Path("x.avi")))]
    batch = Batch({RGB: pixels}, {}, torch.tensor([True]), shown, [""])
    expected = (np.arange(192) - 127) / 128
    np.testing.assert_allclose(made.features(network, batch)[0], expected, atol=1e-6)


WORDS = ("run", "--plugin", "probe", "--protocol", "oulu1", "--faces", "dataset", "--quiet",
         "--jobs", 1, "--device", "cpu")  # fmt: skip
SMALL = ("--option", "side=16", "--option", "frames=2", "--option", "score_frames=2")


def export(path: Path, nodes: list[onnx.NodeProto]) -> Path:
    """Write nodes from ``x``, pictures of 16 pixels, to ``y``, 3 numbers, as a model in ONNX."""
    pictures = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 16, 16])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3, 1, 1])
    constants = [
        helper.make_tensor("kernel", TensorProto.FLOAT, [3, 1, 1, 2], [1.0, -1.0] * 3),
        *(helper.make_tensor(name, TensorProto.INT64, [2], values)
          for name, values in (("zero", [0, 0]), ("one", [1, 1]), ("axes", [2, 3]))),
    ]  # fmt: skip
    graph = helper.make_graph(nodes, "encoder", [pictures], [out], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def slopes(path: Path) -> Path:
    """The mean slope of each channel."""
    return export(
        path,
        [
            helper.make_node("Conv", ["x", "kernel"], ["s"], group=3),
            helper.make_node("Abs", ["s"], ["a"]),
            helper.make_node("GlobalAveragePool", ["a"], ["y"]),
        ],
    )


def corner(path: Path) -> Path:
    """The root of the pixel in the corner, which is NaN where that is below the mean."""
    cut = helper.make_node("Slice", ["x", "zero", "one", "axes"], ["c"])
    return export(path, [cut, helper.make_node("Sqrt", ["c"], ["y"])])


def test_missing_weights_are_named_with_the_command_before_anything_long(
    command: Callable[..., Any], oulu: Path, here: Path
) -> None:
    ended = command(*WORDS, "--data", oulu)
    assert "efficientnet-lite0: missing; fetch with: fasharness weights get" in ended.error
    ended = command(*WORDS, "--data", oulu, "--option", "encoder=onnx")
    assert "add with: fasharness weights add probe-onnx FILE" in ended.error
    assert not list(here.rglob("*.pack"))


def test_a_missing_package_is_named(
    command: Callable[..., Any], oulu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert "probe needs scikit-learn" in command(*WORDS, "--data", oulu).error


@pytest.mark.parametrize("classifier", ["logistic", "gaussian"])
def test_a_run_with_an_encoder_in_onnx(
    command: Callable[..., Any], oulu: Path, here: Path, classifier: str
) -> None:
    assert command("weights", "add", "probe-onnx", slopes(here / "e.onnx")).code == 0
    options = ("--option", "encoder=onnx", "--option", f"classifier={classifier}")
    ended = command(*WORDS, "--data", oulu, *SMALL, *options, "--out", here / "a")
    assert ended.code == 0, ended.err
    # Stripes tell the toy's attacks from its smooth bona fide faces.
    assert " 0.00 %" in next(line for line in ended.out.splitlines() if line.startswith("ACER"))
    # The model file alone scores: the weights are gone.
    assert command("weights", "remove", "probe-onnx").code == 0
    model = here / "a" / "model.safetensors"
    again = command(*WORDS, "--data", oulu, "--checkpoint", model, "--out", here / "b")
    assert again.code == 0, again.err
    scores = [(here / name / "scores.csv").read_bytes() for name in "ab"]
    assert scores[0] == scores[1]


def test_features_that_are_nan_are_counted_in_training_and_scores(
    command: Callable[..., Any], oulu: Path, here: Path
) -> None:
    """The toy's background is noise, so the corners of about half the faces are too dark."""
    command("weights", "add", "probe-onnx", corner(here / "e.onnx"))
    options = ("--option", "encoder=onnx", "--option", "mean=0.34,0,0")
    ended = command(
        *WORDS, "--data", oulu, *SMALL, *options, "--out", here / "a", "--max-failures", "100%"
    )
    assert ended.code == 0, ended.err
    with (here / "a" / "scores.csv").open() as file:
        rows = [str(row) for row in csv.DictReader(file)]
    failed = [row for row in rows if "the method gave the score nan" in row]
    assert 0 < len(failed) < len(rows)
    (warning,) = json.loads((here / "a" / "training.json").read_text())["warnings"]
    lost, _, total = warning.split()[:3]
    assert 0 < int(lost) < int(total) == 40
    assert "training clips have features that are not finite and are left out" in warning
    # The figures say it too.
    assert warning in (here / "a" / "result.json").read_text()
