"""Scores against the reference, and their bounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from fasharness_sgtd.quirks import CompatScorer
from fasharness_sgtd.scoring import Scorer


def test_compat_clip_scores(golden):
    arrays = golden("score_multi")
    fused = torch.from_numpy(arrays["depth_map"][..., 0])[:, None].expand(-1, 4, -1, -1)
    mask = torch.from_numpy(arrays["masks"]).permute(0, 3, 1, 2) > 0
    scores = CompatScorer().clips(fused, torch.from_numpy(arrays["logits_cla"]), mask)
    expected = arrays["clip_scores"]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    # An empty mask gives no score, as in the original; the harness counts it as failed.
    assert np.isnan(expected).sum() == 1


def test_compat_single_frame_score_by_hand():
    depth = torch.tensor([[[0.5, 9.0], [0.25, 9.0]]])
    mask = torch.tensor([[[True, False], [True, False]]])
    assert CompatScorer().frames(depth, mask).item() == pytest.approx(
        1 / (1 + np.exp(1 - 2 * 0.375))
    )


def test_default_scores_by_hand():
    fused = torch.tensor([0.2, 0.6]).view(1, 2, 1, 1)
    classes = torch.tensor([[np.log(3.0), 0.0]], dtype=torch.float32)
    mask = torch.zeros(1, 3, 1, 1, dtype=torch.bool)
    assert Scorer().clips(fused, classes, mask).item() == pytest.approx(0.2 * 0.4 + 0.8 * 0.75)
    assert Scorer().frames(fused[:, 1], mask[:, 0]).item() == pytest.approx(0.6)


@given(
    fused=any_array(np.float32, (2, 3, 4, 4), elements=st.floats(-50, 50, width=32)),
    classes=any_array(np.float32, (2, 2), elements=st.floats(-50, 50, width=32)),
)
def test_default_scores_stay_in_range_and_rise_with_the_class(fused, classes):
    mask = torch.zeros(2, 4, 4, 4, dtype=torch.bool)
    maps, logits = torch.from_numpy(fused), torch.from_numpy(classes)
    scores = Scorer().clips(maps, logits, mask)
    assert ((scores >= 0) & (scores <= 1)).all()
    surer = Scorer().clips(maps, logits + torch.tensor([1.0, 0.0]), mask)
    assert (surer >= scores).all()
