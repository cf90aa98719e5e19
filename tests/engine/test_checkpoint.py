"""Model files: what they say, what is refused, and that nothing is ever unpickled."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fasharness.engine.checkpoint import (
    flatten_optimizers,
    load_model,
    read_card,
    read_tensors,
    restore_optimizers,
    save_model,
    write_tensors,
)
from fasharness.errors import CheckpointError
from fasharness.method import Method

Build = Callable[..., Method]


class Bomb:
    """Would run a command if it were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('unpickled')",)


def test_weights_and_their_card_come_back(tiny: Build, tmp_path: Path):
    method, path = tiny(rate=0.25), tmp_path / "model.safetensors"
    network, other = method.network({}), method.network({})
    save_model(path, method, network, "key")
    load_model(path, method, other)
    card = read_card(path)
    assert (card.method, card.version, card.fit_key) == ("tiny", "1", "key")
    assert all(map(torch.equal, network.state_dict().values(), other.state_dict().values()))
    beside = json.loads(path.with_suffix(".json").read_text())
    assert beside == {
        "method": "tiny", "version": "1", "fit_key": "key",
        "options": {"epochs": 2, "rate": 0.25, "validations": 0},
    }  # fmt: skip


def test_another_method_or_version_is_refused(tiny: Build, tmp_path: Path):
    method, path = tiny(), tmp_path / "model.safetensors"
    save_model(path, method, method.network({}))

    class Other(type(method)):  # type: ignore[misc]
        name = "other"

    class Newer(type(method)):  # type: ignore[misc]
        version = "2"

    for kind, words in ((Other, "not by other 1"), (Newer, "not by tiny 2")):
        with pytest.raises(CheckpointError, match=f"trained by tiny 1, {words}"):
            load_model(path, kind(method.options), method.network({}))


def test_other_options_are_refused_with_the_difference(tiny: Build, tmp_path: Path):
    path = tmp_path / "model.safetensors"
    save_model(path, tiny(epochs=3), tiny().network({}))
    with pytest.raises(CheckpointError, match=r"trained with epochs=3 \(not 2\); leave --preset"):
        load_model(path, tiny(), tiny().network({}))


def test_weights_that_do_not_fit_are_refused(tiny: Build, tmp_path: Path):
    path = tmp_path / "model.safetensors"
    save_model(path, tiny(), torch.nn.Linear(2, 2))
    with pytest.raises(CheckpointError, match="weights do not fit tiny"):
        load_model(path, tiny(), tiny().network({}))


@pytest.mark.parametrize(
    "kind", ["torch", "pickle", "cut", "empty", "foreign", "missing", "folder"]
)
def test_what_is_no_model_file_is_refused_in_one_line(tiny: Build, tmp_path: Path, kind: str):
    path = tmp_path / "model.safetensors"
    if kind == "torch":
        torch.save({"bomb": Bomb()}, path)
    elif kind == "pickle":
        path.write_bytes(pickle.dumps(Bomb()))
    elif kind == "cut":
        save_model(path, tiny(), tiny().network({}))
        path.write_bytes(path.read_bytes()[:-8])
    elif kind == "empty":
        path.touch()
    elif kind == "foreign":
        write_tensors(path, {"a": torch.zeros(1)}, {"something": "else"})
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(CheckpointError) as caught:
        load_model(path, tiny(), tiny().network({}))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    if kind in ("torch", "pickle"):
        assert "pickled checkpoints are refused" in str(caught.value)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop])
def test_the_state_of_an_optimiser_comes_back(kind: type[torch.optim.Optimizer], tmp_path: Path):
    def step(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        network(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()

    torch.manual_seed(0)
    network = torch.nn.Linear(3, 2)
    optimizer = kind(network.parameters(), lr=0.1)
    step(network, optimizer)
    write_tensors(tmp_path / "state", flatten_optimizers([optimizer]), {})
    other = torch.nn.Linear(3, 2)
    other.load_state_dict(network.state_dict())
    again = kind(other.parameters(), lr=0.1)
    restore_optimizers([again], read_tensors(tmp_path / "state")[0])
    step(network, optimizer)
    step(other, again)
    assert torch.equal(network.weight, other.weight)
    assert torch.equal(network.bias, other.bias)
