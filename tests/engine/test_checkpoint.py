"""Model files: what they say, what is refused, and that nothing is ever unpickled."""

import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from fasharness.clips import ClipSpec, Crop
from fasharness.engine.checkpoint import (
    card_of,
    check_card,
    flatten_optimizers,
    load_model,
    model_digest,
    read_card,
    read_tensors,
    restore_optimizers,
    save_model,
    set_threshold,
    write_tensors,
)
from fasharness.errors import CheckpointError
from fasharness.method import Method
from fasharness.result import Threshold

Build = Callable[..., Method]


class Bomb:
    """Would run a command if it were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('unpickled')",)


def test_weights_and_their_card_come_back(tiny: Build, tmp_path: Path):
    method, path = tiny(rate=0.25), tmp_path / "model.safetensors"
    network, other = method.network({}), method.network({})
    save_model(path, card_of(method, fit_key="key", detector="mtcnn"), network)
    load_model(path, method, other)
    card = read_card(path)
    assert (card.method, card.version, card.fit_key) == ("tiny", "1", "key")
    assert all(map(torch.equal, network.state_dict().values(), other.state_dict().values()))
    beside = json.loads(path.with_suffix(".json").read_text())
    assert beside == {
        "method": "tiny", "version": "1", "fit_key": "key",
        "options": {"epochs": 2, "rate": 0.25, "validations": 0},
        "clips": json.loads(json.dumps(asdict(method.scoring_clips()))),
        "faces": "", "detector": "mtcnn", "simulated": False, "trained_on": [],
        "auxiliary": [], "threshold": None,
    }  # fmt: skip
    assert card.clips == beside["clips"]


def test_a_threshold_is_added_and_changes_no_identity(tiny: Build, tmp_path: Path):
    method, path = tiny(), tmp_path / "model.safetensors"
    network = method.network({})
    save_model(path, card_of(method), network)
    before, weights = model_digest(path), read_tensors(path)[0]
    assert read_card(path).threshold is None
    for value in (0.1 + 0.2, -7.5):
        chosen = Threshold("eer", "equal error rate", "dev", value)
        set_threshold(path, chosen)
        assert read_card(path).threshold == chosen
        assert json.loads(path.with_suffix(".json").read_text())["threshold"]["value"] == value
        assert model_digest(path) == before
        load_model(path, method, method.network({}))
    assert all(torch.equal(tensor, weights[k]) for k, tensor in read_tensors(path)[0].items())
    stamp = path.stat().st_mtime_ns
    set_threshold(path, chosen)
    assert path.stat().st_mtime_ns == stamp
    save_model(path, card_of(method, fit_key="other"), network)
    assert model_digest(path) != before


def test_a_threshold_that_somebody_edits_is_noticed(tiny: Build, tmp_path: Path):
    method, path = tiny(), tmp_path / "model.safetensors"
    save_model(path, card_of(method), method.network({}))
    set_threshold(path, Threshold("fixed", "given", "", 0.25))
    before = model_digest(path)
    path.write_bytes(path.read_bytes().replace(b"0.25", b"0.75", 1))
    assert model_digest(path) != before
    with pytest.raises(CheckpointError, match="damaged or changed"):
        read_card(path)


def test_a_model_file_of_before_there_were_views_is_read(tiny: Build, tmp_path: Path):
    method, path = tiny(), tmp_path / "model.safetensors"
    card = card_of(method)
    clips = {key: value for key, value in card.clips.items() if key != "views"}
    save_model(path, replace(card, clips=clips), method.network({}))
    assert check_card(path, method).clips == clips


def test_a_method_that_asks_for_other_clips_now_is_refused(tiny: Build, tmp_path: Path):
    method, path = tiny(), tmp_path / "model.safetensors"
    save_model(path, card_of(method), method.network({}))

    class Later(type(method)):  # type: ignore[misc]
        def scoring_clips(self) -> ClipSpec:
            return replace(super().scoring_clips(), crop=Crop(8, scale=(1.5, 1.5)))

    with pytest.raises(CheckpointError, match="made to score other clips than tiny 1"):
        load_model(path, Later(method.options), method.network({}))


def test_another_method_or_version_is_refused(tiny: Build, tmp_path: Path):
    method, path = tiny(), tmp_path / "model.safetensors"
    save_model(path, card_of(method), method.network({}))

    class Other(type(method)):  # type: ignore[misc]
        name = "other"

    class Newer(type(method)):  # type: ignore[misc]
        version = "2"

    for kind, words in ((Other, "not by other 1"), (Newer, "not by tiny 2")):
        with pytest.raises(CheckpointError, match=f"trained by tiny 1, {words}"):
            load_model(path, kind(method.options), method.network({}))


def test_other_options_are_refused_with_the_difference(tiny: Build, tmp_path: Path):
    path = tmp_path / "model.safetensors"
    save_model(path, card_of(tiny(epochs=3)), tiny().network({}))
    with pytest.raises(CheckpointError, match=r"trained with epochs=3 \(not 2\); leave --preset"):
        load_model(path, tiny(), tiny().network({}))


def test_weights_that_do_not_fit_are_refused(tiny: Build, tmp_path: Path):
    path = tmp_path / "model.safetensors"
    save_model(path, card_of(tiny()), torch.nn.Linear(2, 2))
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
        save_model(path, card_of(tiny()), tiny().network({}))
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
