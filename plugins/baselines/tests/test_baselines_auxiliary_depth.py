"""The auxiliary-depth network: CDCN's DepthNet with its own loss, schedule and score."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError
from fasharness.method import At, make
from fasharness.nn import CDConv2d
from fasharness_baselines.auxiliary_depth import AuxiliaryDepth, Options
from fasharness_cdcn.method import normalise
from fasharness_cdcn.network import CDCN

SMALL = {"size": "32", "width": "0.05"}
SHOWN = Presentation("x", rgb(Path("x.avi")))


def method(preset: str = "paper", **options: str):
    return make(AuxiliaryDepth, preset, {**SMALL, **options})


def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    bona_fide = torch.tensor([True, False, True, False])
    pixels = torch.randint(0, 256, (4, 1, 3, 32, 32), generator=generator, dtype=torch.uint8)
    depth = torch.rand(4, 1, 32, 32, generator=generator) * bona_fide.view(-1, 1, 1, 1)
    return Batch({RGB: pixels}, {"depth": depth}, bona_fide, [SHOWN] * 4, [""] * 4)


def network(made):
    torch.manual_seed(0)
    return made.network({})


def test_the_published_recipe():
    made = make(AuxiliaryDepth, "paper", {})
    assert made.options == Options()
    (stage,) = made.stages()
    assert (stage.epochs, stage.batch_size, stage.sampling.per_presentation) == (10, 10, 0)
    assert (stage.bona_fide.crop.size, stage.bona_fide.labels) == (256, (("depth", 32),))
    (adam,) = made.optimizers(stage, network(method()))
    assert adam.defaults["lr"] == 3e-3
    assert [made.rate(stage, At(s, 10, s, 10)) for s in (0, 9)] == [1, 1]
    assert method(schedule="cosine").rate(stage, At(5, 10, 5, 10)) == pytest.approx(0.5)


def test_it_is_cdcns_network_with_plain_convolutions():
    net = network(method())
    assert isinstance(net, CDCN)
    assert {m.theta for m in net.modules() if isinstance(m, CDConv2d)} == {0.0}
    # without the difference term the convolutions hold as many weights
    assert sum(p.numel() for p in AuxiliaryDepth(Options()).network({}).parameters()) == 2_245_016


def test_the_loss_and_the_score_by_hand():
    made, clips = method(), batch()
    net = network(made).eval()
    with torch.no_grad():
        maps = net(normalise(clips.rgb[:, 0]))
        found = made.losses(made.stages()[0], net, clips, {})
        expected = (maps - clips.labels["depth"][:, 0]).square().mean()
        torch.testing.assert_close(found["total"], expected)
        torch.testing.assert_close(made.score(None, net, clips), maps.square().mean((1, 2)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"theta": "0.7"}, "theta and compat belong to CDCN"),
        ({"compat": "true"}, "theta and compat belong to CDCN"),
        ({"network": "cdcnpp"}, "network must be cdcn"),
        ({"schedule": "halving"}, "schedule must be constant or cosine"),
    ],
)
def test_what_is_cdcns_is_refused(options, words):
    with pytest.raises(OptionError, match=words):
        method(**options)
