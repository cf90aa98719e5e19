"""A run compares its scores with its protocol before it gives a figure."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.common.progress import Terminal
from fasharness.engine.checkpoint import card_of, save_model
from fasharness.errors import DataError, RunError
from fasharness.evaluation.checks import check, doubtful_subjects
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.plugins import load
from fasharness.run.config import build
from fasharness.run.experiment import build_method
from fasharness.run.fold import Experiment, Fold, open_fold
from fasharness.run.judge import _evaluation, rules
from fasharness.scores import Score


@pytest.fixture
def fold(oulu: Path, toy: Path, own_machine: None, tmp_path: Path) -> Fold:
    """A fold of a run on the toy data set with an untrained model, not scored yet."""
    plugins = load()
    settings = build({"plugin": "toy", "protocol": "oulu1", "data": oulu})
    dataset = plugins.dataset_of("oulu1")(oulu)
    method = build_method(settings, plugins)
    experiment = Experiment(
        settings, plugins, Terminal(sys.stderr, quiet=True), method, dataset, tmp_path / "store"
    )
    found = open_fold(experiment, "oulu1", tmp_path / "run")
    assert found.model is not None
    save_model(found.model, card_of(method), method.network({}))
    return found


def scores_of(fold: Fold) -> list[Score]:
    found = []
    for split, p in fold.protocol.items():
        if split != "train":
            group, value = fold.protocol.group_of(p.species), float(p.bona_fide) + len(found) / 100
            found.append(Score(p.id, str(split), p.subject, p.species, group, value))
    return found


def test_every_presentation_of_the_protocol_needs_a_score(fold: Fold) -> None:
    scores, options = scores_of(fold), rules(fold.settings, fold.protocol)
    found = _evaluation(fold, scores, options)
    assert found.metric("acer").value is not None
    assert found.more
    with pytest.raises(RunError, match=r"oulu1: presentations of test that have no score: 1 \("):
        _evaluation(fold, scores[:-1], options)
    other = dataclasses.replace(scores[-1], presentation="6_3_36_5")
    with pytest.raises(RunError, match=r"have no score: 1 \(2_3_37_5\)"):
        _evaluation(fold, [*scores[:-1], other], options)
    with pytest.raises(RunError, match=r"are not in the protocol: 1 \(6_3_36_5\)"):
        _evaluation(fold, [*scores, other], options)


def test_a_run_takes_labels_that_contradict_names_for_what_they_are(fold: Fold) -> None:
    scores = scores_of(fold)
    check(scores)
    flipped = dataclasses.replace(scores[0], species=None if scores[0].species else "print1")
    with pytest.raises(DataError, match=r"row 1: presentation .* by its OULU-NPU name"):
        check([flipped, *scores[1:]])
    # Names of another kind say nothing.
    other = dataclasses.replace(scores[1], presentation="enrol-7")
    check([flipped, other, *scores[2:]])


def test_doubtful_subjects_are_said(oulu_like: Callable[..., tuple[Score, ...]]) -> None:
    scores = oulu_like()
    assert list(doubtful_subjects(scores)) == []
    shared = tuple(
        dataclasses.replace(s, subject="x") if s in (scores[0], scores[-1]) else s for s in scores
    )
    (words,) = doubtful_subjects(shared)
    assert "1 subjects are in two splits, which was allowed, e.g. 'x'" in words
    test = [s for s in scores if s.split == "test"]
    nobody = {s.presentation for s in test[:3]}
    partly = tuple(
        dataclasses.replace(s, subject="") if s.presentation in nobody else s for s in scores
    )
    (words,) = doubtful_subjects(partly)
    assert words.startswith(f"3 of the {len(test)} test presentations have no subject")
    assert list(doubtful_subjects(tuple(dataclasses.replace(s, subject="") for s in scores))) == []
    found = evaluate(partly, EvaluationOptions(replicates=5))
    assert "and 3 presentations of unknown subjects each by itself" in found.intervals.words
    assert words in found.warnings
