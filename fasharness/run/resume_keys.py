"""Content keys of training and scoring: their inputs, settings and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fasharness.common.files import digest
from fasharness.common.sources import source_digest
from fasharness.data import ClipSpec, Presentation, Protocol, Split
from fasharness.method import Method, option_values
from fasharness.run.settings import Settings

if TYPE_CHECKING:
    from fasharness.prepare.prepared import Prepared


def training_specs(method: Method, presentation: Presentation) -> list[ClipSpec]:
    """Return the clips that each of a method's stages needs of a training presentation."""
    return [stage.clips(presentation.bona_fide) for stage in method.stages()]


def fit_key(method: Method, settings: Settings, protocol: Protocol, prepared: Prepared) -> str:
    """Return the key of a training: method, settings and all clips, those of dev included."""
    dev = method.scoring_clips()
    clips = [
        # A store file is named by its content key, so this covers video, crop, detector and
        # versions.
        [item.id, *(prepared.get(item, spec).path.name for spec in training_specs(method, item))]
        for item in protocol.train
    ]
    # Dev chooses the weights that are kept.
    clips += [[item.id, prepared.get(item, dev).path.name] for item in protocol.dev]
    return digest([_method(method), [settings.seed, *_machine(settings)], clips])


def score_key(
    method: Method, settings: Settings, protocol: Protocol, prepared: Prepared, spec: ClipSpec
) -> str:
    """Return the key of a scoring without the weights: method, settings and all clips."""
    clips = [
        # A failed presentation has no store file; its reason goes into scores.csv.
        [split, item.id, prepared.get(item, spec).path.name, prepared.get(item, spec).failure]
        for split, item in protocol.items()
        if split is not Split.TRAIN
    ]
    return digest([_method(method), [*_machine(settings), protocol.simulated], clips])


def _method(method: Method) -> list[Any]:
    code = source_digest(type(method).__module__)
    return [method.name, method.version, option_values(method), code]


def _machine(settings: Settings) -> list[str]:
    # Devices and precisions round differently, so their weights and scores differ.
    return [settings.device, settings.precision]
