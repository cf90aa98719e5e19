"""The step of a fold that scores dev and test, by its method and by the baselines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fasharness import scores as score_files
from fasharness.common.csv_rows import check_names, csv_rows, csv_text
from fasharness.common.files import digest, write_text
from fasharness.common.spreadsheets import guard
from fasharness.common.visible import one_line
from fasharness.data import Presentation, Split
from fasharness.method import Method
from fasharness.prepare.prepared import Prepared
from fasharness.protocol import Protocol
from fasharness.run import baselines
from fasharness.run.fold import Fold
from fasharness.run.resume_keys import score_key
from fasharness.run.steps import trained_network
from fasharness.scores import Score

if TYPE_CHECKING:  # torch is imported only where a network is used
    from lightning_fabric import Fabric

    from fasharness.engine.score import ClipScores, Scorer


_UNLABELLED = "unlabelled_scores.csv"


class Rows(NamedTuple):
    """Rows of a presentation in ``scores.csv`` and ``clip_scores.csv``.

    Attributes:
        presentation: its score.
        clips: scores of its clips, from which another aggregator can make its score; one row
            with the failure if it failed.
        known: whether its class is known; else neither is a row of these files.
    """

    presentation: Score
    clips: tuple[Score, ...]
    known: bool = True


def _write_unlabelled(folder: Path, rows: Sequence[Rows]) -> None:
    """Write the scores of presentations of unknown class, in a file that nothing evaluates."""
    unknown = [each.presentation for each in rows if not each.known]
    if not unknown:
        return
    cells = ((guard(s.presentation), s.split, repr(s.value), guard(s.failure)) for s in unknown)
    text = csv_text(("presentation", "split", "score", "failure"), cells)
    write_text(folder / _UNLABELLED, text)


def unlabelled(folder: Path) -> dict[str, float]:
    """Read the scores of a fold's presentations of unknown class; failures have none."""
    path = folder / _UNLABELLED
    if not path.is_file():
        return {}
    with closing(csv_rows(path, lambda names: check_names(names, ("score",), names))) as rows:
        return {r["presentation"]: float(r["score"]) for _, r in rows if not r["failure"]}


def score(fold: Fold, prepared: Prepared, model: Path | None) -> tuple[Score, ...]:
    """Score dev and test, and write the score files.

    Returns:
        The scores, as read from ``scores.csv``.
    """
    from fasharness.engine.checkpoint import model_digest

    path, of_clips = fold.folder / "scores.csv", fold.folder / "clip_scores.csv"
    methods = (fold.method, *baselines.methods(fold))
    keys = [scoring_key(fold, prepared, method) for method in methods]
    key = digest([keys, model_digest(model) if model else ""])

    def work() -> None:
        from fasharness.engine.score import Journal, Scorer

        fabric, network = trained_network(fold, model)
        networks = [network, *(method.network({}) for method in methods[1:])]
        journals = [fold.folder / "scoring.jsonl"]
        journals += [fold.folder / f"scoring-{method.name}.jsonl" for method in methods[1:]]
        books = [Journal(journal, key) for journal in journals]
        scorers = [Scorer(*each) for each in zip(books, methods, networks, strict=True)]
        done = list(score_rows(fold, prepared, scorers, fabric))
        _write_scores(fold, [own for own, *_ in done])
        for number, method in enumerate(methods[1:], 1):
            known = [each[number].presentation for each in done if each[number].known]
            baselines.write(fold, method.name, known)
        for journal in journals:
            journal.unlink()

    outputs = [path, of_clips, *(baselines.path(fold, name) for name in baselines.others(fold))]
    # unchanged: edited scores are made again instead of passing for a run's.
    fold.steps.once("score", key, outputs, work, unchanged=outputs)
    return score_files.read_csv(path)


def _write_scores(fold: Fold, done: Sequence[Rows]) -> None:
    """Write the files of the method's scores."""
    rows = [each for each in done if each.known]
    scores = [each.presentation for each in rows]
    of_clips = [clip for each in rows for clip in each.clips]
    score_files.write_csv(fold.folder / "clip_scores.csv", of_clips)
    _write_unlabelled(fold.folder, done)
    score_files.write_csv(fold.folder / "scores.csv", scores)
    fold.experiment.dataset.write_official_scores(fold.folder, scores)


def scoring_key(fold: Fold, prepared: Prepared, method: Method) -> str:
    """Return the key of scoring the fold's clips with a method, without its weights."""
    weights = fold.experiment.weights
    return score_key(method, fold.settings, fold.protocol, prepared, fold.scoring_clips, weights)


def score_rows(
    fold: Fold, prepared: Prepared, scorers: Sequence[Scorer], fabric: Fabric
) -> Iterator[tuple[Rows, ...]]:
    """Score dev and test by the fold's method, and by others on the same clips.

    Args:
        fold: the fold.
        prepared: its clips.
        scorers: the fold's method first.
        fabric: the device.

    Yields:
        Rows of each method for a presentation.
    """
    from fasharness.engine.score import score_all

    items = [item for item in fold.protocol.items() if item[0] is not Split.TRAIN]
    sources = [fold.source(prepared, shown, fold.scoring_clips) for _, shown in items]
    with fold.experiment.console.bar("score", "presentations") as advance:
        done = score_all(scorers, sources, fabric)
        for number, ((split, shown), found) in enumerate(zip(items, done, strict=True), 1):
            rows = tuple(_rows(fold.protocol, split, shown, scores) for scores in found)
            # Observers are called once for a presentation: not for others, not again when resumed.
            if shown.known and shown.id not in scorers[0].journal.done:
                fold.experiment.plugins.notify(
                    "fasharness_presentation_scored",
                    fold.experiment.console.say,
                    folder=fold.folder,
                    score=rows[0].presentation,
                )
            advance(number, len(items), "")
            yield rows


def _rows(protocol: Protocol, split: Split, shown: Presentation, found: ClipScores) -> Rows:
    """Combine the scores of a presentation with its facts."""
    score = Score(
        presentation=shown.id,
        split=str(split),
        subject=shown.subject,
        species=shown.species,
        group=protocol.group_of(shown.species),
        value=found.value,
        clips=len(found.values),
        frames=found.frames,
        # The reason may hold the name of a file, and that any character.
        failure=one_line(found.failure),
        device=shown.device,
        session=shown.session,
        simulated=protocol.simulated,
        # A data set may know a fact of some presentations only.
        attributes=tuple((name, text) for name, text in shown.attributes.items() if text),
    )
    return Rows(score, tuple(_clip_rows(score, found.values)), shown.known)


def _clip_rows(score: Score, values: Sequence[float]) -> Iterator[Score]:
    share = score.frames // max(1, score.clips)
    for number, value in enumerate(values or (score.value,), start=1):
        yield dataclasses.replace(
            score,
            presentation=f"{score.presentation}#{number}",
            value=value,
            clips=min(1, score.clips),
            frames=share,
            unit="clip",
            video=score.presentation,
        )
