"""Weights that the authors' code saved: what is read, what is refused, and with which words."""

from __future__ import annotations

import os
import pickle

import pytest
import torch
from torch import nn

from fasharness.engine.checkpoint import load_model, read_card
from fasharness.errors import CheckpointError
from fasharness_dum import convert
from fasharness_dum.method import DUM, Options


class RunsCode:
    """What runs a command where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def published(authors_state, tmp_path):
    """A file of the same form as the published one: DataParallel's names before the state."""
    path = tmp_path / "CDCN_U_P1.pkl"
    state = authors_state("cdcn")
    counts = {
        name.replace("running_mean", "num_batches_tracked"): torch.tensor(7)
        for name in state
        if name.endswith("running_mean")
    }
    torch.save({f"module.{name}": value for name, value in {**state, **counts}.items()}, path)
    return path


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("conv1.0.conv.weight", "features.stem.0.weight"),
        ("conv1.1.running_var", "features.stem.1.running_var"),
        ("Block3.6.conv.weight", "features.block3.6.weight"),
        ("layer2.0.left.3.weight", "features.stage2.0.body.3.weight"),
        ("layer4.0.shortcut.1.bias", "features.stage4.0.shortcut.1.bias"),
        ("lastconv1.1.weight", "features.head.1.weight"),
        ("lastconv2.0.conv.weight", "features.head.3.weight"),
        ("logvar_head.0.weight", "logvar.weight"),
        ("fc.weight", "fc.weight"),
    ],
)
def test_names(theirs, ours):
    assert convert.torch_name(theirs) == ours


@pytest.mark.parametrize("name", ["cdcn", "depthnet", "resnet18"])
def test_every_tensor_has_its_place(name, authors_state):
    theirs = {key: value.shape for key, value in authors_state(name).items()}
    theirs.pop("lastconv3.0.weight", None)
    ours = DUM(Options(network=name)).network({}).state_dict()
    ours = {key: value.shape for key, value in ours.items() if "num_batches" not in key}
    assert {convert.torch_name(key): shape for key, shape in theirs.items()} == ours
    assert convert.network_of([*theirs]) == name


def test_a_data_parallel_checkpoint_becomes_a_model_file(published, tmp_path, capsys):
    out = tmp_path / "dum.safetensors"
    assert convert.main([str(published), str(out), "--option", "compat=true"]) == 0
    assert capsys.readouterr().out == f"74 tensors written to {out}\n"
    card = read_card(out)
    assert (card.method, card.options["network"], card.options["theta"]) == ("dum", "cdcn", 0.7)
    method = DUM(Options(compat=True))
    network = method.network({})
    load_model(out, method, network)
    theirs = torch.load(published, weights_only=True)
    assert torch.equal(network.features.block2[3].weight, theirs["module.Block2.3.conv.weight"])
    assert torch.equal(network.logvar.weight, theirs["module.logvar_head.0.weight"])
    assert network.features.stem[1].num_batches_tracked == 7


def test_a_checkpoint_of_another_theta_or_network_is_refused_where_it_is_used(published, tmp_path):
    out = tmp_path / "dum.safetensors"
    convert.convert(published, out, {"theta": "0.5"})
    method = DUM(Options())
    with pytest.raises(CheckpointError, match=r"trained with theta=0\.5 \(not 0\.7\)"):
        load_model(out, method, method.network({}))


def saved(path, content):
    torch.save(content, path)
    return path


def refused(path, tmp_path, capsys):
    out = tmp_path / "out.safetensors"
    assert convert.main([str(path), str(out)]) == 2
    assert not out.exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line


def test_code_in_a_pickle_is_not_run_and_is_named(tmp_path, capsys):
    made = tmp_path / "made"
    path = tmp_path / "old.pkl"
    path.write_bytes(pickle.dumps(RunsCode(made), protocol=2))
    line = refused(path, tmp_path, capsys)
    assert f"{path}: pickled with code (posix.mkdir)" in line
    line = refused(saved(path, RunsCode(made)), tmp_path, capsys)
    assert "posix.mkdir" in line
    path.write_bytes(pickle.dumps(RunsCode(made)))  # a protocol that torch does not write
    assert "not a file of torch.save" in refused(path, tmp_path, capsys)
    assert not made.exists()


def test_a_whole_pickled_module_is_refused_by_name(tmp_path, capsys):
    path = saved(tmp_path / "whole.pkl", nn.DataParallel(nn.Linear(1, 1)))
    line = refused(path, tmp_path, capsys)
    assert "pickled with code (torch.nn.parallel.data_parallel.DataParallel)" in line
    assert "save only the state_dict" in line


def test_other_weights_are_refused(tmp_path, capsys, authors_state):
    path = tmp_path / "weights.pkl"
    line = refused(saved(path, nn.Linear(2, 2).state_dict()), tmp_path, capsys)
    assert "no weights of CDCN_u, depthnet_u or ResNet18_u" in line
    state = authors_state("cdcn")
    del state["mu_head.0.weight"]  # CDCN itself has one map in its place
    state["lastconv3.0.conv.weight"] = torch.zeros(1, 64, 3, 3)
    line = refused(saved(path, state), tmp_path, capsys)
    assert f"{path}: is not DUM on cdcn: mu.weight is missing, expected (1, 64, 3, 3)" in line
    line = refused(
        saved(path, {**authors_state("cdcn"), "fc.bias": torch.ones(3)}), tmp_path, capsys
    )
    assert "is not DUM on cdcn, which has no fc.bias" in line
    line = refused(saved(path, [1, 2]), tmp_path, capsys)
    assert "is no table of named tensors" in line
    line = refused(saved(path, {"epoch": 3, "state_dict": {}}), tmp_path, capsys)
    assert "no weights of CDCN_u" in line
    assert "No such file" in refused(tmp_path / "none.pkl", tmp_path, capsys)


def test_a_truncated_file_is_refused(tmp_path, capsys):
    path = saved(tmp_path / "small.pkl", {"module.conv1.0.conv.weight": torch.ones(4, 3, 3, 3)})
    whole = path.read_bytes()
    for length in (0, 1, 2, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "not a file of torch.save, or damaged" in refused(path, tmp_path, capsys)
    path.write_bytes(b"not a file at all\n" * 9)
    assert "not a file of torch.save, or damaged" in refused(path, tmp_path, capsys)


def test_an_option_without_a_value_is_refused(published, tmp_path, capsys):
    assert convert.main([str(published), str(tmp_path / "o"), "--option", "compat"]) == 2
    assert capsys.readouterr().err == "error: --option compat: expected KEY=VALUE\n"
