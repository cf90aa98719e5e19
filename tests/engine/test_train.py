"""Training: resumed anywhere it gives the same bits, validation picks, divergence is an error."""

import math
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import nn

from fasharness.common.signals import ENDING
from fasharness.engine.clips import ClipSource
from fasharness.engine.device import make_fabric, place
from fasharness.engine.position import EpochRecord, Progress
from fasharness.engine.train import Plan, fit
from fasharness.errors import RunError
from fasharness.method import At, Method, Stage

Sources = Callable[..., list[ClipSource]]
Build = Callable[..., Method]
BATCHES = 2 * 3 + 2 * 3  # two epochs of 12 clips in fours, in both stages


class Trained(NamedTuple):
    weights: dict[str, torch.Tensor]
    history: list[EpochRecord]
    warnings: list[str]


class Blackout(Exception):  # noqa: N818
    """The power fails."""


@pytest.fixture
def plan(tiny: Build, sources: Sources, tmp_path: Path) -> Plan:
    method = tiny()
    return Plan(
        method,
        {stage.name: sources(stage.attack) for stage in method.stages()},
        validate=lambda network, stage: 0.0,
        seed=5,
        key="key",
        state=tmp_path / "training.safetensors",
        save_every=0.0,
        workers=0,
        progress=lambda progress: None,
    )


def train(plan: Plan) -> Trained:
    """Train from a network with fresh weights, as every start of a run does."""
    fabric = make_fabric("cpu", "32-true")
    torch.manual_seed(plan.seed)
    network = plan.method.network({})
    training = fit(plan, place(network, fabric), fabric)
    return Trained({k: v.clone() for k, v in network.state_dict().items()}, *training)


def assert_same(found: Trained, expected: Trained) -> None:
    assert found.history == expected.history
    assert found.weights.keys() == expected.weights.keys()
    for name, weights in expected.weights.items():
        assert torch.equal(found.weights[name], weights), name


def stopping(after: int, act: Callable[[], None]) -> Callable[[Progress], None]:
    def progress(state: Progress) -> None:
        if state.done == after:
            act()

    return progress


def fail() -> None:
    raise Blackout


def test_resuming_after_any_batch_gives_the_same_bits(plan: Plan):
    expected = train(plan)
    for batch in range(1, BATCHES + 1):
        with pytest.raises(Blackout):
            train(replace(plan, progress=stopping(batch, fail)))
        seen: list[int] = []
        found = train(replace(plan, progress=lambda state, seen=seen: seen.append(state.done)))
        assert_same(found, expected)
        assert seen[0] == batch, "the batch whose end was not saved is done again, no other"


def test_ctrl_c_saves_the_state_even_between_two_savings(plan: Plan):
    plan = replace(plan, save_every=1e9)
    expected = train(plan)
    for batch in (1, 4, BATCHES - 1, BATCHES):
        interrupt = stopping(batch, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train(replace(plan, progress=interrupt))
        seen: list[int] = []
        found = train(replace(plan, progress=lambda state, seen=seen: seen.append(state.done)))
        assert_same(found, expected)
        assert seen[:1] == ([batch + 1] if batch < BATCHES else [])


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_signal_while_dev_is_scored_strikes_at_once_and_costs_no_batch(
    plan: Plan, tiny: Build, number: signal.Signals
):
    def strike(network: nn.Module, stage: object) -> float:
        os.kill(os.getpid(), number)
        raise AssertionError

    plan = replace(plan, method=tiny(validations=1), save_every=1e9)
    expected = train(plan)
    with pytest.raises(KeyboardInterrupt) as interrupt:
        train(replace(plan, validate=strike))
    assert interrupt.value.args == (number,)
    seen: list[int] = []
    assert_same(train(replace(plan, progress=lambda state: seen.append(state.done))), expected)
    assert seen == []


def test_a_second_ctrl_c_strikes_at_once_and_the_handler_is_put_back(plan: Plan):
    def twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(replace(plan, progress=stopping(2, twice)))
    assert signal.getsignal(signal.SIGINT) is before


def test_reading_processes_change_nothing(plan: Plan):
    assert_same(train(replace(plan, workers=1)), train(plan))


def test_the_seed_decides_and_the_state_is_removed_at_the_end(plan: Plan):
    first, other = train(plan), train(replace(plan, seed=6))
    assert first.history != other.history
    assert not plan.state.exists()


@pytest.mark.parametrize("damage", ["other key", "cut", "text"])
def test_a_state_that_is_not_ours_is_not_resumed(plan: Plan, damage: str):
    expected = train(plan)
    with pytest.raises(Blackout):
        train(replace(plan, progress=stopping(5, fail)))
    if damage == "cut":
        plan.state.write_bytes(plan.state.read_bytes()[:-10])
    elif damage == "text":
        plan.state.write_text("text")
    else:
        plan = replace(plan, key="other")
    seen: list[int] = []
    assert_same(train(replace(plan, progress=lambda state: seen.append(state.done))), expected)
    assert seen[0] == 1


def test_the_history_holds_the_mean_losses_of_each_epoch(plan: Plan):
    last: dict[tuple[str, int], Progress] = {}

    def note(state: Progress) -> None:
        last[state.stage, state.epoch] = state

    history = train(replace(plan, progress=note)).history
    assert [(r.stage, r.epoch) for r in history] == [
        ("first", 1), ("first", 2), ("second", 1), ("second", 2),
    ]  # fmt: skip
    for record in history:
        assert record.losses == last[record.stage, record.epoch].losses
        assert record.losses.keys() == {"total", "size"}
    assert {state.total for state in last.values()} == {BATCHES}
    assert last["second", 2].done == BATCHES


@pytest.mark.parametrize(
    ("validations", "epochs"), [(0, []), (1, [5]), (2, [3, 5]), (5, [1, 2, 3, 4, 5])]
)
def test_dev_is_scored_as_often_as_asked_and_always_last(
    plan: Plan, tiny: Build, validations: int, epochs: list[int]
):
    method = tiny(epochs=5, validations=validations)
    history = train(replace(plan, method=method)).history
    assert [r.epoch for r in history if r.selection is not None] == epochs
    assert all(r.stage == "second" for r in history if r.selection is not None)


@pytest.mark.parametrize(
    ("eers", "best"), [((0.3, 0.1, 0.2, 0.1, 0.4), 3), ((0.1, 0.2, 0.3, 0.3, 0.3), 0)]
)
def test_the_weights_of_the_best_validation_are_kept(
    plan: Plan, tiny: Build, eers: tuple[float, ...], best: int
):
    kept: list[dict[str, torch.Tensor]] = []

    def validate(network: nn.Module, stage: object) -> float:
        kept.append({k: v.clone() for k, v in network.state_dict().items()})
        return eers[len(kept) - 1]

    found = train(replace(plan, method=tiny(epochs=5, validations=5), validate=validate))
    assert [r.selection for r in found.history if r.stage == "second"] == list(eers)
    for name, weights in kept[best].items():
        assert torch.equal(found.weights[name], weights), name
    assert any(not torch.equal(found.weights[k], kept[-1][k]) for k in kept[-1])


def test_the_best_weights_survive_an_interruption(plan: Plan, tiny: Build):
    def validate(network: nn.Module, stage: object) -> float:
        return float(network[4].weight.sum() > 0)  # depends on nothing but the weights

    plan = replace(plan, method=tiny(epochs=4, validations=4), validate=validate)
    expected = train(plan)
    for batch in (4 * 3 + 4, 4 * 3 + 11):
        with pytest.raises(Blackout):
            train(replace(plan, progress=stopping(batch, fail)))
        assert_same(train(plan), expected)


def test_a_loss_that_is_no_number_is_an_error_with_its_place(plan: Plan, tiny: Build):
    method = tiny()
    honest = type(method).losses

    class Diverging(type(method)):  # type: ignore[misc]
        def losses(self, stage, network, batch, companions):
            found = honest(self, stage, network, batch, companions)
            return found if stage.name != where else {**found, "total": found["total"] * math.nan}

    where = "second"
    plan = replace(plan, method=Diverging(method.options))
    place = r"stage second, epoch 1, batch 1; the last good state is kept in .*training"
    with pytest.raises(RunError, match=rf"training diverged: .*nan.* of .* in {place}"):
        train(plan)
    assert plan.state.is_file()
    # Taken up again from there, it diverges again and still has the state.
    with pytest.raises(RunError, match=rf"training diverged: .*nan.* of .* in {place}"):
        train(plan)
    plan.state.unlink()
    where = "first"
    with pytest.raises(RunError, match="stage first, epoch 1, batch 1; no state was kept before"):
        train(plan)
    assert not plan.state.exists()


def test_a_stage_that_cannot_fill_a_batch_is_an_error(plan: Plan):
    few = {name: sources[:1] for name, sources in plan.sources.items()}
    with pytest.raises(RunError, match="stage second: 2 training clips do not fill a batch"):
        train(replace(plan, sources=few))


def test_the_methods_factor_is_put_on_the_learning_rate_before_every_batch(plan: Plan):
    asked: list[tuple[str, At]] = []

    def rate(stage: Stage, at: At) -> float:
        asked.append((stage.name, at))
        return 0.0

    plan.method.rate = rate  # type: ignore[method-assign]
    torch.manual_seed(plan.seed)
    before = dict(plan.method.network({}).named_parameters())
    after = train(plan).weights
    assert all(torch.equal(after[name], value) for name, value in before.items())
    steps = [At(step, 6, step // 3, 2) for step in range(6)]
    assert asked == [(name, at) for name in ("first", "second") for at in steps]


def test_the_state_stays_until_the_weights_are_kept(plan: Plan):
    kept: list[tuple[int, bool]] = []
    train(replace(plan, finished=lambda t: kept.append((len(t.history), plan.state.is_file()))))
    assert kept == [(4, True)]
    assert not plan.state.exists()
