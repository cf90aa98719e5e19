"""Fitting in one go: the features of all training clips, gathered resumably, and the fit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from itertools import chain

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from fasharness.common.signals import pausing
from fasharness.data import Presentation
from fasharness.engine.checkpoint import read_tensors, write_tensors
from fasharness.engine.clips import EpochClips, batches
from fasharness.engine.position import Progress, Training, some
from fasharness.engine.sampling import Batches
from fasharness.engine.train import Plan
from fasharness.errors import CheckpointError, RunError
from fasharness.fitted import Fitted, Gathered
from fasharness.method import Stage

_FEATURES = "features"


def fit(plan: Plan, network: nn.Module, fabric: Fabric) -> Training:
    """Fit a network on the features of all training clips, resuming a gathering from its state.

    Args:
        plan: what to fit on; its method is a `Fitted` one.
        network: the fresh network; fitted in place.
        fabric: the device.

    Returns:
        No epochs, and a warning of features that are not finite.

    Raises:
        RunError: a class lacks clips to fit on, or the fit is not finite.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP; the state is written first.
    """
    assert isinstance(plan.method, Fitted)
    network.eval()
    (stage,) = plan.method.stages()
    augment = partial(plan.method.augment, stage)
    clips = EpochClips(plan.sources[stage.name], augment, (plan.seed, 0, 0))
    planned = clips.plan(stage.sampling, stage.batch_size, drop_last=False)
    rows = _gather(plan, stage, clips, planned, network, fabric)
    shown = [clips.sources[draw.pick.item].presentation for draw in chain(*planned)]
    outcome = Training([], [])
    finite = _finite(rows, shown, outcome.warnings)
    for warning in outcome.warnings:
        plan.warn(f"stage {stage.name}: {warning}")
    _check_classes(plan, stage, finite)
    plan.method.fit(network, finite)
    _check(network, plan.method.name)
    plan.finished(outcome)
    # Only now: `finished` has written the fitted network.
    plan.state.unlink(missing_ok=True)
    return outcome


def _gather(
    plan: Plan,
    stage: Stage,
    clips: EpochClips,
    planned: Batches,
    network: nn.Module,
    fabric: Fabric,
) -> Sequence[Tensor]:
    """Compute the features of each planned batch that no saved state has."""
    assert isinstance(plan.method, Fitted)
    rows = _saved(plan, planned)
    left = planned[len(rows) :]
    pin = fabric.device.type == "cuda"
    saved = time.monotonic()
    with pausing() as pause, torch.inference_mode():
        for batch in batches(clips, left, workers=plan.workers, pin=pin):
            found = plan.method.features(network, batch.to(fabric.device))
            rows.append(found.double().cpu())
            plan.progress(Progress(stage.name, 1, 1, len(rows), len(planned), {}))
            if pause.wanted or time.monotonic() - saved > plan.save_every:
                write_tensors(plan.state, {_FEATURES: torch.cat(rows)}, {"key": plan.key})
                saved = time.monotonic()
            pause.take()
    return rows


def _saved(plan: Plan, planned: Batches) -> list[Tensor]:
    """Read the features of the batches that an interrupted gathering of the same key did."""
    try:
        tensors, meta = read_tensors(plan.state)
    except CheckpointError:  # missing or damaged: gather from the start
        return []
    if meta.get("key") != plan.key or _FEATURES not in tensors:
        return []
    rows, sizes = tensors[_FEATURES], [len(batch) for batch in planned]
    done = np.cumsum(sizes).tolist().index(len(rows)) + 1
    return list(torch.split(rows, sizes[:done]))


def _finite(rows: Sequence[Tensor], shown: Sequence[Presentation], warnings: list[str]) -> Gathered:
    """Put the features together without those that are not finite, which are counted."""
    features: NDArray[np.float64] = torch.cat(list(rows)).numpy() if rows else np.empty((0, 0))
    bona_fide = np.array([item.bona_fide for item in shown], bool)
    kept: NDArray[np.bool_] = np.asarray(np.isfinite(features).all(axis=1))
    if not kept.all():
        names = some([item.id for item, good in zip(shown, kept, strict=True) if not good])
        warnings.append(
            f"{(~kept).sum()} of {len(kept)} training clips have features that are not finite and "
            f"are left out: {names}"
        )
    return Gathered(features[kept], bona_fide[kept])


def _check_classes(plan: Plan, stage: Stage, gathered: Gathered) -> None:
    """Refuse a fit on classes of which one has no clip."""
    for bona_fide in stage.sampling.bona_fide:
        if (gathered.bona_fide == bona_fide).any():
            continue
        word = "bona fide" if bona_fide else "attack"
        reasons = (s.stored.failure for s in plan.sources[stage.name])
        why = next((f"; e.g. {reason}" for reason in reasons if reason), "")
        raise RunError(
            f"stage {stage.name}: {plan.method.name} needs {word} training clips with finite "
            f"features, and there are none{why}"
        )


def _check(network: nn.Module, name: str) -> None:
    """Refuse a fit that is not finite: it must reach no file."""
    for key, tensor in network.state_dict().items():
        if not tensor.isfinite().all():
            raise RunError(f"stage fit: the fit of {name} is not finite ({key})")
