"""The published momentum on few batches: the run says what is wrong, and `recalibrate` cures it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fasharness.data import RGB, Presentation, rgb
from fasharness.engine.clips import ClipSource
from fasharness.engine.device import make_fabric, place
from fasharness.engine.train import Plan, fit
from fasharness.method import make
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.store import ClipArrays, ClipStore, stored_side
from fasharness_sgtd.method import SGTD

FEW = {"size": "32", "width": "0.1", "single_epochs": "2", "single_batch": "4",
       "multi_epochs": "1", "multi_validations": "0"}  # fmt: skip


@pytest.fixture
def sources(tmp_path: Path):
    """Builds stored clips of eight presentations, half of them attacks."""

    def build(stage):
        store, spec = ClipStore(tmp_path / "store"), stage.bona_fide
        return [_source(store, stage, spec, number) for number in range(8)]

    return build


def _source(store, stage, spec, number):
    rng = np.random.default_rng(number)
    side, depth = stored_side(spec.crop.size, spec.crop), stored_side(4, spec.crop)
    length, attack = spec.frames.length, bool(number % 2)
    deep = rng.integers(0, 256, (1, length, depth, depth), np.uint8)
    arrays = ClipArrays(
        {RGB: rng.integers(0, 256, (1, length, side, side, 3), np.uint8)},
        {label.name: deep * (not attack) for label in spec.labels},
        np.float32([[200, 200, 200, 200]]),
        np.int32([[150, 150, 450, 450]]),
        np.int32([600, 600]),
        np.zeros((1, length), np.int32),
    )
    name = f"p{number}"
    item = Presentation(name, rgb(Path(name)), species="print" if attack else None)
    return ClipSource(item, store.write(f"{number:02d}{stage.name}", name, arrays, 0), spec, PILLOW)


@pytest.mark.parametrize(("recalibrate", "warnings"), [("0", 2), ("4", 0)])
def test_few_batches_with_the_published_momentum(sources, tmp_path, recalibrate, warnings):
    method = make(SGTD, "paper", {**FEW, "recalibrate": recalibrate})
    fabric = make_fabric("cpu", "32-true")
    plan = Plan(
        method,
        {stage.name: sources(stage) for stage in method.stages()},
        validate=None,
        seed=0,
        key="key",
        state=tmp_path / "state",
        save_every=1e9,
        workers=0,
        progress=lambda progress: None,
    )
    torch.manual_seed(0)
    history, found = fit(plan, place(method.network({}), fabric), fabric)
    single, multi = history[0].losses["total"], history[-1].losses["total"]
    assert len(found) == warnings
    # the second stage starts from the first one's depth maps: of the size of the labels, or not
    assert (multi < 3 * single) is (warnings == 0)
    if warnings:
        assert found[0].startswith("stage multi: the running statistics of 24 batch normalis")
        assert "seen 4 training batches, fewer than the 1000" in found[0]
