"""From scores to an evaluation: threshold on dev, rates on test, intervals over subjects."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from fasharness.common.memory import uncollected
from fasharness.counts import Counts, Failure, Outcome
from fasharness.errors import DataError, OptionError, UnknownNameError
from fasharness.evaluation import outcomes
from fasharness.evaluation.checks import check, check_subjects, doubtful_subjects
from fasharness.evaluation.figures import Figures, scored_split, smallest_rates
from fasharness.evaluation.plugin_metrics import measure
from fasharness.evaluation.published import published
from fasharness.evaluation.resampling import METHODS, Resampling
from fasharness.metric import MetricFunction
from fasharness.metrics import thresholds
from fasharness.metrics.points import STANDARD, Point, parse
from fasharness.result import Baseline, Evaluation, Metric, Published, Threshold
from fasharness.scores import SPLITS, Score

_FEW_SUBJECTS = 10
# Below it no rule for EER and AUC kept its confidence (benchmarks/results/coverage.md).
_FEW_ERRING = 5
_TEST_PREFIX = "test:"


@dataclass(frozen=True)
class EvaluationOptions:
    """How scores are evaluated.

    Attributes:
        threshold_rule: a rule of `fasharness.metrics.thresholds`; with the prefix ``test:``
            it uses the test split, which needs `allow_leaks`.
        replicates: bootstrap replicates.
        seed: seed of the bootstrap.
        confidence: of the intervals.
        interval: ``korn-graubard``; for comparison ``percentile``, ``bca`` (bootstrap), or
            ``exact`` (binomial, for independent presentations).
        max_failed_share: no figure is computed if more than this share of a class failed in the
            test split or in the split that chose the threshold.
        allow_leaks: whether a threshold may be chosen on the test split.
        allow_subject_overlap: whether a subject may be in two splits.
        published: whether to add what published evaluation codes would print.
        more: whether to add the metrics beyond the headline: areas, working points, d'.
        points: further figures of the test curve, names of `fasharness.metrics.points`.
    """

    threshold_rule: str = "eer"
    replicates: int = 1000
    seed: int = 0
    confidence: float = 0.95
    interval: str = METHODS[0]
    max_failed_share: float = 0.2
    allow_leaks: bool = False
    allow_subject_overlap: bool = False
    published: bool = False
    more: bool = False
    points: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse impossible options."""
        if self.replicates < 1:
            raise OptionError(f"replicates is {self.replicates}, expected at least 1")
        if self.seed < 0:
            raise OptionError(f"seed is {self.seed}, expected at least 0")
        self._check_shares()
        if self.interval not in METHODS:
            raise OptionError(f"interval {self.interval!r}, expected one of {', '.join(METHODS)}")
        if self.leaks and not self.allow_leaks:
            raise OptionError(
                f"threshold rule {self.threshold_rule!r} looks at the test split, which makes "
                "every figure too good; allow leaks to use it anyway, marked as LEAKS"
            )
        try:
            thresholds.parse(self.threshold_rule.removeprefix(_TEST_PREFIX))
            self.curve_points()
        except ValueError as error:
            raise OptionError(str(error)) from error

    def _check_shares(self) -> None:
        """Refuse shares outside [0, 1], e.g. ones given in per cent."""
        if not 0 < self.confidence < 1:
            raise OptionError(
                f"confidence is {self.confidence:g}, expected a share between 0 and 1, e.g. 0.95"
            )
        if not 0 <= self.max_failed_share <= 1:
            raise OptionError(
                f"max-failed (max_failed_share) is {self.max_failed_share:g}, expected a share "
                "from 0 to 1, e.g. 0.2"
            )

    @property
    def leaks(self) -> bool:
        """Whether the threshold is chosen on the test split."""
        return self.threshold_rule.startswith(_TEST_PREFIX)

    def resampling(self) -> Resampling:
        """Return how intervals are computed."""
        return Resampling(self.interval, self.confidence, self.replicates, self.seed)

    def curve_points(self) -> tuple[Point, ...]:
        """Return the further figures of the test curve; an unknown name is a ValueError."""
        names = (*(STANDARD if self.more else ()), *self.points)
        return tuple(parse(name) for name in dict.fromkeys(names))


def make_options(rules: Mapping[str, Any]) -> EvaluationOptions:
    """Build options from their names and values.

    Raises:
        UnknownNameError: when there is no such option.
        OptionError: when a value is impossible.
    """
    known = {option.name: type(option.default) for option in fields(EvaluationOptions)}
    for name, value in rules.items():
        if name not in known:
            raise UnknownNameError("rule of the evaluation", name, known)
        kinds = (int, float) if known[name] is float else (known[name],)
        # bool is a subclass of int, and True no number of replicates
        if not isinstance(value, kinds) or isinstance(value, bool) is not (known[name] is bool):
            raise OptionError(f"{name} must be {known[name].__name__}, got {value!r:.60}")
    return EvaluationOptions(**rules)


@uncollected()
def evaluate(
    scores: Sequence[Score],
    options: EvaluationOptions = EvaluationOptions(),
    extra: Mapping[str, MetricFunction] | None = None,
) -> Evaluation:
    """Choose the threshold on dev and report everything on test.

    Args:
        scores: scores of the dev and test splits (those of train are only counted).
        options: the rules.
        extra: metrics of plugins by name.

    Returns:
        The evaluation.

    Raises:
        DataError: when a class has no score, all dev scores are equal, a presentation occurs
            twice, a label contradicts an OULU-NPU name, units are mixed or a subject is in two
            splits.
    """
    return _evaluation(scores, choose_threshold(scores, options), options, extra or {})


def choose_threshold(scores: Sequence[Score], options: EvaluationOptions) -> Threshold:
    """Check scores and choose the threshold by the rule asked for.

    Args:
        scores: scores of the dev and test splits.
        options: the rules.

    Returns:
        The threshold.

    Raises:
        DataError: as `evaluate`.
    """
    _check(scores, options)
    return _threshold(scores, options)


def baseline(
    name: str,
    words: str,
    scores: Sequence[Score],
    options: EvaluationOptions = EvaluationOptions(),
) -> Baseline:
    """Evaluate a trivial scorer by the same rules; a constant one accepts everything.

    Args:
        name: e.g. ``constant``.
        words: a description.
        scores: its scores on the same protocol.
        options: as for `evaluate`.

    Returns:
        Its metrics, or the reason for their absence.
    """
    try:
        _check(scores, options)
        split = "test" if options.leaks else "dev"
        chosen = scored_split(scores, split)
        if chosen.constant:
            # At the only score there is, >= accepts everything: BPCER 0, APCER 100 %.
            value = float(chosen.scores[0].value)
            rule = f"all {split} scores are equal, so everything at or above them is accepted"
            threshold = Threshold(
                "accept", rule, split, value, leaks=options.leaks, title="everything is accepted"
            )
        else:
            threshold = _threshold(scores, options)
        found = _evaluation(scores, threshold, replace(options, published=False, more=False), {})
    except DataError as error:
        return Baseline(name, words, (), str(error))
    return Baseline(name, words, found.metrics)


def _check(scores: Sequence[Score], options: EvaluationOptions) -> None:
    """Refuse scores that contradict each other."""
    check(scores)
    if not options.allow_subject_overlap:
        check_subjects(scores)


def _threshold(scores: Sequence[Score], options: EvaluationOptions) -> Threshold:
    """Choose the threshold by the rule asked for."""
    rule = thresholds.parse(options.threshold_rule.removeprefix(_TEST_PREFIX))
    split = "test" if options.leaks else "dev"
    if rule.name.startswith("fixed="):
        # A fixed threshold needs no dev split at all, so none is required.
        nothing = thresholds.Development(np.zeros(0), {})
        return Threshold(rule.name, rule.words, "", rule.choose(nothing), title=rule.title)
    found = scored_split(scores, split)
    # FAS-SGTD's code prints an EER of 0 for a constant scorer; here it is an error.
    if found.constant:
        raise DataError(
            f"all {len(found.scores)} scores of the {split} split equal "
            f"{found.scores[0].value!r}, so no threshold separates them; the method has collapsed"
        )
    value = rule.choose(thresholds.Development(found.bona_fide, found.attacks))
    if not math.isfinite(value):
        raise DataError(f"the rule {rule.name} finds no threshold on {split}; choose another rule")
    return Threshold(
        options.threshold_rule, rule.words, split, value, leaks=options.leaks, title=rule.title
    )


def _evaluation(
    scores: Sequence[Score],
    threshold: Threshold,
    options: EvaluationOptions,
    extra: Mapping[str, MetricFunction],
) -> Evaluation:
    """Report on the test split at a given threshold."""
    test, wanted = scored_split(scores, "test"), options.curve_points()
    figures = Figures(test, threshold.value, options.resampling(), wanted)
    more = figures.more if options.more else figures.curve_points
    became = outcomes.outcomes(scores, threshold.value)
    by_group = outcomes.with_absent(figures.by_group, became, outcomes.GROUP)
    by_species = outcomes.with_absent(figures.by_species, became, outcomes.SPECIES)
    # Dev counts as well: failed dev presentations silently move the threshold.
    refusal = outcomes.lost(scores, _used(threshold), options.max_failed_share)
    # Two metrics of one name would hide each other in every table.
    taken = {metric.name for metric in (*figures.metrics, *more)} & extra.keys()
    if taken:
        raise OptionError(f"a plugin's metric has the name {min(taken)!r} of one of the harness's")
    metrics = (
        *figures.metrics,
        *outcomes.non_response(became),
        *(measure(name, f, test, threshold.value, figures.resampling) for name, f in extra.items()),
    )
    return Evaluation(
        threshold=threshold,
        metrics=tuple(_refuse(metric, refusal) for metric in metrics),
        apcer_by_group=tuple(_refuse(metric, refusal) for metric in by_group),
        apcer_by_species=tuple(_refuse(metric, refusal) for metric in by_species),
        counts=tuple(c for split in SPLITS if (c := _counts(scores, split)).expected),
        intervals=figures.rule,
        warnings=tuple(_warnings(scores, threshold, figures, became, refusal)),
        smallest_rate=smallest_rates(figures.test, options.confidence),
        published=_published(scores) if options.published else (),
        more=tuple(_refuse(metric, refusal) for metric in more),
        unit=test.scores[0].unit,
        outcomes=became,
    )


def _published(scores: Sequence[Score]) -> tuple[Published, ...]:
    """Compute published codes' figures; they all need both splits."""
    scored_split(scores, "dev")
    return published(scores)


def _counts(scores: Sequence[Score], split: str) -> Counts:
    """Count the presentations of a split."""
    mine = [score for score in scores if score.split == split]
    scored = [score for score in mine if not score.failed]
    species = sorted({score.species for score in mine if score.species is not None})
    return Counts(
        split=split,
        expected=len(mine),
        scored=len(scored),
        failed=tuple(Failure(s.presentation, s.failure) for s in mine if s.failed),
        bona_fide=sum(score.bona_fide for score in scored),
        attacks={name: sum(score.species == name for score in scored) for name in species},
        subjects=len({score.subject for score in scored if score.subject}),
    )


def _used(threshold: Threshold) -> tuple[str, ...]:
    """Return the splits behind a figure: test, and the one that chose the threshold."""
    return tuple(dict.fromkeys(("test", threshold.split) if threshold.split else ("test",)))


def _refuse(metric: Metric, reason: str) -> Metric:
    """Remove the value if there is a reason to; the rates of failures themselves stay."""
    kept = not reason or metric.value is None or metric.name in ("apnrr", "bpnrr")
    return metric if kept else Metric(metric.name, None, count=metric.count, reason=reason)


def _warnings(
    scores: Sequence[Score],
    threshold: Threshold,
    figures: Figures,
    became: Sequence[Outcome],
    refusal: str,
) -> Iterator[str]:
    """Yield what a reader must know before trusting the figures."""
    if refusal:
        yield refusal
    if threshold.leaks:
        yield "LEAKS: the threshold was chosen on the test split; every figure at it is too good"
    yield from outcomes.absences(became)
    auc = next(metric.value for metric in figures.metrics if metric.name == "auc_pooled")
    if auc is not None and auc < 0.5:
        yield f"AUC {auc:.3f} is below 0.5: attacks score higher; are the scores reversed?"
    if figures.test.constant:
        yield "all test scores are equal"
    dev = {s.kind for s in scores if s.split == "dev"}
    # Unknown attacks are often the point of a protocol, so this is a warning, not an error.
    unseen = sorted(set(figures.test.attacks) - {kind for kind in dev if kind})
    if unseen and threshold.split == "dev":
        yield f"the threshold never saw the species {', '.join(unseen)}: none in dev"
    clusters, named = figures.rule.clusters, any(s.subject for s in figures.test.scores)
    what = "subjects" if named else "clusters (no subjects are given)"
    if clusters < _FEW_SUBJECTS:
        yield f"only {clusters} test {what}: fewer than the coverage of intervals was measured for"
    elif figures.erring < _FEW_ERRING:
        yield (
            f"in one class only {figures.erring} test {what} have an error: the intervals of EER, "
            "AUC and other figures of the curve may be too narrow (those of rates are not)"
        )
    yield from doubtful_subjects(scores)
    for split in () if refusal else _used(threshold):
        failed = sum(s.failed for s in scores if s.split == split)
        place = "every rate" if split == "test" else "the choice of the threshold"
        if failed:
            yield f"{failed} of the {split} presentations failed: counted, and left out of {place}"
    if len({score.simulated for score in scores}) > 1:
        yield "simulated and real presentations are mixed"
