"""Loading kernel libraries: the choice by variable, broken and foreign files, build info."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from fasharness import ops
from fasharness.ops import EagerKernels, _native
from fasharness.ops.build_info import build_info


def _python(code, **variables):
    environment = os.environ | variables
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


def test_eager_is_chosen_by_the_variable():
    code = (
        "import torch; from fasharness import ops\n"
        "x = torch.ones(1, 2, 5, 6, requires_grad=True)\n"
        "ops.spatial_gradient_magnitude(x).sum().backward()\n"
        "print(ops.LOADED, bool(x.grad.any()))"
    )
    done = _python(code, FASHARNESS_OPS="eager")
    assert done.stdout == "() True\n", done.stderr


def test_another_choice_is_refused():
    with pytest.raises(ValueError, match="FASHARNESS_OPS must be 'eager' or 'native', got 'fast'"):
        _native.load_kernels(_native.Path(), "fast")


def test_native_without_a_library_is_refused(tmp_path):
    assert _native.load_kernels(tmp_path, "") == []
    with pytest.raises(ImportError, match=r"FASHARNESS_OPS=native, but .* holds no usable"):
        _native.load_kernels(tmp_path, "native")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"not a library", "it holds no fasharness kernels of version 2"),
        (b"fasharness.ops kernels 0; of last year", "no fasharness kernels of version 2"),
        (b"fasharness.ops kernels 2; but no ELF file", "invalid ELF header|too short"),
    ],
)
def test_a_broken_or_foreign_library_is_named_and_left_aside(tmp_path, content, cause):
    (tmp_path / "_C.cpython-399.so").write_bytes(content)
    with pytest.warns(RuntimeWarning, match=rf"_C\.cpython-399\.so, falling back .*({cause})"):
        assert _native.load_kernels(tmp_path, "") == []


@pytest.mark.skipif(not ops.LOADED, reason="no kernel library is loaded")
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_truncated_library_is_left_aside(tmp_path, share):
    whole = ops.LOADED[0].read_bytes()
    part = tmp_path / ops.LOADED[0].name
    part.write_bytes(whole[: int(len(whole) * share)])
    with pytest.warns(RuntimeWarning, match="the file is cut off|holds no fasharness kernels"):
        assert _native.load_kernels(tmp_path, "") == []


def test_eager_kernels_run_the_definition(monkeypatch):
    ran = []
    name = "fasharness::spatial_gradient_squared"
    definition = _native.DEFINITIONS[name]
    monkeypatch.setitem(_native.DEFINITIONS, name, lambda x: ran.append(x) or definition(x))
    with EagerKernels():
        ops.spatial_gradient_squared(torch.zeros(1, 1, 2, 2))
    assert len(ran) == 1


@pytest.mark.skipif(not ops.LOADED, reason="no kernel library is loaded")
def test_every_operator_has_a_cpu_kernel():
    info = build_info()
    assert dict(info.built)["runs on torch from"] == "2.11"
    assert all("CPU" in devices for _, devices in info.kernels)
    assert len(info.kernels) == 12


def test_the_command_prints_what_is_in_use():
    done = subprocess.run(
        [sys.executable, "-m", "fasharness.ops.build_info"],
        env=os.environ | {"FASHARNESS_OPS": "eager"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "none, eager definitions only" in done.stdout
    assert "fasharness::cdc_weight" in done.stdout
    assert done.stderr == ""
