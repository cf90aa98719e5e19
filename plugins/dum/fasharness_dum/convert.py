"""Convert weights that the authors' code saved with PyTorch to a model file."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from fasharness.cli.command import run_converter
from fasharness.engine.checkpoint import card_of, save_model
from fasharness.engine.published import fill, read_published
from fasharness.errors import CheckpointError, OptionError
from fasharness.method import make
from fasharness_dum.method import DUM

_NAMES = (
    (r"conv1\.", "features.stem."),
    (r"Block([1-3])\.", r"features.block\1."),
    (r"layer([1-4])\.(\d)\.left\.", r"features.stage\1.\2.body."),
    (r"layer([1-4])\.", r"features.stage\1."),
    (r"lastconv1\.", "features.head."),
    (r"lastconv2\.0\.", "features.head.3."),
    (r"lastconv2\.1\.", "features.head.4."),
    (r"(mu|logvar)_head\.0\.", r"\1."),
    # Their central-difference layer holds a plain one.
    (r"(features\..+)\.conv\.", r"\1."),
)
_MARKS = (
    ("cdcn", "Block1.0.conv.weight"),
    ("depthnet", "Block1.0.weight"),
    ("resnet18", "layer1.0.left.0.weight"),
)
_UNUSED = "lastconv3.0.weight"
"""A convolution of their ResNet-18 that is never run."""


def torch_name(name: str) -> str:
    """Return the name in `DepthUncertainty` of one of the authors' tensors.

    Args:
        name: e.g. ``Block1.3.conv.weight``.

    Returns:
        e.g. ``features.block1.3.weight``; a name that is not theirs comes back as it is.
    """
    for pattern, target in _NAMES:
        name = re.sub(f"^{pattern}", target, name)
    return name


def network_of(names: Collection[str]) -> str:
    """Return the option ``network`` of weights by their names.

    Raises:
        CheckpointError: they are of none of the authors' networks.
    """
    for network, mark in _MARKS:
        if mark in names:
            return network
    raise CheckpointError("no weights of CDCN_u, depthnet_u or ResNet18_u: of another method?")


def convert(path: Path, out: Path, options: Mapping[str, str]) -> int:
    """Convert weights of CDCN_u, depthnet_u or ResNet18_u to a model file.

    Args:
        path: written by `torch.save`, from the network or from DataParallel around it.
        out: the ``.safetensors`` file to write.
        options: options of the method that the weights do not tell, such as ``theta``.

    Returns:
        The number of tensors converted.

    Raises:
        CheckpointError: it holds weights of another method.
        WeightsError: it cannot be read, or its weights do not fit.
    """
    found = read_published(path)
    chosen = network_of(found.keys())
    method = make(DUM, "paper", {"network": chosen, **options})
    network = method.network({})
    theirs = {torch_name(name): name for name in found}
    title = f"DUM on {chosen}"
    fill(network, found, path, title, lambda name: theirs.get(name, name), (_UNUSED,))
    save_model(out, card_of(method), network)
    return len(network.state_dict())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``python -m fasharness_dum.convert CHECKPOINT OUT``.

    Args:
        arguments: the command line without the program; None for the process's own.

    Returns:
        Exit code: 0, or 2 after a one-line error.
    """
    parser = argparse.ArgumentParser(prog="fasharness_dum.convert", description=convert.__doc__)
    parser.add_argument("checkpoint", type=Path, help="the authors' file, e.g. CDCN_U_P1.pkl")
    parser.add_argument("out", type=Path, help="the .safetensors file to write")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args(arguments)

    def work() -> int:
        return convert(given.checkpoint, given.out, dict(map(_pair, given.option)))

    return run_converter(work, given.out)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"--option {text}: expected KEY=VALUE")
    return key, value


if __name__ == "__main__":
    raise SystemExit(main())
