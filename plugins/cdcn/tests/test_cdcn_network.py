"""CDCN's network against the authors' maps, losses, gradients and statistics."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fasharness.nn import CDConv2d, merge_cdc
from fasharness.ops import contrast_depth_loss
from fasharness_cdcn.network import CDCN

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("cdcn_test_weights", HERE / "weights.py")
weights = importlib.util.module_from_spec(spec)
spec.loader.exec_module(weights)


@pytest.fixture(scope="module")
def golden():
    return dict(np.load(HERE / "data" / "cdcn.npz"))


@pytest.fixture(scope="module")
def frames(golden):
    return (torch.from_numpy(golden["images_u8"]).double() - 127.5) / 128


@pytest.fixture
def network():
    model = CDCN()
    model.load_state_dict(weights.seeded(model.state_dict()))
    return model


def test_it_has_the_published_number_of_parameters(network):
    assert sum(p.numel() for p in network.parameters()) == 2_245_016


def test_the_authors_map(golden, frames, network):
    with torch.no_grad():
        depth = network.double().eval()(frames[:1])
    expected = torch.from_numpy(golden["eval_map_f64"][:1])
    torch.testing.assert_close(depth, expected, rtol=0, atol=1e-11 * float(expected.max()))


def test_the_authors_training_step(golden, frames, network):
    label = torch.from_numpy(golden["label"])
    depth = network.train()(frames.float())
    losses = F.mse_loss(depth, label), contrast_depth_loss(depth, label)
    assert losses[0].item() == pytest.approx(float(golden["absolute_loss"]), rel=1e-4)
    assert losses[1].item() == pytest.approx(float(golden["contrastive_loss"]), rel=1e-4)
    sum(losses).backward()
    norms = {
        weights.authors_name(name, p): p.grad.double().norm().item()
        for name, p in network.named_parameters()
    }
    for name, norm in zip(golden["grad_names"], golden["grad_l2"], strict=True):
        assert norms[str(name)] == pytest.approx(norm, rel=2e-3), name


def test_merging_leaves_plain_convolutions_and_the_same_map(network):
    network.eval()
    merged = merge_cdc(network)
    assert not any(isinstance(m, CDConv2d | torch.nn.BatchNorm2d) for m in merged.modules())
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        expected = network(x)
        torch.testing.assert_close(merged(x), expected, rtol=0, atol=2e-5 * float(expected.max()))


def test_bad_input(network):
    with pytest.raises(ValueError, match=r"frames must be \(N, 3, S, S\), S a multiple of 8"):
        network(torch.zeros(1, 3, 60, 64))
