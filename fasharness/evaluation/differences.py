"""Differences of two runs that decided on the same presentations: intervals and tests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.evaluation.figures import sample_of, scored_split
from fasharness.metrics import bootstrap, comparison, intervals, resampled
from fasharness.metrics.arrays import Floats
from fasharness.result import Evaluation
from fasharness.scores import Score

_RATES = ("acer", "apcer", "bpcer", "apcer_pooled", "hter")
_CURVE = ("eer", "eer_pooled", "auc", "auc_pooled")
_NONE = (None, None)


@dataclass(frozen=True)
class Difference:
    """A metric of two runs on the same presentations.

    Attributes:
        name: the metric.
        first: its value in the first run.
        second: its value in the second run.
        low: lower end of the interval of second - first, None where there is none.
        high: upper end of it.
    """

    name: str
    first: float
    second: float
    low: float | None
    high: float | None

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first


@dataclass(frozen=True, eq=False)
class DecidedSplit:
    """A test split with its errors at a threshold.

    Attributes:
        sample: the scores.
        cut: the threshold.
        wrong: bool (N,), which presentations are on the wrong side.
    """

    sample: bootstrap.Sample
    cut: float
    wrong: NDArray[np.bool_]

    @staticmethod
    def of(scores: Sequence[Score], cut: float) -> "DecidedSplit":
        """Decide on the test split of a run."""
        sample = sample_of(scored_split(scores, "test"))
        return DecidedSplit(sample, cut, (sample.scores >= cut) == (sample.species > 0))

    def replicates(self, options: EvaluationOptions) -> Mapping[str, Floats]:
        """Compute every figure in every replicate; one seed gives both runs the same draws."""
        # Paired: the same seed and the same cluster numbers draw the same subjects for both runs;
        # independent draws would make the interval of the difference too wide.
        draws = bootstrap.draw(self.sample.cluster_count, options.replicates, options.seed)
        return bootstrap.gather(bootstrap.figures(self.sample, self.cut, (), w) for w in draws)


def rates(
    one: DecidedSplit, two: DecidedSplit, options: EvaluationOptions
) -> tuple[Difference, ...]:
    """Compare the rates at the thresholds.

    Args:
        one: the first run.
        two: the second run, on the same presentations in the same order.
        options: as for `evaluate`.

    Returns:
        A difference for each rate, without interval if the runs made the same decisions.
    """
    first, second = (
        intervals.of_decisions(run.sample, run.cut, options.confidence) for run in (one, two)
    )
    same, found = np.array_equal(one.wrong, two.wrong), []
    for key in _RATES:
        limits = None if same else intervals.difference(first[key], second[key]).limits
        found.append(Difference(key, first[key].value, second[key].value, *(limits or _NONE)))
    return tuple(found)


class Chances(NamedTuple):
    """P-values of the differences between two runs.

    Attributes:
        acer: of the ACER difference.
        bona_fide: of the decisions on bona fide presentations.
        attack: of those on attacks.
    """

    acer: float
    bona_fide: float
    attack: float


def chances(one: DecidedSplit, two: DecidedSplit, options: EvaluationOptions) -> Chances:
    """Test whether two runs differ, by swapping them subject by subject.

    Args:
        one: the first run.
        two: the second run, on the same presentations in the same order.
        options: as for `evaluate`.

    Returns:
        The p-values.
    """
    pairs = []
    for attack in (False, True):
        kept = (one.sample.species > 0) == attack
        pairs.append((one.wrong[kept], two.wrong[kept], one.sample.clusters[kept]))
    return Chances(
        comparison.swap_test(one.sample, one.wrong, two.wrong, options.replicates, options.seed),
        *(comparison.mcnemar(*pair) for pair in pairs),
    )


def of_curve(
    evaluations: tuple[Evaluation, Evaluation],
    one: DecidedSplit,
    two: DecidedSplit,
    options: EvaluationOptions,
) -> Iterator[Difference]:
    """Compare EER and AUC, over the same draws of both runs.

    Args:
        evaluations: of both runs.
        one: the first run.
        two: the second run, on the same presentations in the same order.
        options: as for `evaluate`.

    Yields:
        A difference for each, without interval if it is the same in every draw.

    Raises:
        DataError: when a run lacks the figure.
    """
    drawn = one.replicates(options), two.replicates(options)
    clusters = one.sample.cluster_count
    for key in _CURVE:
        first, second = (evaluation.metric(key) for evaluation in evaluations)
        if first.value is None or second.value is None:
            raise DataError(f"{key} is absent: {first.reason}")
        pair = np.stack([one[key] for one in drawn])
        usable, limits = pair[:, np.isfinite(pair).all(axis=0)], None
        # As in `resampling`: the few complete replicates would describe another split.
        if usable.shape[1] >= 0.9 * pair.shape[1] and np.ptp(usable[1] - usable[0]) > 0:
            values = first.value, second.value
            estimates = (
                _estimate(value, row, clusters, options)
                for value, row in zip(values, usable, strict=True)
            )
            limits = intervals.difference(*estimates).limits
        yield Difference(key, first.value, second.value, *(limits or _NONE))


def _estimate(
    value: float, replicates: Floats, clusters: int, options: EvaluationOptions
) -> intervals.Estimate:
    """Estimate a figure of the curve; its replicates show how it varies with the other run's."""
    limits = None
    if 0 < value < 1:
        limits = resampled.log_odds(replicates, value, clusters, options.confidence)
    elif np.ptp(replicates) > 0:
        limits = resampled.expanded(replicates, clusters, options.confidence)
    return intervals.Estimate(value, limits, replicates - replicates.mean())
