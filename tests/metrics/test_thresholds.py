"""Threshold rules: worked by hand, ties stated, and what they promise under transforms."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from fasharness.metrics import thresholds
from fasharness.metrics.thresholds import Development, parse

Floats = NDArray[np.float64]


def dev(live: list[float] | Floats, *attacks: list[float] | Floats) -> Development:
    named = {str(i): np.asarray(a, dtype=float) for i, a in enumerate(attacks)}
    return Development(np.asarray(live, dtype=float), named)


def choose(rule: str, scores: Development) -> float:
    return parse(rule).choose(scores)


HAND = dev([0.9, 0.8, 0.5, 0.4], [0.1, 0.5, 0.6], [0.2, 0.3])


def test_rules_by_hand() -> None:
    # Cut at 0.5: APCER 2/5, BPCER 1/4, gap 0.15; cut at 0.6: 1/5 and 2/4, gap 0.3.
    assert choose("eer", HAND) == pytest.approx(0.45)
    assert choose("eer-observed", HAND) == 0.5
    # HTER: cut at 0.4: (2/5 + 0) / 2 is the smallest.
    assert choose("min-hter", HAND) == pytest.approx(0.35)
    # ACER: the first group has 2/3 at cuts 0.4 and 0.5; at 0.8 none and 2/4: 0.25.
    assert choose("min-acer", HAND) == pytest.approx(0.7)
    assert choose("apcer=0.4", HAND) == pytest.approx(0.55)
    assert choose("apcer=0", HAND) == pytest.approx(0.7)
    assert choose("bpcer=0.25", HAND) == pytest.approx(0.45)
    assert choose("bpcer=0", HAND) == pytest.approx(0.35)
    assert choose("bpcer=1", HAND) > 0.9
    assert choose("fixed=-2.5", HAND) == -2.5


def test_of_two_cuts_that_are_as_good_the_stricter_is_taken() -> None:
    # Cuts at 2 (APCER 1/2, BPCER 0) and 3 (1/2, 1): |gap| 1/2 both; at 2 the gap is -1/2.
    scores = dev([2.0], [1.0, 3.0])
    assert choose("eer-observed", scores) == 3.0
    assert choose("eer", scores) == 2.5


def test_separable_classes_are_parted_in_the_middle() -> None:
    scores = dev([3.0, 4.0], [0.0, 1.0])
    for rule in ("eer", "min-hter", "min-acer", "apcer=0.01", "bpcer=0.01"):
        assert choose(rule, scores) == 2.0


def test_neighbouring_floats_are_parted() -> None:
    high = math.nextafter(1.0, 2.0)
    assert choose("eer", dev([high], [1.0])) == high
    huge = dev([1.7e308], [-1.7e308])
    assert choose("eer", huge) == 0.0


def test_equal_scores_have_no_equal_error_threshold() -> None:
    for rule in ("eer", "eer-observed"):
        with pytest.raises(ValueError, match="all scores are equal"):
            choose(rule, dev([0.5, 0.5], [0.5]))


@pytest.mark.parametrize(
    "name", ["", "err", "EER", "apcer", "apcer=", "apcer=2", "apcer=x", "bpcer=-1", "fixed=nan"]
)
def test_other_rules_are_refused_with_a_list(name: str) -> None:
    with pytest.raises(ValueError, match=r"no threshold rule .* there are eer, "):
        parse(name)


arrays = hnp.arrays(np.float64, st.integers(1, 20), elements=st.integers(-6, 6).map(float))
RULES = ["eer", "eer-observed", "min-hter", "min-acer", "apcer=0.2", "bpcer=0.2"]


@given(arrays, arrays, arrays, st.sampled_from(RULES))
def test_increasing_transforms_leave_every_dev_decision(
    live: Floats, one: Floats, two: Floats, rule: str
) -> None:
    pooled = np.concatenate([live, one, two])
    assume(np.ptp(pooled) > 0)
    before = pooled >= choose(rule, dev(live, one, two))
    after = np.exp(pooled) >= choose(rule, dev(np.exp(live), np.exp(one), np.exp(two)))
    np.testing.assert_array_equal(after, before)


@given(arrays, arrays, arrays)
def test_the_observed_rule_keeps_decisions_on_other_data_too(
    live: Floats, fake: Floats, other: Floats
) -> None:
    assume(np.ptp(np.concatenate([live, fake])) > 0)
    before = other >= choose("eer-observed", dev(live, fake))
    after = np.exp(other) >= choose("eer-observed", dev(np.exp(live), np.exp(fake)))
    np.testing.assert_array_equal(after, before)


@given(arrays, arrays, arrays, st.floats(0, 1))
def test_limits_are_kept_and_no_better_cut_keeps_them(
    live: Floats, one: Floats, two: Floats, limit: float
) -> None:
    scores = dev(live, one, two)
    cut = thresholds.at_apcer(scores, limit)
    assert max(np.mean(one >= cut), np.mean(two >= cut)) <= limit
    lower = max((v for v in scores.curve.values if v < cut), default=None)
    if lower is not None:
        assert max(np.mean(one >= lower), np.mean(two >= lower)) > limit
    assert np.mean(live < thresholds.at_bpcer(scores, limit)) <= limit


BOB = json.loads((Path(__file__).parent / "data" / "bob.json").read_text())


@pytest.mark.parametrize("row", BOB["rows"], ids=lambda row: f"draw{row[0]}")
def test_against_bob(row: list[float]) -> None:
    """Working points of another toolkit on the same draws (its rates stand in the data file)."""
    bob = dict(zip(BOB["columns"], row, strict=True))
    generator = np.random.default_rng(int(bob["seed"]))
    live, fake = (
        generator.normal(mean, 1, size).round(int(bob["digits"]))
        for mean, size in ((1, 150), (0, 400))
    )
    scores = dev(live, fake)

    def rates(rule: str) -> tuple[float, float]:
        cut = choose(rule, scores)
        return float(np.mean(fake >= cut)), float(np.mean(live < cut))

    apcer, bpcer = rates("eer")
    assert abs(apcer - bpcer) == pytest.approx(abs(bob["eer_far"] - bob["eer_frr"]))
    assert sum(rates("min-hter")) == pytest.approx(bob["hter_far"] + bob["hter_frr"])
    # At a limit ours is never worse, unless the other's threshold breaks the limit.
    apcer, bpcer = rates("apcer=0.05")
    assert apcer <= 0.05
    assert bpcer <= bob["far5_frr"] or bob["far5_far"] > 0.05
    apcer, bpcer = rates("bpcer=0.05")
    assert bpcer <= 0.05
    assert apcer <= bob["frr5_far"] or bob["frr5_frr"] > 0.05


ARRAYS = np.load(Path(__file__).parent / "data" / "published.npz")
PRINTED = json.loads((Path(__file__).parent / "data" / "published.json").read_text())


@pytest.mark.parametrize("name", sorted(PRINTED["cdcn"]))
def test_the_thinned_rule_is_the_published_codes(name: str) -> None:
    values, labels = ARRAYS[f"cdcn/{name}/dev"], ARRAYS[f"cdcn/{name}/dev_labels"]
    found = choose("eer-thinned", dev(values[labels == 1], values[labels != 1]))
    assert found == PRINTED["cdcn"][name]["val_threshold"]


@pytest.mark.parametrize("name", sorted(PRINTED["lgsc"]))
def test_the_grid_rule_is_the_published_codes(name: str) -> None:
    values, labels = ARRAYS[f"lgsc/{name}/scores"], ARRAYS[f"lgsc/{name}/labels"]
    found = choose("eer-grid", dev(values[labels == 1], values[labels != 1]))
    assert found == PRINTED["lgsc"][name]["EER_thr"]
