"""Methods that are fitted in one go on features of their training clips, without gradients."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.clips import ClipSpec, Sampling
from fasharness.data import Batch, Presentation
from fasharness.method import Method, Stage

if TYPE_CHECKING:
    import torch
    from torch import nn


class Gathered(NamedTuple):
    """The features of all training clips.

    Attributes:
        features: float64 (N, D), finite; clips whose features are not finite are left out,
            counted and named in a warning of the result.
        bona_fide: bool (N,).
    """

    features: NDArray[np.float64]
    bona_fide: NDArray[np.bool_]


class Fitted(Method):
    """A method that computes features of clips, and learns from all of them at once.

    The engine shows every training clip once, keeps the features of an interrupted gathering, and
    then calls `fit`, whose outcome is in the network like that of any training.
    """

    def classes(self) -> Literal["both", "bona fide"]:
        """Return the classes that the method is fitted on; others are not read."""
        return "both"

    def check_training(self, presentations: Sequence[Presentation]) -> None:
        """Refuse a training part that lacks a class of `classes`."""
        there = {shown.bona_fide for shown in presentations}
        if missing := set(Sampling(classes=self.classes()).bona_fide) - there:
            word = "bona fide" if missing == {True} else "attack"
            raise ValueError(
                f"no {word} presentation in train, and {self.name} is fitted on {self.classes()}; "
                "choose a method, or options, for the classes there are"
            )

    def training_clips(self) -> ClipSpec:
        """Return the clips cut from a training presentation; by default those that are scored."""
        return self.scoring_clips()

    def stages(self) -> tuple[Stage, ...]:
        """Return the only stage."""
        clips = self.training_clips()
        sampling = Sampling(classes=self.classes())
        return (Stage("fit", clips, clips, 1, self.scoring_batch, sampling=sampling),)

    @abstractmethod
    def features(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Describe clips.

        Args:
            network: the network in evaluation mode.
            batch: clips, of training or to be scored.

        Returns:
            float tensor (B, D), a row for each clip that does not depend on the others.
        """

    @abstractmethod
    def fit(self, network: nn.Module, gathered: Gathered) -> None:
        """Learn from all features: set the network's tensors.

        Args:
            network: the network; what is not in its ``state_dict`` is lost.
            gathered: the features, with at least one clip of each class of `classes`.
        """

    @abstractmethod
    def decide(self, network: nn.Module, features: torch.Tensor) -> torch.Tensor:
        """Score features, higher is more bona fide.

        Args:
            network: the fitted network.
            features: float tensor (B, D) of `features`.

        Returns:
            float tensor (B,); of features that are not finite it is not used.
        """

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips by their features; those that are not finite give NaN, a failure."""
        del stage
        features = self.features(network, batch)
        # A decision may be finite all the same: a kernel of an infinite distance is zero.
        finite = features.isfinite().all(dim=1)
        return self.decide(network, features).masked_fill(~finite, math.nan)
