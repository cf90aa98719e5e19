"""From a fold's scores to its result and report."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.common.files import digest, sha256
from fasharness.data import Split
from fasharness.errors import DataError, RunError
from fasharness.method import AGGREGATOR, make, option_values, preset_of
from fasharness.result import Baseline, Evaluation, Result
from fasharness.result import read as read_result
from fasharness.result import write as write_result
from fasharness.run.provenance import collect
from fasharness.scores import Score

if TYPE_CHECKING:
    from fasharness.evaluation.evaluate import EvaluationOptions
    from fasharness.prepare.prepared import Prepared
    from fasharness.run.fold import Fold
    from fasharness.run.settings import Settings

BASELINES: Mapping[str, str] = {
    "constant": "the same score for every presentation",
    "brightness": "mean brightness of the face crops",
}


def judge(fold: Fold, prepared: Prepared, scores: Sequence[Score], model: Path | None) -> Result:
    """Make a fold's result and report, or take the one that is there under the same key.

    Args:
        fold: the fold, prepared and scored.
        prepared: what became of its presentations.
        scores: its scores of dev and test.
        model: the model file, None where nothing is learnt.

    Returns:
        The result, as it stands in the fold's ``result.json``.

    Raises:
        RunError: the scores give no figure.
    """
    from fasharness import report
    from fasharness.run.error_pictures import draw

    options = rules(fold.settings)
    path, page = fold.folder / "result.json", fold.folder / "report.html"
    provenance = _provenance(fold, prepared, model)
    key = digest([provenance, dataclasses.asdict(options), sorted(_others(fold))])
    if fold.steps.current("evaluate", key, path, page):
        with contextlib.suppress(DataError):  # a damaged result is written anew
            found = read_result(path)
            if isinstance(found, Result):
                return found
    with fold.steps.timed("evaluate"):
        evaluation = _evaluation(fold, scores, options)
        baselines = tuple(_baselines(fold, prepared, options))
        result = _result(fold, evaluation, baselines, provenance)
        write_result(path, result)
        if fold.protocol.simulated:  # a page may be passed on: real faces only on request
            draw(fold)
        report.write(fold.folder)
    fold.steps.finish("evaluate", key)
    return result


def rules(settings: Settings) -> EvaluationOptions:
    """How a run's scores are evaluated."""
    from fasharness.evaluation.evaluate import EvaluationOptions

    return EvaluationOptions(seed=settings.seed, more=True)


def _evaluation(fold: Fold, scores: Sequence[Score], options: EvaluationOptions) -> Evaluation:
    """Figures of the scores, with a warning where the protocol was cut short."""
    from fasharness.evaluation.checks import check_manifest
    from fasharness.evaluation.evaluate import evaluate

    expected = {
        str(split): [p.id for p in fold.protocol.split(split)] for split in (Split.DEV, Split.TEST)
    }
    metrics = {m.name: m.make for m in fold.experiment.plugins.offers("metric")}
    try:
        check_manifest(scores, expected)
        evaluation = evaluate(scores, options, metrics)
    except DataError as error:
        raise RunError(
            f"{fold.protocol.name}: {error}; the scores are in {fold.folder}/scores.csv"
        ) from None
    if not fold.settings.limit:
        return evaluation
    limited = (
        f"only {fold.settings.limit} presentations of each split (--limit): this is not the "
        "protocol's figure"
    )
    return dataclasses.replace(evaluation, warnings=(limited, *evaluation.warnings))


def _result(
    fold: Fold,
    evaluation: Evaluation,
    baselines: tuple[Baseline, ...],
    provenance: Mapping[str, Any],
) -> Result:
    """The figures together with what they were made from."""
    settings, method, name = fold.settings, fold.method, fold.protocol.name
    return Result(
        method=method.name,
        method_version=method.version,
        preset=preset_of(method),
        options=option_values(method),
        dataset=fold.experiment.dataset.name,
        protocol=settings.protocol,
        fold=name if name != settings.protocol else "",
        simulated=fold.protocol.simulated,
        aggregator=AGGREGATOR,
        evaluation=evaluation,
        baselines=baselines,
        provenance=provenance,
        commands=(settings.command(),),
    )


def _others(fold: Fold) -> Mapping[str, str]:
    """The trivial scorers but the method itself, where it is one: it is no rival of its own."""
    return {name: words for name, words in BASELINES.items() if name != fold.method.name}


def _baselines(fold: Fold, prepared: Prepared, options: EvaluationOptions) -> Iterator[Baseline]:
    """What trivial scorers get on the same clips."""
    from fasharness.engine.device import make_fabric
    from fasharness.evaluation.evaluate import baseline

    fabric = make_fabric(fold.settings.device, fold.settings.precision)
    for name, words in _others(fold).items():
        method = make(fold.experiment.plugins.method(name), "", {})
        journal = fold.folder / f"scoring-{name}.jsonl"
        key = fold.score_key(prepared, method)
        found = fold.scored(prepared, method, method.network(), fabric, journal, key)
        scores = [each.score for each in found]
        journal.unlink()
        yield baseline(name, words, scores, options)


def _provenance(fold: Fold, prepared: Prepared, model: Path | None) -> dict[str, Any]:
    from fasharness.engine.device import device_name

    return {
        **collect(fold.experiment.plugins),
        "seed": fold.settings.seed,
        "precision": fold.settings.precision,
        "device": device_name(fold.settings.device),
        "preparation": prepared.summary(),
        "protocol": {
            "source": fold.protocol.version,
            "convention": fold.protocol.convention,
            "digest": digest([[split, p.id] for split, p in fold.protocol.items()]),
        },
        # The names of simulated people return in every size and version of a simulation.
        "simulation": fold.experiment.dataset.root.name if fold.protocol.simulated else "",
        "limit": fold.settings.limit,
        "faces": fold.settings.faces,
        "detector": fold.settings.detector,
        "model_sha256": sha256(model) if model else "",
        "scores_sha256": sha256(fold.folder / "scores.csv"),
    }
