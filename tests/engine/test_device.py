"""Devices: what is taken, what is refused, and what it is called."""

import pytest
import torch

from fasharness.engine.device import device_name, device_names, make_fabric
from fasharness.errors import OptionError

COUNT = torch.cuda.device_count() if torch.cuda.is_available() else 0


def test_the_cpu_is_always_there():
    assert make_fabric("cpu", "32-true").device == torch.device("cpu")
    assert device_name("cpu").startswith("cpu (")
    assert device_names()[0] == "cpu"


def test_auto_takes_a_gpu_if_there_is_one():
    assert make_fabric("auto", "32-true").device.type == ("cuda" if COUNT else "cpu")
    assert device_name("auto").startswith("cpu") is (COUNT == 0)


def test_a_device_that_is_not_there_is_refused_with_the_count():
    with pytest.raises(
        OptionError, match=f"no device 'cuda:9' on this machine; CUDA devices: {COUNT}"
    ):
        make_fabric("cuda:9", "32-true")


def test_runs_are_deterministic():
    make_fabric("cpu", "32-true")
    assert torch.are_deterministic_algorithms_enabled()


def test_the_precision_is_kept():
    fabric = make_fabric("cpu", "64-true")
    assert fabric.setup_module(torch.nn.Linear(2, 2))(torch.ones(1, 2)).dtype == torch.float32
