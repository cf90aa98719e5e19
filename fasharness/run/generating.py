"""Make presentations with a trained generator, for other methods to train on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from fasharness.common.progress import Console
from fasharness.engine.checkpoint import load_model, model_digest, read_card
from fasharness.engine.device import make_fabric, place
from fasharness.errors import DataError, OptionError
from fasharness.generator import Generator, Made
from fasharness.plugins import Plugins
from fasharness.run.generated import FORMAT, Card, write
from fasharness.run.settings import check_device
from fasharness.run.trained import method_of, model_file


def generate(
    checkpoint: Path,
    out: Path,
    plugins: Plugins,
    console: Console,
    *,
    count: int,
    seed: int,
    device: str,
) -> Card:
    """Write pictures of a trained generator into a folder that ``--auxiliary`` takes.

    Args:
        checkpoint: the generator's model file, or the folder of its training.
        out: an empty or missing folder, or one that an interrupted call began.
        plugins: the plugins in use.
        console: receives progress.
        count: how often to generate; a generator of pairs makes two pictures each time.
        seed: the same seed gives the same pictures.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Returns:
        What the pictures come from.

    Raises:
        OptionError: the model is not a generator's, or a number is impossible.
        CheckpointError: the model cannot be used.
        DataError: the folder holds something else.
    """
    if count < 1 or seed < 0:
        raise OptionError(f"count must be at least 1 and seed not negative, got {count} and {seed}")
    check_device(device)
    path = model_file(checkpoint)
    known = read_card(path)
    method = method_of(known, plugins)
    if not isinstance(method, Generator):
        raise OptionError(f"{path}: {method.name} is no generator; it scores presentations")
    fabric = make_fabric(device, "32-true")
    network = place(method.network({}), fabric)
    load_model(path, method, network)
    network.eval()

    def made(number: int) -> tuple[Made, ...]:
        with torch.inference_mode():
            return tuple(method.generate(network, number, seed))

    each = len(made(0))
    if not each:
        raise DataError(f"{method.name} made no picture")

    def pictures(start: int) -> Iterator[Made]:
        for number in range(start // each, count):
            yield from made(number)[start % each if number == start // each else 0 :]

    card = Card(
        FORMAT,
        method.name,
        method.version,
        model_digest(path),
        seed,
        count * each,
        known.simulated,
        tuple(known.trained_on),
        method.notes(),
    )
    with console.bar("generate", "pictures") as advance:
        write(out, card, pictures, lambda done, total: advance(done, total, ""))
    return card
