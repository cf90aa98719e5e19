"""Scorers and verdicts: what leaks is found, what dev says decides, bounds are where they stand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fasharness.data import Presentation, rgb
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.protocol import Protocol
from fasharness.result import Metric
from fasharness_sim.validity import checks, scorers
from fasharness_sim.validity.measuring import Measured
from fasharness_sim.validity.records import (
    DetectionRow,
    FoldFigure,
    Identity,
    IdentityPair,
    ParallaxRow,
    ScorerRow,
    SpectrumRow,
)
from fasharness_sim.validity.trivial import Trivial

OPTIONS = EvaluationOptions(replicates=50)
SPECIES = (None, "print1", "print2", "display1", "display2")
GROUPS = {"print": ("print1", "print2"), "display": ("display1", "display2")}
NOISE, LENGTH = (Trivial._fields.index(name) for name in ("noise_face", "length"))


def _shown(subjects: range, phone: int) -> tuple[Presentation, ...]:
    return tuple(
        Presentation(
            f"{phone}_1_{s:02d}_{k}",
            rgb(Path(f"{s}_{k}.avi")),
            subject=f"{s:02d}",
            species=species,
        )
        for s in subjects
        for k, species in enumerate(SPECIES, start=1)
    )


def _fold(number: int = 1) -> Protocol:
    return Protocol(
        name=f"oulu3_{number}", dataset="oulu-npu", version="files",
        train=_shown(range(1, 9), 9), dev=_shown(range(21, 29), 9),
        test=_shown(range(36, 44), number), groups=GROUPS, simulated=True,
    )  # fmt: skip


def _findings(folds: list[Protocol], seed: int = 0) -> dict[str, Measured]:
    """Findings that know nothing of the class."""
    rng = np.random.default_rng(seed)
    names = {p.id for fold in folds for _, p in fold.items()}
    found = {}
    for name in sorted(names):
        trivial = rng.normal(100, 10, len(Trivial._fields))
        trivial[LENGTH] = 24
        found[name] = Measured(
            trivial=trivial, texture=rng.random(354), quality=rng.random(121),
            overlaps=np.ones((2, 2)), parallax=rng.random(2), rings=rng.random((2, 24)),
            traces=rng.random((2, 2)), signature=rng.random(1024),
        )  # fmt: skip
    return found


def _row(rows: tuple[ScorerRow, ...], name: str) -> ScorerRow:
    return next(row for row in rows if row.name == name)


def _shifted(found: dict[str, Measured], fold: Protocol, by: float) -> dict[str, Measured]:
    """Bona fide videos get another noise level."""
    live = {p.id for _, p in fold.items() if p.bona_fide}
    changed = dict(found)
    for name in live:
        trivial = found[name].trivial.copy()
        trivial[NOISE] += by
        changed[name] = dataclasses.replace(found[name], trivial=trivial)
    return changed


@pytest.mark.parametrize("by", [-200.0, 200.0])
def test_a_leaking_number_is_found_in_either_direction(by: float) -> None:
    fold = _fold()
    rows = scorers.rows("oulu1", [fold], _shifted(_findings([fold]), fold, by), OPTIONS)
    assert _row(rows, "noise_face").acer.value == 0
    check = checks.trivial(rows)
    assert not check.holds
    assert "noise_face on oulu1 0.00 %" in check.found


def test_numbers_that_know_nothing_pass_and_a_constant_one_is_at_chance() -> None:
    fold = _fold()
    rows = scorers.rows("oulu1", [fold], _findings([fold], 1), OPTIONS)
    assert {row.name for row in rows if row.kind == "trivial"} == set(Trivial._fields)
    assert _row(rows, "length").acer.value == 0.5
    assert checks.trivial(rows).holds
    assert _row(rows, "noise_face").acer.low is not None


def test_direction_and_threshold_come_from_dev_alone() -> None:
    fold = _fold()
    found = _shifted(_findings([fold]), fold, 200.0)
    mirrored = dict(found)
    for p in fold.test:
        trivial = found[p.id].trivial.copy()
        trivial[NOISE] = 400 - trivial[NOISE]
        mirrored[p.id] = dataclasses.replace(found[p.id], trivial=trivial)
    rows = scorers.rows("oulu1", [fold], mirrored, OPTIONS)
    assert _row(rows, "noise_face").acer.value == pytest.approx(1.0)
    assert _row(rows, "noise_face").other_way == pytest.approx(0.0)
    assert _row(rows, "colour_texture").other_way is None


def test_folds_are_decided_each_at_its_own_threshold_and_counted_together() -> None:
    folds = [_fold(1), _fold(2)]
    second = dataclasses.replace(folds[1], dev=_shown(range(21, 29), 8))
    found = _findings([folds[0], second])
    for fold, level in ((folds[0], 0.0), (second, 1000.0)):
        for p in (*fold.dev, *fold.test):
            trivial = found[p.id].trivial.copy()
            trivial[NOISE] = level + (10 if p.bona_fide else 0)
            found[p.id] = dataclasses.replace(found[p.id], trivial=trivial)
    wrong = second.test[0]  # one bona fide test video of 16 is refused
    trivial = found[wrong.id].trivial.copy()
    trivial[NOISE] = 1000
    found[wrong.id] = dataclasses.replace(found[wrong.id], trivial=trivial)
    row = _row(scorers.rows("oulu3", [folds[0], second], found, OPTIONS), "noise_face")
    assert row.bpcer.value == pytest.approx(1 / 16)
    assert row.acer.value == pytest.approx(1 / 32)
    assert row.folds == (FoldFigure("oulu3_1", 0.0), FoldFigure("oulu3_2", 1 / 16))


def test_the_classifier_learns_from_train_and_never_from_others() -> None:
    rng = np.random.default_rng(0)
    train, others = rng.normal(0, 1, (60, 20)), rng.normal(0, 1, (30, 20))
    live = np.arange(60) % 3 == 0
    train[live, :8] += 3
    others[:10, :8] += 3
    found = scorers.classify(train, live, others)
    assert found[:10].min() > found[10:].max()
    np.testing.assert_allclose(scorers.classify(train, live, others[5:]), found[5:], atol=1e-9)


PROTOCOLS = {"oulu1": "protocol 1", "oulu4": "protocol 4"}


def _scorer(kind: str, name: str, protocol: str, acer: float) -> ScorerRow:
    figure = Metric("acer", acer, max(acer - 0.1, 0), acer + 0.1)
    return ScorerRow(kind, name, protocol, figure, figure, figure, ())


@pytest.mark.parametrize(("acer", "holds"), [(0.25, True), (0.2499, False), (0.6, True)])
def test_trivial_bound(acer: float, holds: bool) -> None:
    rows = [_scorer("trivial", "length", "oulu1", 0.5), _scorer("trivial", "red", "oulu2", acer)]
    assert checks.trivial(rows).holds is holds


def test_a_leak_is_called_sure_where_its_whole_interval_is_below() -> None:
    rows = [_scorer("trivial", "a", "oulu1", 0.1), _scorer("trivial", "b", "oulu1", 0.2)]
    assert "2 of 2 are below, 1 of them with their whole interval" in checks.trivial(rows).found


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [(0.05, 0.2, True), (0.35, 0.4, True), (0.04, 0.2, False), (0.36, 0.4, False),
     (0.2, 0.2, False), (0.2, 0.1, False)],
)  # fmt: skip
def test_classic_bounds(first: float, last: float, holds: bool) -> None:
    rows = [_scorer("classic", "c", "oulu1", first), _scorer("classic", "c", "oulu4", last)]
    (check,) = checks.classic(rows, PROTOCOLS)
    assert check.holds is holds
    (alone,) = checks.classic(rows[:1], PROTOCOLS)
    assert alone.holds is (0.05 <= first <= 0.35)
    assert not list(checks.classic(rows[1:], PROTOCOLS))


def test_a_data_set_with_one_protocol_has_no_harder_one() -> None:
    rows = [_scorer("classic", "c", "oulu1", 0.2)]
    (check,) = checks.classic(rows, {"oulu1": "the only protocol"})
    assert check.holds
    assert check.rule == "ACER between 5 and 35 % on the only protocol"


@pytest.mark.parametrize(("rate", "holds"), [(0.98, True), (0.979, False)])
def test_detection_counts_bona_fide_alone(rate: float, holds: bool) -> None:
    rows = [
        DetectionRow("bona fide", Metric("found", rate, 0, 1, 100), 0, 0.8),
        DetectionRow("print1", Metric("found", 0.1, 0, 1, 100), 0, None),
    ]
    assert checks.detection(rows).holds is holds


@pytest.mark.parametrize(("auc", "holds"), [(0.75, True), (0.74, False), (None, False)])
def test_parallax_judges_prints_alone(auc: float | None, holds: bool) -> None:
    rows = [
        ParallaxRow(name, 3, 0, (), (), (), value)
        for name, value in (("bona fide", None), ("print1", auc), ("display1", 0.5))
    ]
    (check,) = checks.parallax(rows)
    assert check.holds is holds
    assert not list(checks.parallax([rows[0], rows[2]]))


@pytest.mark.parametrize(("peak", "level", "holds"), [(0.7, 0.1, True), (0.2, 0.7, True),
                                                      (0.69, 0.6, False)])  # fmt: skip
def test_every_species_needs_a_trace(peak: float, level: float, holds: bool) -> None:
    rows = [
        SpectrumRow("bona fide", "face", 0, 0, None, None, ()),
        SpectrumRow("print1", "face", 0, 0, 0.9, 0.9, (1.0,)),
        SpectrumRow("display1", "face", 0, 0, 0.5, 0.5, (1.0,)),
        SpectrumRow("display1", "wall", 0, 0, peak, level, (1.0,)),
    ]
    assert checks.traces(rows).holds is holds


@pytest.mark.parametrize(("distance", "holds"), [(0.31, True), (0.3, False), (0.01, False)])
def test_identity_bound(distance: float, holds: bool) -> None:
    pair = IdentityPair("01", "train", "36", "test", distance)
    assert checks.identity(Identity(2, (0.2, 0.3, 0.4), (pair,))).holds is holds
