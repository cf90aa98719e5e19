"""The losses against the authors' values and gradients, PyTorch's divergence, and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from fasharness_dum.losses import depth_losses, mixed_losses
from fasharness_dum.module import Depth

GOLDEN = dict(np.load(Path(__file__).parent / "data" / "losses.npz"))
NAMES = ("absolute_loss", "contrastive_loss", "kl_loss")


def values(name):
    return torch.from_numpy(GOLDEN[name])


def parts():
    """Six frames, of which the last two count as generated: distribution, label, noise."""
    depth = Depth(values("mu").requires_grad_(), values("logvar").requires_grad_())
    return depth, values("map_label"), values("eps"), int(GOLDEN["n_first"])


def test_the_authors_ten_losses_and_their_gradients():
    depth, label, noise, own = parts()
    assert own == 4
    mixed = mixed_losses(depth, label, noise, own)
    for loss, name in zip(mixed, ("loss", *NAMES), strict=True):
        assert loss.item() == pytest.approx(float(GOLDEN[name]), rel=1e-6), name
    for cut, name, weight in ((slice(4), "real", 1), (slice(4, 6), "fake", 0.1)):
        some = depth_losses(Depth(depth.mu[cut], depth.logvar[cut]), label[cut], noise[cut])
        for loss, kind in zip(some[1:], NAMES, strict=True):
            expected = float(GOLDEN[f"{kind}_{name}"])
            assert weight * loss.item() == pytest.approx(expected, rel=1e-6), (kind, name)
    mixed.total.backward()
    for found, name in ((depth.mu.grad, "grad_mu"), (depth.logvar.grad, "grad_logvar")):
        largest = float(values(name).abs().max())
        torch.testing.assert_close(found, values(name), rtol=0, atol=1e-6 * largest)


def test_the_divergence_is_that_of_two_normal_distributions():
    depth, label, noise, _ = parts()
    estimated = Normal(depth.mu.double(), (depth.logvar.double() / 2).exp())
    expected = kl_divergence(estimated, Normal(label.double(), 1)).sum((1, 2)).mean() / 1000
    found = depth_losses(Depth(depth.mu.double(), depth.logvar.double()), label.double(), noise)
    assert found.divergence.item() == pytest.approx(expected.item(), rel=1e-12)


def test_by_hand():
    """One place off by 1 in a map of four, variance e, no noise."""
    mu, logvar = torch.zeros(1, 4, 4), torch.ones(1, 4, 4)
    label = torch.zeros(1, 4, 4)
    label[0, 0, 0] = 1
    found = depth_losses(Depth(mu, logvar), label, torch.zeros(1, 4, 4))
    assert found.square.item() == pytest.approx(1 / 16)
    # Of eight contrasts of four inner places one sees the corner.
    assert found.contrast.item() == pytest.approx(1 / 32)
    assert found.divergence.item() == pytest.approx((16 * (np.e - 2) + 1) / 2000)
    assert found.total.item() == pytest.approx(sum(each.item() for each in found[1:]))


def test_generated_frames_weigh_a_tenth_whatever_their_number():
    depth, label, noise, own = parts()
    twice = [torch.cat([each, each[own:]]) for each in (depth.mu, depth.logvar, label, noise)]
    once, more = (
        mixed_losses(depth, label, noise, own),
        mixed_losses(Depth(*twice[:2]), *twice[2:], own),
    )
    assert more.total.item() == pytest.approx(once.total.item(), rel=1e-6)
    alone = mixed_losses(Depth(depth.mu[:own], depth.logvar[:own]), label[:own], noise[:own], own)
    assert 0 < once.total.item() - alone.total.item() < 0.2 * alone.total.item()
