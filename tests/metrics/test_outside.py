"""The checks of docs/checks.md: figures against other codes, on real scores too."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fasharness.errors import FetchError
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.report.numbers import figure
from fasharness.scorefiles import gradgpad

PAGE = Path(__file__).parents[2] / "docs" / "checks.py"


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("checks", PAGE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their module up.
    sys.modules["checks"] = module
    spec.loader.exec_module(module)
    return module


def test_every_row_of_the_page_stands(checks: ModuleType) -> None:
    page = PAGE.with_suffix(".md").read_text()
    for check in (checks.scipy_intervals(), *checks.bob()):
        assert check.passed, check
        assert f"| {check.cell} | " in page


@pytest.mark.slow
def test_random_sets_against_scikit_learn(checks: ModuleType) -> None:
    assert [check for check in checks.scikit_learn() if not check.passed] == []


@pytest.mark.slow
def test_all_real_pairs_against_both_rules(checks: ModuleType) -> None:
    try:
        gradgpad.get()
    except FetchError as error:
        pytest.skip(f"the scores cannot be fetched here: {error}")
    found = checks.real_scores()
    assert [check for check in found.checks if not check.passed] == []
    assert found.leaking == 17


@pytest.mark.slow
def test_the_rates_of_the_walk_through_are_those_of_the_scores() -> None:
    try:
        folder = gradgpad.get()
    except FetchError as error:
        pytest.skip(f"the scores cannot be fetched here: {error}")
    pair = gradgpad.read_pair(folder, gradgpad.read_facts(folder), "auxiliary_grandtest")
    found = evaluate(pair.scores, EvaluationOptions(replicates=2))
    page = (PAGE.parent / "real-scores.md").read_text()
    listed = re.findall(r"^\| (\w+), ([\w ]+) \| (\d+) \| ([\d.]+) % \|$", page, re.MULTILINE)
    by_name = {metric.name: metric for metric in found.apcer_by_species}
    for group, rest, count, rate in listed:
        metric = by_name[f"{group} {rest}"]
        assert (metric.count, figure("apcer", metric.value)) == (int(count), f"{rate} %")
    tones = re.findall(r"^\| ([a-z ]+) \| (\d+) \| ([\d.]+) % \|$", page, re.MULTILINE)
    assert (len(listed), len(tones)) == (5, 6)
    for tone, count, rate in tones:
        live = [s for s in pair.scores if s.split == "test" and s.bona_fide]
        mine = [
            s.value < found.threshold.value for s in live if ("skin_tone", tone) in s.attributes
        ]
        assert (len(mine), figure("bpcer", sum(mine) / len(mine))) == (int(count), f"{rate} %")
    for name in ("eer", "eer_pooled", "hter", "apcer", "acer"):
        assert figure(name, found.metric(name).value) in page
