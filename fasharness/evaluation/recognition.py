"""Attacks on a recognition system: IAPAR and RIAPAR from its own comparison scores."""

import math
from collections.abc import Sequence
from dataclasses import replace

from fasharness.errors import OptionError
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.evaluation.figures import Figures, scored_split
from fasharness.evaluation.grouping import EACH, regroup
from fasharness.result import Evaluation, Metric
from fasharness.scores import Score


def with_recognition(
    evaluation: Evaluation,
    comparisons: Sequence[Score],
    threshold: float,
    options: EvaluationOptions,
) -> Evaluation:
    """Add the figures of a recognition system to an evaluation.

    Args:
        evaluation: evaluation of the attack detection on the same presentations.
        comparisons: the recognition system's scores of the test split: bona fide rows are mated
            comparisons, attack rows are compared with the person that they imitate.
        threshold: comparisons at or above it are accepted.
        options: how intervals are computed.

    Returns:
        The evaluation with the system's FRR, IAPAR of the worst PAI species and RIAPAR
        = 1 + IAPAR - (1 - FRR) (ISO/IEC 30107-3) among its further metrics; they are of the
        recognition system alone, before any attack detection.

    Raises:
        OptionError: when the threshold is not finite.
        DataError: when a class has no score.
    """
    if not math.isfinite(threshold):
        raise OptionError(f"recognition threshold {threshold}, expected a finite number")
    test = scored_split(regroup(comparisons, EACH), "test")
    found = {m.name: m for m in Figures(test, threshold, options.resampling()).metrics}
    mean = found["acer"]
    low, high = (None if end is None else 2 * end for end in (mean.low, mean.high))
    # 1 + IAPAR - (1 - FRR) = IAPAR + FRR, twice the mean that `acer` is. Its interval is taken with
    # it, since adding the ends of two intervals would ignore that both rates share subjects.
    riapar = Metric("riapar", 2 * (mean.value or 0.0), low, high, reason=mean.reason)
    frr = replace(found["bpcer"], name="frr_recognition")
    iapar = replace(found["apcer"], name="iapar")
    return replace(evaluation, more=(*evaluation.more, frr, iapar, riapar))
