"""Mark files of a simulator in its folder: started and finished."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fasharness.common.formats import json_file
from fasharness.errors import DataError

DONE, BEGUN = "SIMULATED.json", ".simulating.json"


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder with an unfinished simulation.

    Otherwise half a simulation would pass for real data, as only a finished one is marked.

    Raises:
        DataError: the simulation is unfinished.
    """
    if (folder / BEGUN).is_file() and not (folder / DONE).is_file():
        raise DataError(f"{folder}: an unfinished simulation; repeat the `fasharness sim` command")


def simulation_of(folder: Path) -> Mapping[str, Any] | None:
    """Read the facts that the simulator wrote about a finished folder.

    Returns:
        At least ``size``, and in ``stand_ins`` the PAI species of which only the names are
        simulated, if there are any, to what is shown instead; None if no simulator wrote the
        folder.

    Raises:
        DataError: the mark file was not written by the simulator.
    """
    mark = folder / DONE
    if not mark.is_file():
        return None
    try:
        found = json_file(mark)
    except DataError as error:
        raise DataError(f"{mark}: not the simulator's own file: {error}") from None
    if not isinstance(found.get("size"), str):
        raise DataError(f"{mark}: not the simulator's own file: it has no size")
    known = found.get("stand_ins", {})
    if not isinstance(known, dict) or not all(isinstance(what, str) for what in known.values()):
        raise DataError(f"{mark}: not the simulator's own file: stand_ins is no table of texts")
    return found


def need_simulation(folder: Path) -> Mapping[str, Any]:
    """Read the mark of a finished simulation, and refuse any other folder.

    Returns:
        At least ``size``.

    Raises:
        DataError: there is no such folder, the simulator has not finished it, or the mark is
            not the simulator's own file.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name one that `fasharness sim` wrote")
    refuse_unfinished(folder)
    found = simulation_of(folder)
    if found is None:
        raise DataError(
            f"{folder}: not a simulated folder: it has no {DONE}, which `fasharness sim` writes"
        )
    return found
