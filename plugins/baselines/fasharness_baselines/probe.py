"""A frozen image encoder and a linear, or a one-class, decision on its embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Frames, Spread
from fasharness.common.options import (
    check_choice,
    check_counts,
    check_positive,
    option,
)
from fasharness.data import Batch
from fasharness.fitted import Fitted, Gathered
from fasharness_baselines.efficientnet_lite import DEVIATION, MEAN
from fasharness_baselines.encoders import build, check_installed, kind
from fasharness_baselines.heads import HEADS, Gaussian, Logistic
from fasharness_baselines.needs import need


@dataclass(frozen=True)
class Options:
    """Options of the probe; the defaults are those of EfficientNet-Lite0."""

    encoder: str = option(
        "efficientnet-lite0", "efficientnet-lite0, onnx, timm:NAME or hf:NAME (weights probe-...)"
    )
    classifier: str = option("logistic", "logistic, or gaussian: on bona fide clips alone")
    cost: float = option(1.0, "C of the logistic regression: the price of an error")
    side: int = option(224, "side of a face crop in pixels")
    scale: float = option(1.3, "factor on the face box")
    frames: int = option(8, "frames of a training video, spread over it")
    score_frames: int = option(8, "frames scored of a video, spread over it")
    mean: tuple[float, ...] = option((MEAN,) * 3, "of red, green and blue in [0, 1]: subtracted")
    deviation: tuple[float, ...] = option((DEVIATION,) * 3, "afterwards divided by this")

    def __post_init__(self) -> None:
        kind(self.encoder)
        check_choice(self, "classifier", tuple(HEADS))
        check_counts(self, ("frames", "score_frames"))
        check_positive(self, ("scale",), 4)
        check_positive(self, ("cost",), 1_000_000)
        if self.side < 16:
            raise ValueError(f"side must be at least 16, got {self.side}")
        for name in ("mean", "deviation"):
            values = getattr(self, name)
            if len(values) != 3 or not all(0 <= value <= 1 for value in values):
                raise ValueError(f"{name} must be three numbers in [0, 1], got {values}")
        if not all(self.deviation):
            raise ValueError(f"deviation must be above 0, got {self.deviation}")


class Probe(Fitted):
    """Embeddings of a network that was trained for something else."""

    name: ClassVar[str] = "probe"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {
            "demo": MappingProxyType({"frames": 4, "score_frames": 4}),
            "full": MappingProxyType({}),
            "one-class": MappingProxyType({"classifier": "gaussian"}),
        }
    )

    def __init__(self, options: Any) -> None:
        need(self.name, "sklearn", "scikit-learn", "probe")
        check_installed(kind(options.encoder))
        super().__init__(options)

    def weights(self) -> tuple[str, ...]:
        """Return the name of the encoder's weights."""
        return (kind(self.options.encoder).weights,)

    def classes(self) -> Literal["both", "bona fide"]:
        """Return bona fide alone for the one-class decision."""
        return "bona fide" if self.options.classifier == "gaussian" else "both"

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build encoder and decision; a trained model has both."""
        found = nn.Module()
        found.encoder = build(kind(self.options.encoder), files)
        found.head = HEADS[self.options.classifier]()
        return found

    def training_clips(self) -> ClipSpec:
        """Return frames over the whole video."""
        return self._clips(self.options.frames)

    def scoring_clips(self) -> ClipSpec:
        """Return frames over the whole video."""
        return self._clips(self.options.score_frames)

    def _clips(self, count: int) -> ClipSpec:
        o: Options = self.options
        return ClipSpec(Frames(pick=Spread(count)), Crop(o.side, scale=(o.scale, o.scale)))

    def features(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Return the embedding of each clip's frame, float64 (B, D)."""
        frames = batch.rgb[:, 0].float() / 255
        mean, deviation = (
            torch.tensor(values, device=frames.device)[:, None, None]
            for values in (self.options.mean, self.options.deviation)
        )
        found: torch.Tensor = network.get_submodule("encoder")((frames - mean) / deviation)
        return found.double()

    def fit(self, network: nn.Module, gathered: Gathered) -> None:
        """Fit the decision; the encoder stays as it is."""
        found = network.get_submodule("head")
        assert isinstance(found, Logistic | Gaussian)
        found.fit(gathered.features, gathered.bona_fide, self.options.cost)

    def decide(self, network: nn.Module, features: torch.Tensor) -> torch.Tensor:
        """Return log odds, or minus the distance to the bona fide clips, float64 (B,)."""
        found: torch.Tensor = network.get_submodule("head")(features)
        return found
