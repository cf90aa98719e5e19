"""IAPAR and RIAPAR by hand, added to an evaluation."""

import math
from collections.abc import Callable

import pytest

from fasharness.errors import DataError, OptionError
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.recognition import with_recognition
from fasharness.metrics import rates
from fasharness.report.text import evaluation_table
from fasharness.scores import Score

OPTIONS = EvaluationOptions(replicates=100)
# Refused: 1 of 4 mated. Accepted: 1 of 2 prints, 2 of 3 masks.
VALUES = {None: (0.9, 0.8, 0.2, 0.7), "print": (0.6, 0.1), "mask": (0.5, 0.7, 0.4)}
COMPARISONS = [
    Score(f"{species}{i}", "test", f"s{i % 2}", species, None if species is None else "all", value)
    for species, values in VALUES.items()
    for i, value in enumerate(values)
]


def test_by_hand(oulu_like: Callable[..., tuple[Score, ...]]) -> None:
    plain = evaluate(oulu_like(), OPTIONS)
    found = with_recognition(plain, COMPARISONS, 0.5, OPTIONS)
    assert found.metrics == plain.metrics
    assert found.metric("frr_recognition").value == 1 / 4
    assert found.metric("iapar").value == 2 / 3
    riapar = found.metric("riapar")
    assert riapar.value == pytest.approx(1 + (2 / 3 - (1 - 1 / 4)))
    assert riapar.value == pytest.approx(rates.riapar(VALUES[None], VALUES["mask"], 0.5))
    assert riapar.low is not None
    assert riapar.high is not None
    assert 0 <= riapar.low <= riapar.value <= riapar.high <= 2
    text = evaluation_table(found, simulated=False)
    assert "\nIAPAR  " in text
    assert "\nRIAPAR  " in text


def test_what_cannot_be_told_is_refused(oulu_like: Callable[..., tuple[Score, ...]]) -> None:
    plain = evaluate(oulu_like(), OPTIONS)
    with pytest.raises(OptionError, match="expected a finite number"):
        with_recognition(plain, COMPARISONS, math.nan, OPTIONS)
    with pytest.raises(DataError, match="the test split has no attack score"):
        with_recognition(plain, COMPARISONS[:4], 0.5, OPTIONS)
