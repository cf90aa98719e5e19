"""The generator's losses, worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from fasharness_dsdg import losses
from fasharness_dsdg.losses import Features, Losses
from fasharness_dsdg.networks import Code


def test_reconstruction_is_a_sum_over_a_pair_of_the_published_size():
    made = torch.zeros(2, 6, 256, 256)
    assert losses.reconstruction(made, made + 0.5).item() == 6 * 256 * 256 * 0.25 / 2
    small = torch.zeros(2, 6, 64, 64)
    assert losses.reconstruction(small, small + 0.5).item() == 6 * 256 * 256 * 0.25 / 2


def test_divergence_of_a_known_distribution():
    code = Code(torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    # Of the first picture: (1 + 0) / 2 + (e - 1 - 1) / 2; of the second: 0.
    assert losses.divergence(code).item() == pytest.approx((1 + math.e - 2) / 2 / 2)


def test_the_means_of_both_classes_are_compared():
    attack = torch.tensor([[1.0, 2.0], [3.0, 2.0]])
    bona_fide = torch.tensor([[2.0, 0.0], [2.0, 2.0]])
    assert losses.mmd(attack, bona_fide).item() == 50 * (0 + 1) / 2


def test_products_of_opposite_sign_cancel_before_the_absolute_value():
    spoof = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    attack = torch.tensor([[3.0, 9.0], [-2.0, -4.0]])
    assert losses.orthogonal(spoof, attack).item() == 1.5


def test_identities_are_compared_with_the_original_and_within_the_pair():
    made = Features(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    original = Features(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]]).requires_grad_())
    found = losses.identity(made, original)
    assert found.item() == 1000 * (0 + 1) / 2
    assert not found.requires_grad  # the originals are no part of the gradient
    assert losses.pair(made).item() == 5


def test_the_spoof_type_is_classified():
    found = losses.spoof_type(torch.zeros(3, 4), torch.tensor([0, 1, 3]))
    assert found.item() == pytest.approx(10 * math.log(4))


def test_the_warm_up_spares_the_reconstruction():
    found = Losses(*(torch.tensor(float(n)) for n in (100, 1, 2, 3, 4, 5, 6)))
    assert found.total(losses.WARM_UP).item() == pytest.approx(100.21)
    assert found.total(torch.tensor(1.0)).item() == 121
