"""Content keys of training and scoring: what went in, with which settings and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fasharness.common.files import digest
from fasharness.data import ClipSpec, Presentation, Protocol, Split
from fasharness.method import Method, option_values
from fasharness.run.settings import Settings

if TYPE_CHECKING:
    from fasharness.prepare.prepared import Prepared


def training_specs(method: Method, presentation: Presentation) -> list[ClipSpec]:
    """Clips that a method's stages want of a training presentation, one for each stage."""
    return [stage.clips(presentation.bona_fide) for stage in method.stages()]


def fit_key(method: Method, settings: Settings, protocol: Protocol, prepared: Prepared) -> str:
    """Key of a training: the method, its settings and every clip it sees, dev included."""
    dev = method.scoring_clips()
    clips = [
        [item.id, *(prepared.get(item, spec).path.name for spec in training_specs(method, item))]
        for item in protocol.train
    ]
    clips += [[item.id, prepared.get(item, dev).path.name] for item in protocol.dev]
    return digest([_method(method), [settings.seed, *_machine(settings)], clips])


def score_key(
    method: Method, settings: Settings, protocol: Protocol, prepared: Prepared, spec: ClipSpec
) -> str:
    """Key of a scoring, but for the weights: the method, its settings and every clip it sees."""
    clips = [
        [split, item.id, prepared.get(item, spec).path.name, prepared.get(item, spec).failure]
        for split, item in protocol.items()
        if split is not Split.TRAIN
    ]
    return digest([_method(method), [*_machine(settings), protocol.simulated], clips])


def _method(method: Method) -> list[Any]:
    return [method.name, method.version, option_values(method)]


def _machine(settings: Settings) -> list[str]:
    return [settings.device, settings.precision]
