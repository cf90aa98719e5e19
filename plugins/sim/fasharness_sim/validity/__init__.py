"""The validity report: whether a simulated folder tests what it is meant to test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness.common.files import write_text
from fasharness.common.marks import need_simulation
from fasharness.data import Presentation
from fasharness.dataset import Dataset
from fasharness.errors import DataError, OptionError, UnknownNameError
from fasharness.protocol import Protocol

if TYPE_CHECKING:
    from fasharness_sim.validity.records import Validity

Folds = Mapping[str, tuple[Protocol, ...]]


def validate(
    dataset: Dataset,
    out: Path,
    protocols: Mapping[str, str],
    *,
    chosen: Sequence[str] | None = None,
    jobs: int = 0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Validity:
    """Judge a simulated folder, and write ``validity.json`` and ``validity.html``.

    Args:
        dataset: the data set on what the simulator wrote.
        out: where the report goes; ``features`` below it keeps what was measured of each video,
            so that a second call measures only what is new.
        protocols: the data set's protocols, each in words; classic baselines are judged on the
            first and should find the last harder.
        chosen: on which protocols (or single folds) scorers are judged; None for `protocols`.
        jobs: number of processes, 0 for one per core.
        seed: of the intervals' bootstrap, 0 or above.
        progress: called with (videos measured, videos in all).

    Returns:
        What stands in ``validity.json``.

    Raises:
        DataError: the folder is not a finished simulation, a video is missing or broken, or there
            are too few subjects for intervals.
        OptionError: jobs or seed are negative, or a package of the classic scorers is missing.
        UnknownNameError: there is no such protocol.
        RunError: a worker was killed.
    """
    from fasharness_sim.validity.needs import need_scorers

    # Before the imports that need it.
    need_scorers()
    from fasharness.common import records
    from fasharness.common.workers import default_jobs
    from fasharness_sim.validity.judging import judge
    from fasharness_sim.validity.measuring import measure_all
    from fasharness_sim.validity.page import page

    if seed < 0 or jobs < 0:
        raise OptionError(f"seed and jobs must be 0 or above, got seed {seed} and jobs {jobs}")
    simulation = need_simulation(dataset.root)
    folds = _folds(dataset, tuple(protocols) if chosen is None else chosen, protocols)
    shown = _presentations(folds)
    say = progress or _silent
    findings = measure_all(dataset, shown, out / "features", jobs or default_jobs(), say)
    found = judge(dataset, simulation, folds, protocols, shown, findings, seed)
    write_text(out / "validity.json", records.dumps(found))
    write_text(out / "validity.html", page(found))
    return found


def _silent(done: int, total: int) -> None:
    """Report nothing."""


def _folds(dataset: Dataset, chosen: Sequence[str], protocols: Iterable[str]) -> Folds:
    """Build the folds of the protocols asked for."""
    if not chosen:
        raise OptionError(f"no protocol to judge; there are {', '.join(protocols)}")
    unknown = [name for name in chosen if name not in dataset.folds]
    if unknown:
        raise UnknownNameError("protocol", unknown[0], dataset.folds)
    found = {n: tuple(map(dataset.protocol, dataset.folds[n])) for n in dict.fromkeys(chosen)}
    for name, folds in found.items():
        tested = {shown.subject for fold in folds for shown in fold.test}
        if len(tested) < 2:
            raise DataError(
                f"{dataset.root}: {name} tests on subject {', '.join(tested)} alone; intervals "
                "need two at least: simulate more users, or judge other protocols"
            )
    return found


def _presentations(folds: Folds) -> list[Presentation]:
    """List every presentation once, and check that its video exists."""
    every = chain.from_iterable(fold.items() for group in folds.values() for fold in group)
    shown = sorted({p.id: p for _, p in every}.values(), key=lambda p: p.id)
    missing = [p.path for p in shown if not p.path.is_file()]
    if missing:
        raise DataError(
            f"{missing[0]}: no such video ({len(missing)} of {len(shown)} are missing); repeat "
            "the command that simulated the folder"
        )
    return shown
