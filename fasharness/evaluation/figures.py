"""Figures of a test split with their intervals: point values, bootstrap, exact limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fasharness.errors import DataError
from fasharness.evaluation.resampling import Drawn, Resampling, with_interval
from fasharness.metrics import binomial, bootstrap, intervals, points, rates
from fasharness.metrics.arrays import Floats
from fasharness.metrics.points import Point, Reading
from fasharness.result import IntervalRule, Metric
from fasharness.scores import Score

LIMITS: Mapping[str, float] = {"bpcer10": 0.1, "bpcer20": 0.05, "bpcer100": 0.01}

# name in the result to the figure of the curves, the worst group's before that of all attacks
_CURVES: Mapping[str, Point] = {point.name: point for point in points.WHOLE} | {
    f"{name}{ending}": points.parse(f"bpcer@apcer{ending}={limit}")
    for name, limit in LIMITS.items()
    for ending in ("", "_pooled")
}

_CLOSED = (
    "APCER and BPCER: Korn-Graubard, the exact binomial interval (Clopper-Pearson) at the "
    "effective number of presentations, which is smaller the more those of one of the test {drawn} "
    "are alike; the largest APCER: its species' or groups' limits (Bonferroni); ACER and HTER: Zou "
    "and Donner; figures of the curve: Student's interval of the log odds, with the deviation over "
    "a bootstrap: the {drawn} are resampled with replacement, with all their presentations; model "
    "and threshold stay fixed"
)
_EXACT = (
    "A rate with no errors, or errors only, gets the exact binomial interval instead, since "
    "resampling cannot change it"
)


@dataclass(frozen=True, eq=False)
class ScoredSplit:
    """The scored presentations of a split as arrays.

    Attributes:
        split: the split.
        scores: the scored presentations.
        bona_fide: float64 (N,), the bona fide scores.
        attacks: species group to float64 (M,).
        species: PAI species to float64 (M,).
    """

    split: str
    scores: tuple[Score, ...]
    bona_fide: Floats
    attacks: Mapping[str, Floats]
    species: Mapping[str, Floats]

    @cached_property
    def attack(self) -> Floats:
        """All attack scores (M,)."""
        return np.concatenate(list(self.attacks.values()))

    @cached_property
    def grouped(self) -> bool:
        """Whether a group holds several species, so that rates by group and by species differ."""
        return len(self.attacks) < len(self.species)

    @property
    def constant(self) -> bool:
        """Whether all scores are equal."""
        return len({score.value for score in self.scores}) == 1


def scored_split(scores: Sequence[Score], split: str) -> ScoredSplit:
    """Collect the scored presentations of a split as arrays.

    Args:
        scores: all scores.
        split: the split.

    Returns:
        Its arrays; groups and species in alphabetical order.

    Raises:
        DataError: when a class has no score.
    """
    mine = [score for score in scores if score.split == split]
    scored = tuple(score for score in mine if not score.failed)
    for word, bona_fide in (("bona fide", True), ("attack", False)):
        if not any(score.bona_fide is bona_fide for score in scored):
            lost = sum(score.failed and score.bona_fide is bona_fide for score in mine)
            raise DataError(
                f"the {split} split has no {word} score ({lost} failed); "
                "check the protocol and the failures"
            )
    values = np.array([score.value for score in scored])
    groups = _by_name([score.kind or "" for score in scored], values)
    species = _by_name([score.species or "" for score in scored], values)
    live = groups.pop("", values[:0])
    species.pop("", None)
    return ScoredSplit(split, scored, live, groups, species)


def _by_name(names: Sequence[str], values: Floats) -> dict[str, Floats]:
    """Collect the values of each name, in the order of the names."""
    kinds = sorted(set(names))
    number = {name: place for place, name in enumerate(kinds)}
    places = np.array([number[name] for name in names])
    return {name: values[places == place] for name, place in number.items()}


def smallest_rates(test: ScoredSplit, confidence: float) -> dict[str, float]:
    """Compute the smallest error rates that so few presentations can support (rule of three).

    Args:
        test: the split.
        confidence: of these rates, one-sided.

    Returns:
        A mapping from ``bona fide`` and each species group to its rate.
    """
    sizes = {"bona fide": test.bona_fide.size} | {n: a.size for n, a in test.attacks.items()}
    return {name: binomial.smallest_rate(size, confidence) for name, size in sizes.items()}


def sample_of(test: ScoredSplit) -> bootstrap.Sample:
    """Convert a split to the arrays of the bootstrap.

    Args:
        test: the split.

    Returns:
        The scores in the split's order, with species and groups numbered in the order of the
        part's mappings. Clusters are subjects. Without a subject, the clips or frames of a video
        form one cluster, and each video is its own.
    """
    groups, species = list(test.attacks), list(test.species)
    home = {s.species: groups.index(s.kind or "") for s in test.scores if s.species}
    # A video must not join the cluster of a subject of the same name. No subject's name starts
    # with this character, which is not printable.
    names = [score.subject or f"\0{score.video or score.presentation}" for score in test.scores]
    _, clusters = np.unique(names, return_inverse=True)
    kinds = [1 + species.index(s.species) if s.species else 0 for s in test.scores]
    values = np.array([score.value for score in test.scores])
    numbers = [home[name] for name in species]
    return bootstrap.Sample(values, np.array(kinds), numbers, clusters.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Figures:
    """All figures of a test split at a threshold.

    Attributes:
        test: the test split.
        threshold: scores at or above it are called bona fide.
        resampling: how intervals are made.
        points: further figures of the test curve to compute.
    """

    test: ScoredSplit
    threshold: float
    resampling: Resampling
    points: tuple[Point, ...] = ()

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The headline metrics and those shown with them."""
        live, fake, cut = self.test.bona_fide, self.test.attack, self.threshold
        bpcer = self._rate("bpcer", "bpcer", live < cut)
        pooled = self._rate("apcer_pooled", "apcer_pooled", fake >= cut)
        return (
            *self._worst("", self.by_group, bpcer),
            bpcer,
            *(self._worst("_species", self.by_species, bpcer) if self.test.grouped else ()),
            pooled,
            self._sum("hter", (pooled, bpcer), "hter"),
            *(self._point(point, name) for name, point in _CURVES.items()),
            self._other("accuracy", rates.accuracy(live, fake, cut), "accuracy"),
        )

    @cached_property
    def more(self) -> tuple[Metric, ...]:
        """FAR and FRR (older names of the pooled rates), the `points`, and d'."""
        known = {metric.name: metric for metric in self.metrics}
        return (
            replace(known["apcer_pooled"], name="far"),
            replace(known["bpcer"], name="frr"),
            *self.curve_points,
            self._d_prime(),
        )

    @cached_property
    def curve_points(self) -> tuple[Metric, ...]:
        """The further figures of the test curve."""
        return tuple(self._point(point, point.name) for point in self.points)

    @cached_property
    def by_group(self) -> tuple[Metric, ...]:
        """APCER of each species group."""
        return tuple(
            self._rate(name, f"group:{index}", attack >= self.threshold)
            for index, (name, attack) in enumerate(self.test.attacks.items())
        )

    @cached_property
    def by_species(self) -> tuple[Metric, ...]:
        """APCER of each PAI species."""
        return tuple(
            self._rate(name, f"species:{index}", attack >= self.threshold)
            for index, (name, attack) in enumerate(self.test.species.items())
        )

    @property
    def erring(self) -> int:
        """How many clusters have an error at the threshold, in the class that has fewer of them."""
        errors = bootstrap.decide(self._sample, self.threshold).errors
        classes = errors[:, 0], errors[:, 1:].sum(axis=1)
        return min(int(np.count_nonzero(one)) for one in classes)

    @property
    def rule(self) -> IntervalRule:
        """How the intervals were computed, in words."""
        by, drawn = self.resampling, self._drawn
        kind = "bca" if by.method == "bca" else "percentile"
        words = (
            f"{kind} bootstrap: test {drawn} are resampled with replacement, with all their "
            "presentations; model and threshold stay fixed"
        )
        if by.method == "korn-graubard":
            words = f"{by.confidence:.0%}. {_CLOSED.format(drawn=drawn)}"
        elif by.method == "exact":
            words = (
                f"{by.confidence:.0%} exact binomial (Clopper-Pearson) for APCER and BPCER, which "
                f"assumes independent presentations; ACER and HTER the mean of its ends; other "
                f"figures: {by.confidence:.0%} {words}. {_EXACT}"
            )
        else:
            words = f"{by.confidence:.0%} {words}. {_EXACT}"
        clusters = self._sample.cluster_count
        return IntervalRule(words, by.method, by.confidence, by.replicates, by.seed, clusters)

    @property
    def _drawn(self) -> str:
        """Name what a cluster is."""
        unknown = sum(not score.subject for score in self.test.scores)
        if unknown < len(self.test.scores):
            # Presentations of unknown subjects are alike where they show the same person.
            alone = f", and {unknown} presentations of unknown subjects each by itself"
            return "subjects" + (alone if unknown else "")
        clips = any(score.video for score in self.test.scores)
        return f"{'videos' if clips else 'presentations'} (no subjects are given)"

    @cached_property
    def _readings(self) -> Mapping[str, Reading]:
        """The figures of the test curves by the names of their points."""
        wanted = (*_CURVES.values(), *self.points)
        found = points.read_all(wanted, self.test.bona_fide, self.test.attacks)
        return {point.name: reading for point, reading in zip(wanted, found, strict=True)}

    @cached_property
    def _sample(self) -> bootstrap.Sample:
        """The test scores as arrays of the bootstrap."""
        return sample_of(self.test)

    @cached_property
    def _closed(self) -> Mapping[str, intervals.Estimate]:
        """The rates whose intervals have a closed form under this rule."""
        by = self.resampling
        if by.method != "korn-graubard":
            return {}
        return intervals.of_decisions(self._sample, self.threshold, by.confidence)

    @cached_property
    def _replicates(self) -> Mapping[str, Floats]:
        """Every figure in every bootstrap replicate."""
        by = self.resampling
        draws = bootstrap.draw(self._sample.cluster_count, by.replicates, by.seed)
        return self._figures(draws)

    @cached_property
    def _jackknife(self) -> Mapping[str, Floats]:
        """Every figure without each cluster in turn."""
        return self._figures(bootstrap.leave_one_out(self._sample.cluster_count))

    def _figures(self, chunks: bootstrap.WeightChunks) -> Mapping[str, Floats]:
        """Compute the figures for each row of weights."""
        limits = tuple(LIMITS.values())
        return bootstrap.gather(
            bootstrap.figures(self._sample, self.threshold, limits, weights, self.points)
            for weights in chunks
        )

    def _rate(self, name: str, key: str, errors: np.typing.NDArray[np.bool_]) -> Metric:
        """Compute a share of errors; with exact limits if resampling cannot change it."""
        wrong, count = int(np.count_nonzero(errors)), errors.size
        # Without errors every replicate has the rate 0, so a percentile interval would be one point
        # and 0 errors of 120 would look certain.
        if key in self._closed or (0 < wrong < count and self.resampling.method != "exact"):
            return self._other(name, wrong / count, key, count)
        low, high = binomial.clopper_pearson(wrong, count, self.resampling.confidence)
        return Metric(name, wrong / count, low, high, count)

    def _sum(self, name: str, terms: tuple[Metric, ...], key: str) -> Metric:
        """Compute a mean of rates; if resampling changes none of them, of their limits as well."""
        value = sum(term.value or 0.0 for term in terms) / len(terms)
        moved = any(0 < (term.value or 0.0) < 1 for term in terms)
        if key in self._closed or (moved and self.resampling.method != "exact"):
            return self._other(name, value, key)
        low = sum(term.low or 0.0 for term in terms) / len(terms)
        high = sum(1.0 if term.high is None else term.high for term in terms) / len(terms)
        return Metric(name, value, low, high)

    def _worst(
        self, ending: str, parts: tuple[Metric, ...], bpcer: Metric
    ) -> tuple[Metric, Metric]:
        """Compute ACER and APCER for the group or species that is accepted most often."""
        # The interval is that of the maximum, which each replicate takes over its own rates; the
        # interval of the worst group alone would ignore that another group could be worst.
        worst = max(parts, key=lambda metric: metric.value or 0.0)
        apcer = self._sum(f"apcer{ending}", (worst,), f"apcer{ending}")
        return self._sum(f"acer{ending}", (apcer, bpcer), f"acer{ending}"), apcer

    def _point(self, point: Point, name: str) -> Metric:
        """Give a figure of the curves its interval; absent if there are too few presentations."""
        value, reason = self._readings[point.name]
        if value is None:
            return Metric(name, None, reason=reason)
        limit = LIMITS.get(name.removesuffix("_pooled"))
        # The bootstrap computes these together, faster than other points.
        key = f"bpcer@{limit:g}{'_pooled' * point.pooled}" if limit else point.name
        return self._other(name, value, key)

    def _d_prime(self) -> Metric:
        """Compute d'; absent if no class varies."""
        try:
            value = rates.d_prime(self.test.bona_fide, self.test.attack)
        except ValueError as error:
            return Metric("d_prime", None, reason=str(error))
        return self._other("d_prime", value, "d_prime")

    def _other(self, name: str, value: float, key: str, count: int = 0) -> Metric:
        """Give a figure its interval, or the reason why it has none."""
        if key in self._closed:
            closed = self._closed[key].limits
            if closed is None:
                return Metric(name, value, count=count, reason="one subject says nothing of others")
            return Metric(name, value, closed.low, closed.high, count)
        drawn = Drawn(
            self._sample.cluster_count,
            self._replicates[key],
            lambda: self._jackknife[key],
            share=key != "d_prime",
        )
        return with_interval(Metric(name, value, count=count), drawn, self.resampling)
