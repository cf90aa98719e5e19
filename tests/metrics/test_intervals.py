"""Intervals over clusters: SciPy's quantiles, jackknife variances, invariants and coverage."""

import importlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fasharness.metrics import bootstrap, intervals, resampled
from fasharness.metrics.bootstrap import Sample
from fasharness.metrics.intervals import Counts, Estimate, korn_graubard

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def rules() -> Iterator[ModuleType]:
    """The rules of the coverage table, whose quantiles are SciPy's."""
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("coverage_rules")
    sys.path.remove(str(BENCHMARKS))


def counts(errors: list[int], totals: list[int]) -> Counts:
    return Counts(np.array(errors), np.array(totals))


def drawn(seed: int, clusters: int, each: int, rate: float = 0.2) -> Counts:
    generator = np.random.default_rng(seed)
    errors = generator.binomial(each, generator.beta(rate * 4, (1 - rate) * 4, clusters))
    return Counts(errors, np.full(clusters, each))


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize(("wrong", "size"), [(0, 1), (1, 1), (0, 30), (30, 30), (7, 30), (29, 30)])
def test_one_presentation_each_is_clopper_pearson(wrong: int, size: int, confidence: float) -> None:
    found = korn_graubard(counts([1] * wrong + [0] * (size - wrong), [1] * size), confidence)
    exact = stats.binomtest(wrong, size).proportion_ci(confidence, method="exact")
    assert found == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_korn_graubard_from_a_jackknife_and_scipy() -> None:
    errors = np.array([0, 3, 1, 0, 5, 0, 2, 0])
    clusters, each, rate = 8, 6, 11 / 48
    left_out = np.array([np.delete(errors, i).sum() / 42 for i in range(clusters)])
    variance = 7 / 8 * ((left_out - left_out.mean()) ** 2).sum()
    effect = variance / (rate * (1 - rate) / 47)
    # Four of the clusters have an error, the prior counts as a fifth: 1 + 5 * 0.5 = 3.5.
    effect = (4 * effect + 3.5) / 5
    size = 48 / effect * (stats.t.ppf(0.975, 47) / stats.t.ppf(0.975, 7)) ** 2
    expected = (
        stats.beta.ppf(0.025, rate * size, size - rate * size + 1),
        stats.beta.ppf(0.975, rate * size + 1, size - rate * size),
    )
    assert korn_graubard(Counts(errors, np.full(8, each)), 0.95) == pytest.approx(expected)


def test_without_an_error_the_prior_correlation_says_how_many_there_are() -> None:
    # Two subjects of 6 and one of 12: sum of squares / sum = 9, so 24 / (1 + 8 * 0.5) = 4.8.
    found = korn_graubard(counts([0, 0, 0], [6, 6, 12]), 0.95)
    assert found == pytest.approx((0, 1 - 0.025 ** (1 / 4.8)))
    # A subject without such presentations takes no part.
    assert korn_graubard(counts([0, 0, 0, 0], [6, 6, 12, 0]), 0.95) == found


def test_one_subject_says_nothing_of_others() -> None:
    assert korn_graubard(counts([3], [8]), 0.95) is None
    one, two = (intervals.rate(counts([e], [8]), 0.95) for e in (3, 4))
    assert intervals.mean(one, two).limits is None
    assert intervals.difference(one, two).limits is None
    assert intervals.largest([counts([3, 0], [8, 0]), counts([1, 2], [4, 4])], 0.95).limits is None


def test_the_rule_of_the_coverage_table_is_the_harness_s(rules: ModuleType) -> None:
    for seed in range(6):
        each = (1, 6, 24)[seed % 3]
        parts = [drawn(10 * seed + i, 12, each, rate) for i, rate in enumerate((0.02, 0.2, 0.6))]
        floats = [part.errors[None].astype(np.float64) for part in parts]
        for part, errors in zip(parts, floats, strict=True):
            expected = rules.korn_graubard(errors, each)[0]
            assert korn_graubard(part, 0.95) == pytest.approx(expected, abs=1e-9)
        worst = intervals.largest(parts, 0.95)
        expected = rules.largest([(errors, each) for errors in floats], 3, "bonferroni")
        assert worst.limits == pytest.approx(expected[0], abs=1e-9)
        one, two = (intervals.rate(part, 0.95) for part in parts[:2])
        terms = [(np.array([x.value / 2]), np.array([x.limits]) / 2) for x in (one, two)]
        related = rules.correlation(one.influence[None], two.influence[None])
        expected = rules.added(*terms, related.clip(0))[0]
        assert intervals.mean(one, two).limits == pytest.approx(expected, abs=1e-9)


def test_limits_of_a_mean_and_a_difference_by_hand() -> None:
    apart = np.array([1.0, -1.0, 0, 0]), np.array([0, 0, 1.0, -1.0])  # not correlated
    one = Estimate(0.2, resampled.Limits(0.14, 0.26), apart[0])
    two = Estimate(0.4, resampled.Limits(0.32, 0.48), apart[1])
    assert intervals.mean(one, two).limits == pytest.approx((0.3 - 0.05, 0.3 + 0.05))
    assert intervals.difference(one, two).limits == pytest.approx((0.2 - 0.1, 0.2 + 0.1))
    # The same subjects make the same errors: the mean's half lengths add, the difference's cancel.
    same = two._replace(influence=apart[0])
    assert intervals.mean(one, same).limits == pytest.approx((0.3 - 0.07, 0.3 + 0.07))
    assert intervals.difference(one, same).limits == pytest.approx((0.2 - 0.02, 0.2 + 0.02))
    # Errors of other subjects: that a mean would be narrower is not counted on.
    other = two._replace(influence=-apart[0])
    assert intervals.mean(one, other).limits == pytest.approx((0.25, 0.35))


def test_every_rate_is_the_one_that_the_bootstrap_computes() -> None:
    generator = np.random.default_rng(4)
    species = generator.integers(0, 4, 90)
    sample = Sample(generator.normal(species == 0, 1.0), species, [0, 0, 1], np.arange(90) % 9)
    found = intervals.of_decisions(sample, 0.4, 0.95)
    whole = bootstrap.figures(sample, 0.4, (), np.ones((1, 9), dtype=np.int64))
    assert len(found) == 13  # two groups, three species, their worst with ACER, and four more
    assert set(found) < set(whole)
    left_out = next(bootstrap.figures(sample, 0.4, (), w) for w in bootstrap.leave_one_out(9))
    for name, one in found.items():
        assert one.value == pytest.approx(whole[name][0])
        assert one.limits is not None
        assert one.limits.low <= one.value <= one.limits.high
        # Influences are what leaving a cluster out changes, to first order. (Another species can
        # be the worst then, so not of a maximum.)
        if ("acer" not in name and not name.startswith("apcer")) or name == "apcer_pooled":
            change = one.value - left_out[name]
            assert one.influence == pytest.approx(change, abs=0.3 * np.abs(change).max())


tables = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=12).filter(
    lambda rows: sum(1 for _, right in rows if right) + sum(1 for wrong, _ in rows if wrong) > 1
)


@given(tables)
@settings(max_examples=60, deadline=None)
def test_limits_hold_the_rate_grow_with_confidence_and_mirror(rows: list[tuple[int, int]]) -> None:
    errors, right = (np.array(column) for column in zip(*rows, strict=True))
    one = Counts(errors, errors + right)
    found, wide = korn_graubard(one, 0.8), korn_graubard(one, 0.99)
    if found is None or wide is None:
        assert np.count_nonzero(one.totals) == 1
        return
    rate = errors.sum() / one.totals.sum()
    assert 0 <= wide.low <= found.low <= rate + 1e-12
    assert rate - 1e-12 <= found.high <= wide.high <= 1
    mirrored = korn_graubard(Counts(right, one.totals), 0.8)
    assert mirrored == pytest.approx((1 - found.high, 1 - found.low), abs=1e-9)
    turned = korn_graubard(Counts(errors[::-1], one.totals[::-1]), 0.8)
    assert turned == pytest.approx(found, abs=1e-12)


def test_differences_turn_with_the_order_and_a_worst_rate_lies_above_its_parts() -> None:
    parts = [drawn(seed, 15, 4) for seed in range(4)]
    one, two = (intervals.rate(part, 0.95) for part in parts[:2])
    there, back = intervals.difference(one, two), intervals.difference(two, one)
    assert there.limits is not None
    assert back.limits == pytest.approx((-there.limits.high, -there.limits.low))
    worst = intervals.largest(parts, 0.95)
    assert worst.limits is not None
    for part in parts:
        alone = intervals.rate(part, 0.95)
        assert worst.value >= alone.value
        assert alone.limits is not None
        assert worst.limits.high >= alone.limits.high
    assert intervals.largest(parts[:1], 0.95).limits == pytest.approx(
        intervals.rate(parts[0], 0.95).limits
    )


def test_coverage_where_the_percentile_bootstrap_falls_short() -> None:
    """55 subjects, six presentations each, a rate of 1 %, correlation 0.2."""
    generator, held = np.random.default_rng(1), {"closed": 0, "drawn": 0}
    runs = 400
    (weights,) = bootstrap.draw(55, 400, seed=0)
    for _ in range(runs):
        errors = generator.binomial(6, generator.beta(0.04, 3.96, 55))
        low, high = korn_graubard(Counts(errors, np.full(55, 6)), 0.95) or (math.nan, math.nan)
        held["closed"] += low <= 0.01 <= high
        low, high = resampled.percentile(weights @ errors / 330, 0.95)
        held["drawn"] += low <= 0.01 <= high or not errors.any()
    assert held["closed"] / runs > 0.93
    assert held["drawn"] / runs < 0.9
