"""Commands about the installation and the data: validate, ls, info and data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, add_group, show, tell
from fasharness.errors import OptionError

if TYPE_CHECKING:
    from fasharness.dataset import Dataset, Finding
    from fasharness.plugins import Plugins
    from fasharness.released.face_check import Checked

_LISTS = (
    "plugins", "commands", "methods", "datasets", "protocols", "simulators", "metrics", "detectors"
)  # fmt: skip


def add(commands: Any) -> None:
    """Add the commands."""
    _add_validate(commands)
    _add_ls(commands)
    add_command(commands, "info", _info, "versions, kernels in use and devices")
    _add_data(commands)


def _add_validate(commands: Any) -> None:
    parser = add_command(commands, "validate", _validate, "check a data set's folder")
    add = parser.add_argument
    add("--protocol", required=True, help="e.g. oulu1; see `fasharness ls protocols`")
    add(
        "--data",
        type=Path,
        metavar="DIR",
        help="its folder (default: set by `data set`)",
    )
    text = "compare its face boxes with a detector, on N videos of each device and class (0: all)"
    add("--faces", type=int, nargs="?", const=10, metavar="N", help=text)
    add("--detector", default="mtcnn", help="for --faces (default: mtcnn)")


def _add_ls(commands: Any) -> None:
    parser = add_command(commands, "ls", _ls, "what is installed")
    text = "what to list (default: plugins)"
    add = parser.add_argument
    add("what", nargs="?", choices=_LISTS, default="plugins", help=text)
    text = "of protocols: those of this data set, each fold with its counts and convention"
    add("dataset", nargs="?", help=text)


def _add_data(commands: Any) -> None:
    inner = add_group(commands, "data", "folders of data sets")
    setter = add_command(inner, "set", _data_set, "remember a data set's folder")
    setter.add_argument("dataset", help="e.g. oulu-npu; see `fasharness ls datasets`")
    setter.add_argument("folder", type=Path, help="the data set's folder")


def _validate(options: argparse.Namespace) -> int:
    from fasharness.common.progress import Terminal
    from fasharness.dataset import JointDataset, environment_variable
    from fasharness.plugins import load
    from fasharness.run.data_roots import configured

    plugins = load()
    dataset_class = plugins.dataset_of(options.protocol)
    if issubclass(dataset_class, JointDataset):
        raise OptionError(
            f"{options.protocol} joins data sets: validate a protocol of each of "
            f"{', '.join(dataset_class.members)}"
        )
    root = options.data or configured(dataset_class.name)
    if root is None:
        raise OptionError(
            f"no folder of {dataset_class.title} is configured: give it with --data, "
            f"{environment_variable(dataset_class.name)} or `fasharness data set "
            f"{dataset_class.name} DIR`"
        )
    folds = dataset_class.folds.get(options.protocol, (options.protocol,))
    dataset = plugins.open_dataset(dataset_class, root)
    with Terminal(sys.stderr).bar("check", "files") as advance:
        checked = dataset.validate(folds, lambda done, total: advance(done, total, ""))
    faces = _faces(dataset, folds, options, plugins)
    findings = [*checked.findings, *_mixed(checked.findings, dataset, plugins), *faces.findings]
    for finding in findings:
        show(f"{finding.kind}: {finding.name}: {finding.detail}")
    for note in (*checked.notes, *faces.notes):
        show(f"note: {note}")
    marker = " (SIMULATED)" if dataset.simulated else ""
    show(f"{root}{marker}: {checked.checked} files, {len(findings)} findings")
    for fold, counts in checked.counts.items():
        show(f"{fold} (bona fide + attack present of expected): {counts}")
    return 2 if findings else 0


def _faces(
    dataset: Dataset, folds: Sequence[str], options: argparse.Namespace, plugins: Plugins
) -> Checked:
    """Compare face boxes with a detector, if asked for."""
    from fasharness.released.face_check import Checked, check_faces, upright_by

    if options.faces is None:
        return Checked((), ())
    if options.faces < 0:
        raise OptionError(f"--faces must be a number from 0, got {options.faces}")
    detector = plugins.make("detector", options.detector, "cpu")
    shown = {p.id: p for fold in folds for _, p in dataset.protocol(fold).items()}
    frame_of = upright_by(plugins.hook.fasharness_decode)
    return check_faces(dataset, tuple(shown.values()), detector, frame_of, options.faces)


def _mixed(findings: Sequence[Finding], dataset: Dataset, plugins: Plugins) -> Iterator[Finding]:
    """Yield other data sets that files or folders without a place in this one belong to."""
    from fasharness.dataset import Finding

    extra = [finding.name for finding in findings if finding.kind == "extra"]
    for other in plugins.datasets().values():
        if count := sum(map(other.owns, extra)):
            yield Finding("mixed", other.title, f"{count} of the extra files are of this set")
        elif other.name != dataset.name and other.claims(dataset.root):
            yield Finding("mixed", other.title, "its folders are in this root too")


def _ls(options: argparse.Namespace) -> int:
    from fasharness.plugins import load

    plugins = load()
    if options.dataset is not None:
        if options.what != "protocols":
            raise OptionError(f"ls {options.what} lists all; only protocols are of a data set")
        show("\n".join(_folds(plugins.dataset(options.dataset))))
        return 0
    lines = {
        "plugins": lambda: [f"{name}\t{text}" for name, text in plugins.versions.items()],
        "methods": lambda: _methods(plugins),
        "metrics": lambda: [*_own_metrics(), *_offers(plugins, "metric")],
        "detectors": lambda: _offers(plugins, "detector"),
        "simulators": lambda: _offers(plugins, "simulator"),
        "commands": lambda: _offers(plugins, "command"),
        "datasets": lambda: [_dataset(dataset) for dataset in plugins.datasets().values()],
        "protocols": lambda: [
            f"{protocol}\t{dataset.title}"
            + (f", {len(folds)} folds" if len(folds) > 1 else "")
            + _lacking(dataset.offers(protocol), plugins)
            for dataset in plugins.datasets().values()
            for protocol, folds in dataset.folds.items()
        ],
    }[options.what]()
    for line in lines:
        show(line)
    for broken in plugins.broken:
        tell(f"broken: {broken.plugin}: {broken.cause}")
    return 0


def _lacking(dataset: type[Dataset] | None, plugins: Plugins) -> str:
    """Say of which members of a protocol over several data sets there is no folder."""
    from fasharness.dataset import JointDataset
    from fasharness.run.data_roots import absent

    if dataset is None or not issubclass(dataset, JointDataset):
        return ""
    missing = absent(dataset, plugins)
    return f"\tnot offered: no folder of {', '.join(missing)}" if missing else ""


def _dataset(dataset: type[Dataset]) -> str:
    """Describe a data set: its presentations and how many protocols there are, folds aside."""
    size = dataset.size
    held = "" if size is None else f"\t{sum(size)} presentations ({size})"
    inner = {fold for name, folds in dataset.folds.items() for fold in folds if fold != name}
    names = [name for name in dataset.folds if name not in inner]
    count = f"{len(names)} protocol" + ("" if len(names) == 1 else "s")
    return f"{dataset.name}\t{dataset.title}{held}\t{count}"


def _folds(dataset: type[Dataset]) -> Iterator[str]:
    """Describe each fold of a data set: bona fide + attack by split, dev rule, convention."""
    from fasharness.protocol import OFFICIAL

    for name, folds in dataset.folds.items():
        found = dataset.outline(name)
        if found is None:
            yield f"{name}\t{', '.join(folds)}"
            continue
        counts = ", ".join(
            f"{split} {count}" for split, count in found.counts.items() if any(count)
        )
        dev = "" if found.dev_rule == OFFICIAL else found.dev_rule
        rule = f"threshold {found.convention.threshold}"
        leaks = " (LEAKS)" if found.convention.leaks else ""
        parts = [counts, dev and f"dev: {dev}", f"{found.convention.metric}, {rule}{leaks}"]
        yield "\t".join([name, *filter(None, parts), found.words])


def _own_metrics() -> list[str]:
    from fasharness.report.numbers import MEANINGS, NAMES

    return [f"{name}\t{text}: {MEANINGS[name]}" for name, text in NAMES.items()]


def _methods(plugins: Plugins) -> list[str]:
    """List the methods; baselines are marked, as every result contains them anyway."""
    from fasharness.builtin.baselines import BASELINES

    notes = {name: f"\tbaseline, in every result: {text}" for name, text in BASELINES.items()}
    offers = plugins.offers("method")
    return [f"{offer.name}\t{offer.owner}{notes.get(offer.name, '')}" for offer in offers]


def _offers(plugins: Plugins, kind: str) -> list[str]:
    return [f"{offer.name}\t{offer.owner}" for offer in plugins.offers(kind)]


def _info(options: argparse.Namespace) -> int:
    del options
    from fasharness.common.paths import cache_dir
    from fasharness.engine.device import device_name, device_names
    from fasharness.plugins import load
    from fasharness.run.provenance import collect

    facts = collect(load())
    for name, text in facts["versions"].items():
        show(f"{name}: {text}")
    show(f"system: {facts['system']}")
    show(f"operators: {facts['operators']}")
    show(f"device: {device_name('auto')}")
    for name in device_names():
        show(f"available: {name}")
    show(f"cache: {cache_dir()}")
    return 0


def _data_set(options: argparse.Namespace) -> int:
    from fasharness.plugins import load
    from fasharness.run.data_roots import remember

    plugins = load()
    plugins.open_dataset(plugins.dataset(options.dataset), options.folder)
    show(f"{options.dataset}: {options.folder} (in {remember(options.dataset, options.folder)})")
    return 0
