"""CDCN as a method of the harness: options, its stage, what trains, what is scored."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError, UnknownNameError
from fasharness.method import At, make
from fasharness_cdcn.method import CDCNMethod, Options, normalise
from fasharness_cdcn.network import CDCN, CDCNpp

SMALL = {"size": "32", "width": "0.05", "rate": "0.003"}
SHOWN = Presentation("x", rgb(Path("x.avi")))


def method(preset="paper", **options):
    return make(CDCNMethod, preset, {**SMALL, **options})


def batch(count=4):
    generator = torch.Generator().manual_seed(1)
    bona_fide = torch.arange(count) % 2 == 0
    pixels = torch.randint(0, 256, (count, 1, 3, 32, 32), generator=generator, dtype=torch.uint8)
    raw = torch.rand(count, 1, 32, 32, generator=generator)
    labels = {"depth": raw * bona_fide.view(-1, 1, 1, 1), "raw-depth": raw}
    return Batch({RGB: pixels}, labels, bona_fide, [SHOWN] * count, [""] * count)


def network(made):
    torch.manual_seed(0)
    return made.network({})


def test_the_published_recipe():
    made = make(CDCNMethod, "paper", {})
    assert made.options == Options()
    (stage,) = made.stages()
    assert (stage.epochs, stage.batch_size, stage.drop_last) == (1400, 7, False)
    assert stage.sampling.per_presentation == 1
    crop = stage.bona_fide.crop
    assert (crop.size, crop.rule, crop.scale, crop.steps, crop.draw) == (
        256, "floor", (1.2, 1.4), 2, "joint",
    )  # fmt: skip
    assert stage.bona_fide == stage.attack
    (adam,) = made.optimizers(stage, network(method()))
    assert (adam.defaults["lr"], adam.defaults["weight_decay"]) == (1e-4, 5e-5)
    rates = [made.rate(stage, At(0, 1, epoch, 1400)) for epoch in (0, 499, 500, 1000, 1399)]
    assert rates == [1, 1, 0.5, 0.25, 0.25]


def test_the_published_frames_are_scored():
    """Every (n // 10)-th frame, the first eight, at a fixed scale and without depth."""
    clips = make(CDCNMethod, "paper", {}).scoring_clips()
    assert clips.frames.clips(153) == tuple((15 * n,) for n in range(8))
    assert clips.frames.clips(3) == ((0,), (1,), (2,))
    assert clips.crop.scale == (1.3, 1.3)
    assert clips.labels == ()


def test_the_networks_by_option():
    assert isinstance(network(method()), CDCN)
    assert isinstance(network(method(preset="paper-pp")), CDCNpp)


def test_training_lowers_the_loss():
    made, clips = method(), batch()
    net = network(made)
    (stage,) = made.stages()
    (adam,) = made.optimizers(stage, net)
    losses = []
    for _ in range(25):
        adam.zero_grad()
        found = made.losses(stage, net, clips, {})
        assert set(found) == {"total", "square", "contrast"}
        assert found["total"].item() == pytest.approx(
            found["square"].item() + found["contrast"].item()
        )
        found["total"].backward()
        adam.step()
        losses.append(found["total"].item())
    assert losses[-1] < 0.8 * losses[0]


def test_a_score_is_the_mean_of_the_map_and_independent_of_the_batch():
    made, clips = method(), batch()
    net = network(made).eval()
    with torch.no_grad():
        scores = made.score(None, net, clips)
        maps = net(normalise(clips.rgb[:, 0]))
        one = Batch({RGB: clips.rgb[1:2]}, {}, clips.bona_fide[1:2], [SHOWN], [""])
        torch.testing.assert_close(made.score(None, net, one), scores[1:2])
        torch.testing.assert_close(made.maps(net, clips), maps.clamp(0, 1))
    torch.testing.assert_close(scores, maps.mean((1, 2)))


def test_the_published_score_divides_by_the_raw_depth():
    made, clips = method(compat="true"), batch()
    assert made.scoring_clips().labels == (("raw-depth", 32),)
    net = network(made).eval()
    clips.labels["raw-depth"][3] = 0
    with torch.no_grad():
        scores, maps = made.score(None, net, clips), net(normalise(clips.rgb[:, 0]))
    expected = maps[0].sum() / (255 * clips.labels["raw-depth"][0]).sum()
    assert scores[0].item() == pytest.approx(expected.item())
    assert not scores[3].isfinite()  # a failure, as nothing can be divided by


def test_normalising():
    pixels = torch.tensor([0, 128, 255], dtype=torch.uint8)
    assert normalise(pixels).tolist() == [-127.5 / 128, 0.5 / 128, 127.5 / 128]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": "cdcn+"}, "network must be cdcn or cdcnpp, got 'cdcn\\+'"),
        ({"size": "4"}, "size must be at least 8"),
        ({"theta": "1.5"}, r"theta must be in \[0, 1\]"),
        ({"batch": "0"}, "batch must be at least 1"),
        ({"width": "nan"}, "width must be in"),
        ({"weight_decay": "-1"}, "weight_decay must not be negative"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        method(**options)


def test_an_unknown_option_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'theta'"):
        method(teta="0.5")
