"""Calibration: fitted on dev alone, costs that match a formula written out, honest diagrams."""

import csv
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fasharness.errors import DataError, OptionError
from fasharness.evaluation.calibrate import calibrate, diagrams
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.report.drawing.files import write_reliability
from fasharness.scores import Score


def run(count: int = 400, scale: float = 1.0, seed: int = 0) -> list[Score]:
    """Scores whose true log odds at equal classes are 2 * score - 1, times the scale."""
    generator = np.random.default_rng(seed)
    return [
        Score(
            f"{split}{i}", split, "", None if i % 4 == 0 else "print", None,
            float(scale * ((i % 4 == 0) + generator.normal(0, 0.5**0.5))),
        )
        for split in ("dev", "test")
        for i in range(count)
    ]  # fmt: skip


def bits(scores: list[Score] | tuple[Score, ...], split: str) -> float:
    """Cllr written out."""
    mine = [s for s in scores if s.split == split and not s.failed]
    live = [math.log2(1 + math.exp(-s.value)) for s in mine if s.bona_fide]
    fake = [math.log2(1 + math.exp(s.value)) for s in mine if not s.bona_fide]
    return (sum(live) / len(live) + sum(fake) / len(fake)) / 2


@pytest.mark.parametrize("rule", ["platt", "isotonic"])
def test_costs_are_the_formula_and_test_gets_cheaper(rule: str) -> None:
    scores = run(scale=20.0)
    found = calibrate(scores, rule)
    assert [cost.split for cost in found.costs] == ["dev", "test"]
    for cost in found.costs:
        assert cost.before == pytest.approx(bits(scores, cost.split))
        assert cost.after == pytest.approx(bits(found.scores, cost.split))
        assert cost.after < min(1.0, cost.before)


def test_platt_finds_the_true_log_odds() -> None:
    found = calibrate(run(20_000), "platt").scores
    for before, after in zip(run(20_000)[:50], found, strict=False):
        assert after.value == pytest.approx(2 * before.value - 1, abs=0.15)


def test_platt_changes_no_rate() -> None:
    scores = run()
    one, two = (evaluate(s, EvaluationOptions(replicates=5))
                for s in (scores, calibrate(scores, "platt").scores))  # fmt: skip
    for before, after in zip(one.metrics, two.metrics, strict=True):
        assert (before.name, before.value) == (after.name, after.value)


def test_steps_never_turn_the_order_round_and_stay_finite() -> None:
    scores = run()
    pairs = sorted((a.value, b.value) for a, b in
                   zip(scores, calibrate(scores, "isotonic").scores, strict=True))  # fmt: skip
    values = [value for _, value in pairs]
    assert values == sorted(values)
    assert all(map(math.isfinite, values))
    # Dev has 100 bona fide and 300 attacks: no chance beyond 1/102 and 1 - 1/302.
    assert values[0] == pytest.approx(math.log(1 / 101))
    assert values[-1] == pytest.approx(math.log(301))


@pytest.mark.parametrize("rule", ["platt", "isotonic"])
def test_test_scores_have_no_hand_in_the_fit_and_failures_stay(rule: str) -> None:
    scores = run()
    spoilt = [dataclasses.replace(s, value=-9 * s.value) if s.split == "test" else s
              for s in scores]  # fmt: skip
    spoilt[-1] = dataclasses.replace(spoilt[-1], value=math.nan, failure="no face")
    before, after = calibrate(scores, rule), calibrate(spoilt, rule)
    assert [s.value for s in before.scores[:400]] == [s.value for s in after.scores[:400]]
    assert after.scores[-1].failure == "no face"
    assert math.isnan(after.scores[-1].value)


def test_probabilities_may_be_certain_and_certainty_that_is_wrong_costs_everything() -> None:
    def of(live: list[float], fake: list[float], split: str) -> list[Score]:
        rows = [(None, v) for v in live] + [("print", v) for v in fake]
        return [Score(f"{split}{i}", split, "", kind, None, value)
                for i, (kind, value) in enumerate(rows)]  # fmt: skip

    scores = of([1.0, 0.75, 0.5], [0.0, 0.25, 0.5], "dev") + of([0.0, 1.0], [0.25], "test")
    dev, test = calibrate(scores, "platt", "probability").costs
    third = (math.log2(4 / 3) + 1) / 3
    assert dev.before == pytest.approx(third)
    assert test.before == math.inf
    assert math.isfinite(test.after)
    with pytest.raises(DataError, match=r"'dev0' has the score 1\.5, no probability"):
        calibrate([dataclasses.replace(scores[0], value=1.5), *scores[1:]], "platt", "probability")


@pytest.mark.parametrize("rule", ["platt", "isotonic"])
def test_what_cannot_be_calibrated_is_refused(rule: str) -> None:
    scores = run()
    with pytest.raises(DataError, match="are they reversed"):
        calibrate([dataclasses.replace(s, value=-s.value) for s in scores], rule)
    with pytest.raises(DataError, match="dev split has no bona fide score"):
        calibrate([s for s in scores if s.split == "test" or not s.bona_fide], rule)
    with pytest.raises(DataError, match="are they reversed"):
        calibrate([dataclasses.replace(s, value=0.5) for s in scores], rule)
    with pytest.raises(
        OptionError, match="rules platt, isotonic and line=SLOPE,CENTRE,OFFSET, and"
    ):
        calibrate(scores, "temperature")
    with pytest.raises(OptionError, match="'percent'"):
        calibrate(scores, rule, "percent")


def test_the_diagram_is_on_the_diagonal_at_the_classes_real_shares() -> None:
    # The truth: log odds 2 * score - 1 at equal classes, though three of four are attacks.
    truth = [dataclasses.replace(s, value=2 * s.value - 1) for s in run(40_000)]
    for split, found in diagrams(truth):
        full = found.counts > 200
        assert split in ("dev", "test")
        assert full.sum() == 10
        assert np.abs(found.said - found.was)[full].max() < 0.06
        assert found.error < 0.01
        assert found.counts.sum() == 40_000


@pytest.mark.parametrize("simulated", [False, True])
def test_the_plot_comes_with_its_numbers_and_its_mark(tmp_path: Path, simulated: bool) -> None:
    scores = [dataclasses.replace(s, simulated=simulated) for s in run()]
    calibrated = calibrate(scores).scores
    paths = write_reliability(tmp_path, calibrated, "Reliability")
    assert [path.name for path in paths] == ["reliability.png", "reliability.svg",
                                             "reliability.csv"]  # fmt: skip
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader(paths[2].read_text().splitlines()))
    assert {row["data"] for row in rows} == {"simulated" if simulated else "real"}
    for split in ("dev", "test"):
        assert sum(int(row["count"]) for row in rows if row["split"] == split) == 400
    again = [path.read_bytes() for path in paths]
    assert again == [p.read_bytes() for p in write_reliability(tmp_path, calibrated, "Reliability")]
    assert write_reliability(tmp_path, [s for s in calibrated if s.bona_fide], "x") == ()


@pytest.mark.parametrize(
    "reshape",
    [lambda x: 1e9 + x * 1e-5, lambda x: x * 2e306, lambda x: 98 if x > 1 else x * 1e-300],
)
def test_platt_keeps_the_order_of_scores_of_any_magnitude(
    reshape: Callable[[float], float],
) -> None:
    scores = [dataclasses.replace(s, value=float(reshape(s.value))) for s in run()]
    found = calibrate(scores, "platt").scores
    before, after = ([s.value for s in group] for group in (scores, found))
    assert all(map(math.isfinite, after))
    ranks = [sorted(set(values)).index for values in (before, after)]
    assert [ranks[0](x) for x in before] == [ranks[1](x) for x in after]


def test_a_line_that_is_given_needs_no_dev_and_gives_the_fit_again() -> None:
    scores = run()
    fitted = calibrate(scores, "platt")
    rule = fitted.words.split("--rule ")[1].rstrip(")")
    test = [s for s in scores if s.split == "test"]
    found = calibrate(test, rule)
    assert (found.fitted, [cost.split for cost in found.costs]) == ("", ["test"])
    for one, other in zip(
        found.scores, (s for s in fitted.scores if s.split == "test"), strict=True
    ):
        assert one.value == pytest.approx(other.value, rel=1e-9, abs=1e-12)
    # By hand: 2 * (score - 0.5) + 1.
    (one,) = calibrate([dataclasses.replace(test[0], value=0.75)], "line=2,0.5,1").scores
    assert one.value == 1.5


@pytest.mark.parametrize("rule", ["line=", "line=1,2", "line=1,2,x", "line=0,0,0", "line=inf,0,0"])
def test_a_line_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(OptionError, match="rule 'line="):
        calibrate(run(), rule)
