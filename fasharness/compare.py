"""Two sets of scores on the same test presentations: differences with intervals and tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fasharness.errors import DataError
from fasharness.evaluate import EvaluationOptions, evaluate
from fasharness.figures import part, sample_of
from fasharness.metrics import bootstrap, comparison
from fasharness.metrics.arrays import Floats
from fasharness.result import Evaluation
from fasharness.scores import Score

_KEYS = ("acer", "apcer", "bpcer", "apcer_pooled", "hter", "eer", "auc")

_WORDS = (
    "{:.0%} percentile intervals of second - first: the same test subjects are drawn for both "
    "runs, thresholds stay fixed; ACER's p-value swaps the runs at random subject by subject; "
    "McNemar's exact test takes presentations for independent"
)


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


@dataclass(frozen=True)
class Comparison:
    """What two runs say about the same test presentations.

    Attributes:
        differences: the metrics side by side.
        acer_p: chance of an ACER difference at least as large if the runs were interchangeable
            for each subject.
        mcnemar_bona_fide: p-value of McNemar's exact test on bona fide decisions.
        mcnemar_attack: the same on attack decisions.
        shared: how many test presentations both runs scored.
        dropped: test presentations that only one of them scored.
        words: what was done, in words.
    """

    differences: tuple[Difference, ...]
    acer_p: float
    mcnemar_bona_fide: float
    mcnemar_attack: float
    shared: int
    dropped: tuple[str, ...]
    words: str


def compare(
    first: Sequence[Score],
    second: Sequence[Score],
    options: EvaluationOptions | None = None,
) -> Comparison:
    """Compare two runs on the test presentations that both scored, each at its own threshold.

    Args:
        first: scores of the first run.
        second: scores of the second run.
        options: as for `evaluate`; the same draws serve both runs.

    Returns:
        The comparison.

    Raises:
        DataError: when the runs disagree about a presentation, share none or cannot be evaluated.
    """
    options = options or EvaluationOptions()
    shared = _shared(first, second)
    pair = (_restrict(first, shared), _restrict(second, shared))
    evaluations = tuple(evaluate(scores, options) for scores in pair)
    cuts = (evaluation.threshold.value for evaluation in evaluations)
    one, two = map(_Decided.of, pair, cuts)
    both = (one.replicates(options), two.replicates(options))
    return Comparison(
        tuple(_difference(key, evaluations, both, options) for key in _KEYS),
        comparison.swap_test(one.sample, one.wrong, two.wrong, options.replicates, options.seed),
        comparison.mcnemar(one.errors(attack=False), two.errors(attack=False)),
        comparison.mcnemar(one.errors(attack=True), two.errors(attack=True)),
        len(shared),
        tuple(sorted(_scored(first) ^ _scored(second))),
        _WORDS.format(options.confidence),
    )


@dataclass(frozen=True, eq=False)
class _Decided:
    """A test split with the decisions of a threshold."""

    sample: bootstrap.Sample
    cut: float
    wrong: NDArray[np.bool_]

    @staticmethod
    def of(scores: Sequence[Score], cut: float) -> "_Decided":
        """Decide on the test split of a run."""
        sample = sample_of(part(scores, "test"))
        return _Decided(sample, cut, (sample.scores >= cut) == (sample.species > 0))

    def errors(self, attack: bool) -> NDArray[np.bool_]:
        """Which presentations of a class are on the wrong side."""
        return np.asarray(self.wrong[(self.sample.species > 0) == attack])

    def replicates(self, options: EvaluationOptions) -> Mapping[str, Floats]:
        """Compute every figure in every replicate; one seed gives both runs the same draws."""
        draws = bootstrap.draw(self.sample.cluster_count, options.replicates, options.seed)
        return bootstrap.gather(bootstrap.figures(self.sample, self.cut, (), w) for w in draws)


def _scored(scores: Sequence[Score]) -> set[str]:
    """Name the test presentations with a score."""
    return {s.presentation for s in scores if s.split == "test" and not s.failed}


def _shared(first: Sequence[Score], second: Sequence[Score]) -> set[str]:
    """Find what both scored, and refuse runs that contradict each other about it."""
    shared = _scored(first) & _scored(second)
    if not shared:
        raise DataError("the two runs share no scored test presentation; same protocol?")
    kinds = [
        {s.presentation: (s.species, s.group, s.subject) for s in scores if s.split == "test"}
        for scores in (first, second)
    ]
    for name in sorted(shared):
        if kinds[0][name] != kinds[1][name]:
            raise DataError(
                f"presentation {name!r} is {kinds[0][name]} in one run and {kinds[1][name]} in "
                "the other (species, group, subject); compare runs of one protocol"
            )
    return shared


def _restrict(scores: Sequence[Score], shared: set[str]) -> list[Score]:
    """Keep dev and the shared part of test, in one order for both runs."""
    kept = [s for s in scores if s.split != "test" or s.presentation in shared]
    return sorted(kept, key=lambda s: s.presentation)


def _difference(
    key: str,
    evaluations: tuple[Evaluation, ...],
    replicates: Sequence[Mapping[str, Floats]],
    options: EvaluationOptions,
) -> Difference:
    """Put one metric side by side."""
    first, second = (evaluation.metric(key).value for evaluation in evaluations)
    if first is None or second is None:
        raise DataError(f"{key} is absent: {evaluations[0].metric(key).reason}")
    apart: NDArray[np.float64] = replicates[1][key] - replicates[0][key]
    usable = apart[np.isfinite(apart)]
    if usable.size < 0.9 * apart.size or np.ptp(usable) == 0:
        return Difference(key, first, second, None, None)
    return Difference(key, first, second, *bootstrap.percentile(usable, options.confidence))
