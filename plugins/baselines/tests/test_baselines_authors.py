"""MiniFASNet and the triplet loss against arrays of the authors' own code on seeded weights."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness_baselines.minifasnet_network import V1SE, V2, MiniFASNet, Spectrum, spectrum
from fasharness_baselines.ssdg_network import triplets

SHAPES = {"v2": V2, "v1se": V1SE}


def fill(name: str, shape: tuple[int, ...]) -> Tensor:
    """Draw a tensor from the generator that its name seeds, as the reference was run with."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("running_var"):
        return torch.from_numpy(generator.uniform(0.5, 1.5, shape).astype(np.float32))
    normal = generator.standard_normal(shape)
    if len(shape) > 1:
        normal = normal * np.sqrt(2 / np.prod(shape[1:]))
    elif re.search(r"bias|running_mean", name):
        normal = 0.1 * normal
    elif "prelu" in name:
        normal = 0.25 + 0.05 * normal
    else:
        normal = 1 + 0.1 * normal
    return torch.from_numpy(normal.astype(np.float32))


def seeded(module: nn.Module, prefix: str) -> nn.Module:
    state = {
        name: value if name.endswith("num_batches_tracked") else fill(prefix + name, value.shape)
        for name, value in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


@pytest.fixture(scope="module")
def golden() -> dict[str, NDArray[np.float64]]:
    with np.load(Path(__file__).parent / "data" / "authors.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.from_numpy(np.random.default_rng(5).integers(0, 256, (2, 3, 80, 80), np.uint8))


def close(found: Tensor, expected: NDArray[np.float64], bound: float) -> None:
    """Compare relative to the largest magnitude."""
    np.testing.assert_allclose(
        found.detach().double().numpy(), expected, rtol=0, atol=bound * np.abs(expected).max()
    )


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_logits(golden, pictures: Tensor, name: str, dtype: torch.dtype, bound: float):
    net = seeded(MiniFASNet(SHAPES[name]), f"{name}.").to(dtype).eval()
    with torch.no_grad():
        close(net(pictures.to(dtype)), golden[f"{name}_64_eval"], bound)


@pytest.mark.parametrize("name", SHAPES)
def test_a_training_step_with_the_auxiliary_branch(golden, pictures: Tensor, name: str):
    """In float64: batch statistics of two pictures amplify the rounding of float32."""
    net = seeded(MiniFASNet(SHAPES[name]._replace(dropped=0.0)), f"{name}.").double()
    branch = seeded(Spectrum(), f"{name}.branch.ft.").double()
    features = net.features(pictures.double())
    found = branch(features)
    close(found[:, 0, ::3, ::3], golden[f"{name}_64_branch"], 1e-12)
    entropy = F.cross_entropy(net.classify(features), torch.tensor([1, 2]))
    error = F.mse_loss(found, torch.linspace(0, 1, 200).view(2, 1, 10, 10).double())
    close(torch.stack([entropy, error]), golden[f"{name}_64_losses"], 1e-10)
    (0.5 * entropy + 0.5 * error).backward()
    shown = (net.conv1.conv, net.conv_4.model[5].project.conv, net.prob, branch[0])
    close(torch.stack([m.weight.grad.norm() for m in shown]), golden[f"{name}_64_grads"], 1e-9)


def test_the_spectrum(golden, pictures: Tensor):
    found = []
    for picture in pictures.permute(0, 2, 3, 1).numpy():
        grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2GRAY)
        found.append(spectrum(torch.from_numpy(grey).expand(1, 3, 80, 80))[0, 0])
    close(torch.stack(found), golden["spectrum"], 1e-6)
    # From colours too, but for a few levels that OpenCV's integers round otherwise.
    close(spectrum(pictures)[:, 0], golden["spectrum"], 5e-3)


def test_the_triplet_loss(golden):
    drawn = np.random.default_rng(6).standard_normal((12, 8))
    features = torch.from_numpy(drawn).requires_grad_()
    groups = torch.tensor([0] * 6 + [1, 1, 2, 2, 3, 3])
    loss = triplets(features / features.norm(dim=1, keepdim=True), groups, 0.1)
    loss.backward()
    assert features.grad is not None
    close(torch.stack([loss.detach(), features.grad.norm()]), golden["triplet"], 1e-12)
    close(features.grad, golden["triplet_grad"], 1e-12)
