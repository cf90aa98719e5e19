"""Make a model file of the published weights of MiniFASNet, to score single files with."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fasharness.cli.command import run_converter
from fasharness.engine.checkpoint import card_of, save_model
from fasharness.method import make
from fasharness.plugins import load
from fasharness.prepare.weights import resolve
from fasharness_baselines.minifasnet import MiniFASNetMethod


def convert(out: Path) -> int:
    """Write the stored weights of MiniFASNet (``fasharness weights add``) as a model file.

    Args:
        out: the ``.safetensors`` file to write.

    Returns:
        The number of tensors written.

    Raises:
        WeightsError: they are missing, damaged or of another network.
    """
    method = make(MiniFASNetMethod, "published", {})
    network = method.network(resolve(load(), method.weights()))
    save_model(out, card_of(method), network)
    return len(network.state_dict())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``python -m fasharness_baselines.convert OUT``.

    Args:
        arguments: the command line without the program; None for the process's own.

    Returns:
        Exit code: 0, or 2 after a one-line error.
    """
    parser = argparse.ArgumentParser(
        prog="fasharness_baselines.convert", description=convert.__doc__
    )
    parser.add_argument("out", type=Path, help="the .safetensors file to write")
    given = parser.parse_args(arguments)
    return run_converter(lambda: convert(given.out), given.out)


if __name__ == "__main__":
    raise SystemExit(main())
