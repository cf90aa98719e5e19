"""The interface of a method: a network, its training in stages, and its scores."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_origin, get_type_hints

import numpy as np

from fasharness.data import Batch, Clip, ClipSpec
from fasharness.errors import OptionError, UnknownNameError

if TYPE_CHECKING:
    import torch
    from torch import nn


AGGREGATOR = "mean over clips"
"""How clip scores become a presentation's score, for the result."""


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
        validations: how often the dev set is scored, spread evenly over the epochs and always
            after the last; the weights with the lowest dev EER are kept (the latest of equals).
            0 keeps the weights of the last epoch.
    """

    name: str
    bona_fide: ClipSpec
    attack: ClipSpec
    epochs: int
    batch_size: int
    drop_last: bool = False
    validations: int = 0

    def clips(self, bona_fide: bool) -> ClipSpec:
        """Return the clips cut from a training presentation of a class."""
        return self.bona_fide if bona_fide else self.attack


@dataclass(frozen=True, slots=True)
class NoOptions:
    """Options of a method that has none."""


class Method(ABC):
    """A presentation attack detection method; the engine runs its loops.

    A subclass defines the class attributes and the abstract methods. Its only state is its
    options; weights are in the network that it builds.

    Attributes:
        name: the name it is looked up by.
        version: changes when scores change.
        Options: a frozen dataclass with a default for every field; a field's ``metadata["help"]``
            is its help text.
        presets: preset name to the options it changes; the first is the default.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions
    presets: ClassVar[Mapping[str, Mapping[str, object]]] = MappingProxyType(
        {"default": MappingProxyType({})}
    )

    def __init__(self, options: Any) -> None:
        self.options = options

    @abstractmethod
    def network(self) -> nn.Module:
        """Build the network with fresh weights from torch's global generator (seeded before)."""

    def stages(self) -> tuple[Stage, ...]:
        """Return the training stages in order; none for a method that learns nothing."""
        return ()

    @abstractmethod
    def scoring_clips(self) -> ClipSpec:
        """Return the clips that a presentation is scored on."""

    def augment(self, stage: Stage, clip: Clip, rng: np.random.Generator) -> Clip:
        """Change a training clip at random; drawn again for each clip and epoch."""
        del stage, rng
        return clip

    def optimizer(self, stage: Stage, network: nn.Module) -> torch.optim.Optimizer:
        """Freeze and unfreeze parameters for `stage`; return the optimiser of the unfrozen ones."""
        raise NotImplementedError(f"{self.name} has stages but no optimizer")

    def rate(self, stage: Stage, done: float) -> float:
        """Return the factor on the optimiser's learning rates before a batch.

        Args:
            stage: the running stage.
            done: share of the stage's batches that are done, in [0, 1).
        """
        del stage, done
        return 1.0

    def train_mode(self, stage: Stage, network: nn.Module) -> None:
        """Set the training mode of each module; by default train mode for all."""
        del stage
        network.train()

    def losses(self, stage: Stage, network: nn.Module, batch: Batch) -> Mapping[str, torch.Tensor]:
        """Return named scalar losses; ``total`` is the one that is minimised."""
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
        return tuple(_parse(method, key, part, get_args(kind)[0]) for part in text.split(","))
    if kind is bool:
        # bool("false") is True.
        truth = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if text.lower() in truth:
            return truth[text.lower()]
    else:
        try:
            return kind(text)
        except ValueError:
            pass
    raise OptionError(f"option {key} of {method} must be {kind.__name__}, got {text!r}")
