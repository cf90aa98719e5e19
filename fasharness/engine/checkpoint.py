"""Checkpoints: weights as safetensors with a JSON of what they belong to; nothing is unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from fasharness.common.files import sha256, write_bytes, write_json
from fasharness.common.formats import json_object
from fasharness.common.records import build, to_plain
from fasharness.common.sealed import annotate, check_seal, checksum, seal
from fasharness.errors import CheckpointError, DataError
from fasharness.method import Method, option_values
from fasharness.result import Threshold

_KEY = "fasharness"
_THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model file belongs to, and what scoring with it needs to be right elsewhere.

    Attributes:
        method: the method's name.
        version: the method's version.
        options: every option.
        fit_key: content key of what it was fitted on and how; empty for converted weights.
        clips: the clips that it scores, crop rule and scale included, as plain data.
        faces: where its run had the faces from: a detector, or the data set's own.
        detector: the face detector of its run.
        simulated: whether it was trained on simulated data.
        trained_on: of a generator ``data set:id`` of all presentations that it was trained on.
        auxiliary: what it was trained on beside its protocol, and what to doubt of it; one
            sentence each.
        threshold: chosen on the dev scores of its run; None before they exist.
    """

    method: str
    version: str
    options: Mapping[str, Any]
    fit_key: str = ""
    clips: Mapping[str, Any] = field(default_factory=dict)
    faces: str = ""
    detector: str = ""
    simulated: bool = False
    trained_on: tuple[str, ...] = ()
    auxiliary: tuple[str, ...] = ()
    threshold: Threshold | None = None


def card_of(method: Method, **facts: Any) -> ModelCard:
    """Return the card of a method's model; `facts` are further fields of `ModelCard`."""
    options, clips = option_values(method), _plain(asdict(method.scoring_clips()))
    return ModelCard(method.name, method.version, options, clips=clips, **facts)


def save_model(path: Path, card: ModelCard, network: nn.Module) -> None:
    """Write a network's weights with their card inside.

    Args:
        path: the ``.safetensors`` file; the card is also written to a ``.json`` of the same name.
        card: what they belong to, without a threshold.
        network: its ``state_dict`` is written.
    """
    # The threshold comes later and stands apart: it must not change what identifies the weights.
    facts = {name: value for name, value in asdict(card).items() if name != _THRESHOLD}
    write_tensors(path, network.state_dict(), facts)
    write_json(path.with_suffix(".json"), asdict(card))


def set_threshold(path: Path, threshold: Threshold) -> None:
    """Write the threshold of a model's own run into its file; `model_digest` stays the same."""
    card = read_card(path)
    if card.threshold == threshold:
        return
    text = json.dumps(asdict(threshold), sort_keys=True)
    write_bytes(path, annotate(path.read_bytes(), _THRESHOLD, text))
    write_json(path.with_suffix(".json"), asdict(replace(card, threshold=threshold)))


def model_digest(path: Path) -> str:
    """Return the hash that identifies a model: weights and card, not its threshold.

    A damaged file has a hash of its own, so it is never taken for the whole one.
    """
    try:
        return checksum(path, without=_THRESHOLD)
    except DataError:
        return sha256(path)


def read_card(path: Path) -> ModelCard:
    """Read what a model file belongs to.

    Raises:
        CheckpointError: the file is missing, not a safetensors file, or not one of the harness.
    """
    facts = read_tensors(path)[1]
    try:
        with safe_open(path, framework="pt") as file:
            text = file.metadata().get(_THRESHOLD)
        threshold = json_object(text, f"{path}: threshold") if text else None
        # A threshold of its own would be taken for one that the run chose.
        return build(ModelCard, {**facts, _THRESHOLD: threshold}, str(path))
    except DataError as error:
        raise CheckpointError(f"not a model file of fasharness: {error}") from None


def check_card(path: Path, method: Method) -> ModelCard:
    """Read a model file's card and check that it belongs to a method with its options.

    Raises:
        CheckpointError: another method, version or options, or not a model file.
    """
    card = read_card(path)
    if (card.method, card.version) != (method.name, method.version):
        raise CheckpointError(
            f"{path}: trained by {card.method} {card.version}, not by {method.name} "
            f"{method.version}"
        )
    options = _plain(option_values(method))
    wrong = [key for key in options if card.options.get(key) != options[key]]
    if wrong:
        differences = ", ".join(f"{k}={card.options.get(k)} (not {options[k]})" for k in wrong)
        raise CheckpointError(
            f"{path}: trained with {differences}; leave --preset and --option out to use the "
            "checkpoint's own"
        )
    # Model files of before there were views have none.
    if card.clips and {"views": [], **card.clips} != _plain(asdict(method.scoring_clips())):
        raise CheckpointError(
            f"{path}: made to score other clips than {method.name} {method.version} asks for now: "
            f"{card.clips}"
        )
    return card


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they come back from JSON, where tuples are lists."""
    return {name: to_plain(value) for name, value in values.items()}


def load_model(path: Path, method: Method, network: nn.Module) -> None:
    """Load weights into a network after `check_card`.

    Raises:
        CheckpointError: the file does not belong to the method, or its weights do not fit.
    """
    check_card(path, method)
    try:
        network.load_state_dict(read_tensors(path)[0])
    except RuntimeError as error:
        # torch lists every key that does not fit, which can be hundreds.
        first = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path}: weights do not fit {method.name}: {first}") from None


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], meta: object) -> None:
    """Write tensors and a JSON value into one safetensors file, atomically."""
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # safetensors' own writer raises no OSError on a full disk, which the command line reports.
    content = save(ready, metadata={_KEY: json.dumps(meta, sort_keys=True)})
    write_bytes(path, seal(content))


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote.

    Raises:
        CheckpointError: the file is missing, damaged, or not a safetensors file of the harness.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            meta = json_object((file.metadata() or {})[_KEY], str(path))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError, DataError):
        raise CheckpointError(
            f"{path}: not a safetensors checkpoint of fasharness (pickled checkpoints are refused: "
            "they can run code)"
        ) from None
    try:
        check_seal(path)
    except DataError as error:
        raise CheckpointError(str(error)) from None
    return tensors, meta


def flatten_optimizers(optimizers: Sequence[torch.optim.Optimizer]) -> dict[str, torch.Tensor]:
    """Return the state of optimisers as named tensors: ``optimizer/NUMBER/PARAMETER/ENTRY``."""
    return {
        # An optimiser may keep plain numbers beside its tensors.
        f"optimizer/{number}/{index}/{name}": torch.as_tensor(value)
        for number, optimizer in enumerate(optimizers)
        for index, entries in optimizer.state_dict()["state"].items()
        for name, value in entries.items()
    }


def restore_optimizers(
    optimizers: Sequence[torch.optim.Optimizer], tensors: Mapping[str, torch.Tensor]
) -> None:
    """Restore a state of `flatten_optimizers`; settings stay those of the optimisers."""
    states: list[dict[int, dict[str, torch.Tensor]]] = [{} for _ in optimizers]
    shapes = [[p for g in each.param_groups for p in g["params"]] for each in optimizers]
    for key, tensor in tensors.items():
        head, *rest = key.split("/", 3)
        if head == "optimizer":
            number, index, name = int(rest[0]), int(rest[1]), rest[2]
            entry = _laid_out_as(shapes[number][index], tensor)
            states[number].setdefault(index, {})[name] = entry
    for optimizer, state in zip(optimizers, states, strict=True):
        optimizer.load_state_dict(
            # Not the saved param_groups: learning rates come from the method's schedule, before
            # each step.
            {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
        )


def _laid_out_as(parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Give a tensor of a parameter's shape its memory layout too."""
    if tensor.shape != parameter.shape:
        return tensor
    # Fused optimisers walk through memory, not through indices: channels_last must meet its like.
    return torch.empty_like(parameter, dtype=tensor.dtype, requires_grad=False).copy_(tensor)
