"""The terminal's tables: what stands in them, under them, and in their JSON."""

import dataclasses
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.folds import evaluate_folds
from fasharness.report.grid import render
from fasharness.report.numbers import (
    MEANINGS,
    NAMES,
    beside,
    change,
    figure,
    is_share,
    label,
    meaning,
    percent,
    with_interval,
)
from fasharness.report.tables import attacks
from fasharness.report.text import (
    evaluation_grid,
    evaluation_json,
    evaluation_table,
    folds_grid,
    folds_table,
)
from fasharness.result import Metric
from fasharness.scores import Score

Draw = Callable[..., tuple[Score, ...]]
FEW = EvaluationOptions(replicates=30)
FLOOR = "smallest error rate that so few presentations can support (95%, none wrong): bona fide"


def test_the_short_table_has_its_unit_and_its_floor(oulu_like: Draw) -> None:
    scores = oulu_like()
    text = evaluation_table(evaluate(scores, FEW), simulated=False)
    assert "SIMULATED" not in text
    assert "\nper presentation " in text
    assert f"{FLOOR} 8.94 %, display 4.57 %, print 4.57 %" in text  # 1 - 0.05 ** (1 / 32), 1 / 64
    assert "TPR" not in text
    frames = tuple(
        dataclasses.replace(
            s, unit="frame", video=s.presentation, presentation=f"{s.presentation}#"
        )
        for s in scores
    )
    text = evaluation_table(evaluate(frames, FEW), simulated=True)
    assert text.startswith("SIMULATED data")
    assert "\nper frame " in text
    assert "test: 32 bona fide + 128 attack frames of 8 subjects" in text


def test_species_that_are_their_own_groups_stand_once(oulu_like: Draw) -> None:
    alone = tuple(dataclasses.replace(s, group=None) for s in oulu_like())
    lines = evaluation_table(evaluate(alone, FEW), simulated=False).splitlines()
    assert len([line for line in lines if line.strip().startswith("APCER print1")]) == 1
    grouped = evaluation_table(evaluate(oulu_like(), FEW), simulated=False)
    assert "\nAPCER print " in grouped
    assert "\n  APCER print1 " in grouped


def test_fixed_thresholds_and_files_without_subjects_read_well(oulu_like: Draw) -> None:
    nobody = tuple(dataclasses.replace(s, subject="") for s in oulu_like())
    options = dataclasses.replace(FEW, threshold_rule="fixed=99")
    text = evaluation_table(evaluate(nobody, options), simulated=False)
    assert "is bona fide (fixed=99)" in text
    assert "attack presentations (no subjects are given)" in text
    assert "0 subjects" not in text


def test_what_was_asked_for_is_printed(oulu_like: Draw) -> None:
    options = dataclasses.replace(FEW, more=True, points=("bpcer@apcer=0.025",), published=True)
    text = evaluation_table(evaluate(oulu_like(), options), simulated=False)
    for words in ("BPCER at APCER 2.5 %", "TPR at FPR 0.001 %", "d′, all", "FAR, all", "FRR "):
        assert f"\n{words}" in text
    line = next(line for line in text.splitlines() if line.startswith("compat.ssdg.hter"))
    assert line.endswith("LEAKS: chosen on test")
    line = next(line for line in text.splitlines() if line.startswith("compat.sgtd.acer"))
    assert "LEAKS" not in line


def test_leaking_thresholds_are_named_in_every_form(oulu_like: Draw) -> None:
    options = dataclasses.replace(FEW, threshold_rule="test:eer", allow_leaks=True)
    found = evaluate(oulu_like(), options)
    assert "LEAKS: chosen on test" in evaluation_table(found, False)
    for style in ("terminal", "markdown", "latex", "csv", "html"):
        assert "LEAKS: chosen on test" in render(evaluation_grid(found, False), style)
    folds = evaluate_folds({"a": oulu_like(), "b": oulu_like(1)}, options)
    lines = folds_table(folds, False).splitlines()
    assert lines[0].endswith("LEAKS: threshold chosen on test")
    assert folds_grid(folds, False).notes[0] == lines[0]
    assert "LEAKS" in render(folds_grid(folds, False), "csv")


@pytest.mark.parametrize("style", ["terminal", "markdown", "latex", "csv", "html"])
def test_simulated_figures_are_marked_in_every_form(style: str, oulu_like: Draw) -> None:
    found = evaluate(oulu_like(simulated=True), FEW)
    assert "SIMULATED" in render(evaluation_grid(found, True), style)
    assert "SIMULATED" not in render(evaluation_grid(found, False), style)


def test_folds_show_each_fold_averages_pooled_rates_and_the_floor(oulu_like: Draw) -> None:
    folds = evaluate_folds({"one": oulu_like(1), "two": oulu_like(2, test_users=4)}, FEW)
    text = folds_table(folds, simulated=True)
    assert text.startswith("SIMULATED data")
    assert "\none: ACER " in text
    assert (
        "mean and sample standard deviation (divided by n - 1) over the folds, per presentation:"
        in text
    )
    assert "pooled: the test decisions of all folds" in text
    assert f"in one fold: {FLOOR} 17.07 %" in text  # the smaller fold: 1 - 0.05 ** (1 / 16)
    assert "only 8 test subjects: fewer than the coverage of intervals was measured" in text
    grid = folds_grid(folds, simulated=True)
    assert grid.notes[0].startswith("SIMULATED data")
    assert any(FLOOR in note for note in grid.notes)
    cells = {row[0]: row[1:] for row in grid.rows}
    mean, pooled = ({m.name: m for m in kind} for kind in (folds.metrics, folds.pooled))
    assert cells["BPCER"][0] == figure("bpcer", mean["bpcer"].mean)
    assert cells["BPCER"][2] == figure("bpcer", pooled["bpcer"].value)
    assert cells["AUC, worst species group"][2:] == ("–", "", "SIMULATED")
    assert all(row[-1] == "SIMULATED" for row in grid.rows)
    content = json.loads(evaluation_json(folds, simulated=True))
    assert (content["kind"], content["schema"], content["simulated"]) == ("evaluations", 4, True)
    assert set(content["result"]) == {"evaluations", "metrics", "more", "outcomes", "pooled"}


def test_every_name_has_a_meaning_and_points_are_named_with_their_share() -> None:
    assert NAMES.keys() == MEANINGS.keys()
    assert label("bpcer@apcer=0.002") == "BPCER at APCER 0.2 %, worst species group"
    assert label("tpr@fpr_pooled=0.00001") == "TPR at FPR 0.001 %, all attacks pooled"
    assert label("my_metric=3") == "my_metric=3"
    assert meaning("tpr@fpr=0.1") == MEANINGS["tpr@fpr"]
    assert meaning("mine") == "metric of a plugin"
    assert [is_share(n) for n in ("acer", "tpr@fpr=0.1", "pauc=0.1", "d_prime", "mine")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert figure("riapar", 1.25) == "125.00 %"
    assert (change("acer", -0.34375), change("auc", -0.1)) == ("-34.38", "-0.1000")
    assert (figure("tpr@fpr=0.1", 0.5), figure("pauc=0.1", 0.5)) == ("50.00 %", "0.5000")


@pytest.mark.parametrize(("scale", "offset"), [(1e-6, 1e9), (1e-300, 0.0), (1e300, 0.0)])
def test_the_printed_threshold_makes_the_same_decisions(
    oulu_like: Draw, scale: float, offset: float
) -> None:
    scores = tuple(dataclasses.replace(s, value=s.value * scale + offset) for s in oulu_like())
    found = evaluate(scores, FEW)
    text = evaluation_table(found, simulated=False)
    grid = render(evaluation_grid(found, simulated=False), "markdown")
    for pattern, shown in ((r"score >= (\S+) is", text), (r"Threshold \| (\S+) \|", grid)):
        printed = re.search(pattern, shown)
        assert printed is not None
        assert float(printed[1]) == found.threshold.value


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_a_score_beside_its_threshold_stays_on_its_side(score: float, threshold: float) -> None:
    assert (float(beside(score, threshold)) >= threshold) == (score >= threshold)


@pytest.mark.parametrize("name", ["auc", "accuracy_of_a_plugin"])
def test_the_ends_of_an_interval_have_the_unit_of_their_figure(name: str) -> None:
    metric = Metric(name, 0.5, 0.25, 0.75)
    assert with_interval(metric) == "0.5000 (0.2500 to 0.7500)"


def test_rates_of_species_and_groups_have_their_ends_in_per_cent(oulu_like: Draw) -> None:
    found = evaluate(oulu_like(), FEW)
    page = str(attacks(found))
    lines = evaluation_table(found, simulated=False).splitlines()
    for rate in (*found.apcer_by_group, *found.apcer_by_species):
        assert rate.low is not None
        assert rate.high is not None
        ends = f"{percent(rate.low)} to {percent(rate.high)}"
        assert ends in page
        (line,) = [one for one in lines if one.strip().startswith(f"APCER {rate.name} ")]
        assert line.endswith(ends)
