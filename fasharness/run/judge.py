"""The last step of a fold: from its scores to its result and report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fasharness import report
from fasharness.common.files import digest, sha256
from fasharness.data import Split
from fasharness.engine.checkpoint import model_digest, read_card, set_threshold
from fasharness.errors import DataError, RunError
from fasharness.evaluation.checks import check_manifest, limited
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.evaluation.evaluate import evaluate as evaluate_scores
from fasharness.method import option_values, preset_of
from fasharness.prepare.prepared import Prepared
from fasharness.protocol import OFFICIAL, Protocol
from fasharness.result import Baseline, Evaluation, Result
from fasharness.result import read as read_result
from fasharness.result import write as write_result
from fasharness.run import baselines
from fasharness.run.error_pictures import draw
from fasharness.run.fold import Fold
from fasharness.run.provenance import collect, recipe_block
from fasharness.run.scoring import unlabelled
from fasharness.run.settings import Settings
from fasharness.run.steps import training_warnings
from fasharness.scores import Score


def evaluate(fold: Fold, prepared: Prepared, scores: Sequence[Score], model: Path | None) -> Result:
    """Write a fold's result and report, unless they exist under the same key.

    Args:
        fold: the fold, prepared and scored.
        prepared: the outcome of its preparation.
        scores: its scores of dev and test.
        model: the model file, None if nothing is learnt.

    Returns:
        The result, as read from the fold's ``result.json``.

    Raises:
        RunError: the scores give no figure.
    """
    options = rules(fold.settings, fold.protocol)
    path, page = fold.folder / "result.json", fold.folder / "report.html"
    provenance = _provenance(fold, prepared, model)
    key = digest([provenance, dataclasses.asdict(options), sorted(baselines.others(fold))])

    def work() -> None:
        evaluation = _evaluation(fold, scores, options)
        compared = tuple(baselines.figures(fold, options))
        write_result(path, _result(fold, evaluation, compared, provenance))
        threshold = evaluation.threshold.value
        fold.experiment.dataset.write_submission(fold.folder, unlabelled(fold.folder), threshold)
        if fold.protocol.simulated:  # pages get shared: real faces only on request
            draw(fold)
        report.write(fold.folder)

    # unchanged: an edited result is made again instead of being reported and compared.
    fold.steps.once("evaluate", key, [path, page], work, unchanged=[path])
    # Read back, so that a new and a resumed run return the very same numbers.
    result = read_result(path)
    if not isinstance(result, Result):
        raise RunError(f"{path}: holds the result of several folds; choose another --out")
    # Not into a model that was given: it is somebody else's file.
    if model is not None and model != fold.settings.checkpoint:
        set_threshold(model, result.evaluation.threshold)
    return result


def rules(settings: Settings, protocol: Protocol) -> EvaluationOptions:
    """Return how a run's scores are evaluated: by the protocol's convention."""
    convention = protocol.convention
    return EvaluationOptions(
        threshold_rule=convention.threshold,
        allow_leaks=convention.leaks,
        allow_subject_overlap=protocol.subjects != "disjoint",
        points=(convention.metric,) if "@" in convention.metric else (),
        seed=settings.seed,
        more=True,
    )


def _evaluation(fold: Fold, scores: Sequence[Score], options: EvaluationOptions) -> Evaluation:
    """Evaluate the scores; add the warnings of the training and of a limited protocol."""
    expected = {
        str(split): [p.id for p in fold.protocol.split(split) if p.known]
        for split in (Split.DEV, Split.TEST)
    }
    metrics = {m.name: m.make for m in fold.experiment.plugins.offers("metric")}
    metrics |= fold.experiment.dataset.metrics
    try:
        # Published code often skips a video silently, which shrinks the denominators: every
        # presentation of the protocol must have a score or a failure.
        check_manifest(scores, expected)
        evaluation = evaluate_scores(scores, options, metrics)
    except DataError as error:
        raise RunError(
            f"{fold.protocol.name}: {error}; the scores are in {fold.folder}/scores.csv"
        ) from None
    warned = dataclasses.replace(
        evaluation, warnings=(*_warnings(fold), *training_warnings(fold), *evaluation.warnings)
    )
    return limited(warned, fold.settings.limit)


def _warnings(fold: Fold) -> Iterator[str]:
    """Yield what a reader of the figures must know of the protocol as it was run."""
    protocol = fold.protocol
    if protocol.dev and protocol.dev_rule != OFFICIAL:
        yield f"the protocol has no official dev; here dev is {protocol.dev_rule}"
    if protocol.subjects == "overlap":
        yield "the protocol lets a subject be in two splits, which makes figures too good"
    if protocol.subjects == "unknown":
        yield "the data set does not tell subjects apart: a person may be in two splits"
    if protocol.convention.unit == "clip":
        yield (
            "the benchmark counts clips, these figures count presentations: for its own unit "
            "evaluate clip_scores.csv"
        )
    yield from _stand_ins(fold)
    # Its file tells it, whoever trained it.
    if fold.model is not None:
        yield from read_card(fold.model).auxiliary
    unknown = sum(not shown.known for _, shown in protocol.items())
    if unknown:
        yield (
            f"{unknown} presentations of unknown class were scored (unlabelled_scores.csv) and "
            "are not counted"
        )


def _stand_ins(fold: Fold) -> Iterator[str]:
    """Yield which attacks of a simulated root are those of its names only."""
    known = fold.experiment.dataset.stand_ins
    found = sorted({p.species for _, p in fold.protocol.items() if p.species} & known.keys())
    if found:
        shown = ", ".join(sorted({known[name] for name in found}))
        yield (
            f"LAYOUT TWIN: of {len(found)} PAI species only the names are simulated, what is shown "
            f"is {shown}, and figures on them say nothing: {', '.join(found)}"
        )


def _result(
    fold: Fold,
    evaluation: Evaluation,
    compared: tuple[Baseline, ...],
    provenance: Mapping[str, Any],
) -> Result:
    """Combine the figures with their inputs into the result."""
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
        aggregator=method.aggregator,
        evaluation=evaluation,
        baselines=compared,
        provenance=provenance,
        commands=(settings.command(),),
    )


def _provenance(fold: Fold, prepared: Prepared, model: Path | None) -> dict[str, Any]:
    from fasharness.engine.device import device_name

    return {
        **collect(fold.experiment.plugins),
        "seed": fold.settings.seed,
        "precision": fold.settings.precision,
        "device": device_name(fold.settings.device),
        "preparation": prepared.summary(),
        "recipe": recipe_block(fold),
        "protocol": {
            "source": fold.protocol.version,
            "convention": fold.protocol.convention.words,
            "rules": dataclasses.asdict(fold.protocol.convention),
            "dev": fold.protocol.dev_rule if fold.protocol.dev else "none",
            "subjects": fold.protocol.subjects,
            "digest": digest([[split, p.id] for split, p in fold.protocol.items()]),
        },
        # Simulations of all sizes and versions use the same names: the digest above is not enough.
        "simulation": fold.experiment.dataset.root.name if fold.protocol.simulated else "",
        "limit": fold.settings.limit,
        "faces": fold.settings.faces,
        "detector": fold.settings.detector,
        "model_digest": model_digest(model) if model else "",
        "scores_sha256": sha256(fold.folder / "scores.csv"),
    }
