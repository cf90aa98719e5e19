"""The authors' arrays, networks with their weights, and a loader of the rule that seeds them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fasharness_dsdg.lightcnn import GreyIdentity, LightCNN
from fasharness_dsdg.networks import PairGenerator

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def rule() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dsdg_test_weights", HERE / "weights.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="session")
def golden() -> dict[str, NDArray]:
    with np.load(HERE / "data" / "dsdg.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def pictures(golden) -> tuple[torch.Tensor, torch.Tensor]:
    """Three attacks and three bona fide pictures, divided in float32 as the reference was."""
    both = (golden[f"nets/{name}_u8"] for name in ("spoof", "live"))
    return tuple(torch.from_numpy(pixels).float() / 255 for pixels in both)


@pytest.fixture(scope="module")
def generator(rule) -> PairGenerator:
    network = PairGenerator(4, 128)
    rule.seed(network)
    return network


@pytest.fixture(scope="module")
def identity(rule) -> GreyIdentity:
    network = LightCNN()
    rule.seed(network, "netIP.", 0.5)
    return GreyIdentity(network).requires_grad_(False)
