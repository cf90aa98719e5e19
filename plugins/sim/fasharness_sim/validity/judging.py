"""All figures and verdicts of the report, out of what was measured of each video."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from fasharness.data import Presentation
from fasharness.dataset import Dataset
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.protocol import Protocol
from fasharness_sim.validity import checks, scorers, spectra, summary
from fasharness_sim.validity.measuring import Measured
from fasharness_sim.validity.records import SCHEMA, Validity

NOTICE = "SIMULATED data: this report judges the simulation, not any method on real attacks."


def judge(
    dataset: Dataset,
    simulation: Mapping[str, object],
    folds: Mapping[str, Sequence[Protocol]],
    protocols: Mapping[str, str],
    shown: Sequence[Presentation],
    findings: Mapping[str, Measured],
    seed: int,
) -> Validity:
    """Put the report together.

    Args:
        dataset: the simulated data set.
        simulation: what the folder says of itself.
        folds: protocol to its folds.
        protocols: see `checks.classic`.
        shown: every presentation of these.
        findings: what was measured of them.
        seed: of the intervals.

    Returns:
        The report.
    """
    options = EvaluationOptions(seed=seed)
    every = tuple(chain.from_iterable(folds.values()))
    species = summary.by_species(shown, findings)
    rows = (scorers.rows(name, group, findings, options) for name, group in folds.items())
    found = Validity(
        schema=SCHEMA,
        simulated=True,
        notice=NOTICE,
        dataset=dataset.title,
        simulation=simulation,
        protocols=tuple(folds),
        videos=len(shown),
        seed=seed,
        holds=False,
        checks=(),
        counts=summary.counts(every),
        scorers=tuple(chain.from_iterable(rows)),
        detection=summary.detection(species),
        parallax=summary.parallax(species),
        frequencies=tuple(map(float, spectra.frequencies())),
        spectra=summary.spectrum(species),
        identity=summary.identity(every, findings),
    )
    verdicts = checks.verdicts(found, protocols)
    return replace(found, checks=verdicts, holds=all(check.holds for check in verdicts))
