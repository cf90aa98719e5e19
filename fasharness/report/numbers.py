"""How the report prints numbers; the page's script rounds by the same arithmetic."""

import math

from fasharness.result import Metric

NAMES = {
    "acer": "ACER",
    "apcer": "APCER",
    "bpcer": "BPCER",
    "apcer_pooled": "APCER, all attacks pooled",
    "hter": "HTER",
    "eer": "EER on test",
    "auc": "AUC",
    "bpcer10": "BPCER at APCER 10 %",
    "bpcer20": "BPCER at APCER 5 %",
    "bpcer100": "BPCER at APCER 1 %",
    "accuracy": "Accuracy",
    "apnrr": "APNRR",
    "bpnrr": "BPNRR",
}
MEANINGS = {
    "acer": "mean of APCER and BPCER",
    "apcer": "attacks accepted, worst species group",
    "bpcer": "bona fide refused",
    "apcer_pooled": "attacks accepted, all together",
    "hter": "mean of pooled APCER and BPCER",
    "eer": "where both errors meet on the test scores; no threshold of dev is used",
    "auc": "chance that a bona fide score is above an attack score",
    "bpcer10": "read off the test curve",
    "bpcer20": "read off the test curve",
    "bpcer100": "read off the test curve",
    "accuracy": "depends on the class sizes",
    "apnrr": "attacks without a score",
    "bpnrr": "bona fide without a score",
}
DEGREES = frozenset({"auc"})


def percent(rate: float) -> str:
    """Print a rate in per cent with two decimals, halves rounded up.

    Args:
        rate: a number in [0, 1].

    Returns:
        Text without a sign for per cent.

    >>> percent(0.12125), percent(1.0), percent(0.0)
    ('12.13', '100.00', '0.00')
    """
    hundredths = math.floor(rate * 10_000 + 0.5)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def figure(name: str, value: float | None) -> str:
    """Print the value of a metric.

    Args:
        name: the metric; areas are printed as numbers, plugins' metrics with four digits.
        value: its value.

    Returns:
        Text with its unit, a dash where the value is absent.
    """
    if value is None:
        return "–"
    if name in DEGREES or name not in NAMES:
        return f"{value:.4f}"
    return f"{percent(value)} %"


def interval(metric: Metric) -> str:
    """Print the interval of a metric.

    Args:
        metric: the metric.

    Returns:
        Text, empty where there is no interval.
    """
    if metric.low is None or metric.high is None:
        return ""
    if metric.name in DEGREES:
        return f"{metric.low:.4f} to {metric.high:.4f}"
    return f"{percent(metric.low)} to {percent(metric.high)}"


def label(name: str) -> str:
    """Give a metric its printed name.

    Args:
        name: the metric.

    Returns:
        Its usual abbreviation, or the name itself.
    """
    return NAMES.get(name, name)
