"""Turn a trained network into plain convolutions, for deployment and export."""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fasharness.nn.cdc_conv import CDConv2d, CDConv3d

_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)


def _plain(layer: CDConv2d | CDConv3d) -> nn.Conv2d | nn.Conv3d:
    weight, bias = layer.merged_weight(), layer.merged_bias()
    kind = nn.Conv2d if weight.ndim == 4 else nn.Conv3d
    plain = kind(
        layer.in_channels,
        layer.out_channels,
        # Not layer.kernel_size: a cross layer stores (1, 5) and convolves with 3x3.
        tuple(weight.shape[2:]),  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        layer.dilation,  # type: ignore[arg-type]
        layer.groups,
        bias is not None,
        device=weight.device,
        dtype=weight.dtype,
    )
    plain.weight.copy_(weight)
    if plain.bias is not None:
        plain.bias.copy_(cast(Tensor, bias))
    return plain.train(layer.training)


def _merge_children(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, CDConv2d | CDConv3d):
            setattr(module, name, _plain(child))
        else:
            _merge_children(child)


def _merge_norms(module: nn.Module) -> None:
    if isinstance(module, nn.Sequential):
        for i in range(len(module) - 1):
            conv, norm = module[i], module[i + 1]
            if isinstance(conv, nn.Conv2d | nn.Conv3d) and isinstance(norm, _NORMS):
                module[i] = fuse_conv_bn_eval(conv, norm)
                module[i + 1] = nn.Identity()
    for child in module.children():
        _merge_norms(child)


@torch.no_grad()
def merge_cdc(model: nn.Module) -> nn.Module:
    """Copy a network with central differences and batch norms merged into plain convolutions.

    A batch norm is merged if it directly follows a convolution in an `nn.Sequential`: only there
    is it certain that nothing else reads the tensor in between.

    Args:
        model: a network in eval mode.

    Returns:
        A copy without central-difference layers that computes the same up to rounding.

    Raises:
        ValueError: the network is in training mode, where batch norms use the batch.
    """
    if model.training:
        raise ValueError("model must be in eval mode, got training mode: call model.eval() first")
    # Wrapped, so that a model that is itself a central-difference layer has a parent to replace it
    # in.
    merged = nn.Sequential(copy.deepcopy(model))
    # First, as a batch norm can only be merged into a plain convolution.
    _merge_children(merged)
    _merge_norms(merged)
    return merged.eval()[0]
