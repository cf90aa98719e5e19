"""The networks that compare identities: files that are read, files that are refused."""

from __future__ import annotations

import base64
import json
import os

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fasharness.errors import WeightsError
from fasharness.plugins import load as plugins
from fasharness.prepare.weights import path, resolve
from fasharness_dsdg import FACERES, LIGHTCNN, faceres, identities, lightcnn
from fasharness_dsdg.lightcnn import LightCNN


@pytest.fixture(scope="module")
def whole():
    """Weights of the published form: a checkpoint of training on several GPUs."""
    torch.manual_seed(0)
    state = {f"module.{name}": value for name, value in LightCNN().state_dict().items()}
    return {**state, "module.fc2.weight": torch.zeros(7, 256)}


@pytest.fixture
def published(whole, tmp_path):
    return saved(tmp_path, {"epoch": 80, "arch": "LightCNN", "state_dict": whole, "prec1": 98.2})


def saved(folder, content, **how):
    torch.save(content, folder / "light.pth", **how)
    return folder / "light.pth"


def test_the_published_form_is_read(published, whole):
    network = lightcnn.load(published)
    assert torch.equal(network.fc.weight, whole["module.fc.weight"])
    assert torch.equal(
        network.block4[3].conv2.filter.bias, whole["module.block4.3.conv2.filter.bias"]
    )


def test_a_bare_state_of_the_old_format_is_read(whole, tmp_path):
    bare = {name.removeprefix("module."): value for name, value in whole.items()}
    network = lightcnn.load(saved(tmp_path, bare, _use_new_zipfile_serialization=False))
    assert torch.equal(network.fc.bias, bare["fc.bias"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("module.group3.conv.filter.bias"), "group3.conv.filter.bias is missing"),
        (
            lambda s: s.update({"module.fc.weight": torch.zeros(256, 512)}),
            r"fc.weight has the shape \(256, 512\), expected \(256, 8192\)",
        ),
        (lambda s: s.update({"module.fc.bias": torch.full((256,), torch.nan)}), "is not finite"),
    ],
)
def test_weights_of_another_network_are_refused(change, words, whole, tmp_path):
    state = dict(whole)
    change(state)
    with pytest.raises(WeightsError, match=rf"light\.pth: .*{words}"):
        lightcnn.load(saved(tmp_path, {"state_dict": state}))


@pytest.mark.parametrize("content", [[1], {"state_dict": {"a": 1}}, {3: torch.zeros(1)}])
def test_other_contents_are_refused(content, tmp_path):
    with pytest.raises(WeightsError, match="is no table of named tensors"):
        lightcnn.load(saved(tmp_path, content))


def test_a_cut_file_is_refused(published, tmp_path):
    content = published.read_bytes()
    for length in (0, 3, 1000, len(content) // 2, len(content) - 1):
        (tmp_path / "light.pth").write_bytes(content[:length])
        with pytest.raises(WeightsError, match=r"light\.pth: .* or damaged"):
            lightcnn.load(tmp_path / "light.pth")


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, made):
        self.made = made

    def __reduce__(self):
        return os.mkdir, (str(self.made),)


def test_code_in_a_file_is_not_run(whole, tmp_path):
    file = saved(tmp_path, {"state_dict": whole, "args": Harmful(tmp_path / "made")})
    with pytest.raises(WeightsError, match=r"pickled with code \(posix\.mkdir\)"):
        lightcnn.load(file)
    assert not (tmp_path / "made").exists()


@pytest.mark.usefixtures("own_machine")
def test_missing_weights_name_the_command():
    with pytest.raises(WeightsError, match="fasharness weights add lightcnn-29v2 FILE"):
        path(LIGHTCNN)
    with pytest.raises(WeightsError, match="fetch with: fasharness weights get faceres faceres-gr"):
        resolve(plugins(), ["faceres", "faceres-graph"])
    assert FACERES.how == "fasharness weights get faceres"


def test_grey_is_luma_of_the_mean_of_four_pixels():
    picture = torch.zeros(1, 3, 256, 256)
    picture[0, :, 0, 0] = torch.tensor([1.0, 0.5, 0.25])
    found = lightcnn.grey(picture, 128)
    assert found.shape == (1, 1, 128, 128)
    assert found[0, 0, 0, 0].item() == pytest.approx((0.299 + 0.587 / 2 + 0.114 / 4) / 4)
    assert found.count_nonzero() == 1


def node(name, operation, *inputs, **attributes):
    return {"name": name, "op": operation, "input": list(inputs), "attr": attributes}


def how(stride):
    same = base64.b64encode(b"SAME").decode()
    return {"padding": {"s": same}, "strides": {"list": {"i": ["1", stride, stride, "1"]}}}


@pytest.fixture
def graph(tmp_path):
    """A network of two layers in the files' format, with its constants."""
    rng = np.random.default_rng(0)
    shapes = {"k1": (3, 3, 3, 4), "b1": (4,), "k2": (3, 3, 4, 1), "m2": (4,), "b2": (4,)}
    constants = {k: rng.normal(0, 0.1, s).astype(np.float16) for k, s in shapes.items()}
    constants |= {"zero": np.float16([0]).reshape(()), "six": np.float16([6]).reshape(())}
    nodes = [
        node("c1", "Conv2D", "input_1", "k1", **how("2")),
        node("a1", "Add", "c1", "b1"),
        node("c2", "DepthwiseConv2dNative", "x1", "k2", **how("1")),
        node("p2", "Mul", "c2", "m2"),
        node("a2", "Add", "p2", "b2"),
        node("global_pooling/Mean", "Mean", "x2", "axes"),
    ]
    for n in "12":
        nodes += [node(f"r{n}", "Relu", f"a{n}"), node(f"n{n}", "Minimum", f"r{n}", "six")]
        nodes += [node(f"x{n}", "Maximum", f"n{n}", "zero")]
    table = [
        {"name": name, "shape": list(value.shape), "dtype": "float32",
         "quantization": {"dtype": "float16"}}
        for name, value in constants.items()
    ]  # fmt: skip
    content = {"modelTopology": {"node": nodes}, "weightsManifest": [{"weights": table}]}
    (tmp_path / "g.json").write_text(json.dumps(content))
    (tmp_path / "g.bin").write_bytes(b"".join(v.tobytes() for v in constants.values()))
    return constants


def test_a_graph_is_rebuilt(graph, tmp_path):
    """Against the layers written out: far-edge padding, blue first, means, scale, clipping."""
    network = faceres.load(tmp_path / "g.json", tmp_path / "g.bin")
    shown = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    value = {name: torch.from_numpy(v.astype(np.float32)) for name, v in graph.items()}
    x = torch.stack([255 * shown[:, 2] - 103.939, 255 * shown[:, 1] - 116.779,
                     255 * shown[:, 0] - 123.68], 1)  # fmt: skip
    x = F.conv2d(F.pad(x, (0, 1, 0, 1)), value["k1"].permute(3, 2, 0, 1), value["b1"], stride=2)
    x = F.relu6(x)
    x = F.conv2d(x, value["k2"].permute(2, 3, 0, 1), padding=1, groups=4)
    x = F.relu6(x * value["m2"].view(1, 4, 1, 1) + value["b2"].view(1, 4, 1, 1))
    expected = F.normalize(x.mean((2, 3)))
    torch.testing.assert_close(network(shown), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        lambda graph, values: (graph[:-20], values),
        lambda graph, values: (graph, values[:-2]),
        lambda graph, values: (graph, values + b"00"),
        lambda graph, values: (graph.replace(b"Relu", b"Tanh"), values),
        lambda graph, values: (graph.replace(b"Conv2D", b"MatMul"), values),
        lambda graph, values: (graph.replace(b"input_1", b"input_2"), values),
        lambda graph, values: (b"[]", values),
        lambda graph, values: (b"{}", values),
    ],
)
def test_other_graphs_are_refused(change, graph, tmp_path):
    files = [tmp_path / name for name in ("g.json", "g.bin")]
    for file, content in zip(files, change(*(f.read_bytes() for f in files)), strict=True):
        file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"g\.json: is not the graph of HSE-FaceRes"):
        faceres.load(*files)


def test_simulated_persons_are_the_same_ones_always_and_differ():
    shown, again = (identities.faces(range(3, 5), 2) for _ in range(2))
    assert torch.equal(shown.pictures, again.pictures)
    assert shown.persons.tolist() == [0, 0, 1, 1]
    assert shown.pictures.shape == (4, 3, 64, 64)
    assert not torch.equal(shown.pictures[0], shown.pictures[1])
    assert torch.equal(identities.faces(range(4, 5), 2).pictures, shown.pictures[2:])


@pytest.mark.slow
def test_the_simulated_network_tells_persons_apart_whom_it_never_saw():
    before = torch.random.get_rng_state()
    network = identities.trained()
    assert torch.equal(torch.random.get_rng_state(), before)
    shown = identities.faces(range(1001, 1031), 4)
    features = network(shown.pictures)
    cosines = (features @ features.T).numpy()
    same = (shown.persons[:, None] == shown.persons[None]).numpy()
    upper = np.triu(np.ones_like(same), 1)
    genuine, others = cosines[same & upper], cosines[~same & upper]
    # The share of pairs in which the same person is nearer: 0.90 where it was measured.
    assert (genuine[:, None] > others[None]).mean() > 0.85
