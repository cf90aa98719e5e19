"""What decides on embeddings: logistic regression, or a Gaussian of the bona fide ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fasharness_baselines.held import Held


class Logistic(Held):
    """Logistic regression on standardised embeddings."""

    mean: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self) -> None:
        super().__init__("mean", "spread", "weight", "bias")

    def fit(
        self, embeddings: NDArray[np.float64], bona_fide: NDArray[np.bool_], cost: float
    ) -> None:
        """Fit it; both classes weigh the same.

        Args:
            embeddings: float64 (N, D).
            bona_fide: bool (N,), both classes in it.
            cost: C, the price of an error beside the size of the weights.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(embeddings)
        found = LogisticRegression(C=cost, class_weight="balanced", max_iter=10_000)
        found.fit(scaler.transform(embeddings), bona_fide)
        self.hold(
            {
                "mean": scaler.mean_,
                "spread": scaler.scale_,
                "weight": found.coef_[0],
                "bias": found.intercept_[0],
            }
        )

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return the log odds of bona fide, float64 (B,)."""
        found: Tensor = ((embeddings - self.mean) / self.spread * self.weight).sum(1) + self.bias
        return found


class Gaussian(Held):
    """One class: how far embeddings are from the bona fide ones of training.

    Mahalanobis' distance with the covariance of Ledoit and Wolf (2004), which has an inverse for
    fewer clips than dimensions too.
    """

    mean: Tensor
    precision: Tensor

    def __init__(self) -> None:
        super().__init__("mean", "precision")

    def fit(
        self, embeddings: NDArray[np.float64], bona_fide: NDArray[np.bool_], cost: float
    ) -> None:
        """Fit it on the bona fide ones.

        Args:
            embeddings: float64 (N, D).
            bona_fide: bool (N,).
            cost: of no use here.
        """
        from sklearn.covariance import LedoitWolf

        del cost
        found = LedoitWolf().fit(embeddings[bona_fide])
        self.hold({"mean": found.location_, "precision": found.precision_})

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return minus the distance, float64 (B,)."""
        there = embeddings - self.mean
        # The rounding of an inverse may make a square of nearly zero negative.
        return -((there @ self.precision) * there).sum(1).clamp_min(0).sqrt()


HEADS = {"logistic": Logistic, "gaussian": Gaussian}
