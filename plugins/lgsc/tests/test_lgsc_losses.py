"""The losses by hand, against the authors' arrays, and where their gradients are NaN."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fasharness_lgsc.losses import classification, regression, strength, triplet, triplets

GOLDEN = dict(np.load(Path(__file__).parent / "data" / "lgsc.npz"))
CASES = sorted({name.split("/")[1] for name in GOLDEN if name.startswith("triplet/")})


@pytest.mark.parametrize("case", CASES)
def test_the_authors_triplet_loss_and_the_gradient_that_theirs_should_be(case):
    """Duplicates, no bona fide, one, no attack, none in the margin: finite everywhere."""
    data = {key: GOLDEN[f"triplet/{case}/{key}"] for key in ("feat", "label", "loss", "nan")}
    expected = GOLDEN[f"triplet/{case}/grad_safe_f64"]
    assert data["nan"]  # theirs
    for dtype, bound in ((torch.float32, 5e-6), (torch.float64, 1e-10)):
        features = torch.from_numpy(data["feat"]).to(dtype).requires_grad_()
        loss = triplet(features, torch.from_numpy(data["label"]).bool())
        loss.backward()
        # Theirs subtracts squares, which costs digits where features are close.
        assert loss.item() == pytest.approx(float(data["loss"][0]), abs=1e-5)
        safe = float(GOLDEN[f"triplet/{case}/loss_safe_f64"])
        assert loss.item() == pytest.approx(safe, rel=1e-6, abs=1e-12)
        atol = bound * float(np.abs(expected).max())
        np.testing.assert_allclose(features.grad.numpy(), expected, rtol=0, atol=atol)


def test_triplets_by_hand():
    features = torch.tensor([[2.0, 0], [0, 1], [-3, 0]], dtype=torch.float64)
    found = triplet(features, torch.tensor([True, True, False]))
    # Of unit length; anchor 2: positive and attack are both sqrt(2) away, so the margin is
    # violated by 0.5. Anchor 1: sqrt(2) - 2 + 0.5 < 0.
    assert found.item() == pytest.approx(0.5)
    # An attack is never an anchor.
    assert triplet(features, torch.tensor([True, False, False])).item() == 0


def looped(features, bona_fide):
    unit = [f / np.sqrt((f**2).sum() + 1e-10) for f in features]
    live = [n for n, b in enumerate(bona_fide) if b]
    attacks = [n for n, b in enumerate(bona_fide) if not b]
    found = [
        np.linalg.norm(unit[a] - unit[p]) - np.linalg.norm(unit[a] - unit[n]) + 0.5
        for a, p, n in product(live, live, attacks)
        if a != p
    ]
    violated = [each for each in found if each > 0]
    return sum(violated) / len(violated) if violated else 0.0


@given(labels=st.lists(st.booleans(), min_size=1, max_size=9), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_any_batch_gives_the_mean_over_violated_triplets(labels, seed):
    features = np.random.default_rng(seed).normal(size=(len(labels), 3))
    found = triplet(torch.from_numpy(features), torch.tensor(labels))
    assert found.item() == pytest.approx(looped(features, labels), abs=1e-9)


def test_scales_are_averaged_over_places_and_summed():
    generator = torch.Generator().manual_seed(3)
    maps = [torch.rand(5, c, s, s, generator=generator) - 0.5 for c, s in ((4, 3), (2, 1))]
    bona_fide = torch.tensor([True, True, False, True, False])
    parts = [triplet(each.flatten(2).mean(2), bona_fide) for each in maps]
    assert triplets(maps, bona_fide).item() == pytest.approx(float(sum(parts)))


def test_features_in_half_precision_are_not_compared_in_it():
    maps = torch.rand(6, 8, 4, 4, generator=torch.Generator().manual_seed(1)).bfloat16()
    bona_fide = torch.arange(6) % 2 == 0
    found = triplets([maps], bona_fide)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(triplets([maps.double()], bona_fide).item(), rel=1e-5)
    assert strength(maps[:, :3]).dtype == torch.float32


def test_only_bona_fide_cues_are_pulled_to_zero():
    cue = torch.tensor([0.5, -0.25, 1]).view(3, 1, 1, 1).repeat(1, 3, 2, 2).requires_grad_()
    loss = regression(cue, torch.tensor([True, True, False]))
    assert loss.item() == pytest.approx((0.5 + 0.25) / 2)
    loss.backward()
    # 24 values of bona fide cues
    assert cue.grad[:, 0, 0, 0].tolist() == pytest.approx([1 / 24, -1 / 24, 0])


def test_without_bona_fide_clips_the_losses_are_zero_with_finite_gradients():
    maps = torch.rand(4, 6, 2, 2, requires_grad=True)
    cue = torch.rand(4, 3, 8, 8, requires_grad=True)
    attacks = torch.zeros(4, dtype=torch.bool)
    loss = triplets([maps], attacks) + regression(cue, attacks)
    assert loss.item() == 0
    loss.backward()
    assert maps.grad.eq(0).all()
    assert cue.grad.eq(0).all()


def test_classification_is_paddles_cross_entropy_of_probabilities():
    prob, label = GOLDEN["ce_prob"][:1], torch.from_numpy(GOLDEN["ce_label"][:1])
    logits = torch.from_numpy(prob).log() + 7
    expected = float(GOLDEN["ce_out"][0, 0])
    assert classification(logits, label.bool()).item() == pytest.approx(expected, rel=1e-6)
