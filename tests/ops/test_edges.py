"""Input at the edge: nothing in it, one of it, other dtypes; kernels and definition agree."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fasharness.ops import (
    EagerKernels,
    cdc_weight,
    contrast_depth_loss,
    spatial_gradient,
    spatial_gradient_magnitude,
    spatial_gradient_squared,
    temporal_gradient_features,
)

FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
LAYOUTS = (torch.contiguous_format, torch.channels_last)
SIZES = st.tuples(*(st.integers(0, 3) for _ in range(2)), *(st.integers(0, 5) for _ in range(2)))


def joined(x: Tensor) -> Tensor:
    return torch.cat(spatial_gradient(x), 1)


def paired(x: Tensor) -> Tensor:
    clips = torch.cat((x, -x))
    return temporal_gradient_features(clips, clips, 2)


def values(function, x: Tensor) -> tuple[Tensor, Tensor]:
    """The result, and the gradient of its sum."""
    x = x.detach().requires_grad_()
    out = function(x)
    return out.detach(), torch.autograd.grad(out.sum(), x)[0]


@settings(deadline=None, max_examples=60)
@given(
    size=SIZES,
    dtype=st.sampled_from(FLOATS),
    layout=st.sampled_from(LAYOUTS),
    special=st.sampled_from((0.0, math.nan, math.inf, -math.inf)),
    at=st.integers(0, 200),
)
@pytest.mark.parametrize(
    "function", [joined, spatial_gradient_magnitude, spatial_gradient_squared, paired]
)
def test_sizes_from_nothing_on_and_special_values_agree(
    function, tolerance, size, dtype, layout, special, at
):
    x = torch.linspace(-1, 1, math.prod(size)).reshape(size).to(dtype)
    if x.numel():
        x.view(-1)[at % x.numel()] = special
    x = x.contiguous(memory_format=layout)
    found = values(function, x)
    with EagerKernels():
        expected = values(function, x)
    for ours, theirs in zip(found, expected, strict=True):
        rounding = tolerance[dtype]
        torch.testing.assert_close(ours, theirs, equal_nan=True, rtol=rounding, atol=rounding)


@pytest.mark.parametrize("maps", FLOATS)
@pytest.mark.parametrize("weights", FLOATS)
@pytest.mark.parametrize("native", [True, False])
def test_a_weight_of_another_dtype_counts_in_the_dtype_of_the_maps(maps, weights, native):
    generator = torch.Generator().manual_seed(0)
    pred, target = torch.rand(2, 3, 4, 4, generator=generator).to(maps)
    weight = torch.tensor([0.5, 2.0, 0.25]).to(weights)
    # Each of the three is exact in every dtype.
    expected = contrast_depth_loss(pred.double(), target.double(), weight=weight.double())
    if native:
        found = contrast_depth_loss(pred, target, weight=weight)
    else:
        with EagerKernels():
            found = contrast_depth_loss(pred, target, weight=weight)
    assert found.dtype == maps
    torch.testing.assert_close(found.double(), expected, rtol=1e-2, atol=0)


def test_a_theta_of_any_shape_is_one_number():
    weight = torch.rand(2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    expected = cdc_weight(weight, 0.7)
    for shape in ((), (1,), (1, 1), (1, 1, 1, 1)):
        theta = torch.full(shape, 0.7, dtype=torch.float64, requires_grad=True)
        for found in (cdc_weight(weight, theta), eager(weight, theta)):
            torch.testing.assert_close(found, expected)
            (grad,) = torch.autograd.grad(found.square().sum(), theta)
            assert grad.shape == shape


def eager(weight: Tensor, theta: Tensor) -> Tensor:
    with EagerKernels():
        return cdc_weight(weight, theta)


def test_shapes_are_known_without_values():
    maps = torch.empty(2, 4, 4, device="meta")
    assert contrast_depth_loss(maps, maps).shape == ()
    frames = torch.empty(4, 3, 5, 5, device="meta")
    assert temporal_gradient_features(frames, frames, 2).shape == (2, 18, 5, 5)
    assert cdc_weight(torch.empty(2, 3, 3, 3, device="meta"), 0.7).shape == (2, 3, 3, 3)


def test_features_of_two_dtypes_are_joined_under_autocast_alone():
    wide = torch.rand(2, 3, 4, 4)
    narrow = torch.rand(2, 2, 4, 4).bfloat16()
    with pytest.raises(TypeError, match=r"features' dtype torch.float32, got torch.bfloat16"):
        temporal_gradient_features(wide, narrow, 2)
    with torch.autocast("cpu", torch.bfloat16):
        found = temporal_gradient_features(wide, narrow, 2)
    assert found.dtype == torch.float32
    assert torch.equal(found, temporal_gradient_features(wide, narrow.float(), 2))


def test_more_taps_than_the_largest_kernel_has_are_refused_everywhere():
    largest = torch.rand(1, 1, 7, 7, 7, dtype=torch.float64)
    torch.testing.assert_close(cdc_weight(largest, 0.7), eager(largest, 0.7))
    with pytest.raises(ValueError, match=r"at most 343 taps \(7x7x7\), got \(9, 9, 9\)"):
        cdc_weight(torch.rand(1, 1, 9, 9, 9), 0.7)


def test_transforms_of_torch_func_are_refused_in_words():
    def total(x: Tensor) -> Tensor:
        return spatial_gradient_magnitude(x).sum()

    with pytest.raises(RuntimeError, match=r"magnitude.*use torch\.autograd\.grad"):
        torch.func.grad(total)(torch.rand(1, 1, 4, 4))
