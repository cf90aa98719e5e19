"""Where a data set's folder is: given, in the environment, set by the user, or simulated."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fasharness.common.files import write_json
from fasharness.common.marks import DONE
from fasharness.common.paths import cache_dir, config_file
from fasharness.common.progress import Console
from fasharness.dataset import Dataset, environment_variable
from fasharness.errors import OptionError, UnknownNameError

SIMULATION_SEED = 0


def configured(dataset: str) -> Path | None:
    """Root of a data set from the environment variable or the user's settings, if any.

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
    config = _read_config()
    config.setdefault("data", {})[dataset] = str(root.absolute())
    write_json(config_file(), config)
    return config_file()


def simulated_root(dataset: type[Dataset], size: str) -> Path:
    """Folder of a data set's simulation in the user's cache."""
    version = dataset.simulation_version()
    return cache_dir() / "simulated" / f"{dataset.name}-{size}-v{version}-seed{SIMULATION_SEED}"


def resolve(
    dataset: type[Dataset], given: Path | None, size: str, jobs: int, console: Console
) -> Path:
    """Find a data set's root; where none is configured, simulate one into the cache.

    Args:
        dataset: the data set.
        given: the folder that the user named.
        size: size of the simulation.
        jobs: processes.
        console: hears what is simulated.

    Returns:
        The root.

    Raises:
        UnknownNameError: the simulation has no such size.
        OptionError: the data set has no simulation.
        DataError: the simulation's folder holds something else.
    """
    root = given or configured(dataset.name)
    if root is not None:
        return root
    if not dataset.simulated_sizes:
        raise OptionError(
            f"no folder of {dataset.title} is configured and it has no simulation: give its "
            f"folder with --data or {environment_variable(dataset.name)}"
        )
    if size not in dataset.simulated_sizes:
        raise UnknownNameError("simulation size", size, dataset.simulated_sizes)
    root = simulated_root(dataset, size)
    if not (root / DONE).is_file():
        console.say(
            f"No folder of {dataset.title} is configured (--data, "
            f"{environment_variable(dataset.name)} or `fasharness data set {dataset.name} DIR`): "
            "simulating one."
        )
        with console.bar("simulate", "videos") as advance:
            dataset.simulate(
                root,
                size=size,
                seed=SIMULATION_SEED,
                jobs=jobs,
                progress=lambda done, total: advance(done, total, ""),
            )
    return root


def _read_config() -> dict[str, dict[str, str]]:
    path = config_file()
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OptionError(f"{path}: broken settings file: {error}; mend or delete it") from None
    if not isinstance(value, dict) or not isinstance(value.get("data", {}), dict):
        raise OptionError(f"{path}: broken settings file: expected an object; mend or delete it")
    return value
