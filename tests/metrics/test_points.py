"""Figures by name: read as the functions read, refused where they say nothing."""

import numpy as np
import pytest

from fasharness.metrics import curves, points
from fasharness.metrics.curves import error_curve

GENERATOR = np.random.default_rng(0)
CURVE = error_curve(GENERATOR.normal(1, 1, 150), GENERATOR.normal(0, 1, 400))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bpcer@apcer=0.02", curves.bpcer_at_apcer(CURVE, 0.02)),
        ("apcer@bpcer=0.05", curves.apcer_at_bpcer(CURVE, 0.05)),
        ("tpr@fpr=0.1", 1 - curves.bpcer_at_apcer(CURVE, 0.1)),
        ("pauc=0.1", curves.partial_auc(CURVE, 0.1)),
        ("log_auc=0.01", curves.log_auc(CURVE, 0.01)),
        ("ap", curves.average_precision(CURVE)),
    ],
)
def test_a_name_is_its_function(name: str, expected: float) -> None:
    assert points.parse(name).read(CURVE) == expected
    assert 0 < expected < 1


@pytest.mark.parametrize("name", points.STANDARD)
def test_the_standard_ones_can_be_parsed(name: str) -> None:
    assert points.parse(name).name == name


def test_too_few_presentations_are_told() -> None:
    small = error_curve(np.arange(20.0), np.arange(999.0))
    assert points.parse("tpr@fpr=0.001").lack(small) == (
        "needs 1000 attack presentations to measure 0.1%, got 999"
    )
    assert points.parse("apcer@bpcer=0.05").lack(small) == ""
    assert points.parse("apcer@bpcer=0.04").lack(small) == (
        "needs 25 bona fide presentations to measure 4%, got 20"
    )
    for name in ("tpr@fpr=0.01", "ap"):
        assert points.parse(name).lack(small) == ""


@pytest.mark.parametrize(
    "name", ["auc@fpr=0.1", "tpr@fpr", "tpr@fpr=", "tpr@fpr=0", "pauc=1", "pauc=nan", "ap=0.1", ""]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no figure .* there are ap, bpcer@apcer=SHARE"):
        points.parse(name)
