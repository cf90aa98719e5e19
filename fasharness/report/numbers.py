"""How the report formats numbers; the page's script rounds in the same way."""

import math
from collections.abc import Iterable

from fasharness.result import Evaluation, FoldMetric, Metric

WORST, POOLED = "worst species group", "all attacks pooled"
# Figures of a curve: the name of the worst group's, that of the pooled one, label and meaning.
_CURVES = (
    (
        "eer", "eer_pooled", "EER on test",
        "where both errors meet on the test scores; no threshold of dev is used",
    ),
    ("auc", "auc_pooled", "AUC", "chance that a bona fide score is above an attack score"),
    ("bpcer10", "bpcer10_pooled", "BPCER at APCER 10 %", "read off the test curve"),
    ("bpcer20", "bpcer20_pooled", "BPCER at APCER 5 %", "read off the test curve"),
    ("bpcer100", "bpcer100_pooled", "BPCER at APCER 1 %", "read off the test curve"),
    ("bpcer@apcer", "bpcer@apcer_pooled", "BPCER at APCER SHARE", "read off the test curve"),
    ("apcer@bpcer", "apcer_pooled@bpcer", "APCER at BPCER SHARE", "read off the test curve"),
    (
        "tpr@fpr", "tpr@fpr_pooled", "TPR at FPR SHARE",
        "bona fide accepted while so many attacks are, read off the test curve",
    ),
    (
        "pauc", "pauc_pooled", "Partial AUC up to APCER SHARE",
        "mean of 1 - BPCER over the APCERs up to the share",
    ),
    (
        "log_auc", "log_auc_pooled", "AUC over log APCER from SHARE",
        "mean of 1 - BPCER over the logarithm of APCER",
    ),
)  # fmt: skip
NAMES = {
    "acer": "ACER",
    "apcer": "APCER",
    "bpcer": "BPCER",
    "acer_species": "ACER, worst PAI species",
    "apcer_species": "APCER, worst PAI species",
    "apcer_pooled": f"APCER, {POOLED}",
    "hter": f"HTER, {POOLED}",
    "accuracy": "Accuracy",
    "apnrr": "APNRR",
    "bpnrr": "BPNRR",
    "far": f"FAR, {POOLED}",
    "frr": "FRR",
    "ap": f"Average precision, {POOLED}",
    "d_prime": f"d′, {POOLED}",
    "frr_recognition": "FRR of the recognition system",
    "iapar": "IAPAR",
    "riapar": "RIAPAR",
    **{worst: f"{words}, {WORST}" for worst, _, words, _ in _CURVES},
    **{pooled: f"{words}, {POOLED}" for _, pooled, words, _ in _CURVES},
}
MEANINGS = {
    "acer": "mean of APCER and BPCER",
    "apcer": "attacks accepted, worst species group",
    "bpcer": "bona fide refused",
    "acer_species": "mean of the APCER of the worst species and BPCER",
    "apcer_species": "attacks accepted, worst single species instead of group",
    "apcer_pooled": "attacks accepted, all together",
    "hter": "mean of pooled APCER and BPCER",
    "accuracy": "depends on the class sizes",
    "apnrr": "attacks without a score",
    "bpnrr": "bona fide without a score",
    "far": "the pooled APCER under the field's older name",
    "frr": "BPCER under the field's older name",
    "ap": "average precision of finding bona fide; depends on the class sizes",
    "d_prime": "distance of the classes' means in standard deviations",
    "frr_recognition": "bona fide mated comparisons refused",
    "iapar": "attacks accepted as the person they imitate, worst PAI species",
    "riapar": "IAPAR plus the recognition system's FRR",
    **{name: words for worst, pooled, _, words in _CURVES for name in (worst, pooled)},
}
DEGREES = frozenset(
    {"auc", "auc_pooled", "pauc", "pauc_pooled", "log_auc", "log_auc_pooled", "ap", "d_prime"}
)


def percent(rate: float) -> str:
    """Format a rate in per cent with two decimals, halves rounded up.

    Args:
        rate: a number in [0, 1].

    Returns:
        Text without the per cent sign.

    >>> percent(0.12125), percent(1.0), percent(0.0)
    ('12.13', '100.00', '0.00')
    """
    # Not f"{rate:.2f}": Python rounds halves to even, JavaScript's toFixed does not, and the slider
    # must show what the tables show.
    hundredths = math.floor(rate * 10_000 + 0.5)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def beside(score: float, threshold: float) -> str:
    """Format a score with the fewest digits, four or more, that leave the decision as it is.

    Args:
        score: a finite score.
        threshold: the threshold that it is compared with, which is printed with all its digits.

    Returns:
        A number that is at or above the threshold exactly if the score is.

    >>> beside(0.123456, 0.5), beside(0.49999999, 0.5)
    ('0.1235', '0.49999999')
    """
    for digits in range(4, 17):
        text = f"{score:.{digits}g}"
        if (float(text) >= threshold) == (score >= threshold):
            return text
    return repr(score)


def figure(name: str, value: float | None) -> str:
    """Format the value of a metric.

    Args:
        name: the metric; areas are printed as numbers, plugins' metrics with four digits.
        value: its value.

    Returns:
        Text with its unit; a dash if the value is absent.
    """
    if value is None:
        return "–"
    if not is_share(name):
        return f"{value:.4f}"
    return f"{percent(value)} %"


def digits(value: float | None) -> str:
    """Write a number with all its digits, for a CSV that programs read.

    Args:
        value: the number.

    Returns:
        Text that reads back as the same float; empty if the value is absent.

    >>> digits(0.1 + 0.2), digits(None)
    ('0.30000000000000004', '')
    """
    # repr is the shortest text that reads back as the same float.
    return "" if value is None else repr(value)


def plain_columns(names: Iterable[str]) -> list[str]:
    """Name the columns of `plain_cells` for several metrics."""
    return [f"{name}{part}" for name in names for part in ("", "_low", "_high", "_std")]


def plain_cells(metric: Metric | FoldMetric | None) -> list[str]:
    """Write a metric as plain numbers, shares as shares, not in per cent.

    Args:
        metric: a metric, its mean over folds or tasks, or None if there is none.

    Returns:
        Value, lower and upper end of its interval, and standard deviation over folds or tasks;
        empty if absent.
    """
    if isinstance(metric, FoldMetric):
        return [digits(metric.mean), "", "", digits(metric.std)]
    if metric is None:
        return [""] * 4
    return [*map(digits, (metric.value, metric.low, metric.high)), ""]


def _kind(name: str) -> str:
    """Return a metric's name without its number: ``tpr@fpr`` for ``tpr@fpr=0.01``."""
    return name.partition("=")[0]


def interval(metric: Metric, kind: str = "") -> str:
    """Format the interval of a metric.

    Args:
        metric: the metric.
        kind: which metric it is, where its name is that of a species or a group.

    Returns:
        Text; empty if there is no interval.
    """
    if metric.low is None or metric.high is None:
        return ""
    if not is_share(kind or metric.name):
        return f"{metric.low:.4f} to {metric.high:.4f}"
    return f"{percent(metric.low)} to {percent(metric.high)}"


def with_interval(metric: Metric) -> str:
    """Format a metric, with its interval in brackets if it has one.

    Args:
        metric: the metric.

    Returns:
        Text with the value's unit.
    """
    ends = interval(metric)
    return figure(metric.name, metric.value) + (f" ({ends})" if ends else "")


def with_spread(name: str, metric: FoldMetric | None) -> str:
    """Format a mean, with its standard deviation if it has one.

    Args:
        name: the metric.
        metric: its mean over folds or tasks, None if there is none.

    Returns:
        Text with its unit; a dash if the mean is absent.
    """
    spread = f" ± {figure(name, metric.std)}" if metric and metric.std is not None else ""
    return figure(name, metric.mean if metric else None) + spread


def floor(evaluations: Iterable[Evaluation | None]) -> float | None:
    """Return the smallest error rate that so few test presentations can support.

    Args:
        evaluations: of one test split or of folds.

    Returns:
        The largest rate of them; None if there is none.
    """
    rates = [rate for one in evaluations if one for rate in one.smallest_rate.values()]
    return max(rates, default=None)


def change(name: str, difference: float) -> str:
    """Format a difference of two values of a metric.

    Args:
        name: the metric.
        difference: of shares, in [-1, 1], or of other figures.

    Returns:
        Percentage points with two decimals for shares, else four decimals; with its sign.

    >>> change("acer", -0.125), change("auc", 0.125)
    ('-12.50', '+0.1250')
    """
    if not is_share(name):
        return f"{difference:+.4f}"
    # Of the absolute value, so that a change and its opposite are rounded alike.
    return ("-" if difference < 0 else "+") + percent(abs(difference))


def data_words(simulated: bool, leaks: bool = False, limit: int = 0) -> str:
    """Name the data of a table row, as a cell, since some formats have no notes.

    Args:
        simulated: whether any presentation is simulated.
        leaks: whether a threshold was chosen on the test split.
        limit: how many presentations of each split were used; 0 if all.

    Returns:
        ``real`` or ``SIMULATED``, with ``LEAKS`` if a threshold leaks and with the limit.

    >>> data_words(simulated=True, leaks=True, limit=8)
    'SIMULATED, LEAKS, LIMIT 8'
    """
    marks = (
        "SIMULATED" if simulated else "real",
        *(("LEAKS",) if leaks else ()),
        *((f"LIMIT {limit}",) if limit else ()),
    )
    return ", ".join(marks)


def unit_word(unit: str) -> str:
    """Name what figures count: a presentation (a video, an image, an attempt), a clip or a frame.

    Args:
        unit: of the scores.

    Returns:
        A word.
    """
    return "presentation" if unit == "video" else unit


def label(name: str) -> str:
    """Return a metric's name for readers.

    Args:
        name: the metric.

    Returns:
        Its usual abbreviation, or the name itself.

    >>> label("tpr@fpr=0.001")
    'TPR at FPR 0.1 %, worst species group'
    """
    kind, _, share = name.partition("=")
    text = NAMES.get(kind, name)
    return text.replace("SHARE", f"{100 * float(share):g} %") if kind in NAMES and share else text


def meaning(name: str) -> str:
    """Describe a metric.

    Args:
        name: the metric.

    Returns:
        A few words.
    """
    return MEANINGS.get(_kind(name), "metric of a plugin")


def is_share(name: str) -> bool:
    """Return whether a metric is a share in [0, 1], printed in per cent.

    Args:
        name: the metric.

    Returns:
        False for areas, distances and metrics of plugins.
    """
    return _kind(name) in MEANINGS and _kind(name) not in DEGREES
