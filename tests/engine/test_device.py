"""Devices: what is taken, what is refused, and what it is called."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fasharness.engine import device
from fasharness.engine.device import (
    device_name,
    device_names,
    freeze,
    make_fabric,
    place,
    prefer_fused,
    resolve_precision,
)
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


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu sse avx512f avx512_bf16 gfni", "bf16-mixed"), ("amx_bf16 amx_tile", "bf16-mixed"),
        ("fpu sse avx512f avx512bw", "32-true"), ("amx_bf16_of_the_future", "32-true"),
    ],
)  # fmt: skip
def test_auto_takes_bfloat16_only_where_the_processor_has_it(
    flags: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\n\n")
    monkeypatch.setattr(device, "_CPUINFO", info)
    assert resolve_precision("auto", "cpu") == expected
    assert device_name("cpu").startswith("cpu (Some CPU, ")
    assert resolve_precision("32-true", "cpu") == "32-true"
    monkeypatch.setattr(device, "_CPUINFO", tmp_path / "none")
    assert resolve_precision("auto", "cpu") == "32-true"


@pytest.mark.skipif(sys.platform != "linux", reason="large pages are Linux's")
def test_large_tensors_lie_in_large_pages():
    """The number of pages that the system had to map, with and without, in new processes."""
    code = (
        "import resource; from fasharness.engine.device import prefer_huge_pages\n{}\n"
        "import torch\n"
        "for _ in range(5): torch.empty(20_000_000).fill_(1)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)"
    )
    pages = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not pages.is_file() or "[never]" in pages.read_text():
        pytest.skip("the system has no large pages")
    environment = {k: v for k, v in os.environ.items() if k != "THP_MEM_ALLOC_ENABLE"}
    with_them, without = (
        int(subprocess.check_output([sys.executable, "-c", code.format(line)], env=environment))
        for line in ("prefer_huge_pages()", "")
    )
    if "[always]" not in pages.read_text():
        assert with_them < without - 50_000


def test_networks_lie_channels_last_and_companions_are_frozen():
    fabric = make_fabric("cpu", "32-true")
    network = place(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Dropout()), fabric)
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[index]
    assert network.training
    teacher = freeze(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Dropout()), fabric)
    assert not any(part.training for part in teacher.modules())
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def test_an_optimiser_is_fused_unless_it_was_told_otherwise():
    weights = [torch.nn.Parameter(torch.ones(2))]

    class Own(torch.optim.Adam):
        pass

    optimizers = [
        torch.optim.Adam(weights), torch.optim.AdamW(weights), torch.optim.SGD(weights),
        torch.optim.Adam(weights, foreach=True), torch.optim.Adam(weights, fused=False),
        torch.optim.Adadelta(weights), Own(weights),
    ]  # fmt: skip
    prefer_fused(optimizers)
    fused = [group.get("fused") for each in optimizers for group in each.param_groups]
    assert fused == [True, True, True, None, False, None, None]


def test_the_precision_is_kept():
    fabric = make_fabric("cpu", "64-true")
    assert fabric.setup_module(torch.nn.Linear(2, 2))(torch.ones(1, 2)).dtype == torch.float32
