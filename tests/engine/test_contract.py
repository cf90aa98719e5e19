"""What a method may ask of its training: each wish is granted, and resumed to the same bits."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from fasharness.clips import ClipSpec, Crop, Frames, Sampling
from fasharness.data import Batch
from fasharness.engine.checkpoint import read_tensors
from fasharness.engine.clips import ClipSource, EpochClips, batches
from fasharness.engine.device import freeze, make_fabric, place
from fasharness.engine.position import Progress, Training
from fasharness.engine.train import Plan, fit
from fasharness.errors import RunError
from fasharness.method import At, Method, Stage

Sources = Callable[..., list[ClipSource]]
CLIPS = ClipSpec(Frames(1), Crop(8))
FIRST = Stage("first", CLIPS, CLIPS, epochs=2, batch_size=2)


class Net(nn.Module):
    """A network with a moving average of its head inside."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=0.01), nn.ReLU())
        self.head = nn.Linear(4, 1)
        self.average = nn.Linear(4, 1).requires_grad_(False)

    def forward(self, x: torch.Tensor, head: str = "head") -> torch.Tensor:
        return self.get_submodule(head)(self.body(x).mean((2, 3)))[:, 0]


@dataclass(frozen=True)
class Options:
    stages: tuple[Stage, ...] = (FIRST,)


class Wishes(Method):
    """Two optimisers, a teacher, a moving average and a schedule."""

    name, version, Options = "wishes", "1", Options
    selector: ClassVar[str] = "gap of the means"
    presets: ClassVar = {"default": {}}

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        return Net()

    def companions(self, files: Mapping[str, Path]) -> Mapping[str, nn.Module]:
        return {"teacher": nn.Sequential(nn.Conv2d(3, 1, 3), nn.BatchNorm2d(1), nn.Dropout(0.9))}

    def stages(self) -> tuple[Stage, ...]:
        return self.options.stages

    def scoring_clips(self) -> ClipSpec:
        return CLIPS

    def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
        head = torch.optim.SGD(network.head.parameters(), lr=0.1, momentum=0.9)
        return torch.optim.Adam(network.body.parameters(), lr=0.01), head

    def rate(self, stage: Stage, at: At) -> float:
        return 0.5**at.epoch

    def after_step(self, stage: Stage, network: nn.Module, at: At) -> None:
        with torch.no_grad():
            network.average.weight.lerp_(network.head.weight, 0.1)

    def losses(
        self, stage: Stage, network: nn.Module, batch: Batch, companions: Mapping[str, nn.Module]
    ) -> Mapping[str, torch.Tensor]:
        frames = batch.rgb[:, 0].float() / 255
        taught = companions["teacher"](frames).mean((1, 2, 3))
        error = (network(frames) - batch.bona_fide.float() - 0.1 * taught).square().mean()
        return {"total": error, "taught": taught.mean()}

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        return network(batch.rgb[:, 0].float() / 255, "average")


class Blackout(Exception):  # noqa: N818
    """The power fails."""


@pytest.fixture
def plan(sources: Sources, tmp_path: Path) -> Plan:
    """Trains `Wishes` on twelve clips, six batches of two."""
    torch.manual_seed(1)
    companions = Wishes(Options()).companions({})
    fabric = make_fabric("cpu", "32-true")
    return Plan(
        Wishes(Options()),
        {"first": sources(CLIPS), "second": sources(CLIPS)},
        validate=lambda network, stage: 0.0,
        seed=5,
        key="key",
        state=tmp_path / "training.safetensors",
        save_every=0.0,
        workers=0,
        progress=lambda progress: None,
        companions={name: freeze(each, fabric) for name, each in companions.items()},
    )


def of(plan: Plan, *stages: Stage, **changes: Any) -> Plan:
    return replace(plan, method=Wishes(Options(stages)), **changes)


def train(plan: Plan, network: nn.Module | None = None) -> tuple[nn.Module, Training]:
    fabric = make_fabric("cpu", "32-true")
    torch.manual_seed(plan.seed)
    network = place(network or plan.method.network({}), fabric)
    return network, fit(plan, network, fabric)


def frames(plan: Plan, epoch: int, size: int) -> list[Batch]:
    """The batches that training reads in an epoch of its first stage."""
    clips = EpochClips(plan.sources["first"], lambda clip, rng: clip, (plan.seed, 0, epoch))
    planned = clips.plan(Sampling(), size, drop_last=False)
    return list(batches(clips, planned, workers=0, pin=False))


def test_all_wishes_together_resume_to_the_same_bits_after_any_step(plan: Plan):
    wishes = {"accumulate": 2, "clip_norm": 0.05, "validations": 3, "patience": 1, "recalibrate": 2}
    stages = replace(FIRST, epochs=3, **wishes), replace(FIRST, name="second", accumulate=5)

    def validate(network: nn.Module, stage: Stage) -> float:
        return float(network.average.weight.sum())  # depends on nothing but the weights

    plan = of(plan, *stages, validate=validate)
    expected, history = train(plan)
    seen: list[int] = []
    train(replace(plan, progress=lambda state: seen.append(state.done)))
    assert len(seen) == len(history.history[:-2]) * 3 + 2 * 2
    for stop in seen:

        def fail(state: Progress, stop: int = stop) -> None:
            if state.done == stop:
                raise Blackout

        with pytest.raises(Blackout):
            train(replace(plan, progress=fail))
        network, again = train(plan)
        assert again == history
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, expected.state_dict()[name]), (stop, name)


def test_every_optimiser_steps_and_the_schedule_is_on_all_of_them(plan: Plan):
    seen: list[list[float]] = []
    plan = of(plan, FIRST)
    honest = plan.method.after_step

    def spy(stage: Stage, network: nn.Module, at: At) -> None:
        honest(stage, network, at)
        seen.append([at.step, at.steps, at.epoch, at.epochs])

    plan.method.after_step = spy  # type: ignore[method-assign]
    torch.manual_seed(plan.seed)
    before = Net().state_dict()
    after = train(plan)[0].state_dict()
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert {"body.0.weight", "head.weight", "average.weight"} <= changed
    assert "average.bias" not in changed
    assert seen == [[step + 1, 12, step // 6, 2] for step in range(12)]


def test_accumulated_batches_step_like_one_batch_of_all(plan: Plan):
    """Plain SGD by hand: without batch norm, four twos give the gradient of one eight."""

    class Plain(Wishes):
        def train_mode(self, stage: Stage, network: nn.Module) -> None:
            network.eval()

        def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
            return [torch.optim.SGD(network.head.parameters(), lr=0.5)]

        def rate(self, stage: Stage, at: At) -> float:
            return 1.0

    stage = replace(FIRST, epochs=1, accumulate=4)
    plan = replace(plan, method=Plain(Options((stage,))))
    torch.manual_seed(plan.seed)
    expected = Net().eval()
    for step in (slice(0, 4), slice(4, 6)):
        parts = frames(plan, 0, 2)[step]
        images = torch.cat([part.rgb[:, 0] for part in parts]).float() / 255
        truth = torch.cat([part.bona_fide for part in parts]).float()
        taught = plan.companions["teacher"](images).mean((1, 2, 3))
        loss = (expected(images) - truth - 0.1 * taught).square().mean()
        gradients = torch.autograd.grad(loss, list(expected.head.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(expected.head.parameters(), gradients, strict=True):
                weight -= 0.5 * gradient
    torch.testing.assert_close(train(plan)[0].head.state_dict(), expected.head.state_dict())


@pytest.mark.parametrize("limit", [0.0, 0.01, 1e6])
def test_gradients_are_clipped_to_the_norm_for_each_optimiser(plan: Plan, limit: float):
    class Plain(Wishes):
        def optimizers(self, stage: Stage, network: nn.Module) -> Sequence[torch.optim.Optimizer]:
            parts = network.body, network.head
            return [torch.optim.SGD(part.parameters(), lr=1.0) for part in parts]

    norms: list[float] = []

    def spy(stage: Stage, network: nn.Module, at: At) -> None:
        for part in (network.body, network.head):
            grads = [weight.grad.flatten() for weight in part.parameters()]
            norms.append(float(torch.cat(grads).norm()))

    plan = replace(plan, method=Plain(Options((replace(FIRST, clip_norm=limit),))))
    plan.method.after_step = spy  # type: ignore[method-assign]
    train(plan)
    if limit == 0.01:
        assert max(norms) <= limit * (1 + 1e-4)
        assert sum(norm > limit * 0.99 for norm in norms) > 3
    else:
        assert max(norms) > 0.1


@pytest.mark.parametrize(
    ("figures", "patience", "epochs"),
    [
        ([5, 4, 3, 2, 1, 0], 1, 6), ([1, 2, 0, 0, 0, 0], 1, 2), ([3, 2, 2, 1, 1, 1], 2, 6),
        ([3, 2, 2, 2, 1, 1], 2, 4), ([1, 2, 3, 4, 5, 6], 0, 6),
    ],
)  # fmt: skip
def test_a_stage_ends_when_its_patience_does(
    plan: Plan, figures: list[float], patience: int, epochs: int
):
    given = iter(figures)
    stage = replace(FIRST, epochs=6, validations=6, patience=patience)
    after = replace(FIRST, name="second", epochs=1)
    history = train(of(plan, stage, after, validate=lambda *_: next(given)))[1].history
    found = [record.selection for record in history if record.stage == "first"]
    assert found == figures[:epochs]
    assert history[-1].stage == "second"


def statistics(plan: Plan, network: Net, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean over batches of each batch's mean and unbiased variance, in float64."""
    convolution = network.body[0]
    maps = [
        convolution(batch.rgb[:, 0].float() / 255).double().transpose(0, 1).flatten(1)
        for batch in frames(plan, FIRST.epochs - 1, 2)[:count]
    ]
    means = torch.stack([part.mean(1) for part in maps]).mean(0)
    return means, torch.stack([part.var(1) for part in maps]).mean(0)


@pytest.mark.parametrize("validations", [0, 1])
def test_running_statistics_are_estimated_anew_as_plain_means(plan: Plan, validations: int):
    stage = replace(FIRST, recalibrate=4, validations=validations)
    plan = of(plan, stage)
    network, training = train(plan)
    with torch.no_grad():
        means, variances = statistics(plan, network, 4)
    torch.testing.assert_close(network.body[1].running_mean.double(), means, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(network.body[1].running_var.double(), variances, rtol=1e-5, atol=0.0)
    assert network.body[1].momentum == 0.01
    assert training.warnings == []


def test_running_statistics_that_have_not_settled_are_said_where_they_are_used(plan: Plan):
    heard: list[str] = []

    class Frozen(Wishes):
        def train_mode(self, stage: Stage, network: nn.Module) -> None:
            network.train(stage.name == "first")

    stages = FIRST, replace(FIRST, name="second")
    frozen = replace(plan, method=Frozen(Options(stages)), warn=heard.append)
    (warning,) = train(frozen)[1].warnings
    assert warning.startswith(
        "stage second: the running statistics of 1 batch normalisations have seen 12 training "
        "batches, fewer than the 100 (1 / momentum)"
    )
    assert "the stage normalises by them" in warning
    assert heard == [warning]
    (scored,) = train(of(plan, FIRST))[1].warnings
    assert "scores are computed with them" in scored
    (both,) = train(of(plan, *stages))[1].warnings  # trained on in the second stage: said once
    assert "seen 24 training batches" in both

    def settled() -> Net:
        network = Net()
        network.body[1].momentum = 0.1
        return network

    assert train(of(plan, FIRST), settled())[1].warnings == []


def test_a_stage_that_cannot_be_validated_says_so_and_keeps_its_last_weights(plan: Plan):
    stage = replace(FIRST, validations=2, recalibrate=1)
    (warning,) = train(of(plan, stage, validate=None))[1].warnings
    assert warning == "stage first: no dev set of both classes chooses its weights"
    last = train(of(plan, replace(stage, validations=0)))[0].state_dict()
    for name, tensor in train(of(plan, stage, validate=None))[0].state_dict().items():
        assert torch.equal(tensor, last[name]), name


# The gradient of the last batch of an epoch: no later loss tells of it.
@pytest.mark.parametrize(("where", "done"), [("loss", 8), ("gradient", 11)])
def test_what_is_not_finite_never_reaches_a_state(plan: Plan, where: str, done: int):
    class Diverging(Wishes):
        def losses(self, stage, network, batch, companions):
            found = super().losses(stage, network, batch, companions)
            if seen and seen[-1] == done:
                # the root of zero: its value is finite, its gradient is not
                bad = (network.head.weight.sum() * 0).sqrt() if where == "gradient" else math.nan
                return {**found, "total": found["total"] + bad}
            return found

    seen: list[int] = []
    stage = replace(FIRST, epochs=3)
    plan = replace(
        plan,
        method=Diverging(Options((stage,))),
        save_every=1e9,
        progress=lambda state: seen.append(state.done),
    )
    what = (
        r"losses \{'total': nan, 'taught': .*\} of p\d, p\d"
        if where == "loss"
        else "weights that are not finite"
    )
    with pytest.raises(
        RunError, match=rf"training diverged: {what}.* in stage first, epoch 2, batch"
    ):
        train(plan)
    tensors, meta = read_tensors(plan.state)
    assert meta["position"]["epoch"] == 1, "the state of the epoch before is kept"
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_companions_are_frozen_and_saved_nowhere(plan: Plan):
    teacher = plan.companions["teacher"]
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    states: list[set[str]] = []

    def look(state: Progress) -> None:
        states.append(set(read_tensors(plan.state)[0]) if plan.state.is_file() else set())

    train(of(plan, FIRST, progress=look))
    assert all(torch.equal(t, before[name]) for name, t in teacher.state_dict().items())
    assert not any("teacher" in name or name.endswith("/1") for name in states[-1])
    assert not teacher.training


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"accumulate": 0}, "accumulate must be at least 1"),
        ({"clip_norm": -1.0}, "clip_norm must not be negative"),
        ({"clip_norm": math.nan}, "clip_norm must not be negative"),
        ({"patience": 2}, "patience counts validations, of which it has 0"),
    ],
)
def test_impossible_stages_are_refused(wrong: dict[str, float], words: str):
    with pytest.raises(ValueError, match=f"stage first: {words}"):
        replace(FIRST, **wrong)


def test_by_default_the_eer_chooses_and_the_mean_aggregates():
    method = Wishes(Options())
    # one of four bona fide and one of four attacks on the wrong side: a quarter, by hand
    bona_fide, attack = np.array([0.3, 0.8, 0.9, 0.7]), np.array([0.1, 0.2, 0.25, 0.75])
    assert method.selection(bona_fide, attack) == 0.25
    assert method.aggregate([0.25, 0.5]) == 0.375
