"""Both networks against the authors' maps, losses, gradients, statistics and training steps."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fasharness.nn import CDConv2d, merge_cdc
from fasharness.ops import contrast_depth_loss
from fasharness_cdcn.network import CDCN, CDCNpp
from fasharness_cdcn.recompute import recomputed

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("cdcn_test_weights", HERE / "weights.py")
weights = importlib.util.module_from_spec(spec)
spec.loader.exec_module(weights)

KINDS = {"cdcn": CDCN, "cdcnpp": CDCNpp}
both = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def golden():
    inputs = np.load(HERE / "data" / "cdcn.npz")
    found = {name: inputs[name] for name in ("images_u8", "label")}
    return {**found, **np.load(HERE / "data" / "networks.npz")}


@pytest.fixture(scope="module")
def frames(golden):
    return (torch.from_numpy(golden["images_u8"]).double() - 127.5) / 128


def build(kind, **how):
    model = KINDS[kind](**how)
    model.load_state_dict(weights.seeded(model.state_dict()))
    return model


def step(network, frames, label):
    """One training step's losses and gradients."""
    depth = network.train()(frames)
    losses = F.mse_loss(depth, label), contrast_depth_loss(depth, label)
    sum(losses).backward()
    return depth, losses


@pytest.mark.parametrize(("kind", "count"), [("cdcn", 2_245_016), ("cdcnpp", 2_257_352)])
def test_it_has_the_published_number_of_parameters(kind, count):
    assert sum(p.numel() for p in build(kind).parameters()) == count


@both
def test_the_authors_map(kind, golden, frames):
    network = build(kind).eval()
    with torch.no_grad():
        single = network(frames[:1].float())
        depth = network.double()(frames[:1])
    for found, name, bound in ((depth, "map_x_f64", 1e-11), (single.double(), "map_x", 2e-5)):
        expected = torch.from_numpy(golden[f"{kind}/eval/{name}"][:1]).double()
        torch.testing.assert_close(found, expected, rtol=0, atol=bound * float(expected.max()))


def test_the_authors_attention(golden, frames):
    """Where they look on each scale; theirs is given at every fourth place of two of the maps."""
    network, seen = build("cdcnpp").eval(), []
    for each in network.attention:
        each.register_forward_hook(lambda module, inputs, found: seen.append(found))
    with torch.no_grad():
        network(frames[:1].float())
    for number, stride in ((1, 4), (2, 4), (3, 1)):
        expected = torch.from_numpy(golden[f"cdcnpp/eval/attention{number}"][:1])
        found = seen[number - 1][..., ::stride, ::stride]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
@both
def test_the_authors_training_step(kind, golden, frames):
    network, label = build(kind), torch.from_numpy(golden["label"])
    depth, losses = step(network, frames.float(), label)
    expected = torch.from_numpy(golden[f"{kind}/train/map_x"])
    torch.testing.assert_close(depth, expected, rtol=0, atol=1e-4 * float(expected.max()))
    for loss, name in zip(losses, ("absolute_loss", "contrastive_loss"), strict=True):
        assert loss.item() == pytest.approx(float(golden[f"{kind}/train/{name}"]), rel=1e-5)
    # Theirs is float32 through 19 layers; a second float32 step would add its own error to it.
    network = build(kind).double()
    step(network, frames, label.double())
    grads = {weights.authors_name(n, p): p.grad for n, p in network.named_parameters()}
    names = golden[f"{kind}/train/grad_names"]
    for name, norm in zip(names, golden[f"{kind}/train/grad_l2"], strict=True):
        assert grads[str(name)].norm().item() == pytest.approx(norm, rel=2e-3), name
    first = torch.from_numpy(golden[f"{kind}/train/grad_conv1.0.conv.weight"]).double()
    largest = float(first.abs().max())
    torch.testing.assert_close(grads["conv1.0.conv.weight"], first, rtol=0, atol=1e-2 * largest)


@both
def test_the_authors_three_steps_of_adam(kind, golden, frames):
    """Losses before each step on a crop, and the map after the third; statistics move as theirs."""
    network = build(kind)
    crop, label = frames[..., 96:160, 96:160].float(), torch.from_numpy(golden["label"])
    adam = torch.optim.Adam(network.parameters(), lr=1e-4, weight_decay=5e-5)
    for expected in golden[f"{kind}/adam64/losses"]:
        adam.zero_grad()
        _, losses = step(network, crop, label)
        assert [loss.item() for loss in losses] == pytest.approx(expected.tolist(), rel=2e-3)
        adam.step()
    with torch.no_grad():
        depth = network.eval()(crop)
    expected = torch.from_numpy(golden[f"{kind}/adam64/map_x_after_eval"])
    torch.testing.assert_close(depth, expected, rtol=0, atol=6e-3 * float(expected.max()))


@both
def test_computing_twice_gives_the_same_step_and_moves_statistics_once(kind, frames, golden):
    label, crop = torch.from_numpy(golden["label"]), frames[..., 96:160, 96:160].float()
    found = []
    for how in ({}, {"run": recomputed}):
        network = build(kind, **how)
        step(network, crop, label)
        grads = [p.grad for p in network.parameters()]
        found.append([*grads, *network.buffers()])
    assert all(map(torch.equal, *found))


def test_merging_leaves_plain_convolutions_and_the_same_map():
    network = build("cdcn").eval()
    merged = merge_cdc(network)
    assert not any(isinstance(m, CDConv2d | torch.nn.BatchNorm2d) for m in merged.modules())
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        expected = network(x)
        torch.testing.assert_close(merged(x), expected, rtol=0, atol=2e-5 * float(expected.max()))


@pytest.mark.parametrize("side", [8, 60, 64])
def test_the_map_has_the_published_side_whatever_the_input(side):
    assert CDCN(width=0.1)(torch.zeros(2, 3, side, side)).shape == (2, 32, 32)


def test_bad_input():
    with pytest.raises(ValueError, match=r"frames must be \(N, 3, S, S\), S >= 8, got \(1, 3, 4"):
        CDCN(width=0.1)(torch.zeros(1, 3, 4, 4))
