"""DeepPixBiS: DenseNet's first blocks, both losses, the score, and ImageNet's weights by file."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError, WeightsError
from fasharness.method import make
from fasharness.prepare.weights import path
from fasharness_baselines import DENSENET161
from fasharness_baselines.deeppixbis import DeepPixBiS, DeepPixBiSMethod, Found, Options
from fasharness_baselines.densenet import DenseLayer, DenseTrunk, load_trunk
from fasharness_baselines.pictures import imagenet

SMALL = {"size": "32", "growth": "4", "layers": "1,2", "pretrained": "false"}
SHOWN = Presentation("x", rgb(Path("x.avi")))


def method(preset: str = "paper", **options: str):
    return make(DeepPixBiSMethod, preset, {**SMALL, **options})


def batch(bona_fide: tuple[bool, ...] = (True, False, True, False)) -> Batch:
    generator = torch.Generator().manual_seed(1)
    count = len(bona_fide)
    pixels = torch.randint(0, 256, (count, 1, 3, 32, 32), generator=generator, dtype=torch.uint8)
    return Batch({RGB: pixels}, {}, torch.tensor(bona_fide), [SHOWN] * count, [""] * count)


def network(made):
    torch.manual_seed(0)
    return made.network({})


def test_densenet_161_has_the_published_number_of_parameters():
    """28,681,000 as torchvision states, with all four blocks, last normalisation, classifier."""
    whole = DenseTrunk(layers=(6, 12, 36, 24))
    spare = sum(p.numel() for p in whole.features.transition4.parameters())
    outside = 2 * 2208 + 2208 * 1000 + 1000
    assert sum(p.numel() for p in whole.parameters()) - spare + outside == 28_681_000


def test_the_published_network_gives_a_map_of_fourteen_places():
    torch.manual_seed(0)
    net = DeepPixBiS().eval()
    assert net.trunk.channels == 384
    assert net.places.weight.shape == (1, 384, 1, 1)
    with torch.no_grad():
        found = net(torch.zeros(1, 3, 224, 224))
    assert (found.places.shape, found.whole.shape) == ((1, 14, 14), (1,))
    assert sum(p.numel() for p in net.parameters()) == 3_198_726


def test_a_layer_by_hand():
    """Normalised, cut at zero, summed by ones twice: the old channels stay in front."""
    layer = DenseLayer(2, 1).eval()
    with torch.no_grad():
        for part in (layer.norm1, layer.norm2):
            part.eps = 0.0
        nn.init.ones_(layer.conv1.weight)
        nn.init.zeros_(layer.conv2.weight)
        layer.conv2.weight[0, :, 1, 1] = 0.5
        x = torch.tensor([3.0, -7.0]).view(1, 2, 1, 1)
        # inner: 3 + 0 in each of four channels; out: 4 x 0.5 x 3
        assert layer(x).flatten().tolist() == [3, -7, 6]


def test_the_decision_sees_the_map_after_its_sigmoid():
    net = network(method()).eval()
    with torch.no_grad():
        found = net(torch.rand(3, 3, 32, 32))
        expected = net.whole(found.places.sigmoid().flatten(1)).squeeze(1)
    torch.testing.assert_close(found.whole, expected)


def test_the_published_recipe():
    made = make(DeepPixBiSMethod, "paper", {})
    assert made.options == Options()
    assert made.weights() == ("densenet161-imagenet",)
    (stage,) = made.stages()
    assert (stage.epochs, stage.batch_size, stage.bona_fide.crop.size) == (50, 32, 224)
    (adam,) = made.optimizers(stage, network(method()))
    assert (adam.defaults["lr"], adam.defaults["weight_decay"]) == (1e-4, 1e-5)


@pytest.mark.parametrize("share", ["0.5", "0.25"])
def test_the_losses_are_those_of_probabilities(share: str):
    made, clips = method(pixels=share), batch()
    net = network(made).eval()
    with torch.no_grad():
        losses = made.losses(made.stages()[0], net, clips, {})
        found: Found = net(imagenet(clips.rgb[:, 0]))
    truth = clips.bona_fide.float()
    places = F.binary_cross_entropy(found.places.sigmoid(), truth.view(-1, 1, 1).expand(4, 2, 2))
    whole = F.binary_cross_entropy(found.whole.sigmoid(), truth)
    torch.testing.assert_close(losses["places"], places)
    torch.testing.assert_close(losses["whole"], whole)
    weight = float(share)
    torch.testing.assert_close(losses["total"], weight * places + (1 - weight) * whole)


def test_the_score_is_the_mean_of_the_map():
    made, clips = method(), batch()
    net = network(made).eval()
    with torch.no_grad():
        maps = made.maps(net, clips)
        torch.testing.assert_close(made.score(None, net, clips), maps.mean((1, 2)))
        expected = net(imagenet(clips.rgb[:, 0])).places.sigmoid()
    torch.testing.assert_close(maps, expected)


def test_training_lowers_the_loss():
    made, net, clips = method(rate="0.01"), network(method()), batch()
    (stage,) = made.stages()
    (adam,) = made.optimizers(stage, net)
    totals = []
    for _ in range(12):
        adam.zero_grad()
        loss = made.losses(stage, net, clips, {})["total"]
        loss.backward()
        adam.step()
        totals.append(loss.item())
    assert totals[-1] < 0.7 * totals[0]


def torchvisions(trunk: DenseTrunk) -> dict[str, Tensor]:
    """The trunk's weights as torchvision's file of 2017 names them, with what it has besides."""
    found = {
        re.sub(r"(layer\d+\.\w+)(\d)\.(?=\w+$)", r"\1.\2.", name): value
        for name, value in trunk.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    more = ("norm5.weight", "denseblock3.denselayer1.norm.1.bias", "transition3.conv.weight")
    spare = {f"features.{name}": torch.zeros(3) for name in more}
    return {**found, **spare, "classifier.bias": torch.zeros(3)}


def small() -> DenseTrunk:
    return DenseTrunk(4, (1, 2))


def write(file: Path, content: object) -> Path:
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file


def test_the_file_has_torchvisions_names():
    found = torchvisions(DenseTrunk())
    assert found["features.denseblock2.denselayer12.conv.1.weight"].shape == (192, 720, 1, 1)
    assert found["features.denseblock1.denselayer1.norm.2.running_var"].shape == (192,)
    assert found["features.transition1.norm.weight"].shape == (384,)
    assert found["features.conv0.weight"].shape == (96, 3, 7, 7)


def test_torchvisions_weights_become_the_trunks(tmp_path: Path):
    torch.manual_seed(1)
    source, own = small(), small()
    source.features.denseblock2.denselayer2.norm2.running_mean.fill_(3)
    load_trunk(own, write(tmp_path / "a.pth", torchvisions(source)))
    for name, value in own.state_dict().items():
        assert torch.equal(value, source.state_dict()[name]), name


class Harmful:
    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.made),)


def test_other_files_are_refused(tmp_path: Path):
    content, file = torchvisions(small()), tmp_path / "a.pth"
    write(file, torchvisions(DenseTrunk(8, (1, 2))))
    with pytest.raises(WeightsError, match=r"is not DenseNet-161: features\.conv0\.weight has the"):
        load_trunk(small(), file)
    write(file, {**content, "layer1.0.conv1.weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match="is not DenseNet-161, which has no layer1"):
        load_trunk(small(), file)
    file.write_bytes(write(file, content).read_bytes()[:-200])
    with pytest.raises(WeightsError, match="or damaged"):
        load_trunk(small(), file)
    write(file, {**content, "extra": Harmful(tmp_path / "made")})
    with pytest.raises(WeightsError, match=r"pickled with code \(posix\.mkdir\)"):
        load_trunk(small(), file)
    assert not (tmp_path / "made").exists()


@pytest.mark.usefixtures("own_machine")
def test_missing_weights_name_the_command():
    with pytest.raises(WeightsError, match="add with: fasharness weights add densenet161-imagenet"):
        path(DENSENET161)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": "100"}, "size must be a multiple of 16, got 100"),
        ({"layers": "6"}, "layers must be 2 positive numbers"),
        ({"layers": "6,0"}, "layers must be 2 positive numbers"),
        ({"pretrained": "true"}, "have growth 48 and layers .*: pretrained=false"),
        ({"pixels": "1.5"}, r"pixels must be in \[0, 1\]"),
        ({"rate": "nan"}, "rate must be in"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        method(**options)
