"""Weights that others saved: read without running code in their files, and put into networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor, nn

from fasharness.common.array_files import unpickled
from fasharness.errors import DataError, WeightsError

_PARALLEL = "module."
"""What DataParallel puts before every name."""


def read_published(path: Path) -> Mapping[str, Tensor]:
    """Read named tensors from a file that `torch.save` wrote.

    Args:
        path: the file, with the tensors themselves or under ``state_dict``, as a checkpoint has
            them; names that all begin with DataParallel's ``module.`` lose it.

    Returns:
        Name to tensor, on the CPU.

    Raises:
        WeightsError: the file is missing or damaged, holds code, which is named and not run, or
            anything but named tensors.
    """
    try:
        found = unpickled(path)
    except DataError as error:
        raise WeightsError(str(error)) from None
    if isinstance(found, Mapping):
        found = found.get("state_dict", found)
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
    ):
        raise WeightsError(f"{path}: is no table of named tensors (a state_dict)")
    if all(name.startswith(_PARALLEL) for name in found):
        return {name.removeprefix(_PARALLEL): value for name, value in found.items()}
    return found


NameOf = Callable[[str], str]
"""From the name of a tensor in a network to that in a file."""


def load_published(
    network: nn.Module,
    path: Path,
    title: str,
    name_of: NameOf = str,
    unused: tuple[str, ...] = (),
) -> None:
    """Copy the weights of a file into a network; see `read_published` and `fill`."""
    fill(network, read_published(path), path, title, name_of, unused)


def fill(
    network: nn.Module,
    found: Mapping[str, Tensor],
    path: Path,
    title: str,
    name_of: NameOf = str,
    unused: tuple[str, ...] = (),
) -> None:
    """Copy named tensors into a network; nothing is changed if they do not fit.

    Args:
        network: takes all its tensors from them.
        found: name to tensor.
        path: their file, for errors.
        title: what the network is, for errors.
        name_of: from a name in the network to that in `found`.
        unused: beginnings of the names in `found` that the network has no use for.

    Raises:
        WeightsError: they are of another network: a tensor is missing, has another shape, is not
            finite, or is one that the network does not have.
    """
    state = {}
    for own_name, own in network.state_dict().items():
        name = name_of(own_name)
        # Files of before 2018 do not have it.
        if name.endswith("num_batches_tracked") and name not in found:
            state[own_name] = own
            continue
        value = found.get(name)
        if value is None or value.shape != own.shape:
            has = "is missing" if value is None else f"has the shape {tuple(value.shape)}"
            expected = tuple(own.shape)
            raise WeightsError(f"{path}: is not {title}: {name} {has}, expected {expected}")
        if not value.isfinite().all():
            raise WeightsError(f"{path}: {name} is not finite")
        state[own_name] = value
    known = set(map(name_of, state))
    for name in found:
        if name not in known and not name.startswith(unused):
            raise WeightsError(f"{path}: is not {title}, which has no {name}")
    network.load_state_dict(state)
