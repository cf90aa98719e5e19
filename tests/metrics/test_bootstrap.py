"""The bootstrap: equal to point metrics at weight one, to brute force, and to known coverage."""

import numpy as np
import pytest

from fasharness.metrics import bootstrap, curves, rates, resampled
from fasharness.metrics.bootstrap import Sample
from fasharness.metrics.points import parse

LIMITS = (0.1, 0.2)
POINTS = (
    "apcer@bpcer=0.1", "apcer_pooled@bpcer=0.1", "tpr@fpr=0.05", "pauc=0.3", "pauc_pooled=0.3",
    "log_auc=0.02", "ap",
)  # fmt: skip


def sample(seed: int = 0, subjects: int = 12, each: int = 15, digits: int = 1) -> Sample:
    generator = np.random.default_rng(seed)
    size = subjects * each
    species = generator.integers(0, 4, size)
    scores = generator.normal(np.where(species == 0, 1.0, 0.0), 1.0).round(digits)
    return Sample(scores, species, [0, 0, 1], np.repeat(np.arange(subjects), each))


def points(one: Sample, cut: float) -> dict[str, float]:
    live = one.scores[one.species == 0]
    groups = {
        "print": one.scores[np.isin(one.species, [1, 2])],
        "display": one.scores[one.species == 3],
    }
    species = {str(kind): one.scores[one.species == kind] for kind in (1, 2, 3)}
    fake = one.scores[one.species > 0]
    curve = curves.error_curve(live, fake)
    each = [curves.error_curve(live, group) for group in groups.values()]
    return {
        "bpcer": rates.bpcer(live, cut),
        "species:1": rates.apcer(one.scores[one.species == 2], cut),
        "group:0": rates.apcer(groups["print"], cut),
        "group:1": rates.apcer(groups["display"], cut),
        "apcer": rates.apcer_max(groups, cut),
        "apcer_pooled": rates.apcer(fake, cut),
        "acer": rates.acer(live, groups, cut),
        "apcer_species": rates.apcer_max(species, cut),
        "acer_species": rates.acer(live, species, cut),
        "d_prime": rates.d_prime(live, fake),
        "hter": rates.hter(live, fake, cut),
        "accuracy": rates.accuracy(live, fake, cut),
        "eer": max(curves.eer(one) for one in each),
        "eer_pooled": curves.eer(curve),
        "auc": min(curves.auc(one) for one in each),
        "auc_pooled": curves.auc(curve),
        "bpcer@0.1": max(curves.bpcer_at_apcer(one, 0.1) for one in each),
        "bpcer@0.1_pooled": curves.bpcer_at_apcer(curve, 0.1),
        "bpcer@0.2": max(curves.bpcer_at_apcer(one, 0.2) for one in each),
        "apcer@bpcer=0.1": max(curves.apcer_at_bpcer(one, 0.1) for one in each),
        "apcer_pooled@bpcer=0.1": curves.apcer_at_bpcer(curve, 0.1),
        "tpr@fpr=0.05": min(curves.tpr_at_fpr(one, 0.05) for one in each),
        "pauc=0.3": curves.partial_auc(curves.worst_curve(live, groups), 0.3),
        "pauc_pooled=0.3": curves.partial_auc(curve, 0.3),
        "log_auc=0.02": curves.log_auc(curves.worst_curve(live, groups), 0.02),
        "ap": curves.average_precision(curve),
    }


def drawn(one: Sample, weights: np.ndarray) -> Sample:
    """Lay the drawn clusters side by side, as a bootstrap without weights would."""
    rows = np.concatenate(
        [np.flatnonzero(one.clusters == c) for c in np.repeat(np.arange(len(weights)), weights)]
    )
    return Sample(one.scores[rows], one.species[rows], one.groups, one.clusters[rows])


@pytest.mark.parametrize("digits", [0, 1, 9])
def test_every_replicate_equals_the_point_metrics_of_the_drawn_sample(digits: int) -> None:
    one = sample(digits=digits)
    (weights,) = bootstrap.draw(one.cluster_count, 25, seed=3)
    found = bootstrap.figures(one, 0.5, LIMITS, weights, [parse(name) for name in POINTS])
    for index, row in enumerate(weights):
        expected = points(drawn(one, row), 0.5)
        for name, value in expected.items():
            assert found[name][index] == pytest.approx(value, abs=1e-9), name


def test_chunks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(bootstrap.draw(7, 50, seed=1)))
    monkeypatch.setattr(bootstrap, "_CELLS", 21)
    chunks = list(bootstrap.draw(7, 50, seed=1))
    assert len(chunks) > 10
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    assert (whole.sum(axis=1) == 7).all()
    one = sample()
    weights = whole[:5, :1].repeat(one.cluster_count, axis=1)
    parted = bootstrap.figures(one, 0.5, LIMITS, weights)
    monkeypatch.undo()
    together = bootstrap.figures(one, 0.5, LIMITS, weights)
    for name, values in together.items():
        np.testing.assert_array_equal(parted[name], values)


def test_a_replicate_without_a_class_is_nan_never_a_number() -> None:
    one = Sample(np.array([0.1, 0.9]), np.array([1, 0]), [0], np.array([0, 1]))
    weights = np.array([[2, 0], [0, 2], [1, 1]])
    found = bootstrap.figures(one, 0.5, LIMITS, weights, [parse("ap")])
    assert np.isnan(found["bpcer"]).tolist() == [True, False, False]
    assert np.isnan(found["apcer"]).tolist() == [False, True, False]
    assert np.isnan(found["d_prime"]).all()  # one score has no spread
    for name in ("acer", "eer", "auc", "bpcer@0.1", "ap"):
        assert np.isnan(found[name]).tolist() == [True, True, False], name


def test_leave_one_out() -> None:
    np.testing.assert_array_equal(
        np.concatenate(list(bootstrap.leave_one_out(3))), [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    )


def test_percentile_by_hand() -> None:
    replicates = np.arange(101.0)
    assert resampled.percentile(replicates, 0.9) == pytest.approx((5.0, 95.0))


def test_bca_without_bias_or_skewness_is_the_percentile_interval() -> None:
    replicates = np.random.default_rng(0).permutation(np.linspace(-1, 1, 2001))
    flat = resampled.bca(replicates, 0.0, np.array([-1.0, 1.0]), 0.9)
    assert flat == pytest.approx(resampled.percentile(replicates, 0.9), abs=2e-3)


def test_bca_counts_ties_with_the_estimate_by_halves() -> None:
    replicates = np.repeat([0.0, 0.5, 1.0], [30, 40, 30])
    even = resampled.bca(replicates, 0.5, np.array([0.4, 0.6]), 0.5)
    assert even == pytest.approx(resampled.percentile(replicates, 0.5))


def test_bca_against_scipy() -> None:
    from scipy import stats

    data = np.random.default_rng(5).exponential(size=25) ** 2
    outside = stats.bootstrap(
        (data,), np.mean, n_resamples=100_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    (weights,) = bootstrap.draw(25, 100_000, seed=1)
    jackknife = np.array([np.delete(data, i).mean() for i in range(25)])
    replicates = weights @ data / 25
    found = resampled.bca(replicates, data.mean(), jackknife, 0.95)
    tolerance = 0.02
    assert found == pytest.approx((outside.low, outside.high), abs=tolerance)
    # The bias and the skewness matter here, or the test would say nothing.
    plain = resampled.percentile(replicates, 0.95)
    assert abs(plain.high - outside.high) > 5 * tolerance


def test_intervals_over_subjects_cover_the_truth_where_those_over_videos_do_not() -> None:
    """Subjects differ; drawing videos as if they were independent claims too much."""
    generator = np.random.default_rng(2)
    covered = {"subjects": 0, "videos": 0}
    runs, subjects, each = 120, 30, 12
    for run in range(runs):
        skill = generator.normal(0, 1.0, subjects).repeat(each)
        scores = np.append(generator.normal(skill, 0.6), [-9.0] * subjects)
        species = np.append(
            np.zeros(subjects * each, dtype=np.int64), np.ones(subjects, dtype=np.int64)
        )
        owner = np.append(np.arange(subjects).repeat(each), np.arange(subjects))
        for name, clusters in (("subjects", owner), ("videos", np.arange(scores.size))):
            one = Sample(scores, species, [0], clusters)
            (weights,) = bootstrap.draw(one.cluster_count, 200, seed=run)
            rate = bootstrap._rates(one, 0.0, weights)["bpcer"]
            low, high = resampled.percentile(rate, 0.9)
            covered[name] += low <= 0.5 <= high
    assert covered["subjects"] / runs > 0.82
    assert covered["videos"] / runs < 0.7


def test_expanded_intervals_by_hand() -> None:
    replicates = np.arange(10_001.0)
    # Student's 0.975 quantile with 9 degrees is 2.2622; times sqrt(10 / 9) it is 2.3845, which a
    # normal value exceeds with probability 0.00855.
    found = resampled.expanded(replicates, 10, 0.95)
    assert found == pytest.approx((85.5, 9914.5), abs=0.5)
    many = resampled.expanded(replicates, 100_000, 0.95)
    assert many == pytest.approx(resampled.percentile(replicates, 0.95), abs=0.1)


def test_log_odds_against_scipy() -> None:
    from scipy import special, stats

    replicates = np.random.default_rng(2).normal(0.9, 0.03, 500)
    spread = replicates.std(ddof=1) * np.sqrt(20 / 19) / (0.9 * 0.1)
    expected = special.expit(special.logit(0.9) + stats.t.ppf([0.05, 0.95], 19) * spread)
    assert resampled.log_odds(replicates, 0.9, 20, 0.9) == pytest.approx(tuple(expected))
    far = resampled.log_odds(np.array([0.2, 0.9]), 1e-12, 2, 0.95)
    assert far == (0.0, 1.0)  # nothing overflows
