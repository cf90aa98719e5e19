"""Starting from ImageNet: a file of torchvision's form, and files that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fasharness.errors import WeightsError
from fasharness.method import make
from fasharness.prepare.weights import add, path
from fasharness_lgsc import RESNET18
from fasharness_lgsc.imagenet import load_encoder
from fasharness_lgsc.layers import ResNet18
from fasharness_lgsc.method import LGSCMethod


def resnet(width: int = 4) -> ResNet18:
    torch.manual_seed(width)
    return ResNet18([width, width, 2 * width, 4 * width, 8 * width], torch.nn.BatchNorm2d)


def torchvisions(encoder: ResNet18) -> dict[str, torch.Tensor]:
    """The encoder's weights as torchvision's file of 2017 names them, with a classifier."""
    found = {
        name.replace("norm", "bn"): value
        for name, value in encoder.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    return {**found, "fc.weight": torch.zeros(1000, 32), "fc.bias": torch.zeros(1000)}


def write(file: Path, content: object, *, zipped: bool = False) -> Path:
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    return file


@pytest.mark.parametrize("zipped", [False, True])
def test_torchvisions_weights_become_the_encoders(tmp_path: Path, zipped: bool) -> None:
    source, encoder = resnet(), resnet()
    source.norm1.running_var.fill_(3)
    source.layer4[1].conv2.weight.data.fill_(2)
    load_encoder(encoder, write(tmp_path / "a.pth", torchvisions(source), zipped=zipped))
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, source.state_dict()[name]), name


def test_the_file_has_torchvisions_names() -> None:
    """Some of the 122 names of resnet18-5c106cde.pth, with their shapes."""
    found = torchvisions(resnet(64))
    assert len(found) == 102
    assert found["layer2.0.downsample.0.weight"].shape == (128, 64, 1, 1)
    assert found["layer2.0.downsample.1.running_var"].shape == (128,)
    assert found["layer1.1.bn2.bias"].shape == (64,)
    assert found["bn1.weight"].shape == (64,)
    assert "layer1.0.downsample.0.weight" not in found


def test_only_the_encoder_starts_from_the_file(tmp_path: Path) -> None:
    source = resnet(64)
    file = write(tmp_path / "a.pth", torchvisions(source))
    made = make(LGSCMethod, "paper", {})
    torch.manual_seed(5)
    network = made.network({"resnet18-imagenet": file})
    torch.manual_seed(5)
    fresh = made.network({})
    assert torch.equal(network.encoder.conv1.weight, source.conv1.weight)
    assert torch.equal(network.classifier.conv1.weight, fresh.classifier.conv1.weight)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("layer3.0.bn1.weight"), "layer3.0.bn1.weight is missing"),
        (
            lambda state: state.update({"layer1.0.conv1.weight": torch.zeros(16, 4, 1, 1)}),
            r"layer1.0.conv1.weight has the shape \(16, 4, 1, 1\), expected \(4, 4, 3, 3\)",
        ),
        (lambda state: state["bn1.bias"].fill_(torch.nan), "bn1.bias is not finite"),
    ],
)
def test_weights_of_another_network_are_refused(
    tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], object], words: str
) -> None:
    state = torchvisions(resnet())
    change(state)
    encoder = resnet(4)
    before = encoder.conv1.weight.clone()
    with pytest.raises(WeightsError, match=rf"a\.pth: .*{words}"):
        load_encoder(encoder, write(tmp_path / "a.pth", state))
    assert torch.equal(encoder.conv1.weight, before)


@pytest.mark.usefixtures("own_machine")
def test_missing_weights_and_another_file_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="add with: fasharness weights add resnet18-imagenet"):
        path(RESNET18)
    file = write(tmp_path / "resnet18-5c106cde.pth", torchvisions(resnet()))
    with pytest.raises(WeightsError, match="is not the file of weights resnet18-imagenet"):
        add(RESNET18, file)
