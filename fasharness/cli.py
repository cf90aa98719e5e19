"""The command line: argument parsing and printing only."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness import __version__
from fasharness.errors import FasharnessError, OptionError

if TYPE_CHECKING:
    from fasharness.plugins import Plugins
    from fasharness.result import FoldsResult, Result

_STEPS = {
    "run": "the whole chain, from videos to a report",
    "prepare": "decode, detect, crop and depth: fill the clip store",
    "train": "prepare and train",
    "score": "prepare, train if needed, and write scores.csv",
}
_STYLES = ("terminal", "markdown", "latex", "csv", "html")
_LISTS = ("plugins", "methods", "datasets", "protocols", "metrics", "detectors")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the words after the program's name; None takes them from the process.

    Returns:
        The exit code: 0 done, 2 something is the user's to mend, 130 interrupted.
    """
    # On shared machines OpenMP's spinning threads wait for each other's time slices: a training
    # step took six times as long beside one busy process. It is read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except FasharnessError as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader, e.g. `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail(
                f"{error.filename or 'the disk'}: no space left; what is finished is kept: free "
                "some space and repeat the command"
            )
        return _fail(f"{error.filename or 'file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("fasharness: interrupted; repeat the command to go on from here", file=sys.stderr)
        return 130


def _fail(text: str) -> int:
    print(f"fasharness: error: {' '.join(text.split())}", file=sys.stderr)
    return 2


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command; nothing heavy is imported for it."""
    parser = argparse.ArgumentParser(
        prog="fasharness", description="One harness for face anti-spoofing."
    )
    parser.add_argument("--version", action="version", version=f"fasharness {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in _STEPS.items():
        _add_step(commands, name, text)
    _add_evaluate(commands)
    _add_tables(commands)
    _add_report(commands)
    _add_validate(commands)
    _add_ls(commands)
    _add(commands, "info", _info, "versions, kernels in use and devices")
    _add_data(commands)
    _add_weights(commands)
    return parser


def _add(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _add_step(commands: Any, name: str, text: str) -> None:
    parser = _add(commands, name, _step, text)
    parser.set_defaults(last=name)
    add = parser.add_argument
    add("--config", type=Path, metavar="FILE", help="YAML file of flags; the command line wins")
    add("--plugin", help="the method; see `fasharness ls methods`")
    add("--protocol", help="e.g. oulu1; see `fasharness ls protocols`")
    add("--preset", help="the method's preset (default: its first)")
    add("--option", action="append", metavar="KEY=VALUE", help="option of the method; repeatable")
    add("--data", type=Path, metavar="DIR", help="the data set's folder")
    add("--sim", metavar="SIZE", help="size of simulated data: mini, small or full")
    add("--faces", help="detector, or dataset for its own eye positions or boxes")
    add("--detector", help="name of the face detector (default: mtcnn)")
    add("--depth", metavar="DIR", help="folder of published depth maps")
    add("--depth-estimator", help="used where no depth comes with the data")
    add("--checkpoint", type=Path, metavar="FILE", help="score this model instead of training")
    add("--seed", type=int, help="of weights, order, augmentation and intervals (default: 0)")
    add("--device", help="auto, cpu, cuda or cuda:N")
    add("--precision", help="32-true, bf16-mixed or 16-mixed")
    add("--limit", type=int, metavar="N", help="take N presentations of each split")
    add("--max-failures", metavar="N", help="presentations that may fail: a number or 5%%")
    add("--out", type=Path, metavar="DIR", help="the run's folder (default: runs/NAME)")
    add("--jobs", type=int, metavar="N", help="processes (default: all cores)")
    add("--workers", type=int, metavar="N", help="processes that read clips while training")
    add("--save-every", type=float, metavar="S", help="seconds between training states")
    add("--store", type=Path, metavar="DIR", help="the clip store (default: in the cache)")
    add("--resume", action="store_true", help="go on where the run was (always done)")
    add("--quiet", action="store_true", help="no progress")


def _add_evaluate(commands: Any) -> None:
    parser = _add(commands, "evaluate", _evaluate, "metrics of a score file")
    add = parser.add_argument
    add("scores", type=Path, metavar="SCORES.csv")
    add("--threshold", default="eer", metavar="RULE", help="rule on dev scores (default: eer)")
    add("--allow-leaks", action="store_true", help="let the rule look at test (test:RULE)")
    add("--replicates", type=int, default=1000, metavar="N", help="bootstrap replicates")
    add("--seed", type=int, default=0, help="of the bootstrap")
    add("--interval", default="percentile", help="percentile (default) or bca")
    add("--confidence", type=float, default=0.95, metavar="SHARE", help="of the intervals")
    add("--compat", action="store_true", help="also what published codes would print")
    add("--out", type=Path, metavar="FILE", help="also write the evaluation as JSON")


def _add_tables(commands: Any) -> None:
    pair = _add(commands, "compare", _compare, "two score files of the same protocol, paired")
    pair.add_argument("first", type=Path, metavar="A.csv")
    pair.add_argument("second", type=Path, metavar="B.csv")
    board = _add(commands, "leaderboard", _leaderboard, "all runs below a folder")
    board.add_argument("folder", type=Path, metavar="DIR")
    for parser in (pair, board):
        parser.add_argument("--style", default="terminal", help=", ".join(_STYLES))
    convert = _add(commands, "convert", _convert, "score files of other tools, in and out")
    formats = "csv, bob-csv, four-column, five-column, oulu or labelled"
    convert.add_argument("--from", dest="source", required=True, metavar="FORMAT", help=formats)
    convert.add_argument("--to", dest="target", required=True, metavar="FORMAT")
    convert.add_argument("--dev", type=Path, metavar="FILE")
    convert.add_argument("--test", type=Path, metavar="FILE")
    convert.add_argument("out", type=Path, metavar="DIR")


def _add_report(commands: Any) -> None:
    parser = _add(commands, "report", _report, "write a run's report.html anew")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")


def _add_validate(commands: Any) -> None:
    parser = _add(commands, "validate", _validate, "check a data set's folder")
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--data", type=Path, metavar="DIR")


def _add_ls(commands: Any) -> None:
    parser = _add(commands, "ls", _ls, "what is installed")
    parser.add_argument("what", nargs="?", choices=_LISTS, default="plugins")


def _add_data(commands: Any) -> None:
    parser = commands.add_parser("data", help="folders of data sets")
    inner = parser.add_subparsers(required=True, metavar="ACTION")
    setter = _add(inner, "set", _data_set, "remember a data set's folder")
    setter.add_argument("dataset")
    setter.add_argument("folder", type=Path)


def _add_weights(commands: Any) -> None:
    parser = commands.add_parser("weights", help="published weights")
    inner = parser.add_subparsers(required=True, metavar="ACTION")
    getter = _add(inner, "get", _weights_get, "fetch published weights once, checked by hash")
    getter.add_argument("name")


def _step(options: argparse.Namespace) -> int:
    from fasharness.config import build, merge
    from fasharness.paths import cache_dir
    from fasharness.plugins import load
    from fasharness.progress import Terminal
    from fasharness.run import run

    values = merge(vars(options))
    store = Path(values.pop("store", None) or cache_dir() / "clips")
    quiet = bool(values.pop("quiet", False))
    settings = build(values)
    console = Terminal(sys.stderr, quiet=quiet)
    outcome = run(settings, load(), console, store, options.last)
    if outcome.result is not None:
        _print_result(outcome.result)
        print(f"report: {outcome.folder / 'report.html'}")
    else:
        print(f"run folder: {outcome.folder}")
    return 0


def _print_result(result: Result | FoldsResult) -> None:
    from fasharness.report.text import table

    print(table(result))


def _evaluate(options: argparse.Namespace) -> int:
    from fasharness.evaluate import EvaluationOptions, evaluate
    from fasharness.files import write_text
    from fasharness.plugins import load
    from fasharness.report.text import evaluation_json, evaluation_table
    from fasharness.scores import read_csv

    rules = EvaluationOptions(
        threshold_rule=options.threshold,
        replicates=options.replicates,
        seed=options.seed,
        allow_leaks=options.allow_leaks,
        interval=options.interval,
        confidence=options.confidence,
        compat=options.compat,
    )
    scores = read_csv(options.scores)
    evaluation = evaluate(scores, rules, {m.name: m.make for m in load().offers("metric")})
    simulated = any(score.simulated for score in scores)
    print(evaluation_table(evaluation, simulated))
    if options.out is not None:
        write_text(options.out, evaluation_json(evaluation, simulated))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from fasharness.compare import compare
    from fasharness.leaderboard import comparison
    from fasharness.report.grid import render
    from fasharness.scores import read_csv

    found = compare(read_csv(options.first), read_csv(options.second))
    names = (str(options.first), str(options.second))
    print(render(comparison(*names, found), options.style))
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    from fasharness.leaderboard import leaderboard
    from fasharness.report.grid import render

    print(render(leaderboard(options.folder), options.style))
    return 0


def _convert(options: argparse.Namespace) -> int:
    from fasharness.convert import load, save

    files = {s: p for s in ("dev", "test") if (p := getattr(options, s)) is not None}
    for path in save(options.target, options.out, load(options.source, files)):
        print(path)
    return 0


def _report(options: argparse.Namespace) -> int:
    from fasharness import report, result
    from fasharness.run import fold_scores

    if not (options.run / "result.json").is_file():
        raise OptionError(f"{options.run}: no finished run (it has no result.json)")
    found = result.read(options.run / "result.json")
    folds = [r.fold for r in found.folds] if isinstance(found, result.FoldsResult) else ["."]
    values = fold_scores(options.run, folds)
    print(f"report: {report.write(options.run, found, values, report.pictures(options.run))}")
    return 0


def _validate(options: argparse.Namespace) -> int:
    from fasharness.dataset import environment_variable
    from fasharness.plugins import load
    from fasharness.progress import Terminal
    from fasharness.roots import configured

    dataset_class = load().dataset_of(options.protocol)
    root = options.data or configured(dataset_class.name)
    if root is None:
        raise OptionError(
            f"no folder of {dataset_class.title} is configured: give it with --data, "
            f"{environment_variable(dataset_class.name)} or `fasharness data set "
            f"{dataset_class.name} DIR`"
        )
    folds = dataset_class.folds.get(options.protocol, (options.protocol,))
    dataset = dataset_class(root)
    with Terminal(sys.stderr).bar("check", "videos") as advance:
        checked = dataset.validate(folds, lambda done, total: advance(done, total, ""))
    for finding in checked.findings:
        print(f"{finding.kind}: {finding.name}: {finding.detail}")
    marker = " (SIMULATED)" if dataset.simulated else ""
    print(f"{root}{marker}: {checked.checked} videos, {len(checked.findings)} findings")
    for fold, counts in checked.counts.items():
        print(f"{fold} (bona fide + attack present of expected): {counts}")
    return 2 if checked.findings else 0


def _ls(options: argparse.Namespace) -> int:
    from fasharness.plugins import load

    plugins = load()
    lines = {
        "plugins": lambda: [f"{name}\t{text}" for name, text in plugins.versions.items()],
        "methods": lambda: _offers(plugins, "method"),
        "metrics": lambda: [*_own_metrics(), *_offers(plugins, "metric")],
        "detectors": lambda: _offers(plugins, "detector"),
        "datasets": lambda: [
            f"{name}\t{dataset.title}" for name, dataset in plugins.datasets().items()
        ],
        "protocols": lambda: [
            f"{protocol}\t{dataset.title}" + (f", {len(folds)} folds" if len(folds) > 1 else "")
            for dataset in plugins.datasets().values()
            for protocol, folds in dataset.folds.items()
        ],
    }[options.what]()
    for line in lines:
        print(line)
    for broken in plugins.broken:
        print(f"broken: {broken.plugin}: {broken.cause}", file=sys.stderr)
    return 0


def _own_metrics() -> list[str]:
    from fasharness.report.numbers import MEANINGS, NAMES

    return [f"{name}\t{text}: {MEANINGS[name]}" for name, text in NAMES.items()]


def _offers(plugins: Plugins, kind: str) -> list[str]:
    return [f"{offer.name}\t{offer.owner}" for offer in plugins.offers(kind)]


def _info(options: argparse.Namespace) -> int:
    del options
    from fasharness.engine.device import device_name, device_names
    from fasharness.paths import cache_dir
    from fasharness.plugins import load
    from fasharness.provenance import collect

    facts = collect(load())
    for name, text in facts["versions"].items():
        print(f"{name}: {text}")
    print(f"system: {facts['system']}")
    print(f"operators: {facts['operators']}")
    print(f"device: {device_name('auto')}")
    for name in device_names():
        print(f"available: {name}")
    print(f"cache: {cache_dir()}")
    return 0


def _data_set(options: argparse.Namespace) -> int:
    from fasharness.plugins import load
    from fasharness.roots import remember

    dataset = load().find("dataset", options.dataset).make()
    dataset(options.folder)
    print(f"{options.dataset}: {options.folder} (in {remember(options.dataset, options.folder)})")
    return 0


def _weights_get(options: argparse.Namespace) -> int:
    from fasharness.prepare.weights import get

    print(f"{options.name}: {get(options.name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
