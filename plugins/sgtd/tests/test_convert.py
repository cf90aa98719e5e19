"""Names and layouts of the authors' variables, and the conversion command."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch

from fasharness.engine.checkpoint import load_model
from fasharness.errors import CheckpointError
from fasharness_sgtd import convert
from fasharness_sgtd.method import SGTD, Options
from fasharness_sgtd.network import SGTDNet


def test_every_tensor_of_the_network_has_its_variable(variable_names):
    tensors = {name for name, tensor in SGTDNet().state_dict().items() if tensor.ndim}
    assert set(variable_names) == tensors
    assert len(set(variable_names.values())) == 170


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("FaceMapNet/rgc1_2/gabor_bn/beta", "faces.scale1.1.gradient_norm.bias"),
        ("FaceMapNet/rgc_init/rgc_pw_gabor/weights", "faces.first.gradient.weight"),
        ("OFFNet/OFFNet_linear_3_off/biases", "motion.block3.linear.bias"),
        ("ConvLSTMNet/cell_2/conv_gru_cell/gates/kernel", "recurrence.cell2.gates.weight"),
        ("global_step", None),
        ("FaceMapNet/conv4_3/weights/Adam", None),
        ("OFFNet/cascade_conv_1/biases/Adadelta_1", None),
    ],
)
def test_names(variable, name):
    assert convert.torch_name(variable) == name


def test_layouts():
    kernel = np.arange(3 * 3 * 2 * 4, dtype=np.float32).reshape(3, 3, 2, 4)
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    state = convert.from_tensorflow(
        {"OFFNet/cascade_conv_1/weights": kernel, "SoftmaxNet/fc/fc_2/weights": matrix}
    )
    assert state["motion.cascade1.conv.weight"][3, 1, 2, 0] == kernel[2, 0, 1, 3]
    assert torch.equal(state["classifier.output.weight"], torch.from_numpy(matrix.T))


def test_foreign_checkpoint_is_refused():
    with pytest.raises(CheckpointError, match="no variable of the SGTD networks"):
        convert.from_tensorflow({"resnet/conv1/weights": np.zeros((1, 1, 1, 1), np.float32)})


def test_incomplete_checkpoint_is_refused(reference_variables, tmp_path, monkeypatch):
    part = {k: v for k, v in reference_variables.items() if "cascade_bn_2" not in k}
    monkeypatch.setattr(convert, "_read_checkpoint", lambda _: part)
    with pytest.raises(CheckpointError, match=r"missing.*motion\.cascade2\.norm\.bias"):
        convert.convert("model.ckpt-1", tmp_path / "out.safetensors")


@pytest.mark.parametrize("frames", ["multi", "single"])
def test_converted_checkpoint_is_a_model_of_the_method(
    frames, reference_variables, reference_state, tmp_path, monkeypatch
):
    found = {k: v for k, v in reference_variables.items() if frames == "multi" or "Face" in k}
    monkeypatch.setattr(convert, "_read_checkpoint", lambda _: found)
    out = tmp_path / "out.safetensors"
    assert convert.convert("model.ckpt-1", out) == len(found)
    method = SGTD(Options(compat=True, frames=frames))
    network = method.network({})
    load_model(out, method, network)
    prefix = "" if frames == "multi" else "faces."
    for name, tensor in network.state_dict().items():
        if tensor.ndim:
            assert torch.equal(tensor, reference_state[prefix + name]), name


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is not None, reason="tensorflow is here")
def test_without_tensorflow_the_command_says_so_in_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "fasharness_sgtd.convert", "model.ckpt-1", str(tmp_path / "o")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: reading a TensorFlow checkpoint needs tensorflow: pip install tensorflow-cpu"
    ]
