"""Beta and Student's distribution against SciPy."""

import numpy as np
import pytest
from scipy import special, stats

from fasharness.metrics.special import beta_quantile, incomplete_beta, student_quantile


def test_incomplete_beta_against_scipy() -> None:
    generator = np.random.default_rng(0)
    for _ in range(300):
        a, b = 10 ** generator.uniform(-1, 5, 2)
        x = generator.beta(a, b)
        assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), abs=1e-9)
    assert (incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)) == (0, 1)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 300), (3.7, 0.9), (40, 41), (1e5, 9.9e6)])
@pytest.mark.parametrize("probability", [0.001, 0.025, 0.5, 0.975, 0.999])
def test_beta_quantile_against_scipy(a: float, b: float, probability: float) -> None:
    expected = special.betaincinv(a, b, probability)
    assert beta_quantile(probability, a, b) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("freedom", [1, 2, 9, 54, 199, 1e4, 1e7])
@pytest.mark.parametrize("probability", [0.75, 0.975, 0.999])
def test_student_quantile_against_scipy(freedom: float, probability: float) -> None:
    expected = stats.t.ppf(probability, freedom)
    assert student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-8)
