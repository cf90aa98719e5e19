"""What holds for every installed network: bad model files, and losses that hide no NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fasharness.clips import ClipSpec
from fasharness.data import Batch, Presentation, rgb
from fasharness.engine.checkpoint import card_of, load_model, save_model
from fasharness.errors import CheckpointError
from fasharness.method import Method, Stage, make
from fasharness.plugins import load
from fasharness.testing import Ended

SMALL: Mapping[str, Mapping[str, str]] = {
    "auxiliary-depth": {"size": "32", "width": "0.05"},
    "cdcn": {"size": "32", "width": "0.05"},
    "deeppixbis": {"size": "32", "growth": "2", "layers": "1,1", "pretrained": "false"},
    "dsdg": {"size": "16", "width": "0.05", "latent": "4", "identity": "simulated"},
    "dum": {"size": "32", "width": "0.05"},
    "lgsc": {"size": "32", "width": "0.05", "pretrained": "false"},
    "minifasnet": {},
    "sgtd": {"width": "0.05", "size": "64"},
    "ssdg": {"size": "32", "width": "0.05", "pretrained": "false", "domain": "device"},
}
OTHER = {
    "auxiliary-depth": {"width": "0.2"},
    "cdcn": {"theta": "0.5"},
    "deeppixbis": {"layers": "2,1"},
    "dsdg": {"species": "print1,display1"},
    "dum": {"theta": "0.5"},
    "lgsc": {"width": "0.1"},
    "sgtd": {"width": "0.1"},
    "ssdg": {"domains": "5"},
}
"""An option that changes the network: its width, its θ, or how many classes it tells apart."""
PLUGINS = load()


def made(name: str, **options: str) -> tuple[Method, nn.Module]:
    method = make(PLUGINS.method(name), "", {**SMALL[name], **options})
    torch.manual_seed(0)
    return method, method.network({})


def clips(spec: ClipSpec, bona_fide: list[bool]) -> Batch:
    """Random clips of a specification."""
    count, frames = len(bona_fide), spec.frames.length
    sides = dict.fromkeys(spec.modalities, spec.crop.size) | {v.name: v.size for v in spec.views}
    images = {
        name: torch.randint(0, 256, (count, frames, 3, side, side), dtype=torch.uint8)
        for name, side in sides.items()
    }
    live = torch.tensor(bona_fide)
    labels: dict[str, Tensor] = {}
    for label in spec.labels:
        values = torch.rand(count, frames, label.size, label.size)
        labels[label.name] = values * live.view(-1, 1, 1, 1)
    shown = [
        Presentation(
            f"p{n}", rgb(Path("x")), species=None if real else "print1", device=str(n % 2 + 1)
        )
        for n, real in enumerate(bona_fide)
    ]
    return Batch(images, labels, live, shown, [""] * count)


def losses(method: Method, stage: Stage, network: nn.Module, bona_fide: list[bool]):
    torch.manual_seed(1)
    attacks = stage.sampling.classes == "attack"
    batch = clips(stage.bona_fide, [False] * 4 if attacks else bona_fide)
    if stage.sampling.partner:
        batch.partner = clips(stage.bona_fide, [True] * len(bona_fide))
    method.train_mode(stage, network)
    method.optimizers(stage, network)
    # Identities of 8 bits in place of a network that is trained at length.
    companions = {"identity": nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())}
    return method.losses(stage, network, batch, companions)


@pytest.mark.parametrize("name", OTHER)
def test_a_model_of_another_architecture_is_refused(name: str, tmp_path: Path):
    method, network = made(name)
    other, larger = made(name, **OTHER[name])
    path = tmp_path / "model.safetensors"
    save_model(path, card_of(method), network)
    (key,) = OTHER[name]
    with pytest.raises(CheckpointError, match=rf"trained with {key}=.* \(not "):
        load_model(path, other, larger)
    if key != "theta":  # which changes no tensor
        save_model(path, card_of(other), network)
        with pytest.raises(CheckpointError, match=f"weights do not fit {name}: "):
            load_model(path, other, larger)


@pytest.mark.parametrize("name", SMALL)
def test_a_model_that_is_cut_short_or_pickled_is_refused(name: str, tmp_path: Path):
    method, network = made(name)
    path = tmp_path / "model.safetensors"
    save_model(path, card_of(method), network)
    whole = path.read_bytes()
    for length in (0, 7, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"not a safetensors checkpoint of fasharness"):
            load_model(path, method, network)
    torch.save(network.state_dict(), path)
    with pytest.raises(CheckpointError, match="pickled checkpoints are refused"):
        load_model(path, method, network)


@pytest.mark.parametrize(
    ("name", "preset", "file"),
    [
        ("deeppixbis", "paper", "densenet161-imagenet"),
        ("dsdg", "paper", "lightcnn-29v2"),
        ("lgsc", "paper", "resnet18-imagenet"),
        ("minifasnet", "published", "minifasnet-2.7"),
        ("ssdg", "paper", "resnet18-imagenet"),
    ],
)
def test_missing_weights_end_a_run_before_anything_long(
    command: Callable[..., Ended], oulu: Path, here: Path, name: str, preset: str, file: str
):
    words = ("--plugin", name, "--preset", preset, "--protocol", "oulu1", "--data", oulu)
    ended = command("train", *words, "--store", here / "store", "--out", here / "run")
    assert ended.code == 2
    assert f"fasharness weights add {file} FILE" in ended.error
    assert not (here / "store").exists()
    assert not (here / "run").exists()


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("bona_fide", [[False] * 4, [True] * 4, [True, False] * 2])
def test_a_batch_of_any_classes_has_finite_losses_and_gradients(name: str, bona_fide: list[bool]):
    method, network = made(name)
    for stage in method.stages():
        network.zero_grad()
        found = losses(method, stage, network, bona_fide)
        assert all(loss.isfinite() for loss in found.values()), found
        found["total"].backward()
        slopes = [p.grad for p in network.parameters() if p.grad is not None]
        assert slopes
        assert all(slope.isfinite().all() for slope in slopes)


@pytest.mark.parametrize("name", SMALL)
def test_no_loss_hides_that_a_network_gives_nan(name: str):
    method, network = made(name)
    for stage in method.stages():
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.fill_(torch.nan)
        assert not losses(method, stage, network, [True, False] * 2)["total"].isfinite()


def test_every_installed_network_is_here():
    names = {n for n in PLUGINS.names("method") if PLUGINS.method(n).__module__.split(".")[0]
             not in ("fasharness", "toy")}  # fmt: skip
    fitted = {"colour-lbp", "image-quality", "probe"}
    assert names - fitted == set(SMALL)
