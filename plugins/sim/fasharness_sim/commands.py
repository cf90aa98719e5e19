"""Commands that write and judge simulated data sets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, add_group

if TYPE_CHECKING:
    from fasharness.common.progress import Console
    from fasharness_sim.writing import Plan


def add(commands: Any) -> None:
    """Add the commands."""
    inner = add_group(commands, "sim", "write and judge simulated data sets")
    _add_oulu_npu(inner)
    _add_preview(inner)
    _add_validate(inner)


def _add_oulu_npu(inner: Any) -> None:
    parser = add_command(inner, "oulu-npu", _oulu_npu, "simulate OULU-NPU in its own layout")
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="an empty folder, or one begun")
    add("--size", default="mini", help="mini (200 videos), small (1000) or full (4950)")
    add("--users", metavar="N|LIST", help="how many users, or which, e.g. 1-4,21,36")
    add("--seed", type=int, default=0, help="the same seed gives the same frames (default: 0)")
    add("--jobs", type=int, default=0, metavar="N", help="processes (default: all cores)")
    add("--preview", type=Path, metavar="FILE.png", help="also draw a contact sheet")
    add("--quiet", action="store_true", help="no progress")


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
    add("--jobs", type=int, default=0, metavar="N", help="processes (default: all cores)")
    add("--seed", type=int, default=0, help="of the intervals (default: 0)")
    add("--protocols", default="oulu1,oulu2,oulu3,oulu4", metavar="A,B", help="default: all four")
    add("--quiet", action="store_true", help="no progress")


def _oulu_npu(options: argparse.Namespace) -> int:
    from fasharness.common.progress import Terminal
    from fasharness_sim import preview
    from fasharness_sim.layouts.oulu_lists import parse_users
    from fasharness_sim.layouts.oulu_npu import simulate

    users = None if options.users is None else parse_users(options.users)
    if options.preview is not None:
        preview.check_name(options.preview)
    console = Terminal(sys.stderr, quiet=options.quiet)
    with console.bar("simulate", "videos") as advance:
        simulate(
            options.out,
            size=options.size,
            seed=options.seed,
            jobs=options.jobs,
            users=users,
            progress=lambda done, total: advance(done, total, ""),
            announce=lambda plan: _announce(plan, options.out, console),
        )
    print(f"{options.out}: simulated OULU-NPU, {options.size}, seed {options.seed} (SIMULATED)")
    return _draw(options.out, options.preview) if options.preview is not None else 0


def _announce(plan: Plan, out: Path, console: Console) -> None:
    """Say what will be written."""
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

    print(f"contact sheet: {preview.write(folder, out)}")
    return 0


def _validate(options: argparse.Namespace) -> int:
    from fasharness.common.progress import Terminal
    from fasharness_sim.validity import validate
    from fasharness_sim.validity.text import summary

    folder = options.folder.absolute()
    out = options.out or folder.with_name(f"{folder.name}-validity")
    with Terminal(sys.stderr, quiet=options.quiet).bar("measure", "videos") as advance:
        found = validate(
            options.folder,
            out,
            jobs=options.jobs,
            seed=options.seed,
            progress=lambda done, total: advance(done, total, ""),
            protocols=[name for name in options.protocols.split(",") if name],
        )
    print(summary(found))
    print(f"report: {out / 'validity.html'}")
    return 0 if found.holds else 1  # 2 stays for errors
