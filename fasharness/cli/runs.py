"""Commands of a run: run, prepare, train, score and report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, show
from fasharness.cli.rules import add_rules, rules_of
from fasharness.common.cells import decimal, whole
from fasharness.errors import OptionError

if TYPE_CHECKING:
    from fasharness.report.runs import Run
    from fasharness.result import FoldsResult, Result

_STEPS = {
    "run": "the whole chain, from videos to a report",
    "prepare": "decode, detect, crop and depth: fill the clip store",
    "train": "prepare and train",
    "score": "prepare, train if needed, and write scores.csv",
}


def add(commands: Any) -> None:
    """Add the commands."""
    for name, text in _STEPS.items():
        _add_step(commands, name, text)
    _add_generate(commands)
    _add_report(commands)


def _add_step(commands: Any, name: str, text: str) -> None:
    flags = _add_preparing if name == "prepare" else _add_settings
    parser = add_command(commands, name, _step, text, flags=flags)
    parser.set_defaults(last=name)


def _add_generate(commands: Any) -> None:
    text = "make presentations with a trained generator, for --auxiliary"
    add = add_command(commands, "generate", _generate, text).add_argument
    add("--checkpoint", type=Path, required=True, metavar="FILE", help="the generator's model")
    add("--count", type=whole, required=True, metavar="N", help="pictures, or pairs of them")
    add("--out", type=Path, required=True, metavar="DIR", help="an empty or begun folder")
    add("--seed", type=whole, default=0, help="the same seed gives the same pictures (default: 0)")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N")


def _generate(options: argparse.Namespace) -> int:
    from fasharness.common.progress import Terminal
    from fasharness.plugins import load
    from fasharness.run.generating import generate

    card = generate(
        options.checkpoint,
        options.out,
        load(),
        Terminal(sys.stderr),
        count=options.count,
        seed=options.seed,
        device=options.device,
    )
    show(f"{card.count} pictures of {card.generator} in {options.out}")
    return 0


_KINDS: Mapping[Any, Any] = {str: None, int: whole, float: decimal}


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting of a run, and the flags that are not settings."""
    import dataclasses  # here, since `fasharness --help` does not need it and it is slow to import

    from fasharness.run.settings import Flag, Settings, flag_name

    add = parser.add_argument
    add(
        "--config",
        type=Path,
        metavar="FILE",
        help="YAML file of flags; the command line overrides it",
    )
    for setting in dataclasses.fields(Settings):
        flag = Flag.of(setting)
        if flag.read is dict:
            add(flag_name(setting.name), action="append", metavar=flag.metavar, help=flag.help)
        else:
            kind: Any = _KINDS.get(flag.read, flag.read)
            add(flag_name(setting.name), type=kind, metavar=flag.metavar, help=flag.help)
    add("--store", type=Path, metavar="DIR", help="the clip store (default: in the cache)")
    add("--resume", action="store_true", help="continue an interrupted run (always done)")
    add("--quiet", action="store_true", help="no progress")


def _add_preparing(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a run, and that of the folders that published codes read."""
    _add_settings(parser)
    text = "also write all frames with boxes and depth, as the published codes read them"
    parser.add_argument("--export", type=Path, metavar="DIR", help=text)


def _add_report(commands: Any) -> None:
    text = "write the page of a run or a score file, or one page comparing several"
    parser = add_command(commands, "report", _report, text)
    add = parser.add_argument
    add(
        "runs",
        type=Path,
        nargs="+",
        metavar="RUN",
        help="a run's folder, a score file, or JSON of `evaluate --out`; the first is the basis",
    )
    add("--out", type=Path, metavar="FILE", help="a page, .html (several runs: comparison.html)")
    add("--pdf", action="store_true", help="also print the page as PDF (needs Chromium or Chrome)")
    add("--plots", type=Path, metavar="DIR", help="also write every plot as PNG, SVG and CSV")
    add("--pictures", action="store_true", help="show the faces of the worst errors, real ones too")
    add("--store", type=Path, metavar="DIR", help="the clip store (default: in the cache)")
    # Named, since a run's folder keeps the rules that it was evaluated by.
    add_rules(parser, "of score files: rule on dev scores (default: eer)")


def _step(options: argparse.Namespace) -> int:
    import fasharness
    from fasharness.run.config import merge

    flags = vars(options)
    target = flags.pop("export", None)
    given = merge(flags)
    outcome = fasharness.run(last=options.last, **given)
    if target is not None:
        return _export(outcome.folder, target, given)
    if outcome.result is not None:
        _print_result(outcome.result)
        show(f"report: {outcome.folder / 'report.html'}")
    else:
        show(f"run folder: {outcome.folder}")
    return 0


def _export(folder: Path, target: Path, given: Mapping[str, Any]) -> int:
    """Write frames, boxes and depth; presentations that fail are named, the others written."""
    from fasharness.common.paths import clip_store_dir
    from fasharness.common.progress import Terminal
    from fasharness.plugins import load
    from fasharness.run.finished import export_frames

    console = Terminal(sys.stderr, quiet=given.get("quiet", False))
    store = Path(given.get("store") or clip_store_dir())
    jobs = int(given.get("jobs", 0))
    results = export_frames(folder, target, load(), console, store, jobs)
    failed = [result for result in results if result.problem]
    for result in failed:
        show(f"not written: {result.id}: {result.problem}")
    show(f"{len(results) - len(failed)} of {len(results)} presentations in {target}")
    return 2 if failed else 0


def _print_result(result: Result | FoldsResult) -> None:
    from fasharness.report.text import table

    show(table(result))


def _report(options: argparse.Namespace) -> int:
    from fasharness import report
    from fasharness.report import pdf

    if options.out is not None and options.out.is_dir():
        raise OptionError(f"--out {options.out}: is a folder; name the page's file")
    if options.out is not None and options.out.suffix.lower() != ".html":
        raise OptionError(f"--out {options.out}: the page's file must end in .html")
    if options.plots is not None and options.plots.exists() and not options.plots.is_dir():
        raise OptionError(f"--plots {options.plots}: is not a folder")
    # A shell's completion ends at the file; the run is the folder around it.
    options.runs = [path.parent if path.name == "result.json" else path for path in options.runs]
    _check_inputs(options)
    if options.pictures:
        _draw_pictures(options.runs, options.store)
    runs = _read_runs(options)
    if options.out is None and len(runs) == 1 and not runs[0].file:
        target = report.write(options.runs[0])
    else:
        target = report.write_page(runs, options.out or _page_of(options.runs))
    show(f"report: {target}")
    if options.plots is not None:
        written = report.write_plots(runs, options.plots)
        show(f"plots: {len(written)} files in {options.plots}")
    if options.pdf:
        show(f"PDF: {pdf.write(target)}")
    return 0


def _check_inputs(options: argparse.Namespace) -> None:
    """Refuse flags that mean nothing to what is reported."""
    from fasharness.evaluation.evaluate import EvaluationOptions

    folders = [path for path in options.runs if path.is_dir()]
    if options.pictures and len(folders) < len(options.runs):
        raise OptionError("--pictures needs the folders of runs: score files have no pictures")
    usual = EvaluationOptions()
    given = [name for name, value in rules_of(options).items() if getattr(usual, name) != value]
    if given and len(folders) == len(options.runs):
        raise OptionError(
            "rules are for score files, and a run keeps those that it was evaluated by: name "
            "RUN/scores.csv, or use `fasharness evaluate RUN`"
        )


def _read_runs(options: argparse.Namespace) -> Sequence[Run]:
    import fasharness
    from fasharness.report.runs import read_several

    rules = rules_of(options)
    return read_several(options.runs, lambda found: fasharness.evaluate(found, more=True, **rules))


def _page_of(runs: Sequence[Path]) -> Path:
    """Name the page: of one score file after it, of several after what it does."""
    from fasharness.scorefiles import refuse_run_folder

    target = Path("comparison.html" if len(runs) > 1 else f"{runs[0].stem}.html")
    refuse_run_folder(target.parent)
    return target


def _draw_pictures(runs: Sequence[Path], store: Path | None) -> None:
    from fasharness.common.paths import clip_store_dir
    from fasharness.common.progress import Terminal
    from fasharness.plugins import load
    from fasharness.run.finished import draw_pictures

    plugins, console = load(), Terminal(sys.stderr)
    for run in runs:
        draw_pictures(run, plugins, console, store or clip_store_dir())
