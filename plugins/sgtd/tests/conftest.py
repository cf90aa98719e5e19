"""Reference arrays and reference weights for the tests of the SGTD plugin."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fasharness_sgtd.convert import from_tensorflow, torch_name
from fasharness_sgtd.network import SGTDNet

DATA = Path(__file__).parent / "data"
Arrays = Mapping[str, NDArray]


def load(name: str) -> dict[str, NDArray]:
    with np.load(DATA / f"{name}.npz") as arrays:
        return dict(arrays)


def drawn(name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A reference variable: integers from a generator seeded by the variable's name."""
    generator = np.random.RandomState(zlib.crc32(name.encode()))
    if len(shape) > 1:
        fan = int(np.prod(shape[:-1]))
        exponent = round(np.log2(127 * np.sqrt(fan / 6)))
        exponent += {"FaceMapNet/conv4_3/weights": 1, "SoftmaxNet/fc/fc_2/weights": -1}.get(name, 0)
        return generator.randint(-127, 128, shape) * 2.0**-exponent
    offset = {"FaceMapNet/conv4_3/biases": 0.25, "SoftmaxNet/fc/fc_2/biases": 0.625}.get(name, 0)
    offset += name.endswith("gates/bias")
    return generator.randint(-64, 65, shape) / (128 if name.endswith("beta") else 256) + offset


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for one another on busy cores cost far more than they save."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Arrays]:
    return load


@pytest.fixture(scope="session")
def variable_names() -> dict[str, str]:
    """Name here to the authors' name, for every variable of the published network."""
    blocks = [
        "rgc_init",
        *(f"rgc{s}_{i}" for s in (1, 2, 3) for i in (1, 2, 3)),
        "rgc4_1",
        "rgc4_2",
    ]
    faces = [f"FaceMapNet/{b}/{leaf}" for b in blocks for leaf in _block_leaves()]
    faces += ["FaceMapNet/conv4_3/weights", "FaceMapNet/conv4_3/biases"]
    names = [*faces, *_motion_variables(), *_recurrent_variables()]
    names += [f"SoftmaxNet/fc/fc_{i}/{leaf}" for i in (1, 2) for leaf in ("weights", "biases")]
    return {str(torch_name(name)): name for name in names}


def _block_leaves() -> list[str]:
    convs = [f"{c}/{leaf}" for c in ("conv", "rgc_pw_gabor") for leaf in ("weights", "biases")]
    return convs + [f"{n}/{leaf}" for n in ("gabor_bn", "gn") for leaf in _norm_leaves()]


def _norm_leaves() -> tuple[str, ...]:
    return ("beta", "moving_mean", "moving_variance")


def _motion_variables() -> list[str]:
    convs = [f"OFFNet_{kind}_{s}_off" for kind in ("conv", "linear") for s in (1, 2, 3)]
    convs += ["cascade_conv_1", "cascade_conv_2", "OFFNet_conv_4_1"]
    norms = [*(f"OFFNet_bn_{s}_off" for s in (1, 2, 3)), "cascade_bn_1", "cascade_bn_2"]
    names = [f"OFFNet/{c}/{leaf}" for c in convs for leaf in ("weights", "biases")]
    return names + [
        f"OFFNet/{n}/{leaf}" for n in (*norms, "OFFNet_bn_4_1") for leaf in _norm_leaves()
    ]


def _recurrent_variables() -> list[str]:
    return [
        f"ConvLSTMNet/cell_{i}/conv_gru_cell/{conv}/{leaf}"
        for i in (1, 2)
        for conv in ("gates", "candidate")
        for leaf in ("kernel", "bias")
    ]


def _tensorflow_shape(tensor: torch.Tensor) -> tuple[int, ...]:
    order = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}[tensor.ndim]
    return tuple(tensor.shape[axis] for axis in order)


@pytest.fixture(scope="session")
def reference_variables(variable_names: dict[str, str]) -> Arrays:
    """Every variable of the reference run in the authors' names and layout."""
    stored = load("moving_stats")
    shapes = {name: _tensorflow_shape(t) for name, t in SGTDNet().state_dict().items() if t.ndim}
    return {
        theirs: stored[theirs] if theirs in stored else drawn(theirs, shapes[ours])
        for ours, theirs in variable_names.items()
    }


@pytest.fixture(scope="session")
def reference_state(reference_variables: Arrays) -> dict[str, torch.Tensor]:
    return from_tensorflow(reference_variables)
