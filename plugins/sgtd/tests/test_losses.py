"""The losses against the reference values and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fasharness_sgtd.convert import from_tensorflow
from fasharness_sgtd.losses import decayed, multi_losses, single_losses
from fasharness_sgtd.network import ClipMaps, SGTDNet
from fasharness_sgtd.quirks import CompatSGTDNet, depth_scale


def classifier(arrays, kind):
    theirs = {k.removeprefix("var/"): v for k, v in arrays.items() if k.startswith("var/")}
    net = kind().double()
    net.load_state_dict(from_tensorflow(theirs), strict=False)
    return net


def inputs(arrays, case):
    fused = torch.from_numpy(arrays[case + "/pred"][..., 0]).double().transpose(0, 1)
    target = torch.from_numpy(arrays[case + "/maps"] / 255).permute(0, 3, 1, 2)
    bona_fide = torch.from_numpy(arrays[case + "/label"][:, 0] == 0)
    return fused.clone().requires_grad_(), target, bona_fide


@pytest.mark.parametrize("case", ["case0", "case1", "case2"])
def test_compat_multi_frame_loss(golden, case):
    arrays = golden("loss_multi")
    net = classifier(arrays, CompatSGTDNet)
    fused, target, bona_fide = inputs(arrays, case)
    classes = net.classify(fused.mean(1))
    losses = multi_losses(ClipMaps(fused, fused, fused, classes), target, bona_fide, depth_scale(5))
    decay = sum(0.0005 * w.square().sum() / 2 for w in decayed(net.classifier))
    np.testing.assert_allclose(classes.detach(), arrays[case + "/logits_cla@f64"], atol=1e-12)
    expected = {
        "loss": losses.total + decay,
        "loss_depth": losses.depth,
        "loss_cla": losses.classes,
        "loss_reg": decay,
    }
    for name, value in expected.items():
        assert value.item() == pytest.approx(arrays[f"{case}/{name}@f64"], abs=1e-12), name
    losses.total.backward()
    for i in range(4):
        np.testing.assert_allclose(
            fused.grad[:, i], arrays[f"{case}/grad/loss/pred{i}"][..., 0], rtol=0, atol=1e-8
        )


def test_default_softmax_is_applied_once(golden):
    arrays = golden("loss_multi")
    net = classifier(arrays, SGTDNet)
    fused, target, bona_fide = inputs(arrays, "case0")
    logits = net.classify(fused.mean(1))
    losses = multi_losses(ClipMaps(fused, fused, fused, logits), target, bona_fide)
    chosen = torch.where(bona_fide, logits[:, 0], logits[:, 1])
    by_hand = (logits.exp().sum(1).log() - chosen).mean()
    assert losses.classes.item() == pytest.approx(by_hand.item(), abs=1e-12)
    assert losses.total.item() == pytest.approx((0.2 * losses.depth + 0.8 * by_hand).item())


def test_default_depth_loss_is_the_mean_over_maps(golden):
    arrays = golden("loss_multi")
    fused, target, bona_fide = inputs(arrays, "case1")
    maps = ClipMaps(fused, fused, fused, torch.zeros(3, 2, dtype=torch.float64))
    per_map = arrays["case1/per_frame_mse_and_contrast@f64"].sum(1)
    assert multi_losses(maps, target, bona_fide).depth.item() == pytest.approx(per_map.mean())


def test_single_frame_loss(golden):
    arrays = golden("step_single")
    depth = torch.from_numpy(arrays["test/map"][..., 0]).double()
    target = torch.from_numpy(arrays["maps"][..., 0] / 255)
    losses = single_losses(depth, target)
    assert losses.total.item() == pytest.approx(arrays["test/loss_depth"], rel=1e-6)
    assert losses.square.item() == pytest.approx(F.mse_loss(depth, target).item())
    assert losses.total.item() == pytest.approx((losses.square + 0.5 * losses.contrast).item())


def test_decay_covers_the_published_tensors():
    net = SGTDNet(16, 0.1)
    counts = [len(decayed(part)) for part in net.children()]
    assert counts == [25, 9, 0, 2]
