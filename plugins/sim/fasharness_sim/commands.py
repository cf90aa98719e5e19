"""Commands that write and judge simulated data sets."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, add_group, show
from fasharness.common.cells import whole
from fasharness_sim.layouts import LAYOUTS, layout_of

if TYPE_CHECKING:
    from fasharness.common.progress import Console
    from fasharness_sim.layout import Layout
    from fasharness_sim.writing import Plan


def add(commands: Any) -> None:
    """Add the commands."""
    inner = add_group(commands, "sim", "write and judge simulated data sets")
    for layout in LAYOUTS.values():
        _add_layout(inner, layout)
    _add_preview(inner)
    _add_validate(inner)


def _add_layout(inner: Any, layout: Layout) -> None:
    text = f"simulate {layout.title} in its own layout"
    parser = add_command(inner, layout.dataset, partial(_simulate, layout), text)
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="an empty folder, or one of an interrupted call",
    )
    add("--size", default="mini", help=f"{_sizes(layout)} (default: mini)")
    add("--users", metavar="N|LIST", help="how many users, or which, e.g. 1-4,21,36")
    add("--seed", type=whole, default=0, help="the same seed gives the same frames (default: 0)")
    add("--jobs", type=whole, default=0, metavar="N", help="processes (default: all cores)")
    add("--preview", type=Path, metavar="FILE.png", help="also draw a contact sheet")
    add("--quiet", action="store_true", help="no progress")


def _sizes(layout: Layout) -> str:
    """List the sizes, e.g. ``mini (200 videos), small (1000) or full (4950)``."""
    (name, count), *larger = layout.sizes.items()
    *first, last = [f"{name} ({count} videos)", *(f"{name} ({n})" for name, n in larger)]
    return f"{', '.join(first)} or {last}" if first else last


def _add_preview(inner: Any) -> None:
    parser = add_command(inner, "preview", _preview, "a contact sheet of a simulated folder")
    add = parser.add_argument
    add("folder", type=Path, metavar="DIR", help="what `fasharness sim` wrote")
    add("--out", type=Path, required=True, metavar="FILE.png", help="the sheet's file")


def _add_validate(inner: Any) -> None:
    text = "judge a simulated folder: cheap tricks, classic baselines, faces, depth, moire, persons"
    parser = add_command(inner, "validate", _validate, text)
    add = parser.add_argument
    add("folder", type=Path, metavar="DIR", help="what `fasharness sim` wrote")
    add("--out", type=Path, metavar="DIR", help="of the report (default: DIR-validity beside DIR)")
    add("--jobs", type=whole, default=0, metavar="N", help="processes (default: all cores)")
    add("--seed", type=whole, default=0, help="of the intervals (default: 0)")
    add("--protocols", metavar="A,B", help="default: all of the data set")
    add("--quiet", action="store_true", help="no progress")


def _simulate(layout: Layout, options: argparse.Namespace) -> int:
    from fasharness.common.progress import Terminal
    from fasharness_sim import preview
    from fasharness_sim.simulator import simulate
    from fasharness_sim.users import parse_users

    users = None if options.users is None else parse_users(options.users, layout.users)
    if options.preview is not None:
        preview.check_name(options.preview)
    console = Terminal(sys.stderr, quiet=options.quiet)
    with console.bar("simulate", "videos") as advance:
        simulate(
            layout,
            options.out,
            size=options.size,
            seed=options.seed,
            jobs=options.jobs,
            users=users,
            progress=lambda done, total: advance(done, total, ""),
            announce=lambda plan: _announce(plan, options.out, console),
        )
    written = f"simulated {layout.title}, {options.size}, seed {options.seed} (SIMULATED)"
    show(f"{options.out}: {written}")
    return _draw(options.out, options.preview) if options.preview is not None else 0


def _announce(plan: Plan, out: Path, console: Console) -> None:
    """Print what will be written and about how long it takes."""
    minutes, seconds = divmod(max(round(plan.seconds), 1), 60)
    time = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    console.say(
        f"{out}: {plan.videos} SIMULATED videos to write, about {plan.size / 1e6:.0f} MB, about "
        f"{time} (measured on one video, {plan.processes} processes)"
    )


def _preview(options: argparse.Namespace) -> int:
    from fasharness_sim import preview

    preview.check_name(options.out)
    return _draw(options.folder, options.out)


def _draw(folder: Path, out: Path) -> int:
    from fasharness_sim import preview

    show(f"contact sheet: {preview.write(layout_of(folder), folder, out)}")
    return 0


def _validate(options: argparse.Namespace) -> int:
    from fasharness import plugins
    from fasharness.common.progress import Terminal
    from fasharness_sim.validity import validate
    from fasharness_sim.validity.text import summary

    folder = options.folder.absolute()
    out = options.out or folder.with_name(f"{folder.name}-validity")
    layout = layout_of(options.folder)
    dataset = plugins.load().make("dataset", layout.dataset)(options.folder)
    chosen = options.protocols
    with Terminal(sys.stderr, quiet=options.quiet).bar("measure", "videos") as advance:
        found = validate(
            dataset,
            out,
            layout.protocols,
            chosen=None if chosen is None else [name for name in chosen.split(",") if name],
            jobs=options.jobs,
            seed=options.seed,
            progress=lambda done, total: advance(done, total, ""),
        )
    show(summary(found))
    show(f"report: {out / 'validity.html'}")
    return 0 if found.holds else 1  # 2 stays for errors
