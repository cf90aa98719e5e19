"""Exact binomial limits for a rate, without SciPy as a dependency."""

import math

import numpy as np

from fasharness.metrics.bootstrap import Limits


def clopper_pearson(errors: int, count: int, confidence: float = 0.95) -> Limits:
    """Exact binomial interval of a rate (Clopper and Pearson 1934).

    Args:
        errors: observed errors.
        count: independent presentations.
        confidence: e.g. 0.95, two-sided.

    Returns:
        The limits. They assume independent presentations; several videos of one subject make
        the true interval wider.

    Raises:
        ValueError: when errors and count do not fit together.

    >>> low, high = clopper_pearson(0, 120)
    >>> f"{low:.4f} {high:.4f}"
    '0.0000 0.0303'
    """
    if not 0 <= errors <= count or count == 0:
        raise ValueError(f"expected 0 <= errors <= count, got {errors} of {count}")
    tail = (1 - confidence) / 2
    return Limits(1 - _upper(count - errors, count, tail), _upper(errors, count, tail))


def _upper(errors: int, count: int, tail: float) -> float:
    """Find the rate at which at most `errors` errors have the probability `tail`."""
    low, high = 0.0, 1.0
    if errors == count:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if at_most(errors, count, middle) < tail else (middle, high)
    return (low + high) / 2


def smallest_rate(count: int, confidence: float = 0.95) -> float:
    """Upper limit of a rate when no error was seen (the rule of three, exactly).

    Args:
        count: independent presentations.
        confidence: e.g. 0.95, one-sided.

    Returns:
        The smallest rate that this number of presentations can support; close to 3 / count
        at 0.95.

    Raises:
        ValueError: when there is no presentation.

    >>> round(smallest_rate(300), 4)
    0.0099
    """
    if count < 1:
        raise ValueError(f"expected at least one presentation, got {count}")
    # 1 - (1 - confidence) ** (1 / count), written so that many presentations lose no digits.
    return -math.expm1(math.log1p(-confidence) / count)


def at_most(errors: int, count: int, rate: float) -> float:
    """Binomial probability of at most this many errors, summed from logarithms.

    Args:
        errors: how many errors at most.
        count: independent presentations.
        rate: probability of an error.

    Returns:
        A probability.
    """
    if rate <= 0 or rate >= 1:
        return 1.0 if rate <= 0 or errors >= count else 0.0
    # Logarithms, since binomial coefficients overflow a float beyond about 1000 presentations.
    ranks = np.arange(1, errors + 1)
    steps = np.log((count - ranks + 1) / ranks) + math.log(rate) - math.log1p(-rate)
    logs = count * math.log1p(-rate) + np.append(0.0, np.cumsum(steps))
    return min(1.0, float(np.exp(logs).sum()))
