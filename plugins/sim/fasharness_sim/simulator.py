"""From a layout to a folder: what every simulated data set has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fasharness.common.marks import DONE
from fasharness.dataset import Simulator
from fasharness.errors import OptionError
from fasharness_sim import writing
from fasharness_sim.layout import Layout
from fasharness_sim.users import by_split, for_mark
from fasharness_sim.writing import Content, Plan

_README = """This folder is SIMULATED. It is not {title} and shows no real person.

The videos are drawn by the simulator of fasharness: procedural heads, rooms, phones, printers
and displays. They lie in the layout of the {title} data set, so that programs which read that
data set can be tried without it. Figures obtained here say nothing about {title} itself.
{stand_ins}
{files}
"""
_STAND_INS = """
It is a LAYOUT TWIN: of these attacks only the names are simulated, and what the videos show is
something else, so figures on them say nothing about such attacks at all.
{rows}
"""
_LICENSE = """The simulated videos, eye positions, landmarks and depth maps in this folder are
dedicated to the public domain under CC0 1.0 Universal: https://creativecommons.org/publicdomain/zero/1.0/
"""


class LayoutSimulator(Simulator):
    """Writes simulated data in a layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.sizes = tuple(layout.sizes)
        self.version = layout.version

    def write(
        self,
        out: Path,
        *,
        size: str,
        seed: int,
        jobs: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write simulated data; see `simulate`."""
        simulate(self.layout, out, size=size, seed=seed, jobs=jobs, progress=progress)


def simulate(
    layout: Layout,
    out: Path,
    *,
    size: str = "mini",
    seed: int = 0,
    jobs: int = 0,
    progress: Callable[[int, int], None] | None = None,
    users: Sequence[int] | None = None,
    announce: Callable[[Plan], None] | None = None,
) -> None:
    """Write a simulated data set; what an earlier, interrupted call wrote is kept.

    Args:
        layout: whose names and lists.
        out: the folder; made when missing, else empty or started with the same settings.
        size: a key of the layout's sizes.
        seed: 0 or above; every video depends on it and its own name only.
        jobs: number of processes, 0 for one per core.
        progress: called with the number of videos that are done and of all.
        users: only these, as ``users.parse_users`` gives them; None for all.
        announce: called before the first video with what will be written; this costs a second.

    Raises:
        DataError: the folder holds something else, or the disk is full.
        OptionError: no such size or user, a list would stay empty, the seed or the number of
            jobs is negative, or there are far more jobs than cores.
        RunError: a worker process was killed.
    """
    if seed < 0 or jobs < 0:
        raise OptionError(f"seed and jobs must be 0 or above, got seed {seed} and jobs {jobs}")
    if size not in layout.sizes:
        available = ", ".join(layout.sizes)
        raise OptionError(f"no size {size!r} of the simulation; available: {available}")
    sittings = layout.sittings(size, by_split(users, layout.users))
    lists = layout.lists(sittings)
    if users is not None:
        _refuse_empty(lists, layout)
    # These values decide the bytes of every video, and resuming compares them: one that is left
    # out here would let two different simulations mix in one folder.
    settings: dict[str, object] = {
        "data": layout.data, "version": layout.version, "seed": seed, "size": size,
        "users": for_mark(users, layout.users),
    }  # fmt: skip
    if layout.stand_ins:
        settings["stand_ins"] = dict(layout.stand_ins)
    texts = {**lists, "README.txt": readme(layout), "LICENSE.txt": _LICENSE}
    content = Content(seed, layout.people, settings, sittings, texts)
    writing.write(out, content, jobs=jobs, progress=progress, announce=announce)


def readme(layout: Layout) -> str:
    """Return the text that explains what a folder in a layout is and which files it holds."""
    name, meaning = layout.naming
    files = {
        f"{name}{layout.ending}": meaning,
        **layout.beside,
        f"{name}.depth.npz": "exact depth of the (depicted) face, 0 none, 255 nearest",
        f"{name}.truth.npz": "its box, eyes and 68 landmarks, in tenths of a pixel",
        DONE: "simulator version, seed, size, users, number of videos",
    }
    stand_ins = _STAND_INS.format(rows=_table(layout.stand_ins)) if layout.stand_ins else ""
    return _README.format(title=layout.title, stand_ins=stand_ins, files=_table(files))


def _table(rows: Mapping[str, str]) -> str:
    """Set names and what they mean in two columns."""
    wide = max(map(len, rows)) + 2
    return "\n".join(f"{name:{wide}}{what}" for name, what in rows.items())


def _refuse_empty(lists: Mapping[str, str], layout: Layout) -> None:
    """Refuse users that leave a protocol list empty; a sitting has both classes."""
    empty = [path for path, text in lists.items() if not text]
    if empty:
        parts = (f"{split.capitalize()} {u[0]}-{u[-1]}" for split, u in layout.users.items())
        raise OptionError(
            f"with these users and this size, {empty[0]} ({len(empty)} lists in all) would be "
            f"empty; give more users, some of each part: {', '.join(parts)}"
        )
