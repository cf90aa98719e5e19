"""The building blocks in float64 against reference values and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fasharness_sgtd.convert import from_tensorflow
from fasharness_sgtd.layers import ConvGRUCell, SpatialGradientBlock

CLOSE = 1e-11
GRU_NAMES = {
    "gates.weight": "gates/kernel",
    "gates.bias": "gates/bias",
    "candidate.weight": "candidate/kernel",
    "candidate.bias": "candidate/bias",
}


def nchw(array):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, -3))).double()


def assert_nhwc(tensor, array):
    np.testing.assert_allclose(tensor.detach().movedim(-3, -1), array, rtol=0, atol=CLOSE)


def assert_gradient(tensor, array, name):
    gradient = tensor.grad.permute(2, 3, 1, 0) if tensor.ndim == 4 else tensor.grad
    np.testing.assert_allclose(gradient, array, rtol=0, atol=CLOSE * 10, err_msg=name)


BLOCK_NAMES = {
    "conv.weight": "conv/weights",
    "conv.bias": "conv/biases",
    "gradient.weight": "rgc_pw_gabor/weights",
    "gradient.bias": "rgc_pw_gabor/biases",
    "gradient_norm.bias": "gabor_bn/beta",
    "gradient_norm.running_mean": "gabor_bn/moving_mean",
    "gradient_norm.running_var": "gabor_bn/moving_variance",
    "norm.bias": "gn/beta",
    "norm.running_mean": "gn/moving_mean",
    "norm.running_var": "gn/moving_variance",
}


def spatial_block(arrays, case):
    block = SpatialGradientBlock(4, 6).double()
    theirs = {
        f"FaceMapNet/rgc_init/{name}": arrays[f"{case}/var/rgc/{name}"]
        for name in BLOCK_NAMES.values()
    }
    state = {k.removeprefix("faces.first."): v for k, v in from_tensorflow(theirs).items()}
    block.load_state_dict(state)
    return block


@pytest.mark.parametrize("case", ["rgc_type1", "rgc_type1_train"])
def test_spatial_gradient_block(golden, case):
    arrays = golden("gradient_block")
    block = spatial_block(arrays, case).train(case.endswith("train"))
    x = nchw(arrays[case + "/in0"]).requires_grad_()
    y = block(x)
    y.backward(nchw(arrays[case + "/grad_out"]))
    assert_nhwc(y, arrays[case + "/out@f64"])
    assert_nhwc(x.grad, arrays[case + "/grad/in0@f64"])
    for name, parameter in block.named_parameters():
        expected = arrays[f"{case}/grad/var/rgc/{BLOCK_NAMES[name]}@f64"]
        assert_gradient(parameter, expected, name)


def test_normalisation_statistics_move_as_published(golden):
    arrays, case = golden("gradient_block"), "rgc_type1_train"
    block = spatial_block(arrays, case).train()
    block(nchw(arrays[case + "/in0"]))
    for name, buffer in block.named_buffers():
        if name in BLOCK_NAMES:
            expected = arrays[f"{case}/updated/rgc/{BLOCK_NAMES[name]}"]
            np.testing.assert_allclose(buffer, expected, rtol=0, atol=1e-6, err_msg=name)


def gru_cell(arrays, prefix):
    kernel = arrays[prefix + "candidate/kernel"]
    cell = ConvGRUCell(kernel.shape[2] - kernel.shape[3], kernel.shape[3]).double()
    state = {}
    for ours, theirs in GRU_NAMES.items():
        tensor = torch.from_numpy(arrays[prefix + theirs]).double()
        state[ours] = tensor.permute(3, 2, 0, 1) if tensor.ndim == 4 else tensor
    cell.load_state_dict(state)
    return cell


def assert_cell_gradients(cell, arrays, prefix):
    for ours, theirs in GRU_NAMES.items():
        parameter = cell.get_parameter(ours)
        assert_gradient(parameter, arrays[f"{prefix}{theirs}@f64"], prefix + theirs)


def test_gru_step(golden):
    arrays = golden("convgru")
    cell = gru_cell(arrays, "step5/var/conv_gru_cell/")
    x, h = (nchw(arrays[f"step5/{name}"]).requires_grad_() for name in "xh")
    y = cell(x, h)
    y.backward(nchw(arrays["step5/grad_out"]))
    assert_nhwc(y, arrays["step5/out@f64"])
    assert_nhwc(x.grad, arrays["step5/grad/x@f64"])
    assert_nhwc(h.grad, arrays["step5/grad/h@f64"])
    assert_cell_gradients(cell, arrays, "step5/grad/conv_gru_cell/")


@pytest.mark.parametrize("axis", ["false_intended", "true_as_original"])
def test_stacked_cells_recur_over_time(golden, axis):
    """The original's reading is ours with batch and time exchanged."""
    arrays, case = golden("convgru"), f"stack.time_major_{axis}"
    cells = [gru_cell(arrays, f"stack/var/cell_{i}/conv_gru_cell/") for i in (1, 2)]
    swap = (lambda t: t.transpose(0, 1)) if axis == "true_as_original" else (lambda t: t)
    x = nchw(arrays[case + "/x"]).requires_grad_()
    y = cells[1].unroll(cells[0].unroll(swap(x)))
    swap(y).backward(nchw(arrays[case + "/grad_out"]))
    assert_nhwc(swap(y), arrays[case + "/out@f64"])
    assert_nhwc(y[:, -1], arrays[case + "/state@f64"])
    assert_nhwc(x.grad, arrays[case + "/grad/x@f64"])
    for i, cell in enumerate(cells):
        assert_cell_gradients(cell, arrays, f"{case}/grad/cell_{i + 1}/conv_gru_cell/")


def test_first_step_is_what_the_original_computes_for_one_clip(golden):
    arrays, case = golden("convgru"), "rnn.batch1_time_major_true_as_original"
    cell = gru_cell(arrays, "rnn/var/cell_1/conv_gru_cell/")
    x = nchw(arrays[case + "/x"])
    y = cell.first(x[0])
    y.backward(nchw(arrays[case + "/grad_out"])[0])
    assert_nhwc(y[None], arrays[case + "/out@f64"])
    assert_cell_gradients(cell, arrays, case + "/grad/cell_1/conv_gru_cell/")


@pytest.mark.parametrize("case", ["16to4", "16to8"])
def test_published_resizing_is_a_stride(golden, case):
    """The network takes every 4th and 2nd pixel where the original resizes."""
    arrays = golden("resize")
    image, out = arrays[case + "/in"], arrays[case + "/out"]
    step = image.shape[1] // out.shape[1]
    np.testing.assert_array_equal(image[:, ::step, ::step], out)
