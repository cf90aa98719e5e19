"""Find a data set's folder: given, in the environment, in the user's settings, or simulated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fasharness.common.files import write_json
from fasharness.common.formats import json_file
from fasharness.common.marks import DONE
from fasharness.common.paths import cache_dir, config_file
from fasharness.common.progress import Console
from fasharness.common.records import build
from fasharness.dataset import Dataset, JointDataset, Simulator, environment_variable
from fasharness.errors import DataError, OptionError, UnknownNameError
from fasharness.plugins import Plugins

SIMULATION_SEED = 0
INSTALL_SIMULATOR = "(in the harness's repository: pip install --no-build-isolation ./plugins/sim)"
HOW_TO_SIMULATE = (
    "to try the harness without licensed data, install the plugin fasharness-sim "
    f"{INSTALL_SIMULATOR}"
)


class DataRoot(NamedTuple):
    """The folder of a data set.

    Attributes:
        path: the folder.
        simulator: what writes it if no folder was given; None for a folder of the user.
        size: size of the simulation.
    """

    path: Path
    simulator: Simulator | None = None
    size: str = ""


def configured(dataset: str) -> Path | None:
    """Return a data set's root from the environment variable or the user's settings, if any.

    Raises:
        OptionError: the settings file is broken.
    """
    variable = os.environ.get(environment_variable(dataset))
    if variable:
        return Path(variable).expanduser()
    text = _read_config().get("data", {}).get(dataset)
    return Path(text) if text else None


def remember(dataset: str, root: Path) -> Path:
    """Set a data set's root for later commands.

    Returns:
        The settings file.

    Raises:
        OptionError: no such folder, or the settings file is broken.
    """
    if not root.is_dir():
        raise OptionError(f"{root}: no such folder")
    path = config_file()
    if path is None:
        raise OptionError(
            "no home folder for the settings (HOME is not set, and the user is unknown): set "
            f"XDG_CONFIG_HOME, or name the data with {environment_variable(dataset)}"
        )
    config = _read_config()
    # Absolute, as later commands may run in another folder.
    config.setdefault("data", {})[dataset] = str(root.absolute())
    write_json(path, config)
    return path


def simulated_root(dataset: str, simulator: Simulator, size: str) -> Path:
    """Return the folder of a data set's simulation in the user's cache."""
    # With version and seed, so that a new simulator never mixes with data of an old one.
    name = f"{dataset}-{size}-v{simulator.version}-seed{SIMULATION_SEED}"
    return cache_dir() / "simulated" / name


def absent(dataset: type[Dataset], plugins: Plugins) -> tuple[str, ...]:
    """Return which of the data sets that a protocol needs are neither configured nor simulated."""
    members = dataset.members if issubclass(dataset, JointDataset) else (dataset.name,)
    return tuple(m for m in members if configured(m) is None and plugins.simulator(m) is None)


def locate(
    dataset: type[Dataset], given: Path | None, simulator: Simulator | None, size: str
) -> DataRoot:
    """Find a data set's folder; nothing is written.

    Args:
        dataset: the data set.
        given: the folder given by the user.
        simulator: the simulator of the data set, None if there is none.
        size: size of the simulation.

    Returns:
        The folder that is given or configured, else the simulation's folder in the cache.

    Raises:
        UnknownNameError: the simulator has no such size.
        OptionError: no folder is known, and there is no simulator.
    """
    root = given or configured(dataset.name)
    if root is not None:
        return DataRoot(root)
    if simulator is None:
        raise OptionError(
            f"no folder of {dataset.title} is configured and no installed plugin simulates it: "
            f"give its folder with --data or {environment_variable(dataset.name)}, or, "
            f"{HOW_TO_SIMULATE}"
        )
    if size not in simulator.sizes:
        raise UnknownNameError("simulation size", size, simulator.sizes)
    return DataRoot(simulated_root(dataset.name, simulator, size), simulator, size)


def simulate(dataset: type[Dataset], root: DataRoot, jobs: int, console: Console) -> None:
    """Simulate the data set if needed; a finished simulation is kept.

    Args:
        dataset: the data set.
        root: result of `locate`; a folder of the user is never written.
        jobs: processes.
        console: receives messages and progress.

    Raises:
        DataError: the simulation's folder contains something else.
    """
    # DONE is written last, so an interrupted simulation is continued here.
    if root.simulator is None or (root.path / DONE).is_file():
        return
    console.say(
        f"No folder of {dataset.title} is configured (--data, "
        f"{environment_variable(dataset.name)} or `fasharness data set {dataset.name} DIR`): "
        "simulating one."
    )
    with console.bar("simulate", "videos") as advance:
        root.simulator.write(
            root.path,
            size=root.size,
            seed=SIMULATION_SEED,
            jobs=jobs,
            progress=lambda done, total: advance(done, total, ""),
        )


@dataclass(frozen=True)
class _Config:
    """The user's settings: the folder of each data set."""

    data: Mapping[str, str]


def _read_config() -> dict[str, dict[str, str]]:
    path = config_file()
    if path is None or not path.is_file():
        return {}
    try:
        content = {"data": {}, **json_file(path)}
        return {"data": dict(build(_Config, content, str(path)).data)}
    except DataError as error:
        raise OptionError(f"broken settings file: {error}; correct or delete it") from None
