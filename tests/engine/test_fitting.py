"""Fitting in one go: all clips once, resumed to the same bits, what is not finite counted."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Frames
from fasharness.data import Batch
from fasharness.engine.clips import ClipSource, stack
from fasharness.engine.device import make_fabric, place
from fasharness.engine.fitting import fit
from fasharness.engine.position import Progress, Training
from fasharness.engine.train import Plan
from fasharness.errors import RunError
from fasharness.fitted import Fitted, Gathered

Sources = Callable[..., list[ClipSource]]
CLIPS = ClipSpec(Frames(1), Crop(8))


class Means(nn.Module):
    """The mean feature of each class, and how many clips were described."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(2, 3))
        self.described: list[str] = []


@dataclass(frozen=True)
class Options:
    wrong: tuple[str, ...] = ()
    classes: Literal["both", "bona fide"] = "both"
    broken: bool = False


class Nearest(Fitted):
    """The class whose mean colour is nearer."""

    name, version, Options = "nearest", "1", Options
    presets: ClassVar = {"default": {}}
    scoring_batch = 5

    def classes(self) -> Literal["both", "bona fide"]:
        return self.options.classes

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        return Means()

    def scoring_clips(self) -> ClipSpec:
        return CLIPS

    def features(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        network.described += batch.ids()
        found = batch.rgb[:, 0].double().mean((2, 3))
        found[[name in self.options.wrong for name in batch.ids()], 1] = torch.nan
        return found

    def fit(self, network: nn.Module, gathered: Gathered) -> None:
        means = [gathered.features[gathered.bona_fide == kind].mean(0) for kind in (True, False)]
        network.means.copy_(torch.from_numpy(np.stack(means)))
        if self.options.broken:
            network.means[0, 0] = torch.inf

    def decide(self, network: nn.Module, features: torch.Tensor) -> torch.Tensor:
        gaps = (features[:, None] - network.means).square().sum(2)
        return (gaps[:, 1] - gaps[:, 0]).nan_to_num()


class Blackout(Exception):  # noqa: N818
    """The power fails."""


@pytest.fixture
def plan(sources: Sources, tmp_path: Path) -> Plan:
    """Fits `Nearest` on the twelve clips of p0 to p5, three batches, p0 and p5 bona fide."""
    return Plan(
        Nearest(Options()), {"fit": sources(CLIPS)}, validate=None, seed=5, key="key",
        state=tmp_path / "training.safetensors", save_every=0.0, workers=0,
        progress=lambda progress: None,
    )  # fmt: skip


def of(plan: Plan, **options: Any) -> Plan:
    return replace(plan, method=Nearest(Options(**options)))


def go(plan: Plan) -> tuple[nn.Module, Training]:
    fabric = make_fabric("cpu", "32-true")
    network = place(plan.method.network({}), fabric)
    return network, fit(plan, network, fabric)


def colours(plan: Plan, names: set[str]) -> np.ndarray:
    """Mean colour of each clip of some presentations, read apart from the engine."""
    return np.stack([
        source.load(clip).rgb[0].mean((0, 1))
        for source in plan.sources["fit"] if source.presentation.id in names
        for clip in range(2)
    ])  # fmt: skip


def test_every_clip_is_described_once_and_all_are_fitted_on(plan: Plan) -> None:
    network, training = go(plan)
    assert sorted(network.described) == sorted(f"p{number}" for number in range(6) for _ in "12")
    expected = [colours(plan, names).mean(0) for names in ({"p0", "p5"}, {"p1", "p2", "p3", "p4"})]
    np.testing.assert_allclose(network.means, np.stack(expected), rtol=1e-6)
    assert training == Training([], [])
    assert not plan.state.exists()


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_killed_gathering_resumes_to_the_same_bits(plan: Plan, stop: int) -> None:
    expected, _ = go(plan)

    def fail(state: Progress) -> None:
        assert state.total == 3
        if state.done == stop:
            raise Blackout

    with pytest.raises(Blackout):
        go(replace(plan, progress=fail))
    network, _ = go(plan)
    # A batch is kept after its progress is told: the one that failed is described again.
    assert len(network.described) == 12 - 5 * (stop - 1)
    assert torch.equal(network.means, expected.means)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_gathering_after_its_batch_which_is_kept(
    plan: Plan, number: signal.Signals
) -> None:
    expected, _ = go(plan)

    def interrupt(state: Progress) -> None:
        if state.done == 2:
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        go(replace(plan, progress=interrupt, save_every=math.inf))
    network, _ = go(plan)
    assert len(network.described) == 2
    assert torch.equal(network.means, expected.means)


@pytest.mark.parametrize("change", ["key", "damage"])
def test_a_state_of_another_fit_or_a_damaged_one_is_not_resumed(plan: Plan, change: str) -> None:
    def fail(state: Progress) -> None:
        if state.done == 2:
            raise Blackout

    with pytest.raises(Blackout):
        go(replace(plan, progress=fail))
    if change == "damage":
        plan.state.write_bytes(plan.state.read_bytes()[:-9])
    network, _ = go(replace(plan, key="other") if change == "key" else plan)
    assert len(network.described) == 12


def test_features_that_are_not_finite_are_counted_and_left_out(plan: Plan) -> None:
    told: list[str] = []
    network, training = go(replace(of(plan, wrong=("p2", "p5")), warn=told.append))
    (warning,) = training.warnings
    assert warning.startswith("4 of 12 training clips have features that are not finite")
    assert {"p2", "p5"} == set(warning.rpartition(": ")[2].split(", "))
    assert told == [f"stage fit: {warning}"]
    np.testing.assert_allclose(network.means[0], colours(plan, {"p0"}).mean(0), rtol=1e-6)


def test_a_class_without_finite_features_is_refused(plan: Plan) -> None:
    words = "nearest needs bona fide training clips with finite features, and there are none"
    with pytest.raises(RunError, match=words):
        go(of(plan, wrong=("p0", "p5")))
    lost = [replace(s, stored=replace(s.stored, clips=0, failure="no face"))
            for s in plan.sources["fit"]]  # fmt: skip
    with pytest.raises(RunError, match=r"there are none; e\.g\. no face"):
        go(replace(plan, key="other", sources={"fit": lost}))


def test_one_class_alone_is_described_where_that_is_wanted(plan: Plan) -> None:
    made = of(plan, classes="bona fide")
    made.method.fit = lambda network, gathered: network.means.fill_(gathered.bona_fide.sum())
    network, _ = go(made)
    assert set(network.described) == {"p0", "p5"}
    assert network.means[0, 0] == 4


def test_a_fit_that_is_not_finite_reaches_no_file(plan: Plan) -> None:
    finished: list[Training] = []
    with pytest.raises(RunError, match=r"the fit of nearest is not finite \(means\)"):
        go(replace(of(plan, broken=True), finished=finished.append))
    assert not finished


def test_scores_are_decisions_on_features(plan: Plan) -> None:
    network, _ = go(plan)
    clips = [source.load(0) for source in plan.sources["fit"]]
    scores = plan.method.score(None, network, stack(clips))
    assert scores.shape == (6,)
    assert scores.isfinite().all()
    odd = Nearest(Options(wrong=("p3",))).score(None, network, stack(clips))
    assert odd.isnan().tolist() == [False, False, False, True, False, False]
    one = plan.method.score(None, network, stack(clips[4:5]))
    assert torch.equal(one, scores[4:5])
