"""Comparing two runs: paired, by the same draws, and honest about what is shared."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from fasharness.errors import DataError
from fasharness.evaluation.compare import compare, compare_folds, compare_runs
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.metrics import bootstrap, comparison
from fasharness.scores import Score


def run(seed: int, skill: float = 1.5, subjects: int = 10, noise: float = 1.0) -> list[Score]:
    shared, own = np.random.default_rng(0), np.random.default_rng(seed)
    found = []
    for split, first in (("dev", 0), ("test", subjects)):
        for subject in range(first, first + subjects):
            for video in range(16):
                species = None if video % 4 == 0 else f"print{video % 4}"
                value = shared.normal() + noise * own.normal() + (skill if species is None else 0)
                name = f"{subject}_{video}"
                group = None if species is None else "print"
                found.append(Score(name, split, f"s{subject}", species, group, float(value)))
    return found


def test_a_run_against_itself_does_not_differ() -> None:
    found = compare(run(1), run(1))
    assert all(d.difference == 0 and d.low is None for d in found.differences)
    assert (found.acer_p, found.mcnemar_bona_fide, found.mcnemar_attack) == (1.0, 1.0, 1.0)
    assert (found.shared, found.dropped) == (160, ())


def test_a_much_better_run_is_told_apart_and_swapping_mirrors_the_differences() -> None:
    there, back = compare(run(1), run(2, skill=6.0)), compare(run(2, skill=6.0), run(1))
    acer = there.differences[0]
    assert acer.name == "acer"
    assert acer.high is not None
    assert acer.high < 0
    assert there.acer_p < 0.01
    assert there.mcnemar_attack < 0.01
    for one, other in zip(there.differences, back.differences, strict=True):
        assert one.difference == pytest.approx(-other.difference)
        assert one.low is not None
        assert one.low == pytest.approx(-(other.high or math.nan))
    assert back.acer_p == pytest.approx(there.acer_p, abs=0.01)


def test_pairing_makes_the_interval_narrower_than_two_separate_ones() -> None:
    acer = compare(run(1, noise=0.1), run(2, noise=0.1)).differences[0]
    assert acer.low is not None
    assert acer.high is not None
    apart = bootstrap_width(run(1, noise=0.1))
    assert acer.high - acer.low < apart


def bootstrap_width(scores: list[Score]) -> float:
    from fasharness.evaluation.evaluate import evaluate

    acer = evaluate(scores).metric("acer")
    assert acer.low is not None
    assert acer.high is not None
    return acer.high - acer.low


def test_only_shared_presentations_are_compared_and_the_others_are_named() -> None:
    one, two = run(1), run(2)
    lost = dataclasses.replace(one[-1], value=math.nan, failure="no face")
    found = compare([*one[:-1], lost], list(reversed(two)))
    assert found.shared == 159
    assert found.dropped == (one[-1].presentation,)
    without = compare(one[:-1], two[:-1])
    assert without.differences == found.differences


def test_leaking_thresholds_and_simulated_presentations_are_told() -> None:
    leaking = EvaluationOptions(threshold_rule="test:eer", allow_leaks=True)
    assert compare(run(1), run(2), leaking).leaks
    assert compare_folds({"a": run(1)}, {"a": run(2)}, leaking).leaks
    plain = compare(run(1), run(2))
    assert (plain.leaks, plain.simulated) == (False, False)
    other = run(2)
    other[0] = dataclasses.replace(other[0], simulated=True)
    assert compare(run(1), other).simulated
    assert compare_folds({"a": run(1)}, {"a": other}).simulated


def losing(scores: list[Score], split: str, share: float) -> list[Score]:
    """The same run with so many of the bona fide presentations of a split failed."""
    names = [s.presentation for s in scores if s.split == split and s.bona_fide]
    gone = set(names[: round(share * len(names))])
    return [
        dataclasses.replace(s, value=math.nan, failure="no face") if s.presentation in gone else s
        for s in scores
    ]


def test_warnings_of_both_evaluations_are_kept() -> None:
    reversed_run = [dataclasses.replace(s, value=-s.value) for s in run(2)]
    found = compare(run(1), reversed_run)
    assert not found.warnings[0]
    assert any("are the scores reversed?" in words for words in found.warnings[1])
    folds = compare_folds({"a": run(1)}, {"a": reversed_run})
    assert folds.warnings[1] == tuple(f"a: {words}" for words in found.warnings[1])


def test_a_run_that_lost_too_much_of_dev_is_not_compared() -> None:
    bad = losing(run(2), "dev", 0.5)
    with pytest.raises(DataError, match=r"second run: .* 50.0% of the bona fide dev presentations"):
        compare(run(1), bad)
    with pytest.raises(DataError, match=r"second run, a: .*of the bona fide dev presentations"):
        compare_folds({"a": run(1)}, {"a": bad})


def test_runs_of_one_protocol_and_of_folds_go_the_same_way() -> None:
    one, two = run(1), run(2, skill=3.0)
    assert compare_runs({"": one}, {"oulu1": two}) == compare(one, two)
    folds = {"a": one, "b": one}, {"a": two, "b": two}
    assert compare_runs(*folds) == compare_folds(*folds)


def test_contradictions_are_refused() -> None:
    one, two = run(1), run(2)
    other = dataclasses.replace(two[-1], species=None, group=None)
    with pytest.raises(DataError, match=r"presentation '19_15' is \('print3'"):
        compare(one, [*two[:-1], other])
    renamed = [dataclasses.replace(s, presentation="x" + s.presentation) for s in two]
    with pytest.raises(DataError, match="share no scored test presentation"):
        compare(one, renamed)


def moved(scores: list[Score], by: float) -> list[Score]:
    """The same scores on another scale, as another model of the same skill gives them."""
    return [dataclasses.replace(s, value=s.value + by) for s in scores]


def test_one_fold_is_compared_as_without_folds() -> None:
    there = compare_folds({"only": run(1)}, {"only": run(2, skill=3.0)})
    plain = compare(run(1), run(2, skill=3.0))
    assert there.differences == plain.differences[:5]
    assert (there.acer_p, there.mcnemar_bona_fide, there.mcnemar_attack) == (
        plain.acer_p, plain.mcnemar_bona_fide, plain.mcnemar_attack,
    )  # fmt: skip
    assert (there.shared, there.smallest_rate) == (plain.shared, plain.smallest_rate)


def test_folds_are_decided_each_at_its_own_threshold() -> None:
    one, two = run(1), run(2, skill=3.0)
    there = compare_folds({"a": one, "b": moved(one, 100)}, {"b": moved(two, -7), "a": two})
    plain = compare(one, two)
    assert there.shared == 2 * plain.shared
    for both, single in zip(there.differences, plain.differences, strict=False):
        assert (both.first, both.second) == pytest.approx((single.first, single.second))
        # The same subjects in both folds: nothing new, so the interval does not narrow.
        assert (both.low, both.high) == pytest.approx((single.low, single.high), abs=0.03)
    assert [d.name for d in there.differences] == ["acer", "apcer", "bpcer", "apcer_pooled", "hter"]
    assert "each at its fold's own threshold" in there.words


def test_folds_that_cannot_be_compared_are_named() -> None:
    one, two = run(1), run(2)
    with pytest.raises(DataError, match="other folds: b are in one run"):
        compare_folds({"a": one, "b": one}, {"a": two})
    renamed = [dataclasses.replace(s, presentation="x" + s.presentation) for s in two]
    with pytest.raises(DataError, match="b: the two runs share no scored test presentation"):
        compare_folds({"a": one, "b": one}, {"a": two, "b": renamed})
    flat = [dataclasses.replace(s, value=0.0) for s in two]
    with pytest.raises(DataError, match=r"second run, a: all 160 scores of the dev split equal"):
        compare_folds({"a": one}, {"a": flat})


@pytest.mark.parametrize(("one", "two"), [(0, 0), (0, 5), (3, 9), (7, 7), (40, 20)])
def test_mcnemar_against_scipys_binomial_test(one: int, two: int) -> None:
    first = np.array([True] * one + [False] * two + [True, False] * 4)
    second = np.array([False] * one + [True] * two + [True, False] * 4)
    expected = stats.binomtest(one, one + two).pvalue if one + two else 1.0
    alone = np.arange(first.size)  # every presentation is a cluster of its own
    assert comparison.mcnemar(first, second, alone) == pytest.approx(expected)
    with pytest.raises(ValueError, match="paired"):
        comparison.mcnemar(first, second[:-1], alone)


def test_mcnemar_by_cluster_against_all_signs() -> None:
    generator = np.random.default_rng(8)
    for _ in range(20):
        clusters = generator.integers(0, 7, 40)
        first, second = generator.random((2, 40)) < np.array([[0.6], [0.4]])
        apart = [
            int(first[clusters == c].sum()) - int(second[clusters == c].sum()) for c in range(7)
        ]
        sums = [abs(np.dot(signs, apart)) for signs in itertools.product((-1, 1), repeat=7)]
        expected = np.mean(np.array(sums) >= abs(sum(apart)))
        assert comparison.mcnemar(first, second, clusters) == pytest.approx(expected, abs=1e-12)


def test_mcnemar_by_cluster_does_not_reject_equal_runs_too_often() -> None:
    """Two runs that err on other subjects, but equally often; twelve videos of each subject."""
    generator, runs, size = np.random.default_rng(3), 400, 12
    owner = np.repeat(np.arange(30), size)
    rejected = {"by subject": 0, "by presentation": 0}
    for _ in range(runs):
        rates = generator.beta(0.5, 2, (2, 30)).repeat(size, axis=1)
        one, two = generator.random((2, owner.size)) < rates
        for name, clusters in (("by subject", owner), ("by presentation", np.arange(owner.size))):
            rejected[name] += comparison.mcnemar(one, two, clusters) < 0.05
    assert rejected["by subject"] / runs < 0.07
    assert rejected["by presentation"] / runs > 0.2


def test_swaps_by_hand() -> None:
    # Two subjects, one bona fide and one attack each. The first run errs on everything of
    # subject 0, the second on nothing: the four swaps give |difference| 1/2 each time.
    sample = bootstrap.Sample(np.zeros(4), np.array([0, 1, 0, 1]), [0], np.array([0, 0, 1, 1]))
    first, second = np.array([True, True, False, False]), np.zeros(4, dtype=bool)
    assert comparison.swap_test(sample, first, second, 200, seed=0) == 1.0
    # When it errs on both subjects, half of the swaps even out.
    p = comparison.swap_test(sample, np.ones(4, dtype=bool), second, 2000, seed=0)
    assert p == pytest.approx(0.5, abs=0.04)


def test_swaps_against_all_of_them() -> None:
    generator = np.random.default_rng(14)
    species, clusters = np.arange(60) % 3, np.repeat(np.arange(5), 12)
    sample = bootstrap.Sample(np.zeros(60), species, [0, 1], clusters)
    first, second = generator.random((2, 60)) < np.array([[0.45], [0.35]])

    def acer(wrong: np.ndarray) -> float:
        bona_fide, one, two = (wrong[species == kind].mean() for kind in range(3))
        return float(bona_fide + max(one, two)) / 2

    apart = []
    for lots in itertools.product([False, True], repeat=5):
        swap = np.array(lots)[clusters]
        apart.append(acer(np.where(swap, second, first)) - acer(np.where(swap, first, second)))
    expected = np.mean(np.abs(apart) >= abs(apart[0]) - 1e-12)
    assert 0.1 < expected < 0.9
    p = comparison.swap_test(sample, first, second, 20_000, seed=0)
    assert p == pytest.approx(expected, abs=0.015)


def test_the_swap_test_is_as_rare_as_it_says_when_nothing_differs() -> None:
    generator = np.random.default_rng(3)
    sample = bootstrap.Sample(np.zeros(200), np.arange(200) % 2, [0], np.repeat(np.arange(20), 10))
    values = []
    for index in range(200):
        first, second = generator.random((2, 200)) < 0.2
        values.append(comparison.swap_test(sample, first, second, 99, seed=index))
    assert np.mean(np.array(values) <= 0.1) < 0.16
