"""The command line: argument parsing and printing only."""

from __future__ import annotations

import argparse
import dataclasses
import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness import __version__
from fasharness.errors import FasharnessError, OptionError, UnknownNameError

if TYPE_CHECKING:
    from fasharness.plugins import Plugins
    from fasharness.result import FoldsResult, Result
    from fasharness.settings import Settings

_STEPS = {
    "run": "the whole chain, from videos to a report",
    "prepare": "decode, detect, crop and depth: fill the clip store",
    "train": "prepare and train",
    "score": "prepare, train if needed, and write scores.csv",
}
_PATHS = ("data", "checkpoint", "out")
_LISTS = ("plugins", "methods", "datasets", "protocols", "metrics", "detectors")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the words after the program's name; None takes them from the process.

    Returns:
        The exit code: 0 done, 2 something is the user's to mend, 130 interrupted.
    """
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
    add("--precision", help="32-true, bf16-mixed, 16-mixed or 64-true")
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
    add("--out", type=Path, metavar="FILE", help="also write the evaluation as JSON")


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
    from fasharness.paths import cache_dir
    from fasharness.plugins import load
    from fasharness.progress import Terminal
    from fasharness.run import run

    values = _flags(options)
    store = Path(values.pop("store", None) or cache_dir() / "clips")
    quiet = bool(values.pop("quiet", False))
    settings = _settings(values)
    console = Terminal(sys.stderr, quiet=quiet)
    outcome = run(settings, load(), console, store, options.last)
    if outcome.result is not None:
        _print_result(outcome.result)
        print(f"report: {outcome.folder / 'report.html'}")
    else:
        print(f"run folder: {outcome.folder}")
    return 0


def _flags(options: argparse.Namespace) -> dict[str, Any]:
    """Flags of the command line over those of the configuration file."""
    given = {k: v for k, v in vars(options).items() if v is not None and v is not False}
    for name in ("command", "last", "config", "resume"):
        given.pop(name, None)
    given["option"] = dict(map(_key_value, given.get("option", [])))
    if options.config is None:
        return given
    known = set(vars(options)) - {"command", "last", "config"}
    values = _read_config(options.config, known)
    values["option"] = {**values.get("option", {}), **given["option"]}
    return {**values, **{k: v for k, v in given.items() if k != "option"}}


def _key_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"--option must be KEY=VALUE, got {text!r}")
    return key, value


def _read_config(path: Path, known: set[str]) -> dict[str, Any]:
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise OptionError(f"{path}: expected flags and values, got {type(values).__name__}")
    named = {str(key).replace("-", "_"): value for key, value in values.items()}
    for key in named:
        if key not in known:
            raise OptionError(f"{path}: {UnknownNameError('flag', key, known)}")
    options = named.get("option", {})
    if not isinstance(options, dict):
        raise OptionError(f"{path}: option must map names to values")
    named["option"] = {str(key): _yaml_text(value) for key, value in options.items()}
    named.pop("resume", None)
    return {key: value for key, value in named.items() if value is not None}


def _yaml_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _settings(values: dict[str, Any]) -> Settings:
    """Build the settings; types of configuration values are checked here."""
    from fasharness.settings import Settings

    for name in ("plugin", "protocol"):
        if not values.get(name):
            raise OptionError(f"--{name} is missing; see `fasharness ls`")
    defaults = {f.name: f.default for f in dataclasses.fields(Settings)}
    ready: dict[str, Any] = {}
    for name, value in values.items():
        if name in _PATHS:
            ready[name] = Path(str(value))
        elif name == "option":
            ready[name] = value
        elif isinstance(defaults[name], float | int):
            ready[name] = _number(name, value, type(defaults[name]))
        else:
            ready[name] = str(value)
    return Settings(**ready)


def _number(name: str, value: object, kind: Any) -> Any:
    word = "a whole number" if kind is int else "a number"
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or isinstance(value, bool) or (isinstance(value, float) and number != value):
        raise OptionError(f"--{name.replace('_', '-')} must be {word}, got {value!r}")
    return number


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
    )
    scores = read_csv(options.scores)
    evaluation = evaluate(scores, rules, {m.name: m.make for m in load().offers("metric")})
    simulated = any(score.simulated for score in scores)
    print(evaluation_table(evaluation, simulated))
    if options.out is not None:
        write_text(options.out, evaluation_json(evaluation, simulated))
    return 0


def _report(options: argparse.Namespace) -> int:
    from fasharness import report, result
    from fasharness.run import fold_scores

    found = result.read(options.run / "result.json")
    folds = [r.fold for r in found.folds] if isinstance(found, result.FoldsResult) else ["."]
    values = fold_scores(options.run, folds)
    print(f"report: {report.write(options.run, found, values)}")
    return 0


def _validate(options: argparse.Namespace) -> int:
    from fasharness.plugins import load
    from fasharness.progress import Terminal
    from fasharness.roots import configured

    dataset_class = load().dataset_of(options.protocol)
    root = options.data or configured(dataset_class.name)
    if root is None:
        raise OptionError(f"no folder of {dataset_class.title}: give it with --data")
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
        "metrics": lambda: _offers(plugins, "metric"),
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
