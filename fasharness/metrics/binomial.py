"""Exact binomial limits for a rate."""

import math

from fasharness.metrics.resampled import Limits
from fasharness.metrics.special import beta_quantile


def clopper_pearson(errors: float, count: float, confidence: float = 0.95) -> Limits:
    """Exact binomial interval of a rate (Clopper and Pearson 1934).

    Args:
        errors: observed errors; no whole number where `count` is an effective one.
        count: independent presentations.
        confidence: e.g. 0.95, two-sided.

    Returns:
        The limits. They assume independent presentations; `intervals.korn_graubard` is the form
        for several presentations of a subject.

    Raises:
        ValueError: when errors and count do not fit together.

    >>> low, high = clopper_pearson(0, 120)
    >>> f"{low:.4f} {high:.4f}"
    '0.0000 0.0303'
    """
    if not 0 <= errors <= count or count <= 0:
        raise ValueError(f"expected 0 <= errors <= count, got {errors} of {count}")
    tail = (1 - confidence) / 2
    low = beta_quantile(tail, errors, count - errors + 1) if errors > 0 else 0.0
    high = beta_quantile(1 - tail, errors + 1, count - errors) if errors < count else 1.0
    return Limits(low, high)


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
