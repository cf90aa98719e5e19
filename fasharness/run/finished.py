"""Work on a run that is there: pictures of its errors, its frames as folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fasharness.common.files import write_json
from fasharness.common.marks import DONE, simulation_of
from fasharness.common.progress import Console
from fasharness.errors import OptionError
from fasharness.plugins import Plugins
from fasharness.prepare.export import Exported, export
from fasharness.prepare.tools import Tools
from fasharness.run import error_pictures, steps
from fasharness.run.experiment import reopened


def draw_pictures(folder: Path, plugins: Plugins, console: Console, store: Path) -> None:
    """Write pictures of a finished run's worst errors into its folder, real faces included.

    Args:
        folder: the run's folder.
        plugins: the plugins in use.
        console: receives messages and progress.
        store: folder of the clip store; what it lacks is prepared again from the videos.

    Raises:
        FasharnessError: the run is not finished, or its data or its model are gone.
    """
    with reopened(folder, plugins, console, store) as folds:
        for fold in folds:
            error_pictures.draw(fold)


def export_frames(
    folder: Path, out: Path, plugins: Plugins, console: Console, store: Path, jobs: int
) -> Sequence[Exported]:
    """Write all frames of a prepared run's protocol as the folders that published codes read.

    Args:
        folder: the run's folder.
        out: an empty or begun folder; it is marked if the data are simulated.
        plugins: the plugins in use.
        console: receives messages and progress.
        store: folder of the clip store.
        jobs: number of processes, 0 for one per core; a run's folder does not keep it.

    Returns:
        Each presentation, and why it was not written if so.

    Raises:
        OptionError: the folder is the data's own.
        FasharnessError: the run or its data are gone.
    """
    with reopened(folder, plugins, console, store) as folds:
        experiment = folds[0].experiment
        for part in experiment.parts.values():
            if part.root.resolve() == out.resolve():
                raise OptionError(f"--export {out}: is the folder of the data; name another one")
            if (mark := simulation_of(part.root)) is not None:
                write_json(out / DONE, dict(mark))
        shown = {p.id: p for fold in folds for _, p in fold.protocol.items()}
        tools = Tools(steps.recipe_of(folds[0]), plugins)
        results = []
        with console.bar("export", "videos") as advance:
            processes = jobs or experiment.settings.jobs
            for result in export(list(shown.values()), tools, out, processes):
                results.append(result)
                advance(len(results), len(shown), "")
    return results
