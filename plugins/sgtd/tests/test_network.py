"""The networks against the reference run at full size, and their properties at small sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fasharness_sgtd.network import ClipMaps, SGTDNet
from fasharness_sgtd.quirks import CompatSGTDNet


def scaled_deviation(got, expected):
    """Largest deviation relative to the array's largest magnitude."""
    got = np.asarray(got, np.float64)
    assert got.shape == expected.shape
    return np.abs(got - expected).max() / np.abs(expected).max()


def pixels(u8, dtype):
    """Network input of uint8 images (..., H, W, 3)."""
    return torch.from_numpy(u8.astype(np.float64)).sub(127.5).div(255).to(dtype).movedim(-1, -3)


def clip_input(u8, dtype=torch.float32):
    """Network input of a clip (H, W, 15), five frames side by side on the channel axis."""
    return pixels(u8.reshape(*u8.shape[:2], 5, 3).transpose(2, 0, 1, 3), dtype)[None].contiguous()


def built(kind, state, dtype=torch.float32):
    net = kind().to(dtype)
    net.load_state_dict(state)
    return net.eval()


@pytest.fixture(scope="module")
def run(golden, reference_state):
    """One pass of the published network over the reference clip, with inner results kept."""
    net, inner = built(CompatSGTDNet, reference_state), {}
    _keep_inner(net, inner)
    with torch.no_grad():
        maps = net(clip_input(golden("network_multi")["clip"]))
    return net, maps, inner


def _keep_inner(net, inner):
    faces, motion = net.faces, net.motion
    watched = {
        "rgc/rgc_init": (faces.first, torch.clone),
        "rgc/rgc1_3": (faces.scale1, torch.clone),
        "rgc/rgc2_3": (faces.scale2, torch.clone),
        "rgc/rgc3_3": (faces.scale3, torch.clone),
        "off/linear_1": (motion.block1.linear, F.relu),
        "off/reduce_2": (motion.block2.reduce, F.relu),
        "off/cascade_1": (motion.cascade1.conv, F.relu),
        "off/pool_3": (motion.block3, torch.clone),
        "motion": (motion, torch.clone),
    }
    for name, (module, view) in watched.items():
        module.register_forward_hook(
            lambda _, __, out, name=name, view=view: inner.__setitem__(name, view(out))
        )


def test_inner_features_match_reference(run, golden):
    _, _, inner = run
    arrays = golden("network_multi")
    names = [name.removeprefix("inner/") for name in arrays if name.startswith("inner/")]
    assert len(names) == 8
    for name in names:
        maps = inner[name].permute(0, 2, 3, 1)
        step = maps.shape[1] // 8
        sample = maps[:, ::step, 1::step, ::16]
        assert scaled_deviation(sample, arrays["inner/" + name]) < 1e-4, name


def test_compat_clip_matches_reference(run, golden):
    _, maps, _ = run
    arrays = golden("network_multi")
    assert scaled_deviation(maps.single[0], arrays["compat/single_maps"][..., 0]) < 1e-4
    assert scaled_deviation(maps.recurrent[0], arrays["compat/gru_maps"][:, 0, ..., 0]) < 1e-4
    assert scaled_deviation(maps.fused[0], arrays["compat/fused_maps"][:, 0, ..., 0]) < 1e-4
    assert scaled_deviation(maps.fused.mean(1), arrays["compat/depth_map"][..., 0]) < 1e-4
    assert scaled_deviation(maps.classes, arrays["compat/logits"]) < 1e-4


def test_recurrence_over_time_matches_reference(run, golden):
    net, maps, inner = run
    arrays = golden("network_multi")
    with torch.no_grad():
        recurrent = SGTDNet.recur(net, inner["motion"][None])
        fused = torch.lerp(maps.single[:, :-1], recurrent, 0.6)
        logits = SGTDNet.classify(net, fused.mean(1))
    assert scaled_deviation(recurrent[0], arrays["paper/gru_maps"][:, 0, ..., 0]) < 1e-4
    assert scaled_deviation(fused[0], arrays["paper/fused_maps"][:, 0, ..., 0]) < 1e-4
    assert scaled_deviation(F.relu(logits), arrays["paper/fc2_after_relu"]) < 1e-4


@pytest.fixture
def small():
    torch.manual_seed(3)
    net = SGTDNet(size=16, width=0.1)
    with torch.no_grad():
        for name, buffer in net.named_buffers():
            if name.endswith(("mean", "var")):
                buffer.uniform_(0.5, 1.5)
    return net.eval()


@pytest.mark.parametrize("kind", [SGTDNet, CompatSGTDNet])
def test_a_batch_gives_each_clip_its_own_result(small, kind):
    small.__class__ = kind
    clips = torch.rand(3, 4, 3, 16, 16) - 0.5
    with torch.no_grad():
        together = small(clips)
        alone = [small(clip[None]) for clip in clips]
    for name in ClipMaps._fields:
        apart = torch.cat([getattr(maps, name) for maps in alone])
        torch.testing.assert_close(getattr(together, name), apart, rtol=1e-4, atol=1e-5)


def test_only_compat_keeps_positions_apart(small):
    channels = small.motion.last.conv.out_channels
    motion = torch.randn(1, 3, channels, 2, 2)
    other = motion.clone()
    other[:, 0] += 1
    with torch.no_grad():
        assert not torch.equal(small.recur(motion)[0, 1], small.recur(other)[0, 1])
        small.__class__ = CompatSGTDNet
        assert torch.equal(small.recur(motion)[0, 1], small.recur(other)[0, 1])


@pytest.mark.parametrize(("size", "width", "frames"), [(8, 0.05, 2), (24, 0.125, 3), (40, 0.3, 5)])
def test_shapes(size, width, frames):
    maps = SGTDNet(size, width)(torch.zeros(2, frames, 3, size, size))
    side = size // 8
    assert maps.single.shape == (2, frames, side, side)
    assert maps.recurrent.shape == maps.fused.shape == (2, frames - 1, side, side)
    assert maps.classes.shape == (2, 2)


def test_parameter_counts_are_the_published_ones():
    net = SGTDNet()
    counts = [sum(p.numel() for p in part.parameters()) for part in net.children()]
    assert counts == [2_466_497, 1_746_240, 333_726, 65_730]


def test_fresh_weights():
    torch.manual_seed(0)
    net = SGTDNet(16, 0.5)
    conv = net.faces.joint[0].conv
    limit = (6 / (conv.weight[0].numel() + conv.weight[:, 0].numel())) ** 0.5
    assert 0.98 * limit < conv.weight.abs().max() <= limit
    assert not conv.bias.any()
    assert (net.recurrence.cell1.gates.bias == 1).all()
    assert not net.recurrence.cell1.candidate.bias.any()


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"multiple of 8, got 30"):
        SGTDNet(size=30)
    with pytest.raises(ValueError, match=r"frames must be \(N, 3, S, S\).*got \(1, 4, 16, 16\)"):
        SGTDNet(16, 0.1).faces(torch.zeros(1, 4, 16, 16))
