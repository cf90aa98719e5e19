"""Map the authors' TensorFlow variables onto the networks here, and convert their checkpoints."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fasharness.cli.command import run_converter
from fasharness.engine.checkpoint import card_of, save_model
from fasharness.errors import CheckpointError
from fasharness_sgtd.method import MULTI, SGTD, SINGLE, Options

_MODULES = (
    (r"FaceMapNet/rgc_init/", r"faces.first."),
    (r"FaceMapNet/rgc([1-3])_(\d)/", r"faces.scale\1.\2."),
    (r"FaceMapNet/rgc4_(\d)/", r"faces.joint.\1."),
    (r"FaceMapNet/conv4_3/", r"faces.depth."),
    (r"OFFNet/OFFNet_conv_([1-3])_off/", r"motion.block\1.reduce."),
    (r"OFFNet/OFFNet_bn_([1-3])_off/", r"motion.block\1.norm."),
    (r"OFFNet/OFFNet_linear_([1-3])_off/", r"motion.block\1.linear."),
    (r"OFFNet/cascade_conv_(\d)/", r"motion.cascade\1.conv."),
    (r"OFFNet/cascade_bn_(\d)/", r"motion.cascade\1.norm."),
    (r"OFFNet/OFFNet_conv_4_1/", r"motion.last.conv."),
    (r"OFFNet/OFFNet_bn_4_1/", r"motion.last.norm."),
    # A ConvGRU in spite of its scope.
    (r"ConvLSTMNet/cell_(\d)/conv_gru_cell/(gates|candidate)/", r"recurrence.cell\1.\2."),
    (r"SoftmaxNet/fc/fc_1/", r"classifier.hidden."),
    (r"SoftmaxNet/fc/fc_2/", r"classifier.output."),
)
_LAYERS = (
    (r"rgc_pw_gabor/", r"gradient."),
    (r"gabor_bn/", r"gradient_norm."),
    # Called gn, but the published networks use batch normalisation here.
    (r"gn/", r"norm."),
    (r"conv/", r"conv."),
    (r"", r""),
)
_LEAVES = {
    "weights": "weight",
    "kernel": "weight",
    "biases": "bias",
    "bias": "bias",
    # Slim's batch norm has no gamma (scale=False), and neither has `OffsetBatchNorm2d`.
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def torch_name(variable: str) -> str | None:
    """Return the name in `SGTDNet` of one of the authors' variables.

    Args:
        variable: e.g. ``FaceMapNet/rgc1_2/gabor_bn/beta``.

    Returns:
        e.g. ``faces.scale1.1.gradient_norm.bias``; None for variables outside the network
        (step counter, optimiser slots).
    """
    for module, target in _MODULES:
        for layer, part in _LAYERS:
            match = re.fullmatch(rf"{module}{layer}([a-z_]+)", variable)
            if match and match[match.lastindex or 0] in _LEAVES:
                name = match.expand(target) + part + _LEAVES[match[match.lastindex or 0]]
                return _from_zero(name)
    return None


def from_tensorflow(variables: Mapping[str, NDArray[np.floating]]) -> dict[str, torch.Tensor]:
    """Convert the authors' variables to a state dict of `SGTDNet`.

    Args:
        variables: name to array; convolution kernels (H, W, in, out), linear ones (in, out).

    Returns:
        Name to tensor; only ``faces.*`` for a single-frame checkpoint.

    Raises:
        CheckpointError: no variable belongs to the network.
    """
    state = {
        name: torch.from_numpy(np.array(_torch_layout(array)))
        for variable, array in variables.items()
        if (name := torch_name(variable)) is not None
    }
    if not state:
        raise CheckpointError(
            "no variable of the SGTD networks in the checkpoint: is it of another method?"
        )
    return state


def convert(checkpoint: str, out: Path) -> int:
    """Convert a TensorFlow checkpoint to a model file with ``compat=true``.

    Args:
        checkpoint: prefix of the checkpoint's files, e.g. ``model.ckpt-19501``.
        out: the ``.safetensors`` file to write; a checkpoint of the single-frame network
            alone gets the option ``frames=single``.

    Returns:
        The number of tensors converted.

    Raises:
        CheckpointError: tensorflow is missing, or the checkpoint is unreadable or incomplete.
    """
    state = from_tensorflow(_read_checkpoint(checkpoint))
    frames = MULTI if any(name.startswith("motion.") for name in state) else SINGLE
    if frames == SINGLE:
        state = {name.removeprefix("faces."): tensor for name, tensor in state.items()}
    # The weights were trained by the published code, with its quirks: only `compat` gives its
    # scores.
    method = SGTD(Options(compat=True, frames=frames))
    network = method.network({})
    # t.ndim: torch counts batches in a scalar buffer, which TensorFlow does not have.
    expected = {name: t for name, t in network.state_dict().items() if t.ndim}
    wrong = sorted(k for k, v in expected.items() if k not in state or state[k].shape != v.shape)
    if wrong:
        raise CheckpointError(f"{checkpoint}: missing or of another shape: {', '.join(wrong[:5])}")
    network.load_state_dict(state, strict=False)
    save_model(out, card_of(method), network)
    return len(state)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``python -m fasharness_sgtd.convert CHECKPOINT OUT``.

    Args:
        arguments: the command line without the program; None for the process's own.

    Returns:
        Exit code: 0, or 2 after a one-line error.
    """
    parser = argparse.ArgumentParser(prog="fasharness_sgtd.convert", description=convert.__doc__)
    parser.add_argument("checkpoint", help="prefix of the checkpoint, e.g. model.ckpt-19501")
    parser.add_argument("out", type=Path, help="the .safetensors file to write")
    given = parser.parse_args(arguments)
    return run_converter(lambda: convert(given.checkpoint, given.out), given.out)


def _from_zero(name: str) -> str:
    """Count the blocks of a scale from zero, as nn.Sequential does; the authors count from one."""
    return re.sub(r"\.(\d)\.", lambda found: f".{int(found[1]) - 1}.", name)


def _torch_layout(array: NDArray[np.floating]) -> NDArray[np.floating]:
    # TensorFlow: convolutions (H, W, in, out), linear layers (in, out).
    return array.transpose({1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[array.ndim])


def _read_checkpoint(checkpoint: str) -> dict[str, NDArray[np.floating]]:
    try:
        # Not an import at the top: only this command needs TensorFlow, and nothing here depends on
        # it.
        tensorflow = importlib.import_module("tensorflow")
    except ImportError:
        raise CheckpointError(
            "reading a TensorFlow checkpoint needs tensorflow: pip install tensorflow-cpu"
        ) from None
    try:
        reader = tensorflow.train.load_checkpoint(checkpoint)
        names = [n for n in reader.get_variable_to_shape_map() if torch_name(n) is not None]
        return {name: reader.get_tensor(name) for name in names}
    except (ValueError, tensorflow.errors.OpError) as error:
        raise CheckpointError(f"{checkpoint}: {str(error).splitlines()[0]}") from None


if __name__ == "__main__":
    raise SystemExit(main())
