"""The interface of methods that make presentations, for other methods to train on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.clips import ClipSpec
from fasharness.data import Batch
from fasharness.method import Method, Stage

if TYPE_CHECKING:
    import torch
    from torch import nn


class Made(NamedTuple):
    """One picture that a generator made.

    Attributes:
        picture: uint8 (H, W, 3), RGB, a face that fills it.
        species: PAI species, None for a bona fide one.
        subject: name of the made-up person; empty if there is none.
        pair: name that the pictures of one pair share; empty for single ones.
    """

    picture: NDArray[np.uint8]
    species: str | None
    subject: str = ""
    pair: str = ""


class Generator(Method):
    """A method that learns to make presentations, for other methods to train on.

    It is trained like any other (``fasharness train``) and then makes pictures (``fasharness
    generate``); it scores nothing.
    """

    @abstractmethod
    def generate(self, network: nn.Module, number: int, seed: int) -> Sequence[Made]:
        """Make the pictures of one number: one, or those of a pair.

        Args:
            network: the trained network in evaluation mode.
            number: from 0; the same number and seed give the same pictures, after whatever.
            seed: of the whole set.
        """

    def notes(self) -> tuple[str, ...]:
        """Return what the pictures depend on beside the training data, one sentence each.

        The folder's card and every result of a method that trains on them repeat it.
        """
        return ()

    def scoring_clips(self) -> ClipSpec:
        """Return the clips of the first stage; nothing is scored."""
        return self.stages()[0].bona_fide

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Refuse to score."""
        raise TypeError(f"{self.name} is a generator and scores nothing")
