"""Features by hand and a support vector machine, as methods of the harness."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Frames, Spread
from fasharness.common.options import check_counts, check_positive, option
from fasharness.data import Batch
from fasharness.fitted import Fitted, Gathered
from fasharness_baselines.describing import Floats, Pixels, describe_each
from fasharness_baselines.machine import Machine
from fasharness_baselines.needs import need


@dataclass(frozen=True)
class Options:
    """Options of features and a support vector machine."""

    side: int = option(128, "side of a face crop in pixels")
    scale: float = option(1.0, "factor on the face box")
    frames: int = option(8, "frames of a training video, spread over it")
    score_frames: int = option(8, "frames scored of a video, spread over it")
    cost: float = option(1.0, "C of the support vector machine: the price of an error")

    def __post_init__(self) -> None:
        check_counts(self, ("frames", "score_frames"))
        check_positive(self, ("scale",), 4)
        check_positive(self, ("cost",), 1_000_000)
        if self.side < 16:
            raise ValueError(f"side must be at least 16, got {self.side}")


class Classic(Fitted):
    """A description of single frames, and a support vector machine (RBF kernel) on it."""

    version: ClassVar[str] = "1"
    Options: ClassVar[type[Any]] = Options
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {"demo": MappingProxyType({})}
    )

    def __init__(self, options: object) -> None:
        need(self.name, "sklearn", "scikit-learn", "classic")
        super().__init__(options)

    @abstractmethod
    def describe(self, face: Pixels) -> Floats:
        """Describe a face.

        Args:
            face: uint8 (S, S, 3), RGB.

        Returns:
            float64 (D,).
        """

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build an empty machine."""
        del files
        return Machine()

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
        """Return the description of each clip's frame, float64 (B, D)."""
        del network
        return describe_each(batch, self.describe)

    def fit(self, network: nn.Module, gathered: Gathered) -> None:
        """Fit the machine."""
        assert isinstance(network, Machine)
        network.fit(gathered.features, gathered.bona_fide, self.options.cost)

    def decide(self, network: nn.Module, features: torch.Tensor) -> torch.Tensor:
        """Return the signed distance to the machine's boundary, float64 (B,)."""
        found: torch.Tensor = network(features)
        return found
