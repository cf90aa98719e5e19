"""MiniFASNet: the published architecture, its crops, its recipe, and files that are not its own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import fasharness
import fasharness_baselines
from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError, WeightsError
from fasharness.faces import Face
from fasharness.method import At, make
from fasharness.prepare.mtcnn import MTCNN
from fasharness.prepare.weights import add
from fasharness.weights import Weights
from fasharness_baselines import MINIFASNET_FAR, MINIFASNET_NEAR
from fasharness_baselines.convert import main
from fasharness_baselines.crop import SILENT_FACE
from fasharness_baselines.minifasnet import MiniFASNetMethod, Options, class_of
from fasharness_baselines.minifasnet_network import (
    V1SE,
    V2,
    Fusion,
    MiniFASNet,
    TrainedFusion,
    spectrum,
)

SPECIES = (None, "print1", "display2", None)
EXAMPLE = torch.rand(4, 3, 80, 80, generator=torch.Generator().manual_seed(4)) * 255


def shown(species: str | None) -> Presentation:
    return Presentation("x", rgb(Path("x.avi")), species=species)


def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = {
        name: torch.randint(0, 256, (4, 1, 3, 80, 80), generator=generator, dtype=torch.uint8)
        for name in (RGB, "wide")
    }
    bona_fide = torch.tensor([species is None for species in SPECIES])
    return Batch(images, {}, bona_fide, [*map(shown, SPECIES)], [""] * 4)


def network(seed: int = 0) -> TrainedFusion:
    torch.manual_seed(seed)
    return TrainedFusion()


def telling(seed: int) -> TrainedFusion:
    """A network whose scores differ; fresh weights give a third to each class for anything."""
    net = network(seed).eval()
    with torch.no_grad():
        for part in (net.near, net.far):
            part.prob.weight.normal_()
            part.prob.weight.mul_(3 / part(EXAMPLE).std())
    return net


def published(part: nn.Module, path: Path, content: object = None) -> Path:
    """A file of the published form: DataParallel's names in an old pickle."""
    state = {f"module.{name}": value for name, value in part.state_dict().items()}
    torch.save(content or state, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    source = telling(7)
    return {
        MINIFASNET_NEAR.name: published(source.near, tmp_path / "near.pth"),
        MINIFASNET_FAR.name: published(source.far, tmp_path / "far.pth"),
    }


@pytest.mark.parametrize(
    ("shape", "tensors", "values", "parameters"),
    [(V2, 334, 444_978, 434_560), (V1SE, 370, 444_610, 433_586)],
)
def test_the_networks_have_the_tensors_of_the_published_files(shape, tensors, values, parameters):
    """Counted in the two files; the authors print 0.43 and 0.41 million without batch norms."""
    found = MiniFASNet(shape).state_dict()
    assert len(found) == tensors
    assert sum(value.numel() for value in found.values()) == values
    assert sum(p.numel() for p in MiniFASNet(shape).parameters()) == parameters


@pytest.mark.parametrize(
    ("shape", "name", "expected"),
    [
        (V2, "conv_23.conv.conv.weight", (103, 32, 1, 1)),
        (V2, "conv_4.model.3.conv_dw.conv.weight", (77, 1, 3, 3)),
        (V2, "conv_6_dw.conv.weight", (512, 1, 5, 5)),
        (V2, "conv_3.model.3.se_module.fc1.weight", None),
        (V1SE, "conv_3.model.1.conv.prelu.weight", (26,)),
        (V1SE, "conv_3.model.3.se_module.fc1.weight", (16, 64, 1, 1)),
        (V1SE, "conv_3.model.2.se_module.fc1.weight", None),
        (V1SE, "conv_5.model.1.se_module.bn2.running_var", (128,)),
        (V1SE, "prob.weight", (3, 128)),
        (V1SE, "linear.bias", None),
    ],
)
def test_names_and_shapes_of_the_published_files(shape, name, expected):
    found = MiniFASNet(shape).state_dict().get(name)
    assert (None if found is None else tuple(found.shape)) == expected


def test_a_network_by_hand():
    """With everything at zero but one path, the logits are known."""
    net = MiniFASNet(V2).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.conv_6_dw.bn.bias.fill_(2)
        net.linear.weight[5, :10] = 1
        net.bn.weight.fill_(1)
        net.prob.weight[:, 5] = torch.tensor([1.0, -1.0, 0.5])
        found = net(torch.zeros(1, 3, 80, 80))
    value = 20 / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(found, torch.tensor([[value, -value, value / 2]]))


def test_a_squeezed_block_adds_weighed_channels():
    block = MiniFASNet(V1SE).conv_3.model[3].eval()
    x = torch.rand(2, 64, 5, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        nn.init.constant_(block.se_module.bn2.weight, 0)
        nn.init.constant_(block.se_module.bn2.bias, 1)
        plain = block.project(block.conv_dw(block.conv(x)))
        torch.testing.assert_close(block(x), x + plain * torch.sigmoid(torch.tensor(1.0)))


def test_the_score_is_the_mean_probability_of_both_networks():
    made, net, clips = make(MiniFASNetMethod, "paper", {}), telling(0), batch()

    def expected(order: tuple[int, ...], names: tuple[str, str]) -> torch.Tensor:
        near, far = (clips.images[name][:, 0, order].float() for name in names)
        return (F.softmax(net.near(near), 1) + F.softmax(net.far(far), 1))[:, 1] / 2

    with torch.no_grad():
        found = made.score(None, net, clips)
        # BGR, 0 to 255, each crop to its network
        torch.testing.assert_close(found, expected((2, 1, 0), (RGB, "wide")))
        for wrong in (expected((0, 1, 2), (RGB, "wide")), expected((2, 1, 0), ("wide", RGB))):
            assert (found - wrong).abs().max() > 1e-3


def test_the_recipe_of_the_authors_code():
    made = make(MiniFASNetMethod, "paper", {})
    assert made.options == Options()
    (stage,) = made.stages()
    assert (stage.epochs, stage.batch_size, stage.bona_fide) == (25, 1024, stage.attack)
    clips = made.scoring_clips()
    assert (clips.crop.size, clips.crop.rule, clips.crop.scale) == (80, "silent-face", (2.7, 2.7))
    assert clips.views == (("wide", 80, 4.0),)
    (sgd,) = made.optimizers(stage, network())
    facts = sgd.defaults
    assert (facts["lr"], facts["momentum"], facts["weight_decay"]) == (0.1, 0.9, 5e-4)
    rates = [made.rate(stage, At(0, 1, epoch, 25)) for epoch in (0, 9, 10, 15, 22)]
    assert rates == pytest.approx([1, 1, 0.1, 0.01, 0.001])


def test_three_classes():
    assert [class_of(shown(s)) for s in (None, "print1", "display2", "mask")] == [1, 0, 2, 2]


def test_training_lowers_both_losses():
    made, net, clips = make(MiniFASNetMethod, "demo", {}), network(), batch()
    (stage,) = made.stages()
    (sgd,) = made.optimizers(stage, net)
    totals = []
    for _ in range(8):
        sgd.zero_grad()
        found = made.losses(stage, net, clips, {})
        expected = 0.5 * (found["classification"] + found["spectrum"]).item()
        assert found["total"].item() == pytest.approx(expected, rel=1e-6)
        found["total"].backward()
        sgd.step()
        totals.append([found["classification"].item(), found["spectrum"].item()])
    assert totals[-1][0] < 0.9 * totals[0][0]
    assert totals[-1][1] < 0.9 * totals[0][1]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_the_spectrum_of_a_wave_is_two_points_and_its_mean():
    columns = torch.arange(80) * (2 * torch.pi * 24 / 80)
    wave = 100 + 50 * torch.cos(columns).expand(1, 3, 80, 80)
    found = spectrum(wave)[0, 0]
    assert found.shape == (10, 10)
    assert (found > 0).all()
    assert (found <= 1).all()
    # Frequencies -24, 0 and 24 are the columns 16, 40 and 64 of 80; samples are near every eighth.
    numpys = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2(wave[0].mean(0).double().numpy()))))
    scaled = (numpys - numpys.min() + 1) / (numpys.max() - numpys.min() + 1)
    rows = scaled.reshape(10, 8, 10, 8)[:, 3:5, :, 3:5].mean((1, 3))
    np.testing.assert_allclose(found.numpy(), rows, atol=2e-3)


def test_the_authors_weights_are_scored_without_training(files: dict[str, Path]):
    made = make(MiniFASNetMethod, "published", {})
    assert made.weights() == ("minifasnet-2.7", "minifasnet-4.0")
    assert made.stages() == ()
    net = made.network(files)
    assert type(net) is Fusion  # nothing that training alone needs
    assert torch.equal(net.near.prob.weight, telling(7).near.prob.weight)
    assert torch.equal(net.far.conv1.conv.weight, telling(7).far.conv1.conv.weight)
    assert make(MiniFASNetMethod, "paper", {}).weights() == ()


def test_the_two_files_may_not_be_exchanged(files: dict[str, Path]):
    near, far = files.values()
    made = make(MiniFASNetMethod, "published", {})
    with pytest.raises(WeightsError, match=r"is not MiniFASNetV2: conv_3\.model\.1\.conv\.conv"):
        made.network({MINIFASNET_NEAR.name: far, MINIFASNET_FAR.name: near})


def test_a_squeezed_file_is_not_taken_for_a_plain_one(files: dict[str, Path], tmp_path: Path):
    squeezed = MiniFASNet(V2._replace(squeezed=True))
    files[MINIFASNET_NEAR.name] = published(squeezed, tmp_path / "v2se.pth")
    with pytest.raises(WeightsError, match=r"is not MiniFASNetV2, which has no conv_3.*se_module"):
        make(MiniFASNetMethod, "published", {}).network(files)


class Harmful:
    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.made),)


def test_cut_and_pickled_files_are_refused(files: dict[str, Path], tmp_path: Path):
    made, name = make(MiniFASNetMethod, "published", {}), MINIFASNET_FAR.name
    whole = files[name].read_bytes()
    files[name].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="or damaged"):
        made.network(files)
    published(network().far, files[name], {"module.a": Harmful(tmp_path / "made")})
    with pytest.raises(WeightsError, match=r"pickled with code \(posix\.mkdir\)"):
        made.network(files)
    assert not (tmp_path / "made").exists()


@pytest.mark.usefixtures("own_machine")
def test_the_stored_weights_become_a_model_that_scores_pictures(files, tmp_path: Path, monkeypatch):
    out = tmp_path / "model.safetensors"
    assert main([str(out)]) == 2  # not added yet
    assert not out.exists()
    for weights in (MINIFASNET_NEAR, MINIFASNET_FAR):
        # A file of the form, not the published one.
        own = replace(weights, sha256="", size=0)
        monkeypatch.setattr(fasharness_baselines, weights_name(weights), own)
        add(own, files[weights.name])
    assert main([str(out)]) == 0
    model = fasharness.load(out)
    astronaut = Path(__file__).parents[3] / "tests" / "prepare" / "data" / "astronaut.jpg"
    photo = tmp_path / "photo.png"
    # With room around the face for both crops.
    wide = cv2.copyMakeBorder(cv2.imread(str(astronaut)), *[300] * 4, cv2.BORDER_REFLECT)
    cv2.imwrite(str(photo), wide)
    face = MTCNN().detect([cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)])[0][0]
    near, far = (cut(photo, face, scale) for scale in (2.7, 4.0))
    with torch.no_grad():
        net = make(MiniFASNetMethod, "published", {}).network(files).eval()
        expected, other = (net(*each)[0, 1].item() for each in ((near, far), (far, near)))
    assert model.score(photo) == pytest.approx(expected, rel=1e-4)
    assert abs(expected - other) > 1e-3


def weights_name(weights: Weights) -> str:
    return "MINIFASNET_NEAR" if weights is MINIFASNET_NEAR else "MINIFASNET_FAR"


def cut(photo: Path, face: Face, scale: float) -> torch.Tensor:
    """The crop as the network takes it: OpenCV's own order of colours."""
    picture = cv2.imread(str(photo))
    region = SILENT_FACE.region(face.box, scale, scale, picture.shape[:2])
    pixels = SILENT_FACE.cut(picture, region, 80)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float()


@pytest.mark.usefixtures("own_machine")
def test_another_file_is_not_added(files: dict[str, Path]):
    with pytest.raises(WeightsError, match=r"is not the file of weights minifasnet-2\.7"):
        add(MINIFASNET_NEAR, files[MINIFASNET_NEAR.name])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": "0"}, "rate must be in"),
        ({"batch": "0"}, "batch must be at least 1"),
        ({"drops": "0,3"}, "drops must be epochs from 1 on"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        make(MiniFASNetMethod, "paper", options)


def test_pictures_of_another_size_are_refused():
    with pytest.raises(
        ValueError, match=r"pictures must be \(N, 3, 80, 80\), got \(1, 3, 64, 80\)"
    ):
        network().near(torch.zeros(1, 3, 64, 80))
