"""The authors' weights and arrays for the tests of the depth uncertainty module."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

HERE = Path(__file__).parent
# The pictures, and the rule by which names seed weights, are those of CDCN's arrays.
CDCN = HERE.parents[1] / "cdcn" / "tests"


def load(path: Path) -> dict[str, NDArray]:
    with np.load(path) as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def golden() -> dict[str, NDArray]:
    return load(HERE / "data" / "networks.npz")


@pytest.fixture(scope="session")
def frames() -> torch.Tensor:
    pictures = load(CDCN / "data" / "cdcn.npz")["images_u8"]
    return (torch.from_numpy(pictures).double() - 127.5) / 128


@pytest.fixture(scope="session")
def authors_state() -> Callable[[str], dict[str, torch.Tensor]]:
    """Weights under the authors' names, as the reference was run with."""
    spec = importlib.util.spec_from_file_location("dum_test_weights", CDCN / "weights.py")
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    names = json.loads((HERE / "data" / "names.json").read_text(encoding="utf-8"))
    return lambda network: {
        name: torch.from_numpy(rule.fill(name, tuple(shape)))
        for name, shape in names[network].items()
    }
