"""SSDG-R: its losses by hand, the reversed gradient, the recipe, and protocols it cannot use."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fasharness.clips import Sampling
from fasharness.common.progress import Terminal
from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError, RunError
from fasharness.method import At, make
from fasharness.plugins import load
from fasharness.run.experiment import run
from fasharness.run.settings import Settings
from fasharness_baselines.pictures import imagenet
from fasharness_baselines.ssdg import MARGIN, Options, SSDGMethod
from fasharness_baselines.ssdg_network import SSDG, reversed_gradient, strength_at, triplets
from fasharness_lgsc.layers import ResNet18

SMALL = {"size": "32", "width": "0.1", "pretrained": "false"}
SETS = ("o", "c", "i") * 4


def method(preset: str = "paper", **options: str):
    return make(SSDGMethod, preset, {**SMALL, **options})


def shown(dataset: str, live: bool, device: str = "") -> Presentation:
    species = None if live else "print"
    return Presentation("x", rgb(Path("x")), dataset, species=species, device=device)


def batch(live: tuple[bool, ...] = (True,) * 6 + (False,) * 6) -> Batch:
    generator = torch.Generator().manual_seed(1)
    count = len(live)
    pixels = torch.randint(0, 256, (count, 1, 3, 32, 32), generator=generator, dtype=torch.uint8)
    each = [shown(name, one) for name, one in zip(SETS, live, strict=False)]
    return Batch({RGB: pixels}, {}, torch.tensor(live), each, [""] * count)


def network(made) -> SSDG:
    torch.manual_seed(0)
    return made.network({})


def test_triplets_by_hand():
    """On a line: bona fide at 0 and 1, attacks of one domain at 1.5 and of another at 4."""
    x = torch.tensor([[0.0], [1.0], [1.5], [4.0]])
    groups = torch.tensor([0, 0, 1, 2])
    # anchor 0, positive 1: 1 - 1.5 + 1 = 0.5 and 1 - 4 + 1 < 0;
    # anchor 1, positive 0: 1 - 0.5 + 1 = 1.5 and 1 - 3 + 1 < 0
    assert triplets(x, groups, 1.0).item() == pytest.approx((0.5 + 1.5) / 2)
    assert triplets(x, groups, 0.25).item() == pytest.approx(0.75)
    assert triplets(x, torch.tensor([0, 1, 2, 3]), 1.0).item() == 0  # no positive
    assert triplets(x, torch.zeros(4, dtype=torch.int64), 1.0).item() == 0  # no negative


def test_triplets_against_loops():
    rng = np.random.default_rng(0)
    x, groups = rng.normal(size=(9, 4)), rng.integers(0, 3, 9)
    found = [
        np.linalg.norm(x[a] - x[p]) - np.linalg.norm(x[a] - x[n]) + 0.1
        for a in range(9) for p in range(9) for n in range(9)
        if a != p and groups[a] == groups[p] != groups[n]
    ]  # fmt: skip
    hard = [value for value in found if value > 0]
    assert 0 < len(hard) < len(found)
    expected = sum(hard) / len(hard)
    ours = triplets(torch.from_numpy(x), torch.from_numpy(groups), 0.1)
    assert ours.item() == pytest.approx(expected, rel=1e-12)


def test_equal_features_have_a_finite_gradient():
    x = torch.ones(4, 3, requires_grad=True)
    loss = triplets(x, torch.tensor([0, 0, 1, 1]), 0.1)
    loss.backward()
    assert loss.item() == pytest.approx(0.1)
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_the_gradient_is_reversed():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = reversed_gradient(x, torch.tensor(0.25))
    assert torch.equal(y, x)
    (y * torch.tensor([3.0, 5.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [-0.75, -1.25]


def test_the_strength_of_the_reversal():
    assert strength_at(0) == 0
    assert strength_at(0.1) == pytest.approx(math.tanh(0.5))  # 2 / (1 + exp(-1)) - 1
    assert strength_at(1) == pytest.approx(0.9999092, abs=1e-7)


def test_the_discriminator_learns_what_the_features_unlearn():
    made, clips = method(), batch()
    net = network(made).train()
    made.after_step(made.stages()[0], net, At(5, 10, 0, 1))
    assert net.strength.item() == pytest.approx(strength_at(0.5))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made.losses(made.stages()[0], net, clips, {})["domain"].backward()
    reversed_ = net.encoder.conv1.weight.grad.clone()
    discriminator = net.discriminator[0].weight.grad.clone()
    net.zero_grad()
    net.strength.fill_(-1)  # the plain gradient
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made.losses(made.stages()[0], net, clips, {})["domain"].backward()
    torch.testing.assert_close(reversed_, -strength_at(0.5) * net.encoder.conv1.weight.grad)
    torch.testing.assert_close(discriminator, net.discriminator[0].weight.grad)


def test_the_losses_are_one_sided():
    made, clips = method(triplet="3", adversarial="0.5"), batch()
    net = network(made).eval()
    with torch.no_grad():
        found = made.losses(made.stages()[0], net, clips, {})
        features = net.embed(imagenet(clips.rgb[:, 0]))
        told = net.discriminator(features[:6])
        domain = F.cross_entropy(told, torch.tensor([2, 0, 1] * 2))  # c, i, o
        logits = net.classify(features)
    torch.testing.assert_close(found["domain"], domain)
    groups = torch.tensor([0] * 6 + [3, 1, 2] * 2)
    torch.testing.assert_close(found["triplet"], triplets(features, groups, MARGIN))
    torch.testing.assert_close(
        found["classification"], F.cross_entropy(logits, torch.tensor([1] * 6 + [0] * 6))
    )
    expected = found["classification"] + 3 * found["triplet"] + 0.5 * found["domain"]
    torch.testing.assert_close(found["total"], expected)


@pytest.mark.parametrize("live", [(True,) * 12, (False,) * 12])
def test_a_batch_of_one_class_trains_without_nan(live: tuple[bool, ...]):
    made, net = method(), network(method())
    found = made.losses(made.stages()[0], net, batch(live), {})
    found["total"].backward()
    assert all(value.isfinite() for value in found.values())
    assert (found["domain"].item() == 0) == (not any(live))
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


def test_features_and_weights_have_length_one():
    net, frames = network(method()).eval(), torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        features, weight = net.embed(frames), net.classifier.weight
        torch.testing.assert_close(features.norm(dim=1), torch.ones(3))
        expected = features @ (weight / weight.norm(dim=1, keepdim=True)).T + net.classifier.bias
        torch.testing.assert_close(net(frames), expected)


def test_the_authors_normalisations_by_option():
    net, frames = network(method(compat="true")).eval(), torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        raw = net.bottleneck(net.encoder(frames)[-1].mean((2, 3)))
        features = net.embed(frames)
        torch.testing.assert_close(features.norm(dim=1), (raw.norm(dim=1) / 2).sqrt())
        logits = net.classify(features)
        weight = net.classifier.weight
        torch.testing.assert_close(weight.square().sum(0), torch.ones(weight.shape[1]))
        torch.testing.assert_close(logits, F.linear(features, weight, net.classifier.bias))


def test_only_the_authors_last_layer_starts_fresh_and_only_by_option(tmp_path: Path):
    torch.manual_seed(9)
    source = ResNet18((64, 64, 128, 256, 512), nn.BatchNorm2d)
    names = {k.replace("norm", "bn"): v for k, v in source.state_dict().items()}
    torch.save(names, tmp_path / "a.pth")
    for compat in ("false", "true"):
        made = make(SSDGMethod, "paper", {"compat": compat})
        net = made.network({"resnet18-imagenet": tmp_path / "a.pth"})
        assert torch.equal(net.encoder.conv1.weight, source.conv1.weight)
        same = torch.equal(net.encoder.layer4[0].conv1.weight, source.layer4[0].conv1.weight)
        assert same == (compat == "false")


def test_the_number_of_parameters():
    """ResNet-18's 11,689,512 without its classifier, 512 x 512, two classes, three domains."""
    net = SSDG(3)
    trunk = 11_689_512 - 513 * 1000
    assert sum(p.numel() for p in net.encoder.parameters()) == trunk
    expected = trunk + 2 * 513 * 512 + 513 * 2 + 513 * 3
    assert sum(p.numel() for p in net.parameters()) == expected


def test_the_published_recipe():
    made = make(SSDGMethod, "paper", {})
    assert made.options == Options()
    assert made.weights() == ("resnet18-imagenet",)
    (stage,) = made.stages()
    assert (stage.batch_size, stage.drop_last, stage.bona_fide.crop.size) == (60, True, 256)
    assert stage.sampling == Sampling(1, balance="domain+class", length="largest", batches="even")
    assert stage.bona_fide.frames.clips(90) == ((6,),)
    (sgd,) = made.optimizers(stage, network(method()))
    facts = sgd.defaults
    assert (facts["lr"], facts["momentum"], facts["weight_decay"]) == (0.01, 0.9, 5e-4)
    rates = [made.rate(stage, At(step, 4000, 0, 1)) for step in (0, 1499, 1500)]
    assert rates == pytest.approx([0.1, 0.1, 0.01])
    assert (made.options.triplet, made.options.adversarial) == (1, 0.5)


def test_training_lowers_the_loss():
    made, net, clips = method(rate="0.05", drops="1000"), network(method()), batch()
    (stage,) = made.stages()
    (sgd,) = made.optimizers(stage, net)
    totals = []
    for _ in range(12):
        sgd.zero_grad()
        loss = made.losses(stage, net, clips, {})["classification"]
        loss.backward()
        sgd.step()
        totals.append(loss.item())
    assert totals[-1] < 0.8 * totals[0]


def test_the_score_is_the_probability_of_bona_fide():
    made, clips = method(), batch()
    net = network(made).eval()
    with torch.no_grad():
        expected = F.softmax(net(imagenet(clips.rgb[:, 0])), 1)[:, 1]
        torch.testing.assert_close(made.score(None, net, clips), expected)


MANY = [shown(name, live, name) for name in "abcd" for live in (True, False)]


@pytest.mark.parametrize(
    ("presentations", "options", "words"),
    [
        (MANY[:2], {}, r"training has one \(a\); take a protocol over several, or --option domain"),
        (MANY, {}, r"training has 4 data sets \(a, b, c, d\): ssdg needs --option domains=4"),
        (MANY[:6], {"batch": "5"}, "a batch of at least 6"),
        (MANY[:5], {}, "data set c has no attack presentation in training"),
        ([*MANY[:4], MANY[5]], {"domain": "device"}, "device c has no bona fide presentation"),
    ],
)
def test_training_parts_that_cannot_be_learnt_from(presentations, options, words):
    with pytest.raises(ValueError, match=words):
        method(**options).check_training(presentations)


@pytest.mark.parametrize("count", [4, 6])
def test_up_to_as_many_domains_as_the_network_has(count: int):
    method().check_training(MANY[:count])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"domain": "phone"}, "domain must be domain or device or session"),
        ({"size": "16"}, "size must be at least 32"),
        ({"pretrained": "true"}, "ImageNet's weights have width 1, got 0.1: pretrained=false"),
        ({"drops": "5,-1"}, "drops must be steps from 0 on"),
        ({"triplet": "-1"}, "triplet must not be negative"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        method(**options)


def go(oulu: Path, out: Path, **option: str) -> Path:
    small = {**SMALL, "epochs": "1", "batch": "8", "frames": "2", "validations": "1"}
    settings = Settings(
        "ssdg", "oulu1", preset="paper", option={**small, **option}, data=oulu, faces="dataset",
        jobs=1, out=out / "run", max_failures="0", device="cpu",
    )  # fmt: skip
    return run(settings, load(), Terminal(io.StringIO()), out / "store").folder


@pytest.mark.usefixtures("own_machine")
def test_a_run_over_devices_and_the_refusal_of_a_single_data_set(oulu: Path, here: Path):
    scores = (go(oulu, here, domain="device") / "scores.csv").read_text(encoding="utf-8")
    assert len(scores.splitlines()) == 1 + 40  # dev and test, all scored
    assert "nan" not in scores
    with pytest.raises(RunError, match=r"^oulu1: ssdg learns what data sets have in common"):
        go(oulu, here / "2")
    assert not list((here / "2").rglob("*.pack"))  # before any video was read
