"""Operators under pytest-benchmark, one group per operator, shape and dtype of data."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# pytest imports this file by its path, so the files beside it are not found by themselves.
sys.path.insert(0, str(Path(__file__).parent))

from ops_cases import cpu_cases

CASES = [
    pytest.param(case.group, case.shape, run, id=f"{case.group}/{case.shape}/{name}")
    for case in cpu_cases()
    for name, run in case.runs.items()
]


@pytest.mark.parametrize(("group", "shape", "run"), CASES)
def test_operator(benchmark, group, shape, run):
    benchmark.group = f"{group}: {shape}"
    benchmark.pedantic(run, warmup_rounds=1, rounds=5)
