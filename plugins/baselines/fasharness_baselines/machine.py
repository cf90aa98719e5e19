"""A support vector machine: fitted by scikit-learn, kept and evaluated as tensors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fasharness_baselines.held import Held


class Machine(Held):
    """A support vector machine with RBF kernel on standardised features."""

    mean: Tensor
    spread: Tensor
    support: Tensor
    dual: Tensor
    bias: Tensor
    gamma: Tensor

    def __init__(self) -> None:
        super().__init__("mean", "spread", "support", "dual", "bias", "gamma")

    def fit(
        self, features: NDArray[np.float64], bona_fide: NDArray[np.bool_], cost: float = 1.0
    ) -> None:
        """Fit it; both classes weigh the same.

        Args:
            features: float64 (N, D).
            bona_fide: bool (N,), both classes in it.
            cost: C, the price of an error.
        """
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        scaler = StandardScaler().fit(features)
        # Balanced, as there are several attacks to a bona fide presentation.
        found = SVC(C=cost, class_weight="balanced").fit(scaler.transform(features), bona_fide)
        self.hold(
            {
                "mean": scaler.mean_,
                "spread": scaler.scale_,
                "support": found.support_vectors_,
                "dual": found.dual_coef_[0],
                "bias": found.intercept_[0],
                # The value that scikit-learn's rule "scale" came to; it has no public name.
                "gamma": found._gamma,
            }
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the signed distance to the boundary, positive on the bona fide side.

        Args:
            features: float tensor (B, D).

        Returns:
            float64 tensor (B,).
        """
        there = (features.double() - self.mean) / self.spread
        # Not by a matrix product, which loses digits and makes a row depend on the others.
        gaps = torch.cdist(there, self.support, compute_mode="donot_use_mm_for_euclid_dist")
        found: Tensor = (-self.gamma * gaps.square()).exp() @ self.dual + self.bias
        return found
