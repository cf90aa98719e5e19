"""The evaluation: a table worked by hand, honest intervals, and scores that cannot be evaluated."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from fasharness.counts import Failure
from fasharness.errors import DataError, OptionError
from fasharness.evaluation.checks import check_manifest
from fasharness.evaluation.evaluate import EvaluationOptions, baseline, evaluate
from fasharness.metrics import binomial
from fasharness.scores import Score

Draw = Callable[..., tuple[Score, ...]]


def score(name: str, split: str, species: str | None, value: float, **more: object) -> Score:
    group = None if species is None else species.rstrip("0123456789")
    fields = {"subject": f"{split}-{name[0]}", "group": group, **more}
    return Score(presentation=name, split=split, species=species, value=value, **fields)  # type: ignore[arg-type]


# Two subjects a split; dev is parted by 0.5 (midpoint of 0.45 and 0.55).
HAND = (
    score("a1", "dev", None, 0.55), score("b1", "dev", None, 0.9),
    score("a2", "dev", "print1", 0.45), score("b2", "dev", "replay1", 0.1),
    score("c1", "test", None, 0.5), score("c2", "test", None, 0.4),
    score("d1", "test", None, 0.8), score("d2", "test", None, 0.9),
    score("c3", "test", "print1", 0.6), score("d3", "test", "print1", 0.1),
    score("c4", "test", "print2", 0.2), score("d4", "test", "print2", 0.3),
    score("c5", "test", "replay1", 0.7), score("d5", "test", "replay1", 0.5),
)  # fmt: skip


def changed(scores: tuple[Score, ...], name: str, **changes: object) -> tuple[Score, ...]:
    return tuple(
        dataclasses.replace(s, **changes) if s.presentation == name else s  # type: ignore[arg-type]
        for s in scores
    )


def lost(scores: tuple[Score, ...], *names: str) -> tuple[Score, ...]:
    for name in names:
        scores = changed(scores, name, value=math.nan, failure="no face")
    return scores


def test_the_table_by_hand() -> None:
    found = evaluate(HAND)
    assert found.threshold.value == 0.5
    assert (found.threshold.split, found.threshold.operator) == ("dev", ">=")
    assert not found.threshold.leaks
    values = {m.name: m.value for m in found.metrics}
    assert values["bpcer"] == 1 / 4
    assert values["apcer"] == 1.0
    assert values["apcer_pooled"] == 3 / 6
    assert values["acer"] == (1.0 + 1 / 4) / 2
    assert values["hter"] == (3 / 6 + 1 / 4) / 2
    assert values["accuracy"] == 6 / 10
    # Pairs won: 0.5 beats 3 and ties 1, 0.4 beats 3, 0.8 and 0.9 beat all 6.
    assert values["auc_pooled"] == pytest.approx((3.5 + 3 + 6 + 6) / 24)
    # Against replay alone: 0.5 ties 1, 0.4 beats none, 0.8 and 0.9 beat both.
    assert values["auc"] == pytest.approx((0.5 + 0 + 2 + 2) / 8)
    # Cut at 0.5: APCER 3/6, BPCER 1/4; at 0.6: 2/6 and 2/4: they meet on the line between.
    assert values["eer_pooled"] == pytest.approx(0.25 + 0.25 * (0.25 / (0.25 + 1 / 6)))
    # Cut at 0.7: replay has APCER 1/2, BPCER is 2/4; print meets at 1/4 already.
    assert values["eer"] == 1 / 2
    groups = {m.name: (m.value, m.count) for m in found.apcer_by_group}
    assert groups == {"print": (1 / 4, 4), "replay": (1.0, 2)}
    species = {m.name: (m.value, m.count) for m in found.apcer_by_species}
    assert species == {"print1": (1 / 2, 2), "print2": (0.0, 2), "replay1": (1.0, 2)}


def test_counts_name_the_failures() -> None:
    found = evaluate(lost(HAND, "c4"), EvaluationOptions(max_failed_share=0.6))
    dev, test = found.counts  # nobody scored train, so it is not listed
    assert (dev.expected, test.expected) == (4, 10)
    assert (test.scored, test.bona_fide, test.subjects) == (9, 4, 2)
    assert test.attacks == {"print1": 2, "print2": 1, "replay1": 2}
    assert test.failed == (Failure("c4", "no face"),)
    values = {m.name: m.value for m in found.metrics}
    assert values["apnrr"] == pytest.approx(1 / 6)
    assert values["bpnrr"] == 0.0
    assert values["apcer_pooled"] == 3 / 5
    assert any("1 of the test presentations failed" in words for words in found.warnings)


def test_too_many_failures_leave_no_figure() -> None:
    found = evaluate(lost(HAND, "c4", "d4"))
    for metric in (*found.metrics, *found.apcer_by_group, *found.apcer_by_species):
        assert (metric.value is None) == (metric.name not in ("apnrr", "bpnrr"))
    assert "33.3% of the attack test presentations failed" in found.metric("acer").reason
    assert found.metric("acer").reason in found.warnings


def test_lost_dev_presentations_are_warned_of_and_too_many_refused() -> None:
    more = tuple(dataclasses.replace(HAND[0], presentation=f"a{i}") for i in range(10, 20))
    scores = (*HAND, *more)
    few = evaluate(lost(scores, "a10", "a11"))
    words = (
        "2 of the dev presentations failed: counted, and left out of the choice of the threshold"
    )
    assert words in few.warnings
    assert few.metric("acer").value is not None
    gone = lost(scores, "a10", "a11", "a12")
    found = evaluate(gone)
    assert found.metric("acer").value is None
    assert "of the bona fide dev presentations failed, more than the 20.0%" in found.warnings[0]
    # Where dev does not choose the threshold, what it lost takes nothing away.
    for rule in ("fixed=0.5", "test:eer"):
        other = evaluate(gone, EvaluationOptions(threshold_rule=rule, allow_leaks=True))
        assert other.metric("acer").value is not None
        assert not any("dev presentations" in words for words in other.warnings)


def test_drawn_rates_without_an_error_get_exact_limits() -> None:
    found = evaluate(HAND, EvaluationOptions(interval="percentile"))
    print2 = next(m for m in found.apcer_by_species if m.name == "print2")
    assert (print2.low, print2.high) == binomial.clopper_pearson(0, 2)
    apcer = found.metric("apcer")
    assert (apcer.low, apcer.high) == binomial.clopper_pearson(2, 2)


def test_exact_intervals_are_binomial_and_the_others_stay(oulu_like: Draw) -> None:
    scores = oulu_like(3)
    drawn, exact = (
        evaluate(scores, EvaluationOptions(interval=i)) for i in ("percentile", "exact")
    )
    bpcer = exact.metric("bpcer")
    assert bpcer.value == drawn.metric("bpcer").value
    wrong = round(bpcer.value * 32)
    assert 0 < wrong < 32
    assert (bpcer.low, bpcer.high) == binomial.clopper_pearson(wrong, 32)
    apcer, acer = exact.metric("apcer"), exact.metric("acer")
    assert acer.high == pytest.approx((apcer.high + bpcer.high) / 2)
    assert exact.metric("auc") == drawn.metric("auc")
    assert "assumes independent presentations" in exact.intervals.words


def test_perfect_scores_still_have_an_interval_where_one_can_be_given() -> None:
    perfect = tuple(dataclasses.replace(s, value=float(s.bona_fide)) for s in HAND)
    acer = evaluate(perfect).metric("acer")
    assert (acer.value, acer.low) == (0.0, 0.0)
    assert acer.high is not None
    assert acer.high > 0.5  # four bona fide, two replays: next to nothing is known
    eer = evaluate(perfect).metric("eer")
    assert (eer.value, eer.low, eer.high) == (0.0, None, None)
    assert "same in every drawn sample" in eer.reason


def test_smallest_rates_and_rare_working_points() -> None:
    found = evaluate(HAND)
    assert found.smallest_rate["bona fide"] == pytest.approx(1 - 0.05 ** (1 / 4))
    assert set(found.smallest_rate) == {"bona fide", "print", "replay"}
    needs = "needs 10 attack presentations to measure 10%, got"
    assert found.metric("bpcer10_pooled").reason == f"{needs} 6"
    assert found.metric("bpcer10").reason == f"{needs} 4 of the species group print"


def test_same_seed_same_evaluation_other_seed_other_intervals(oulu_like: Draw) -> None:
    scores = oulu_like()
    first = evaluate(scores)
    assert evaluate(scores) == first
    # The order of the scores says nothing.
    shuffled = [scores[i] for i in np.random.default_rng(0).permutation(len(scores))]
    assert evaluate(shuffled) == first
    other = evaluate(scores, EvaluationOptions(seed=1))
    assert other.metric("acer") == first.metric("acer")  # a closed form draws nothing
    assert other.metric("eer").value == first.metric("eer").value
    assert other.metric("eer").low != first.metric("eer").low


@pytest.mark.parametrize("method", ["korn-graubard", "percentile", "bca"])
def test_intervals_hold_their_figures_and_grow_with_confidence(
    oulu_like: Draw, method: str
) -> None:
    scores = oulu_like(2)
    narrow = evaluate(scores, EvaluationOptions(interval=method, confidence=0.5))
    wide = evaluate(scores, EvaluationOptions(interval=method, confidence=0.99))
    assert method in wide.intervals.words.lower()
    assert wide.intervals.clusters == 8
    for name in ("acer", "bpcer", "eer", "auc"):
        low, value, high = wide.metric(name).low, wide.metric(name).value, wide.metric(name).high
        assert low is not None and value is not None and high is not None  # noqa: PT018
        assert low <= value <= high
        inner = narrow.metric(name)
        assert inner.low is not None and inner.high is not None  # noqa: PT018
        assert low <= inner.low <= inner.high <= high


def test_without_subjects_presentations_are_drawn(oulu_like: Draw) -> None:
    nameless = tuple(dataclasses.replace(s, subject="") for s in oulu_like())
    found = evaluate(nameless)
    assert found.intervals.clusters == 160
    assert "no subjects are given" in found.intervals.words


def test_few_subjects_with_an_error_are_warned_of(oulu_like: Draw) -> None:
    scores = oulu_like(test_users=14)
    words = "in one class only 1 test subjects have an error: the intervals of EER, AUC"
    assert not any("have an error" in warning for warning in evaluate(scores).warnings)
    # At this threshold a single bona fide presentation is refused.
    live = sorted(s.value for s in scores if s.split == "test" and s.bona_fide)
    strict = evaluate(scores, EvaluationOptions(threshold_rule=f"fixed={live[1]!r}"))
    assert any(warning.startswith(words) for warning in strict.warnings)


def test_one_subject_has_no_interval() -> None:
    alone = tuple(dataclasses.replace(s, subject=s.split) for s in HAND)
    bpcer = evaluate(alone).metric("bpcer")
    assert (bpcer.value, bpcer.low) == (0.25, None)
    assert "one subject" in bpcer.reason


def test_other_rules() -> None:
    fixed = evaluate(HAND, EvaluationOptions(threshold_rule="fixed=0.65"))
    assert (fixed.threshold.value, fixed.threshold.split) == (0.65, "")
    assert fixed.metric("apcer_pooled").value == 1 / 6
    only_test = tuple(s for s in HAND if s.split == "test")
    assert evaluate(only_test, EvaluationOptions(threshold_rule="fixed=0.65")).threshold == (
        fixed.threshold
    )


def test_thresholds_from_the_test_split_need_leave_and_are_labelled() -> None:
    with pytest.raises(OptionError, match="looks at the test split"):
        EvaluationOptions(threshold_rule="test:eer")
    found = evaluate(HAND, EvaluationOptions(threshold_rule="test:eer", allow_leaks=True))
    assert found.threshold.leaks
    assert found.threshold.split == "test"
    assert any("chosen on the test split" in words for words in found.warnings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold_rule": "err"}, "no threshold rule 'err'"),
        ({"replicates": 0}, "replicates is 0, expected at least 1"),
        ({"confidence": 95.0}, "confidence is 95, expected a share between 0 and 1"),
        ({"confidence": 1.0}, "confidence is 1"),
        ({"seed": -1}, "seed is -1"),
        (
            {"interval": "normal"},
            "interval 'normal', expected one of korn-graubard, percentile",
        ),
        ({"max_failed_share": 3.0}, "max-failed .* is 3, expected a share from 0 to 1"),
        ({"points": ("tpr@fpr",)}, "no figure 'tpr@fpr'"),
    ],
)
def test_impossible_options_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        EvaluationOptions(**changes)  # type: ignore[arg-type]


def test_reversed_scores_are_warned_of(oulu_like: Draw) -> None:
    turned = tuple(dataclasses.replace(s, value=-s.value) for s in oulu_like())
    assert any("below 0.5" in words for words in evaluate(turned).warnings)
    assert not any("below 0.5" in words for words in evaluate(oulu_like()).warnings)


def test_few_subjects_are_warned_of(oulu_like: Draw) -> None:
    (words,) = evaluate(oulu_like()).warnings
    assert words.startswith("only 8 test subjects")
    assert not evaluate(oulu_like(test_users=12)).warnings


def test_a_species_that_dev_never_saw_is_warned_of() -> None:
    without = tuple(s for s in HAND if s.presentation != "b2")
    found = evaluate(without)
    assert "the threshold never saw the species replay: none in dev" in found.warnings
    for rule in ("fixed=0.5", "test:eer"):  # these do not look at dev
        options = EvaluationOptions(threshold_rule=rule, allow_leaks=True)
        assert not any("never saw" in words for words in evaluate(without, options).warnings)


DEGENERATE = {
    "no dev": (tuple(s for s in HAND if s.split != "dev"), "the dev split has no bona fide score"),
    "no test": (tuple(s for s in HAND if s.split != "test"), "the test split has no bona fide"),
    "no attack": (
        tuple(s for s in HAND if s.bona_fide or s.split == "dev"),
        "the test split has no attack score",
    ),
    "all failed": (lost(HAND, "a1", "b1"), r"dev split has no bona fide score \(2 failed\)"),
    "constant": (
        tuple(dataclasses.replace(s, value=0.5) for s in HAND),
        "all 4 scores of the dev split equal 0.5",
    ),
    "twice": ((*HAND, HAND[0]), "row 15: presentation 'a1' is scored twice, in row 1 and row 15"),
    "subject": (
        changed(HAND, "c1", subject="dev-a"),
        "row 5: subject 'dev-a' is in both dev and test .'c1'.*--allow-subject-overlap",
    ),
    "units": (
        changed(HAND, "d5", unit="clip", video="d"),
        "row 14: 'd5' is a clip, row 1 a video",
    ),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_scores_that_cannot_be_evaluated_are_refused(case: str) -> None:
    scores, message = DEGENERATE[case]
    with pytest.raises(DataError, match=message) as caught:
        evaluate(scores)
    assert "\n" not in str(caught.value)


def test_subject_overlap_can_be_allowed() -> None:
    shared = changed(HAND, "c1", subject="dev-a")
    evaluate(shared, EvaluationOptions(allow_subject_overlap=True))


def test_the_manifest_is_compared_by_name() -> None:
    expected = {s: [x.presentation for x in HAND if x.split == s] for s in ("dev", "test")}
    check_manifest(HAND, expected)
    with pytest.raises(DataError, match=r"of test that have no score: 1 \(x9\)"):
        check_manifest(HAND, {**expected, "test": [*expected["test"], "x9"]})
    with pytest.raises(DataError, match=r"of dev that are not in the protocol: 1 \(a1\)"):
        check_manifest(HAND, {**expected, "dev": expected["dev"][1:]})


def test_a_pluggable_metric_cannot_take_a_name_that_is_taken() -> None:
    with pytest.raises(OptionError, match="a plugin's metric has the name 'auc'"):
        evaluate(HAND, extra={"auc": lambda given: 1.0})


def test_a_constant_baseline_accepts_everything_and_gets_chance() -> None:
    constant = [dataclasses.replace(s, value=0.5) for s in HAND]
    found = baseline("constant", "one half", constant)
    values = {m.name: m.value for m in found.metrics}
    assert (values["acer"], values["apcer"], values["bpcer"]) == (0.5, 1.0, 0.0)
    assert (values["eer"], values["auc"]) == (0.5, 0.5)


def test_other_baselines_go_by_the_same_rules_or_say_why_not() -> None:
    found = baseline("same", "the method itself", HAND)
    assert found.metrics == evaluate(HAND).metrics
    failed = baseline("lost", "nothing", lost(HAND, "a1", "b1"))
    assert failed.metrics == ()
    assert "no bona fide score" in failed.reason


def test_published_codes_figures_come_on_request_with_rule_and_leak_flag() -> None:
    assert evaluate(HAND).published == ()
    found = {p.name: p for p in evaluate(HAND, EvaluationOptions(published=True)).published}
    # The dev ROC's EER point is at 0.55: replay 1 of 2 above it, print 1 of 4, live 2 of 4 below.
    assert found["compat.sgtd.acer"].value == 0.5
    assert found["compat.cdcn.apcer"].value == pytest.approx(2 / 6)
    assert found["compat.cdcn.bpcer"].value == 0.5
    assert not found["compat.sgtd.acer"].leaks
    for name in ("sgtd.test_eer", "cdcn.acer_own", "cdcn.eer_siwm", "ssdg.hter", "lgsc_auto.acer"):
        assert found[f"compat.{name}"].leaks
    auc = evaluate(HAND).metric("auc_pooled").value
    assert found["compat.cdcn.auc_zero_shot"].value == pytest.approx(auc)
    assert found["compat.ssdg.auc"].value == pytest.approx(auc)
    # At best, between 0.7 and 0.8, the bona fide scores 0.4 and 0.5 alone are refused.
    assert found["compat.lgsc_auto.accuracy"].value == pytest.approx(0.8)
    assert all(p.words for p in found.values())


def test_sgtds_code_scores_a_failed_attack_as_zero_and_so_for_free() -> None:
    options = EvaluationOptions(published=True, max_failed_share=1.0)
    found = {p.name: p.value for p in evaluate(lost(HAND, "c5"), options).published}
    assert found["compat.sgtd.apcer"] == 0.25
    assert evaluate(lost(HAND, "c5"), options).metric("apcer").value == 1.0


def test_more_metrics_stand_apart_and_far_and_frr_are_the_pooled_rates(oulu_like: Draw) -> None:
    scores = oulu_like(test_users=14)
    plain = evaluate(scores)
    assert plain.more == ()
    found = evaluate(scores, EvaluationOptions(more=True, points=("bpcer@apcer=0.02", "ap")))
    assert found.metrics == plain.metrics
    names = [m.name for m in found.more]
    assert len(set(names)) == len(names)
    assert {"bpcer@apcer=0.02", "tpr@fpr=0.001", "pauc=0.1", "log_auc=0.01", "ap"} < set(names)
    for name, same in (("far", "apcer_pooled"), ("frr", "bpcer")):
        assert dataclasses.replace(found.metric(name), name=same) == found.metric(same)
    assert found.metric("tpr@fpr=0.1").value == pytest.approx(1 - found.metric("bpcer10").value)
    for name in ("ap", "d_prime", "pauc=0.1"):
        low, value, high = (getattr(found.metric(name), end) for end in ("low", "value", "high"))
        assert low <= value <= high
        assert low < high
    rare = found.metric("tpr@fpr_pooled=0.001")
    assert (rare.value, rare.reason) == (
        None,
        "needs 1000 attack presentations to measure 0.1%, got 224",
    )
    only = evaluate(scores, EvaluationOptions(points=("apcer@bpcer=0.1",)))
    assert [m.name for m in only.more] == ["apcer@bpcer=0.1"]


def test_a_distance_of_classes_that_do_not_vary_is_absent() -> None:
    flat = tuple(dataclasses.replace(s, value=float(s.bona_fide)) for s in HAND)
    d = evaluate(flat, EvaluationOptions(more=True)).metric("d_prime")
    assert (d.value, d.reason) == (None, "d' needs scores that vary within a class")


def test_the_same_scores_by_group_and_by_species_give_two_acers() -> None:
    found = evaluate(HAND)
    # By group replay is worst (2 of 2); by species replay1 as well; without it print differs.
    assert found.metric("acer_species").value == found.metric("acer").value
    mended = changed(changed(HAND, "c5", value=0.1), "d5", value=0.1)
    again = evaluate(mended)
    assert again.metric("apcer").value == 1 / 4
    assert again.metric("apcer_species").value == 1 / 2
    assert again.metric("acer_species").value == (1 / 2 + 1 / 4) / 2
    ungrouped = tuple(dataclasses.replace(s, group=None) for s in mended)
    names = [m.name for m in evaluate(ungrouped).metrics]
    assert "acer_species" not in names
    assert evaluate(ungrouped).metric("acer").value == (1 / 2 + 1 / 4) / 2


def test_clips_are_drawn_by_video_where_no_subjects_are_known(oulu_like: Draw) -> None:
    clips = tuple(
        dataclasses.replace(
            s, presentation=f"{s.presentation}#{i}", unit="clip", video=s.presentation, subject=""
        )
        for s in oulu_like()
        for i in range(2)
    )
    found = evaluate(clips)
    assert found.unit == "clip"
    assert found.intervals.clusters == 160
    assert "test videos (no subjects are given)" in found.intervals.words
    # Doubling every score changes no figure and, by video, no interval either.
    nameless = tuple(dataclasses.replace(s, subject="") for s in oulu_like())
    assert found.metric("acer").value == evaluate(nameless).metric("acer").value


def test_a_rule_that_needs_a_threshold_above_every_number_is_refused() -> None:
    highest = float(np.finfo(np.float64).max)
    with pytest.raises(DataError, match=r"the rule apcer=0 finds no threshold on dev"):
        evaluate(changed(HAND, "a2", value=highest), EvaluationOptions(threshold_rule="apcer=0"))
