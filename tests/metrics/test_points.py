"""Figures by name: read as the functions read, refused where they say nothing."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

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
    assert points.parse("tpr@fpr=0.001").lack(20, 999) == (
        "needs 1000 attack presentations to measure 0.1%, got 999"
    )
    assert points.parse("apcer@bpcer=0.05").lack(20, 999) == ""
    assert points.parse("apcer@bpcer=0.04").lack(20, 999) == (
        "needs 25 bona fide presentations to measure 4%, got 20"
    )
    for name in ("tpr@fpr=0.01", "ap"):
        assert points.parse(name).lack(20, 999) == ""


@pytest.mark.parametrize(
    "name", ["auc@fpr=0.1", "tpr@fpr", "tpr@fpr=", "tpr@fpr=0", "pauc=1", "pauc=nan", "ap=0.1", ""]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no figure .* there are ap, bpcer@apcer=SHARE"):
        points.parse(name)


# A mask is accepted where a print is refused: of the attacks together it is a fifth.
LIVE = np.array([0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.86, 0.87, 0.88, 0.9])
ATTACKS = {
    "mask": np.array([0.55, 0.65, 0.75, 0.82]),
    "print": np.arange(16) / 100,
}


def read(*names: str) -> list[float | None]:
    wanted = [*points.WHOLE, *map(points.parse, names)]
    found = points.read_all(wanted, LIVE, ATTACKS)
    by_name = {point.name: one.value for point, one in zip(wanted, found, strict=True)}
    return [by_name[name] for name in (names or (point.name for point in points.WHOLE))]


def test_worst_and_pooled_by_hand() -> None:
    # APCER at most 1/4: of all 20 attacks five may pass, so that every bona fide is accepted; of
    # the masks one may, so that the cut lies above 0.75 and four bona fide are refused.
    assert read("bpcer@apcer=0.25", "bpcer@apcer_pooled=0.25") == [0.4, 0.0]
    assert read("tpr@fpr=0.25", "tpr@fpr_pooled=0.25") == [0.6, 1.0]
    # BPCER at most 1/10: the cut lies between 0.3 and 0.5, and all masks pass.
    assert read("apcer@bpcer=0.1", "apcer_pooled@bpcer=0.1") == [1.0, 4 / 20]
    eer, eer_pooled, auc, auc_pooled = read()
    # Masks meet at a cut between 0.65 and 0.75, where both errors are near 2/5.
    assert eer == pytest.approx(0.4)
    # Of all attacks 4/20 pass between 0.5 and 0.55, where 2/10 bona fide are refused.
    assert eer_pooled == 0.2
    won = sum(int((live > ATTACKS["mask"]).sum()) for live in LIVE)
    assert auc == won / 40
    assert auc_pooled == (won + 160) / 200
    # While less than 1/4 of the masks pass, the cut is above 0.82, as are five of ten bona fide.
    assert read("pauc=0.25") == [pytest.approx(0.5)]


def test_areas_take_the_group_that_is_worst_at_each_cut() -> None:
    live = np.array([0.3, 0.5, 0.7])
    attacks = {"a": np.array([0.6, 0.1]), "b": np.array([0.4, 0.4, 0.4, 0.2])}
    # Cuts accept from 0.3: a 1/2, b 3/4; from 0.5: a 1/2, b 0; from 0.7: none.
    curve = curves.worst_curve(live, attacks)
    assert curve.values.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert curve.apcer.tolist() == [1, 1, 3 / 4, 3 / 4, 1 / 2, 1 / 2, 0, 0]
    assert curve.bpcer.tolist() == pytest.approx([0, 0, 0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1])
    primes = [np.arange(p, dtype=float) for p in (8191, 8209, 8219, 8221, 8231)]
    rough = curves.worst_curve(live, dict(zip("abcde", primes, strict=True)))
    accepted = max(float(np.mean(one >= 0.5)) for one in primes)
    at = rough.values.tolist().index(0.5)
    assert rough.apcer[at] == pytest.approx(accepted, abs=1e-15)


def test_against_scikit_learn_group_by_group() -> None:
    generator = np.random.default_rng(4)
    live = generator.normal(1.5, 1, 150).round(1)
    attacks = {str(i): generator.normal(i / 3, 1, 90 + i).round(1) for i in range(4)}
    wanted = (*points.WHOLE, points.parse("tpr@fpr=0.1"), points.parse("tpr@fpr_pooled=0.1"))
    found = points.read_all(wanted, live, attacks)
    values = {point.name: one.value for point, one in zip(wanted, found, strict=True)}

    def labelled(fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.repeat([1, 0], [live.size, fake.size]), np.append(live, fake)

    def recall(fake: np.ndarray) -> float:
        fpr, tpr, _ = roc_curve(*labelled(fake), drop_intermediate=False)
        return float(tpr[fpr <= 0.1].max())

    together = np.concatenate([*attacks.values()])
    assert values["auc"] == pytest.approx(
        min(roc_auc_score(*labelled(a)) for a in attacks.values())
    )
    assert values["auc_pooled"] == pytest.approx(roc_auc_score(*labelled(together)))
    assert values["tpr@fpr=0.1"] == pytest.approx(min(map(recall, attacks.values())))
    assert values["tpr@fpr_pooled=0.1"] == pytest.approx(recall(together))


scores = st.lists(st.integers(0, 9), min_size=1, max_size=12).map(lambda x: np.array(x, float))


@given(scores, st.lists(scores, min_size=1, max_size=4))
def test_the_worst_group_is_never_better_than_the_pool(
    live: np.ndarray, groups: list[np.ndarray]
) -> None:
    names = (
        ("bpcer@apcer=0.3", "bpcer@apcer_pooled=0.3"), ("pauc=0.4", "pauc_pooled=0.4"),
        ("apcer@bpcer=0.3", "apcer_pooled@bpcer=0.3"), ("log_auc=0.2", "log_auc_pooled=0.2"),
    )  # fmt: skip
    pairs = [(points.WHOLE[0], points.WHOLE[1]), (points.WHOLE[2], points.WHOLE[3])]
    pairs += [(points.parse(one), points.parse(other)) for one, other in names]
    attacks = {str(i): group for i, group in enumerate(groups)}
    for worst, pooled in pairs:
        free = [dataclasses.replace(point, needs={}) for point in (worst, pooled)]
        one, all_ = (reading.value for reading in points.read_all(free, live, attacks))
        assert one is not None and all_ is not None  # noqa: PT018
        larger = max if worst.worst is max else min
        assert larger((one, all_)) == pytest.approx(one, abs=1e-12), worst.name
        if len(groups) == 1:
            assert one == all_


def test_a_group_that_is_too_small_leaves_the_worst_open() -> None:
    worst, pooled = points.parse("bpcer@apcer=0.1"), points.parse("bpcer@apcer_pooled=0.1")
    one, together = points.read_all([worst, pooled], LIVE, ATTACKS)
    assert one == (
        None,
        "needs 10 attack presentations to measure 10%, got 4 of the species group mask",
    )
    assert together == (0.3, "")
    few = dict.fromkeys(("a", "b"), np.arange(99.0))
    (one,) = points.read_all([points.parse("apcer@bpcer=0.05")], LIVE, few)
    assert one.reason == "needs 20 bona fide presentations to measure 5%, got 10"
