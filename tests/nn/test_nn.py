"""Layers on the operators: equal to them, cached only while nothing changes, mergeable."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn as torch_nn

from fasharness import nn, ops


def _input(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _published(x, layer):
    """Two convolutions, the bias in both."""
    summed = layer.weight.sum((2, 3), keepdim=True)
    plain = F.conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding)
    return plain - layer.theta * F.conv2d(x, summed, layer.bias, layer.stride)


@pytest.mark.parametrize("learnable", [False, True])
def test_compat_is_the_published_layer(learnable):
    torch.manual_seed(0)
    layer = nn.CDConv2d(
        3, 4, 3, stride=2, padding=1, theta=0.6, compat=True, learnable_theta=learnable
    )
    x = _input(2, 3, 9, 7)
    torch.testing.assert_close(layer(x), _published(x, layer))


def test_theta_learns():
    layer = nn.CDConv2d(3, 4, 3, theta=0.6, learnable_theta=True)
    layer(_input(1, 3, 5, 5)).square().sum().backward()
    assert layer.theta.grad.abs() > 0
    assert "theta" in layer.state_dict()
    assert "theta=learnable" in repr(layer)


def test_a_nan_theta_is_refused():
    with pytest.raises(ValueError, match="theta must be a finite number, got nan"):
        nn.CDConv2d(1, 1, 3, theta=float("nan"))


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match=r"kernel_size must be odd, got \(3, 2\)"):
        nn.CDConv2d(1, 1, (3, 2))


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.zeros(3, 5, 5), ValueError, r"x must be \(N, C, H, W\), got \(3, 5, 5\)"),
        (torch.zeros(1, 2, 5, 5), ValueError, "x must have 3 channels"),
        (torch.zeros(1, 3, 5, 5).int(), TypeError, "x must be a floating point tensor"),
        (torch.zeros(1, 3, 5, 5).double(), TypeError, "weight must have x's dtype torch.float64"),
        (torch.zeros(1, 3, 5, 5, device="meta"), ValueError, "weight must be on the device of x"),
    ],
)
@pytest.mark.parametrize("layer", [nn.CDConv2d(3, 4, 3), nn.CrossCDConv2d(3, 4, "hv")])
def test_a_layer_refuses_what_its_operator_refuses(layer, x, error, message):
    with pytest.raises(error, match=message):
        layer(x)


def _in_place(layer):
    with torch.no_grad():
        layer.weight.mul_(2)


def _loaded(layer):
    layer.load_state_dict({k: v + 1 for k, v in layer.state_dict().items()})


def _replaced(layer):
    layer.weight = torch_nn.Parameter(layer.weight.detach() + 1)


def _swapped_data(layer):
    layer.weight.data = layer.weight.data + 1


def _stepped(layer):
    layer.weight.grad = torch.ones_like(layer.weight)
    torch.optim.SGD(layer.parameters(), lr=0.1).step()


def _cast(layer):
    layer.double()


def _theta_moved(layer):
    with torch.no_grad():
        layer.theta.add_(0.1)


def _data_written_then_eval(layer):
    layer.weight.data.mul_(3)
    layer.eval()


@pytest.mark.parametrize(
    "change",
    [
        _in_place,
        _loaded,
        _replaced,
        _swapped_data,
        _stepped,
        _cast,
        _theta_moved,
        _data_written_then_eval,
    ],
)
@torch.no_grad()
def test_the_kept_weight_follows_every_change(change):
    torch.manual_seed(0)
    layer = nn.CDConv2d(3, 4, 3, padding=1, learnable_theta=True).eval()
    x = _input(1, 3, 6, 6)
    layer(x)
    assert layer.merged_weight() is layer.merged_weight()
    change(layer)
    x = x.to(layer.weight.dtype)
    expected = ops.cdc_conv2d(x, layer.weight, layer.bias, padding=1, theta=layer.theta)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


def test_nothing_is_kept_where_gradients_are_needed_or_versions_missing():
    layer = nn.CDConv2d(3, 4, 3).eval()
    assert layer.merged_weight() is not layer.merged_weight()
    assert layer.merged_weight().requires_grad
    with torch.inference_mode():
        strange = nn.CDConv2d(3, 4, 3).eval()
        assert strange.merged_weight() is not strange.merged_weight()


@torch.no_grad()
def test_copies_and_pickles_leave_the_kept_weight_behind():
    layer = nn.CDConv2d(3, 4, 3).eval()
    layer(_input(1, 3, 5, 5))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        other.weight.zero_()
        assert other(_input(1, 3, 5, 5)).std((0, 2, 3)).max() == 0


@pytest.mark.parametrize("direction", ["hv", "diagonal"])
def test_cross_convolutions(direction):
    layer = nn.CrossCDConv2d(3, 4, direction, theta=0.8)
    assert tuple(layer.weight.shape) == (4, 3, 1, 5)
    x = _input(1, 3, 6, 6)
    dense = ops.cross_weight(layer.weight, direction)
    expected = ops.cdc_conv2d(x, dense, layer.bias, padding=1, theta=0.8)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("form", ["all", "adjacent", "temporal"])
def test_video_convolutions(form):
    layer = nn.CDConv3d(2, 3, 3, padding=1, theta=0.6, form=form)
    x = _input(1, 2, 4, 5, 5)
    expected = ops.cdc_conv3d(x, layer.weight, layer.bias, padding=1, theta=0.6, form=form)
    torch.testing.assert_close(layer(x), expected)


def test_layers_without_parameters_are_their_operators():
    x = _input(4, 3, 6, 6)
    assert torch.equal(nn.SpatialGradient()(x).gy, ops.spatial_gradient(x).gy)
    assert torch.equal(nn.SpatialGradientMagnitude()(x), ops.spatial_gradient_magnitude(x))
    assert torch.equal(nn.SpatialGradientSquared()(x), ops.spatial_gradient_squared(x))
    joined = nn.TemporalGradientFeatures(2)(x, x[:, :1])
    assert torch.equal(joined, ops.temporal_gradient_features(x, x[:, :1], 2))
    weight = torch.tensor([1, 1, 0.1, 0.1])
    loss = nn.ContrastDepthLoss("same")(x[:, 0], x[:, 1], weight)
    assert loss == ops.contrast_depth_loss(x[:, 0], x[:, 1], padding="same", weight=weight)


def _kept_bytes(function, x):
    kept = {}

    def pack(t):
        kept[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        out = function(x)
    return sum(kept.values()), out


def test_the_gradient_convolution_keeps_its_input_alone():
    torch.manual_seed(0)
    layer = nn.GradientConv2d(3, 4)
    x = _input(2, 3, 20, 20).requires_grad_()
    plain, expected = _kept_bytes(
        lambda x: F.conv2d(ops.spatial_gradient_magnitude(x), layer.weight, layer.bias), x
    )
    kept, got = _kept_bytes(layer, x)
    assert kept < 0.6 * plain
    torch.testing.assert_close(got, expected, rtol=0, atol=0)
    wanted = (x, *layer.parameters())
    for a, b in zip(
        torch.autograd.grad(got.square().sum(), wanted),
        torch.autograd.grad(expected.square().sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected)


class _Network(torch_nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch_nn.Sequential(
            nn.CDConv2d(3, 8, 3, padding=1, bias=False),
            torch_nn.BatchNorm2d(8),
            torch_nn.ReLU(),
            nn.CrossCDConv2d(8, 8, "diagonal", compat=True),
            torch_nn.BatchNorm2d(8),
            torch_nn.Conv2d(8, 4, 3, groups=2),
        )
        self.last = nn.CDConv2d(4, 1, 3, stride=2)

    def forward(self, x):
        return self.last(self.body(x)).relu()


@pytest.fixture
def network():
    torch.manual_seed(0)
    model = _Network()
    for _ in range(3):
        model(torch.randn(4, 3, 12, 12))
    return model.eval()


def test_merging_gives_plain_convolutions_that_compute_the_same(network):
    before = copy.deepcopy(network.state_dict())
    merged = nn.merge_cdc(network)
    kinds = {type(m) for m in merged.modules()}
    assert not kinds & {nn.CDConv2d, nn.CrossCDConv2d, torch_nn.BatchNorm2d}
    x = _input(2, 3, 13, 12)
    torch.testing.assert_close(merged(x), network(x), rtol=1e-5, atol=1e-6)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    double = nn.merge_cdc(network.double())
    torch.testing.assert_close(double(x.double()), network(x.double()), rtol=0, atol=1e-13)


def test_a_single_layer_and_video_merge_too():
    layer = nn.CDConv3d(2, 3, 3, form="temporal").eval()
    merged = nn.merge_cdc(layer)
    assert type(merged) is torch_nn.Conv3d
    x = _input(1, 2, 4, 5, 5)
    torch.testing.assert_close(merged(x), layer(x))


def test_merging_needs_eval_mode():
    with pytest.raises(ValueError, match="model must be in eval mode"):
        nn.merge_cdc(nn.CDConv2d(1, 1, 3))


def test_a_network_compiles_exports_and_autocasts(network):
    x = _input(2, 3, 12, 12)
    expected = network(x)
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), expected)
    torch.testing.assert_close(torch.export.export(network, (x,)).module()(x), expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert network(x).dtype == torch.bfloat16


# torch's own exporter still calls what torch itself deprecates.
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
def test_a_merged_network_exports_to_onnx(network, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    merged, x = nn.merge_cdc(network), _input(1, 3, 12, 12)
    path = tmp_path / "network.onnx"
    torch.onnx.export(merged, (x,), path, dynamo=True)
    session = onnxruntime.InferenceSession(path)
    (got,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(torch.from_numpy(got), merged(x).detach(), rtol=1e-4, atol=1e-5)
