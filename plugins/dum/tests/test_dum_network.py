"""The module on the authors' three networks against their outputs, losses and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fasharness_cdcn.method import normalise
from fasharness_cdcn.recompute import direct, recomputed
from fasharness_dum.convert import torch_name
from fasharness_dum.losses import mixed_losses
from fasharness_dum.module import Depth, DepthUncertainty
from fasharness_dum.networks import BUILD
from fasharness_sgtd.method import normalise as sgtds_normalise

AUTHORS = ("cdcn", "depthnet", "resnet18")
PARAMETERS = {"cdcn": 2_245_592, "depthnet": 2_245_592, "resnet18": 4_983_256 - 576}
LOSSES = ("loss", "absolute_loss", "contrastive_loss", "kl_loss")
authors = pytest.mark.parametrize("name", AUTHORS)


@pytest.fixture(scope="module")
def build(authors_state):
    def built(name, run=direct):
        network = BUILD[name](0.7, 1.0, run)
        state = {torch_name(key): value for key, value in authors_state(name).items()}
        left = network.load_state_dict(state, strict=False)
        assert all(key.endswith("num_batches_tracked") for key in left.missing_keys)
        # The authors' ResNet-18 has one convolution that it never runs.
        assert left.unexpected_keys == (["lastconv3.0.weight"] if name == "resnet18" else [])
        return network

    return built


def step(network, frames, golden):
    """The authors' training step: three original crops and one that counts as generated."""
    crops = torch.cat([frames[..., 96:160, 96:160], frames[..., 32:96, 160:224]])
    label, noise = (torch.from_numpy(golden[f"train/{name}"]) for name in ("label", "eps"))
    found = mixed_losses(network.train()(crops), label.to(crops), noise.to(crops), own=3)
    found.total.backward()
    return found


@authors
def test_it_has_the_published_number_of_parameters(name):
    network = BUILD[name](0.7, 1.0, direct)
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[name]


@authors
@pytest.mark.parametrize(
    ("suffix", "dtype", "bound"),
    [
        ("", torch.float32, 2e-5),
        pytest.param("_f64", torch.float64, 1e-12, marks=pytest.mark.slow),
    ],
)
def test_the_authors_distribution(name, suffix, dtype, bound, build, golden, frames):
    network, noise = build(name).eval().to(dtype), torch.from_numpy(golden["eps"])
    with torch.no_grad():
        depth = network(frames[:1].to(dtype))
    found = {**depth._asdict(), "embedding": depth.sample(noise.to(dtype))}
    for part, value in found.items():
        expected = torch.from_numpy(golden[f"{name}/{part}{suffix}"])
        largest = float(expected.abs().max())
        torch.testing.assert_close(value, expected, rtol=0, atol=bound * largest)


@authors
@pytest.mark.parametrize(
    ("suffix", "dtype", "loss_bound", "bound"),
    # Their own float32 norms lie up to 9e-4 from those of the same code in float64.
    [
        ("", torch.float32, 1e-5, 1e-3),
        pytest.param("_f64", torch.float64, 1e-12, 1e-10, marks=pytest.mark.slow),
    ],
)
def test_the_authors_training_step(name, suffix, dtype, loss_bound, bound, build, golden, frames):
    network = build(name).to(dtype)
    found = step(network, frames.to(dtype), golden)
    for loss, theirs in zip(found, LOSSES, strict=True):
        expected = float(golden[f"{name}/{theirs}{suffix}"])
        assert loss.item() == pytest.approx(expected, rel=loss_bound), theirs
    gradients = {key: p.grad.double() for key, p in network.named_parameters()}
    norms, sums = (golden[f"{name}/grad_{kind}{suffix}"] for kind in ("l2", "sum"))
    names = [str(each) for each in golden[f"{name}/grad_names"]]
    for key, norm, total in zip(names, norms, sums, strict=True):
        if norm == -1:  # no gradient
            assert key == "lastconv3.0.weight"
            continue
        gradient = gradients.pop(torch_name(key))
        assert gradient.norm().item() == pytest.approx(norm, rel=bound), key
        # A sum cancels: it is compared on the scale of the norm.
        assert gradient.sum().item() == pytest.approx(total, abs=10 * bound * norm), key
    assert not gradients


@authors
def test_computing_twice_gives_the_same_step_and_moves_statistics_once(name, golden, frames):
    found = []
    for run in (direct, recomputed):
        torch.manual_seed(0)
        network = BUILD[name](0.7, 0.1, run)
        step(network, frames.float(), golden)
        found.append([*(p.grad for p in network.parameters()), *network.buffers()])
    assert all(map(torch.equal, *found))


@pytest.mark.parametrize(("name", "side"), [*((name, 32) for name in AUTHORS), ("sgtd", 5)])
def test_any_network_trains_under_the_module(name, side):
    torch.manual_seed(0)
    network = BUILD[name](0.7, 0.05, direct)
    frames, label = torch.rand(2, 3, 40, 40) * 2 - 1, torch.rand(2, side, side)
    depth = network(frames)
    assert depth.mu.shape == depth.logvar.shape == label.shape
    assert (depth.mu < 0).any()  # no ReLU
    mixed_losses(depth, label, torch.randn_like(label), own=2).total.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_the_module_takes_any_features():
    features = nn.Conv2d(3, 7, 3, stride=2, padding=1)
    depth = DepthUncertainty(features, 7)(torch.zeros(2, 3, 10, 12))
    assert depth.mu.shape == (2, 5, 6)


def test_a_sample_by_hand():
    depth = Depth(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0]).log())
    assert depth.sample(torch.tensor([3.0, -0.5])).tolist() == [1.0, 1.0]


def test_sgtds_network_sees_frames_in_its_own_range():
    seen = []
    network = BUILD["sgtd"](0.7, 0.05, direct).eval()
    network.features.faces.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    pixels = torch.arange(192, dtype=torch.uint8).reshape(1, 3, 8, 8)
    network(normalise(pixels))
    torch.testing.assert_close(seen[0], sgtds_normalise(pixels))
