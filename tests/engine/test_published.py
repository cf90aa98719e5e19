"""Files of torch.save that others wrote: what fits is loaded, anything else changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fasharness.engine.published import fill, load_published, read_published
from fasharness.errors import WeightsError

State = dict[str, Tensor]


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def state(seed: int = 1) -> State:
    return dict(network(seed).state_dict())


def write(path: Path, content: object, *, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def parallel(found: State) -> State:
    return {f"module.{name}": value for name, value in found.items()}


def aged(found: State) -> State:
    return {k: v for k, v in found.items() if not k.endswith("num_batches_tracked")}


def more(found: State) -> State:
    return {**found, "fc.weight": torch.zeros(2)}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("change", [dict, parallel, aged, more])
def test_what_fits_is_loaded(tmp_path: Path, change: Callable[[State], State], zipped: bool):
    file, own = write(tmp_path / "a.pth", change(state()), zipped=zipped), network(2)
    load_published(own, file, "a convolution", unused=("fc.",))
    for name, value in own.state_dict().items():
        assert torch.equal(value, state()[name]), name


def test_all_that_is_left_over_may_be_unused(tmp_path: Path):
    own = network(2)
    fill(own, more(state()), tmp_path / "a", "a convolution", unused=("",))
    assert torch.equal(own[0].weight, state()["0.weight"])


def test_names_may_differ(tmp_path: Path):
    own = network(2)
    file = write(tmp_path / "a.pth", {f"old.{name}": value for name, value in state().items()})
    load_published(own, file, "a convolution", lambda name: f"old.{name}")
    assert torch.equal(own[0].weight, state()["0.weight"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"0.weight": None},
            r"is not a convolution: 0.weight is missing, expected \(4, 3",
        ),
        ({"0.weight": torch.zeros(4, 3, 1, 1)}, r"0.weight has the shape \(4, 3, 1, 1\)"),
        ({"1.bias": torch.full((4,), torch.nan)}, "1.bias is not finite"),
        ({"2.weight": torch.zeros(4)}, "is not a convolution, which has no 2.weight"),
    ],
)
def test_weights_of_another_network_change_nothing(tmp_path: Path, change, words: str):
    content = {name: value for name, value in {**state(), **change}.items() if value is not None}
    own = network(2)
    with pytest.raises(WeightsError, match=rf"a\.pth: .*{words}"):
        load_published(own, write(tmp_path / "a.pth", content), "a convolution")
    for name, value in own.state_dict().items():
        assert torch.equal(value, state(2)[name]), name


@pytest.mark.parametrize("zipped", [False, True])
def test_files_that_are_cut_short_are_refused(tmp_path: Path, zipped: bool):
    whole = write(tmp_path / "whole.pth", state(), zipped=zipped).read_bytes()
    file = tmp_path / "cut.pth"
    for length in [*range(0, len(whole) - 1, len(whole) // 30), len(whole) - 1]:
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"cut\.pth: .* or damaged"):
            read_published(file)


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.made),)


@pytest.mark.parametrize("zipped", [False, True])
def test_code_in_a_file_is_not_run(tmp_path: Path, zipped: bool):
    content = {**state(), "extra": Harmful(tmp_path / "made")}
    with pytest.raises(WeightsError, match=r"pickled with code \(posix\.mkdir\)"):
        read_published(write(tmp_path / "a.pth", content, zipped=zipped))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"a": "text"}, {3: torch.zeros(1)}, None])
def test_other_contents_are_refused(tmp_path: Path, content: object):
    with pytest.raises(WeightsError, match="is no table of named tensors"):
        read_published(write(tmp_path / "a.pth", content))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"none\.pth: cannot be read: No such file"):
        read_published(tmp_path / "none.pth")
