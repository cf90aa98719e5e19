"""Central-difference convolution against its two-convolution form and the authors' arrays."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from fasharness.ops import cdc_conv2d, cdc_conv3d, cdc_weight, cross_weight

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
CASES_2D = (
    "k3_t7_s1_b0",
    "k3_t7_s1_b1",
    "k3_t3_s2_b1",
    "k3_t10_s1_b1",
    "k5p2_s2_t7_b1",
    "k3_d2p2_t7",
    "k3_g2_t7",
)


def _random(*shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()


@pytest.mark.parametrize("tag", CASES_2D)
def test_the_authors_values_and_gradients(golden, tag, device):
    data = golden("cdc_conv2d")

    def array(key):
        key = f"{tag}/{key}"
        return torch.from_numpy(data[key]).double().to(device) if key in data else None

    stride, padding, dilation, groups = (int(v) for v in data[f"{tag}/settings"][:4])
    theta = float(data[f"{tag}/settings"][4])
    inputs = {k: v.requires_grad_() for k in ("x", "w", "b") if (v := array(k)) is not None}
    y = cdc_conv2d(
        inputs["x"],
        inputs["w"],
        inputs.get("b"),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        theta=theta,
        compat=True,
    )
    torch.testing.assert_close(y, array("y_f64"), rtol=0, atol=1e-12)
    for key, grad in zip(
        inputs, torch.autograd.grad(y, list(inputs.values()), array("gy")), strict=True
    ):
        torch.testing.assert_close(grad, array(f"g{key}_f64"), rtol=0, atol=1e-11)


def test_the_sgtd_authors_layer(golden):
    data = golden("sgtd_operators")
    x = torch.from_numpy(data["cdc_theta07/in0"]).permute(0, 3, 1, 2).double()
    w = torch.from_numpy(data["cdc_theta07/cdc"]).permute(3, 2, 0, 1).double().requires_grad_()
    y = cdc_conv2d(x, w, padding=1, theta=0.7)
    expected = torch.from_numpy(data["cdc_theta07/out_f64"]).permute(0, 3, 1, 2)
    # The original holds theta as a float32, so agreement ends there.
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("direction", ["hv", "diagonal"])
def test_the_authors_cross_convolutions(golden, direction):
    data = golden("cross_cdc_conv2d")
    tag = {"hv": "hv_t8_b1", "diagonal": "diag_t8_b1"}[direction]
    x, w, b, gy, y, gx, gw, gb = (
        torch.from_numpy(data[f"{tag}/{k}"]).double()
        for k in ("x", "w", "b", "gy", "y", "gx", "gw", "gb")
    )
    inputs = [t.requires_grad_() for t in (x, w, b)]
    got = cdc_conv2d(x, cross_weight(w, direction), b, padding=1, theta=0.8, compat=True)
    torch.testing.assert_close(got, y, rtol=0, atol=2e-6)
    for a, e in zip(torch.autograd.grad(got, inputs, gy), (gx, gw, gb), strict=True):
        torch.testing.assert_close(a, e, rtol=0, atol=1e-5)


@pytest.mark.parametrize("theta", [0.0, 0.7, -0.5, 1.3])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (1, 5), (5, 3)])
def test_it_is_two_convolutions(kernel, theta):
    x, w, b = _random(2, 3, 9, 8), _random(4, 3, *kernel), _random(4)
    half = tuple(k // 2 for k in kernel)
    got = cdc_conv2d(x, w, b, padding=half, theta=theta)
    expected = F.conv2d(x, w, b, padding=half) - theta * F.conv2d(x, w.sum((2, 3), keepdim=True))
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


def _published_3d(x, w, theta, form):
    if form == "all":
        summed, centre = w.sum((2, 3, 4), keepdim=True), x
    else:
        summed = (w[:, :, 0] + w[:, :, 2]).sum((2, 3))[:, :, None, None, None]
        pooled = F.avg_pool3d(x, (3, 1, 1), stride=1, padding=(1, 0, 0))
        centre = pooled if form == "temporal" else x
    return F.conv3d(x, w, padding=1) - theta * F.conv3d(centre, summed)


@pytest.mark.parametrize("form", ["all", "adjacent", "temporal"])
def test_video_is_the_published_two_convolutions(form, device):
    x, w = (t.detach().to(device) for t in (_random(2, 3, 5, 6, 4), _random(4, 3, 3, 3, 3)))
    w.requires_grad_()
    got = cdc_conv3d(x, w, padding=1, theta=0.6, form=form)
    expected = _published_3d(x, w, 0.6, form)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)
    direction = torch.randn_like(got)
    a, b = (torch.autograd.grad(y, w, direction)[0] for y in (got, expected))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_a_difference_kernel_ignores_a_constant_image():
    x = torch.full((1, 2, 5, 5), 3.0, dtype=torch.float64)
    y = cdc_conv2d(x, _random(3, 2, 3, 3), theta=1.0)
    torch.testing.assert_close(y, torch.zeros_like(y), rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", ["all", "adjacent", "temporal"])
def test_first_and_second_derivatives(form, device):
    w, theta = (
        t.detach().to(device).requires_grad_() for t in (_random(2, 2, 3, 1, 3), _random(1))
    )
    assert gradcheck(lambda w: cdc_weight(w, 0.7, form), (w,))
    assert gradcheck(lambda w, t: cdc_weight(w, t, form), (w, theta))
    assert gradgradcheck(lambda w, t: cdc_weight(w, t, form), (w, theta))


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    out=st.integers(0, 5),
    channels=st.sampled_from([1, 3, 130]),
    kernel=st.sampled_from([(1, 1), (3, 3), (5, 3), (3, 3, 3), (1, 3, 3), (5, 1, 1)]),
    form=st.sampled_from(["all", "adjacent", "temporal"]),
    learnable=st.booleans(),
)
def test_native_is_eager(assert_native_is_eager, dtype, out, channels, kernel, form, learnable):
    form = form if len(kernel) == 3 else "all"
    weight = _random(out, channels, *kernel, dtype=dtype)
    if learnable:
        theta = torch.tensor(0.7, dtype=dtype, requires_grad=True)
        assert_native_is_eager(lambda w, t: cdc_weight(w, t, form), weight, theta)
    else:
        assert_native_is_eager(lambda w: cdc_weight(w, 0.7, form), weight)


def test_channels_last_weights_give_contiguous_merged_weights(assert_native_is_eager):
    weight = _random(4, 3, 3, 3).detach().contiguous(memory_format=torch.channels_last)
    assert_native_is_eager(lambda w: cdc_weight(w, 0.7), weight.requires_grad_())


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_number_of_threads_changes_no_bit(assert_native_is_eager, dtype):
    weight = _random(150, 60, 3, 3, dtype=dtype)
    before = torch.get_num_threads()
    merged = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        assert_native_is_eager(lambda w: cdc_weight(w, 0.7), weight)
        merged.append(cdc_weight(weight, 0.7))
    torch.set_num_threads(before)
    assert torch.equal(merged[0], merged[1])
    assert torch.equal(merged[0], merged[2])


@pytest.mark.parametrize("kernel", [(3, 3), (3, 3, 3)])
def test_opcheck(opcheck, kernel, device):
    weight = _random(4, 3, *kernel).detach().to(device).requires_grad_()
    theta = torch.tensor(0.7, dtype=torch.float64, device=device, requires_grad=True)
    count = weight[0, 0].numel()
    sample, spread = [1.0] * count, [float(k == count // 2) for k in range(count)]
    opcheck("cdc_weight", weight, 0.7, None, sample, spread)
    opcheck("cdc_weight", weight, 1.0, theta, sample, spread)
    opcheck("cdc_theta_grad", weight, weight.detach().clone().requires_grad_(), sample, spread)


def test_autocast_merges_in_float32_and_convolves_in_bfloat16():
    x, w = (t.detach().float() for t in (_random(1, 3, 6, 6), _random(4, 3, 3, 3)))
    with torch.autocast("cpu", torch.bfloat16):
        assert cdc_weight(w, 0.7).dtype == torch.float32
        assert cdc_conv2d(x, w).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x": torch.zeros(3, 5, 5)}, ValueError, r"x must be \(N, C, H, W\), got \(3, 5, 5\)"),
        ({"weight": torch.zeros(4, 3, 3)}, ValueError, r"weight must be \(O, I, kH, kW\)"),
        ({"weight": torch.zeros(4, 3, 2, 3)}, ValueError, r"weight must have odd kernel sizes"),
        ({"weight": torch.zeros(4, 2, 3, 3)}, ValueError, "x must have 2 channels for this weight"),
        ({"groups": 3}, ValueError, "groups must divide the 4 outputs, got 3"),
        ({"bias": torch.zeros(3)}, ValueError, r"bias must be \(4,\), got \(3,\)"),
        ({"bias": torch.zeros(4).int()}, TypeError, "bias must be a floating point tensor"),
        ({"bias": torch.zeros(4).half()}, TypeError, "bias must have weight's dtype torch.float32"),
        ({"bias": torch.zeros(4, device="meta")}, ValueError, "bias must be on the device of"),
        ({"x": torch.zeros(1, 3, 5, 5).double()}, TypeError, "weight must have x's dtype"),
        ({"x": torch.zeros(1, 3, 5, 5).int()}, TypeError, "x must be a floating point tensor"),
        ({"weight": torch.zeros(4, 3, 3, 3, device="meta")}, ValueError, "weight must be on the"),
        ({"theta": float("nan")}, ValueError, "theta must be a finite number, got nan"),
        ({"theta": float("-inf")}, ValueError, "theta must be a finite number, got -inf"),
        ({"theta": torch.zeros(2)}, ValueError, r"theta must hold one number, got \(2,\)"),
        ({"theta": torch.zeros(()).double()}, TypeError, "theta must have weight's dtype"),
    ],
)
def test_bad_input(change, error, message):
    good = {"x": torch.zeros(1, 3, 5, 5), "weight": torch.zeros(4, 3, 3, 3)}
    with pytest.raises(error, match=message):
        cdc_conv2d(**(good | change))


def test_bad_forms_and_directions():
    with pytest.raises(ValueError, match="form must be one of"):
        cdc_weight(torch.zeros(1, 1, 3, 3), 0.7, "temporal")
    with pytest.raises(ValueError, match=r"weight must be \(O, I, 1, 5\), got \(1, 1, 3, 3\)"):
        cross_weight(torch.zeros(1, 1, 3, 3), "hv")
    with pytest.raises(ValueError, match="direction must be one of"):
        cross_weight(torch.zeros(1, 1, 1, 5), "up")
