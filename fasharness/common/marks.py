"""The marks that the simulator leaves in a folder: begun, and finished."""

from pathlib import Path

from fasharness.errors import DataError

DONE, BEGUN = "SIMULATED.json", ".simulating.json"


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder that a simulation has begun and not finished.

    Without this, half a simulation would pass for real data, as only a finished one is marked so.

    Raises:
        DataError: the simulation is unfinished.
    """
    if (folder / BEGUN).is_file() and not (folder / DONE).is_file():
        raise DataError(f"{folder}: an unfinished simulation; repeat the `fasharness sim` command")


def need_finished(folder: Path) -> None:
    """Refuse whatever is no finished simulation.

    Raises:
        DataError: there is no such folder, or the simulator has not finished it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name one that `fasharness sim` wrote")
    refuse_unfinished(folder)
    if not (folder / DONE).is_file():
        raise DataError(
            f"{folder}: not a simulated folder: it has no {DONE}, which `fasharness sim` writes"
        )
