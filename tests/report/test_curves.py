"""What plots show: densities against a direct sum, round ticks, error curves."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fasharness.report.curves import Class, density, density_points, pooled
from fasharness.report.drawing import model
from fasharness.report.drawing.files import evaluation_plots
from fasharness.report.drawing.model import Heading, nice_ticks
from fasharness.result import Result
from fasharness.scores import Score

HEADING = Heading(simulated=True)


def test_a_density_is_a_sum_of_kernels() -> None:
    values = np.sort(np.random.default_rng(1).normal(0.5, 0.1, 60))
    points = np.linspace(0, 1, 400)
    quartiles = np.quantile(values, (0.25, 0.75))
    width = 0.9 * min(values.std(), (quartiles[1] - quartiles[0]) / 1.34) * 60**-0.2
    expected = [
        sum(math.exp(-(((p - v) / width) ** 2) / 2) for v in values)
        / (60 * width * math.sqrt(2 * math.pi))
        for p in points
    ]
    assert density(values, points) == pytest.approx(expected, abs=0.05)  # of at most 4


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40))
def test_a_density_has_the_area_of_its_scores_but_for_its_tails(values: list[float]) -> None:
    found = (Class("bona fide", np.sort(np.array(values)), 0),)
    points = density_points(found)
    assume(points[1] > points[0])
    height = density(found[0].values, points)
    assert (height >= 0).all()
    assert 0.6 < height.sum() * (points[1] - points[0]) < 1.001


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_round_few_and_inside(low: float, span: float) -> None:
    high = low + span
    assume(high > low and span > 1e-9 * abs(low))
    ticks = nice_ticks(low, high, 7)
    assert 1 <= len(ticks) <= 7
    assert ticks[0] >= low - span * 1e-6
    assert ticks[-1] <= high + span * 1e-6
    steps = np.diff(ticks)
    assert len(ticks) == 1 or steps == pytest.approx([steps[0]] * len(steps), rel=1e-3)


def test_all_attacks_together_are_one_curve() -> None:
    found = (
        Class("bona fide", np.array([0.2, 0.9]), 0), Class("print", np.array([0.1]), 1),
        Class("display", np.array([0.5]), 2),
    )  # fmt: skip
    line = pooled("run", found, 3)
    assert line is not None
    assert (line.name, line.style) == ("run", 3)
    assert set(zip(line.apcer.tolist(), line.bpcer.tolist(), strict=True)) >= {
        (1.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5), (0.0, 1.0),
    }  # fmt: skip
    assert pooled("run", found[:1], 0) is None
    assert pooled("run", found[1:], 0) is None


def test_histograms_count_every_score_of_each_species(
    result: Result, scores: tuple[Score, ...]
) -> None:
    counted: dict[str, int] = {}
    for name, _, _, count in evaluation_plots(result.evaluation, scores, HEADING)["histogram"].rows:
        counted[str(name)] = counted.get(str(name), 0) + int(str(count))
    test = [s for s in scores if s.split == "test" and not s.failed]
    assert counted == {
        name: sum((s.species or "bona fide") == name for s in test)
        for name in ("bona fide", "print1", "print2", "replay1", "replay2")
    }


def test_lines_of_one_colour_differ_in_dashes() -> None:
    styles = {(model.style(i).colour, i % 7) for i in range(14)}
    assert len(styles) == 7
    assert len(set(model.DASHES)) == len(model.COLOURS)
