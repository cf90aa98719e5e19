"""One training step of each stage at full size, in float64, against the reference run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fasharness_sgtd.losses import decayed, multi_losses, single_losses
from fasharness_sgtd.quirks import CompatSGTDNet, depth_scale

pytestmark = pytest.mark.slow


def network(state):
    net = CompatSGTDNet().double()
    net.load_state_dict(state)
    return net.eval()


def pixels(u8):
    return torch.from_numpy(u8.astype(np.float64)).sub(127.5).div(255)


def penalty(module):
    """What the L2 decay amounts to as a loss."""
    return sum(0.0005 * weight.square().sum() / 2 for weight in decayed(module))


def check_gradients(named, arrays, prefix, names):
    checked = 0
    for name, parameter in named:
        theirs = names[name]
        gradient = parameter.grad
        gradient = gradient.permute({1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}[gradient.ndim])
        sample = gradient.flatten()[:: int(arrays[f"{prefix}grad_stride/{theirs}"])]
        expected = arrays[f"{prefix}grad_sample/{theirs}@f64"]
        np.testing.assert_allclose(sample, expected, rtol=0, atol=1e-9, err_msg=name)
        checked += 1
    return checked


def check_statistics(module, arrays, prefix, names, at):
    for name, buffer in module.named_buffers(prefix=at):
        if name in names:
            # The reference for moving statistics exists in float32 only.
            np.testing.assert_allclose(
                buffer, arrays[prefix + names[name]], rtol=1e-6, atol=1e-6, err_msg=name
            )


def test_single_frame_step(golden, reference_state, variable_names):
    arrays = golden("step_single")
    faces = network(reference_state).faces.train()
    target = torch.from_numpy(arrays["maps"][..., 0] / 255)
    depth = faces(pixels(arrays["frames_uint8"]).permute(0, 3, 1, 2)).depth
    losses = single_losses(depth, target)
    total = losses.total + penalty(faces)
    total.backward()
    np.testing.assert_allclose(depth.detach(), arrays["train/map@f64"][..., 0], atol=1e-9)
    assert losses.total.item() == pytest.approx(arrays["train/loss_depth@f64"], abs=1e-12)
    assert total.item() == pytest.approx(arrays["train/loss@f64"], abs=1e-12)
    named = faces.named_parameters(prefix="faces")
    assert check_gradients(named, arrays, "train/", variable_names) == 74
    check_statistics(faces, arrays, "train/updated/", variable_names, "faces")


def test_multi_frame_step(golden, reference_state, variable_names):
    arrays = golden("step_multi")
    net = network(reference_state)
    net.motion.train()
    net.faces.requires_grad_(False)
    clip = pixels(golden("network_multi")["clip"]).unflatten(-1, (5, 3)).permute(2, 3, 0, 1)[None]
    target = torch.from_numpy(arrays["maps"] / 255).permute(0, 3, 1, 2)
    maps = net(clip.contiguous())
    losses = multi_losses(
        maps, target, torch.from_numpy(arrays["label"][:, 0] == 0), depth_scale(5)
    )
    total = losses.total + penalty(net)
    total.backward()
    np.testing.assert_allclose(
        maps.fused[0].detach(), arrays["fused_maps@f64"][:, 0, ..., 0], atol=1e-9
    )
    for name, got in (("loss", total), ("loss_cla", losses.classes), ("loss_depth", losses.depth)):
        assert got.item() == pytest.approx(arrays[name + "@f64"], abs=1e-12), name
    named = [(n, p) for n, p in net.named_parameters() if p.requires_grad]
    assert check_gradients(named, arrays, "", variable_names) == 36
    check_statistics(net.motion, arrays, "updated/", variable_names, "motion")
    dead = net.recurrence.cell1.gates.weight.grad == 0
    # With one step from the zero state, all that reads the state has no gradient.
    assert dead.double().mean().item() == pytest.approx(2 / 3)
