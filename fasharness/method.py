"""The interface of a method: a network, its training in stages, and its scores."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from fasharness.clips import ClipSpec, Sampling
from fasharness.common.cells import value_of
from fasharness.data import Batch, Clip, Presentation
from fasharness.errors import OptionError, UnknownNameError

if TYPE_CHECKING:
    import torch
    from torch import nn


class At(NamedTuple):
    """Where the training of a stage is; all counts start at 0.

    Attributes:
        step: optimiser steps of the stage that are done.
        steps: optimiser steps of the whole stage.
        epoch: number of the running epoch in the stage.
        epochs: epochs of the stage.
    """

    step: int
    steps: int
    epoch: int
    epochs: int

    @property
    def cosine(self) -> float:
        """Half a cosine from 1 down to 0 over the stage (Loshchilov and Hutter, 2017)."""
        return (1 + math.cos(math.pi * self.step / self.steps)) / 2


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of training with its own data, losses and optimiser.

    Attributes:
        name: e.g. ``single``.
        bona_fide: clips cut from bona fide training presentations.
        attack: clips cut from attack presentations.
        epochs: passes over the training clips.
        batch_size: clips in a batch.
        drop_last: whether an incomplete last batch is left out.
        sampling: which clips an epoch shows, and how batches are mixed.
        auxiliary: clips cut from presentations of the auxiliary sets that `sampling` mixes in;
            None cuts them like the protocol's own.
        validations: how often the dev set is scored, spread evenly over the epochs and always
            after the last; the weights with the lowest `Method.selection` are kept (the latest of
            equals). 0 keeps the weights of the last epoch.
        patience: validations in a row without a new lowest value that end the stage; 0 never
            ends it early.
        clip_norm: the largest L2 norm of the gradients that an optimiser steps with; larger ones
            are scaled down to it. 0 leaves all as they are.
        accumulate: batches whose mean loss makes one step; the last step of an epoch may have
            fewer.
        recalibrate: training batches from which the running statistics of the batch
            normalisations that the stage trains are estimated anew, as plain means, before each
            validation and at the end of the stage. 0 keeps the running averages.

    Raises:
        ValueError: a number is negative, or `patience` has no validations to count.
    """

    name: str
    bona_fide: ClipSpec
    attack: ClipSpec
    epochs: int
    batch_size: int
    drop_last: bool = False
    validations: int = 0
    patience: int = 0
    clip_norm: float = 0.0
    accumulate: int = 1
    recalibrate: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    auxiliary: ClipSpec | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "accumulate"):
            if getattr(self, name) < 1:
                raise ValueError(f"stage {self.name}: {name} must be at least 1")
        for name in ("validations", "patience", "recalibrate", "clip_norm"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"stage {self.name}: {name} must not be negative")
        if self.patience and not self.validations:
            raise ValueError(f"stage {self.name}: patience counts validations, of which it has 0")

    def clips(self, bona_fide: bool) -> ClipSpec:
        """Return the clips cut from a training presentation of a class."""
        return self.bona_fide if bona_fide else self.attack

    def clips_of(self, presentation: Presentation, origin: str) -> ClipSpec | None:
        """Return the clips cut from a training presentation, None if the stage has no use for it.

        Args:
            presentation: one of the protocol's own or of an auxiliary set.
            origin: name of the auxiliary set; empty for the protocol's own.
        """
        if origin and origin not in self.sampling.mix:
            return None
        own = self.clips(presentation.bona_fide)
        return self.auxiliary or own if origin else own


@dataclass(frozen=True, slots=True)
class NoOptions:
    """Options of a method that has none."""


class Method(ABC):
    """A presentation attack detection method; the engine runs its loops.

    A subclass defines the class attributes and the abstract methods. Its only state is its
    options; whatever changes in training is in the network that it builds (a moving average of
    the weights too), because only the network and the optimisers are saved and resumed.

    Attributes:
        name: the name it is looked up by.
        version: changes when scores change.
        Options: a frozen dataclass with a default for every field; a field's ``metadata["help"]``
            is its help text.
        presets: preset name to the options it changes; the first is the default.
        selector: what `selection` computes, in words.
        aggregator: what `aggregate` computes, in words.
        scoring_batch: clips of a presentation that are scored at once.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {"default": MappingProxyType({})}
    )
    selector: ClassVar[str] = "dev EER"
    aggregator: ClassVar[str] = "mean over clips"
    scoring_batch: ClassVar[int] = 16

    def __init__(self, options: Any) -> None:
        self.options = options

    def weights(self) -> tuple[str, ...]:
        """Return the names of the weights that training starts from (hook ``fasharness_weights``).

        They are looked up before anything else is done; a run that lacks one ends with the
        command that gets it.
        """
        return ()

    @abstractmethod
    def network(self, files: Mapping[str, Path]) -> nn.Module:
        """Build the network with fresh weights from torch's global generator (seeded before).

        Args:
            files: name to checked local file of `weights`. Empty if the weights of a trained
                model are loaded into the network afterwards: scoring needs the model file alone.
        """

    def companions(self, files: Mapping[str, Path]) -> Mapping[str, nn.Module]:
        """Build networks that only help in training, e.g. a teacher or an identity network.

        They are built once after the network, frozen, in evaluation mode, on its device, and
        saved nowhere.

        Args:
            files: as for `network`.
        """
        del files
        return {}

    def stages(self) -> tuple[Stage, ...]:
        """Return the training stages in order; none for a method that learns nothing."""
        return ()

    def check_training(self, presentations: Sequence[Presentation]) -> None:
        """Refuse a training part that it cannot learn from with a ValueError of one line.

        It is given the protocol's own training presentations before anything long begins.
        """
        del presentations

    @abstractmethod
    def scoring_clips(self) -> ClipSpec:
        """Return the clips that a presentation is scored on."""

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Change a training clip at random; drawn again for each clip and epoch."""
        del stage, rng
        return clip

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        """Freeze and unfreeze parameters for `stage`; return the optimisers of the unfrozen ones.

        All of them step after the backward pass of ``total``.
        """
        raise NotImplementedError(f"{self.name} has stages but no optimizers")

    def rate(self, stage: Stage, at: At) -> float:
        """Return the factor on the learning rates that the optimisers were built with.

        Args:
            stage: the running stage.
            at: where it is; asked before each step.
        """
        del stage, at
        return 1.0

    def after_step(self, stage: Stage, network: nn.Module, at: At) -> None:
        """Change the network after each step, e.g. update a moving average inside it.

        Args:
            stage: the running stage.
            network: the network.
            at: where it is; the step just made is counted.
        """
        del stage, network, at

    def train_mode(self, stage: Stage, network: nn.Module) -> None:
        """Set the training mode of each module; by default train mode for all."""
        del stage
        network.train()

    def losses(
        self,
        stage: Stage,
        network: nn.Module,
        batch: Batch,
        companions: Mapping[str, nn.Module],
    ) -> Mapping[str, torch.Tensor]:
        """Return named scalar losses; ``total`` is the one that is minimised.

        Args:
            stage: the running stage.
            network: the network in the mode of `train_mode`.
            batch: training clips.
            companions: the networks of `companions`.
        """
        raise NotImplementedError(f"{self.name} has stages but no losses")

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Return a map for each clip, for the report's pictures of errors.

        Args:
            network: the network in evaluation mode.
            batch: clips of `scoring_clips`.

        Returns:
            float tensor (B, H, W) from 0 (attack, flat) to 1 (bona fide, near), one map for each
            clip; None if the method has none (the default).
        """
        del network, batch
        return None

    @abstractmethod
    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Score clips; higher is more bona fide.

        Args:
            stage: the stage whose part of the network scores, None for the whole method.
            network: the network in evaluation mode.
            batch: clips of `scoring_clips`.

        Returns:
            float tensor (B,), one score for each clip.
        """

    def aggregate(self, values: Sequence[float]) -> float:
        """Return a presentation's score from the scores of its clips, at least one."""
        # fsum rounds once, so the mean does not depend on the order of summation.
        return math.fsum(values) / len(values)

    def selection(self, bona_fide: NDArray[np.float64], attack: NDArray[np.float64]) -> float:
        """Return the figure that chooses the weights of a stage; lower is better.

        Args:
            bona_fide: scores of the bona fide dev presentations.
            attack: scores of the attack dev presentations.
        """
        from fasharness.metrics.curves import eer, error_curve

        return float(eer(error_curve(bona_fide, attack)))


def make(method: type[Method], preset: str, options: Mapping[str, str]) -> Method:
    """Build a method from a preset and the options given as text.

    Args:
        method: the method's class.
        preset: name of the preset; empty for the default one.
        options: option name to its value as written on the command line.

    Returns:
        The method with every option set.

    Raises:
        UnknownNameError: no such preset or option; the known ones are listed.
        OptionError: a value that does not fit the option's type.
    """
    name = preset or next(iter(method.presets))
    if name not in method.presets:
        raise UnknownNameError(f"preset of {method.name}", name, method.presets)
    hints = get_type_hints(method.Options)
    values = dict(method.presets[name])
    for key, text in options.items():
        if key not in hints:
            raise UnknownNameError(f"option of {method.name}", key, hints)
        values[key] = _parse(method.name, key, text, hints[key])
    try:
        made = method(method.Options(**values))
        # Called here, so that impossible options fail before preparation starts.
        made.stages()
        made.scoring_clips()
    except ValueError as error:
        raise OptionError(f"{method.name}: {error}") from None
    return made


def preset_of(method: Method) -> str:
    """Return the preset of a method's options; empty if options were changed."""
    for name, values in method.presets.items():
        if method.options == method.Options(**values):
            return name
    return ""


def option_values(method: Method) -> dict[str, Any]:
    """Return every option of a method with its value, as plain data."""
    return dataclasses.asdict(method.options)


def _parse(method: str, key: str, text: str, kind: Any) -> Any:
    """Convert an option's text to its field's type: bool, int, float, str or a tuple of one."""
    if get_origin(kind) is tuple:
        # Nothing is the empty tuple, as model files have it: "".split(",") would give one part.
        parts = text.split(",") if text else []
        return tuple(_parse(method, key, part, get_args(kind)[0]) for part in parts)
    try:
        return value_of(kind, text)
    except ValueError:
        wanted = f"option {key} of {method} must be {kind.__name__}"
        raise OptionError(f"{wanted}, got {text!r}") from None
