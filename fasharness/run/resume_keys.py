"""Content keys of training and scoring: their inputs, settings and versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fasharness.clips import ClipSpec
from fasharness.common.files import digest, sha256
from fasharness.common.sources import source_digest
from fasharness.data import Presentation, Split
from fasharness.generator import Generator
from fasharness.method import Method, option_values
from fasharness.protocol import Protocol
from fasharness.run.settings import Settings

if TYPE_CHECKING:
    from fasharness.prepare.prepared import Prepared


class TrainingItem(NamedTuple):
    """A presentation that a method is fitted on.

    Attributes:
        presentation: what is shown.
        origin: name of its auxiliary set; empty for the protocol's own.
        weight: how often it counts.
    """

    presentation: Presentation
    origin: str
    weight: int

    def specs(self, method: Method) -> list[ClipSpec]:
        """Return the clips that the method's stages need of it."""
        found = (stage.clips_of(self.presentation, self.origin) for stage in method.stages())
        return [spec for spec in found if spec is not None]


def training_items(protocol: Protocol) -> Iterator[TrainingItem]:
    """Iterate over a protocol's training presentations, then over its auxiliary sets."""
    for shown in protocol.train:
        yield TrainingItem(shown, "", protocol.weights.get(shown.id, 1))
    for name, items in protocol.auxiliary.items():
        for shown in items:
            yield TrainingItem(shown, name, 1)


def fit_key(
    method: Method,
    settings: Settings,
    protocol: Protocol,
    prepared: Prepared,
    weights: Mapping[str, Path],
) -> str:
    """Return the key of a training: method, settings, weights and all clips, also those of dev."""
    dev = method.scoring_clips()
    clips = [
        # The content key covers video, crop, detector and versions.
        [
            item.presentation.id,
            item.origin,
            item.weight,
            *(prepared.get(item.presentation, spec).key for spec in item.specs(method)),
        ]
        for item in training_items(protocol)
    ]
    # Dev chooses the weights that are kept.
    chosen = () if isinstance(method, Generator) else protocol.dev
    clips += [[item.id, prepared.get(item, dev).key] for item in chosen]
    # Devices and precisions round differently, so their weights differ.
    machine = [settings.seed, settings.device, settings.precision]
    return digest([_method(method), machine, _contents(weights), clips])


def score_key(
    method: Method,
    settings: Settings,
    protocol: Protocol,
    prepared: Prepared,
    spec: ClipSpec,
    weights: Mapping[str, Path],
) -> str:
    """Return the key of a scoring without the model: method, settings, weights and all clips."""
    clips = [
        # A failed presentation has no key; its reason goes into scores.csv.
        [split, item.id, prepared.get(item, spec).key, prepared.get(item, spec).failure]
        for split, item in protocol.items()
        if split is not Split.TRAIN
    ]
    # Not the precision: scores are float32.
    machine = [settings.device, protocol.simulated]
    return digest([_method(method), machine, _contents(weights), clips])


def _method(method: Method) -> list[Any]:
    code = source_digest(type(method).__module__)
    return [method.name, method.version, option_values(method), code]


def _contents(weights: Mapping[str, Path]) -> list[list[str]]:
    return [[name, sha256(path)] for name, path in sorted(weights.items())]
