"""What simple scorers reach on each protocol: single numbers, and classifiers of texture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fasharness.data import Presentation, Split
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.evaluation.figures import scored_split
from fasharness.evaluation.folds import Folds, evaluate_folds
from fasharness.metrics.curves import auc, error_curve
from fasharness.protocol import Protocol
from fasharness.result import Evaluation, Metric
from fasharness.scores import Score
from fasharness_sim.validity.measuring import Measured
from fasharness_sim.validity.records import FoldFigure, ScorerRow
from fasharness_sim.validity.trivial import Trivial
from fasharness_sim.validity.video import Floats

Findings = Mapping[str, Measured]
CLASSIC: Mapping[str, str] = MappingProxyType(
    {"colour_texture": "texture", "image_quality": "quality"}
)


def rows(
    protocol: str, folds: Sequence[Protocol], findings: Findings, options: EvaluationOptions
) -> tuple[ScorerRow, ...]:
    """Evaluate every scorer on a protocol.

    Args:
        protocol: its name.
        folds: its folds.
        findings: what was measured of their presentations.
        options: replicates and seed of the intervals.

    Returns:
        A row for each scorer, the trivial ones first.
    """
    numbers = [
        _trivial_row(name, index, protocol, folds, findings, options)
        for index, name in enumerate(Trivial._fields)
    ]
    return (
        *numbers,
        *(_classic_row(name, protocol, folds, findings, options) for name in CLASSIC),
    )


def _trivial_row(
    name: str,
    index: int,
    protocol: str,
    folds: Sequence[Protocol],
    findings: Findings,
    options: EvaluationOptions,
) -> ScorerRow:
    """Score by one of the trivial numbers, in the direction that dev says, fold by fold."""
    values = {video: float(found.trivial[index]) for video, found in findings.items()}
    scored = {fold.name: _directed(_scores(fold, values)) for fold in folds}
    turned = {fold: _turned(scores) for fold, scores in scored.items()}
    # One replicate: the figure is shown without an interval.
    other = _rates(_pooled(turned, replace(options, replicates=1)))["acer"].value
    return replace(_row("trivial", name, protocol, scored, options), other_way=other)


def _classic_row(
    name: str,
    protocol: str,
    folds: Sequence[Protocol],
    findings: Findings,
    options: EvaluationOptions,
) -> ScorerRow:
    """Score by a classifier, trained fold by fold."""
    scored = {fold.name: _scores(fold, _classified(fold, findings, name)) for fold in folds}
    return _row("classic", name, protocol, scored, options)


def _row(
    kind: str,
    name: str,
    protocol: str,
    scored: Mapping[str, list[Score]],
    options: EvaluationOptions,
) -> ScorerRow:
    """Put the folds of a scorer together, each with its own threshold on dev."""
    found = _pooled(scored, options)
    pooled = _rates(found)
    folds = tuple(FoldFigure(fold, _acer(one)) for fold, one in found.evaluations.items())
    return ScorerRow(kind, name, protocol, pooled["acer"], pooled["apcer"], pooled["bpcer"], folds)


def _pooled(scored: Mapping[str, list[Score]], options: EvaluationOptions) -> Folds:
    return evaluate_folds(scored, replace(options, threshold_rule=_rule(scored.values())))


def _rates(found: Folds) -> Mapping[str, Metric]:
    return {metric.name: metric for metric in found.pooled}


def _rule(folds: Iterable[Sequence[Score]]) -> str:
    """The rule of the threshold: dev's EER; a number that dev has only once accepts it all."""
    devs = [scored_split(scores, Split.DEV) for scores in folds]
    same = [dev.scores[0].value for dev in devs if dev.constant]
    return f"fixed={same[0]!r}" if same else "eer"


def _acer(one: Evaluation) -> float:
    acer = one.metric("acer")
    if acer.value is None:
        raise ValueError(f"expected a figure, got none: {acer.reason}")
    return acer.value


def _directed(scores: list[Score]) -> list[Score]:
    """Turn scores round where dev's bona fide ones are the lower."""
    dev = scored_split(scores, Split.DEV)
    # Dev alone decides; the better direction on test would be a look at the answer.
    area = auc(error_curve(np.sort(dev.bona_fide), np.sort(dev.attack)))
    return scores if area >= 0.5 else _turned(scores)


def _turned(scores: list[Score]) -> list[Score]:
    return [replace(score, value=-score.value) for score in scores]


def _classified(protocol: Protocol, findings: Findings, features: str) -> Mapping[str, float]:
    """Train on the features of train and score dev and test."""
    train, others = protocol.train, (*protocol.dev, *protocol.test)
    seen, unseen = (
        np.stack([getattr(findings[p.id], CLASSIC[features]) for p in shown])
        for shown in (train, others)
    )
    values = classify(seen, np.array([p.bona_fide for p in train]), unseen)
    return {p.id: float(value) for p, value in zip(others, values, strict=True)}


def classify(train: Floats, bona_fide: np.typing.NDArray[np.bool_], others: Floats) -> Floats:
    """Train a support vector machine (RBF kernel, C = 1) and score other features with it.

    Args:
        train: float64 (N, D).
        bona_fide: bool (N,), both classes in it; they weigh the same.
        others: float64 (M, D).

    Returns:
        float64 (M,), higher is more bona fide.
    """
    import torch

    from fasharness_baselines.machine import Machine

    machine = Machine()
    machine.fit(train, bona_fide)
    return np.asarray(machine(torch.from_numpy(others)).numpy(), np.float64)


def _scores(protocol: Protocol, values: Mapping[str, float]) -> list[Score]:
    """The scores of dev and test."""
    return [
        _score(protocol, split, presentation, values[presentation.id])
        for split in (Split.DEV, Split.TEST)
        for presentation in protocol.split(split)
    ]


def _score(protocol: Protocol, split: Split, shown: Presentation, value: float) -> Score:
    return Score(
        presentation=shown.id,
        split=split,
        subject=shown.subject,
        species=shown.species,
        group=protocol.group_of(shown.species),
        value=value,
        device=shown.device,
        session=shown.session,
        simulated=protocol.simulated,
    )
