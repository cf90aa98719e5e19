"""Quantiles of the beta and of Student's distribution, without SciPy as a dependency."""

import math
from functools import lru_cache

_ROUNDS = 200  # about ten are needed
_STEPS = 100_000  # terms of the continued fraction; about sqrt(a + b) are needed


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Distribution function of the beta distribution (regularised incomplete beta function).

    Args:
        a: first shape, above 0.
        b: second shape, above 0.
        x: where.

    Returns:
        The probability of at most x, by the continued fraction DLMF 8.17.22.

    >>> round(incomplete_beta(2, 3, 0.5), 4)
    0.6875
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    # The fraction converges quickly on this side of the mean only.
    below = x <= (a + 1) / (a + b + 2)
    return _tail(a, b, x) if below else 1 - _tail(b, a, 1 - x)


def _tail(a: float, b: float, x: float) -> float:
    """Compute the same from its continued fraction, by Lentz's method."""
    value, upper, lower = 1.0, 1.0, 0.0
    for step in range(1, _STEPS):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        lower = 1 / (1 + term * lower)
        upper = 1 + term / upper
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    logs = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(logs + a * math.log(x) + b * math.log1p(-x)) / a
    return min(1.0, front / value)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Quantile of the beta distribution.

    Args:
        probability: in [0, 1].
        a: first shape, above 0.
        b: second shape, above 0.

    Returns:
        The value that is not exceeded with this probability.

    >>> round(beta_quantile(0.95, 1, 300), 6)
    0.009936
    """
    logs = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    low, high, value = 0.0, 1.0, a / (a + b)
    for _ in range(_ROUNDS):
        gap = incomplete_beta(a, b, value) - probability
        low, high = (value, high) if gap < 0 else (low, value)
        density = math.exp(logs + (a - 1) * math.log(value) + (b - 1) * math.log1p(-value))
        # Newton's step; where the density is tiny it leaves the bracket, which is halved instead.
        step = value - gap / density if density > 1e-250 else low
        last, value = value, step if low < step < high else (low + high) / 2
        # A quantile that rounds to 1 has no density to go by.
        if abs(value - last) <= 1e-14 * last or value == 1:
            break
    return value


@lru_cache(maxsize=256)  # the same few sizes come back for each rate
def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t distribution.

    Args:
        probability: in [0.5, 1).
        freedom: degrees of freedom, above 0.

    Returns:
        The value that is not exceeded with this probability.

    >>> round(student_quantile(0.975, 9), 4)
    2.2622
    """
    # t^2 / (freedom + t^2) has a beta distribution; this side loses no digits for many degrees.
    share = beta_quantile(2 * probability - 1, 0.5, freedom / 2)
    return math.sqrt(freedom * share / (1 - share))
