"""The module as a method of the harness: options, stage and mix, what trains, what is scored."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.engine.sampling import Item, plan_epoch
from fasharness.errors import OptionError, UnknownNameError
from fasharness.method import At, make
from fasharness_cdcn.method import normalise
from fasharness_dum.losses import mixed_losses
from fasharness_dum.method import DUM, Options

SMALL = {"size": "32", "width": "0.05", "rate": "0.003"}
SHOWN = Presentation("x", rgb(Path("x.avi")))


def method(preset="paper", **options):
    return make(DUM, preset, {**SMALL, **options})


def batch(count=4, generated=0, side=32):
    generator = torch.Generator().manual_seed(1)
    bona_fide = torch.arange(count) % 2 == 0
    pixels = torch.randint(0, 256, (count, 1, 3, 32, 32), generator=generator, dtype=torch.uint8)
    raw = torch.rand(count, 1, side, side, generator=generator)
    labels = {"depth": raw * bona_fide.view(-1, 1, 1, 1), "raw-depth": raw}
    origins = [""] * (count - generated) + ["generated"] * generated
    return Batch({RGB: pixels}, labels, bona_fide, [SHOWN] * count, origins)


def network(made):
    torch.manual_seed(0)
    return made.network({})


def test_the_published_recipe():
    made = make(DUM, "paper", {})
    assert made.options == Options()
    (stage,) = made.stages()
    assert (stage.epochs, stage.batch_size, stage.drop_last) == (1600, 64, False)
    assert (stage.sampling.per_presentation, stage.sampling.mix) == (1, {"generated": 0.25})
    crop = stage.bona_fide.crop
    assert (crop.size, crop.rule, crop.scale, crop.steps, crop.draw) == (
        256, "floor", (1.2, 1.4), 2, "joint",
    )  # fmt: skip
    (adam,) = made.optimizers(stage, network(method()))
    assert (adam.defaults["lr"], adam.defaults["weight_decay"]) == (1e-4, 5e-5)
    rates = [made.rate(stage, At(0, 1, epoch, 1600)) for epoch in (0, 499, 500, 1000, 1599)]
    assert rates == [1, 1, 0.5, 0.25, 0.125]


def test_every_frame_is_scored_at_a_fixed_scale_and_without_depth():
    clips = make(DUM, "paper", {}).scoring_clips()
    assert clips.frames.clips(153) == tuple((n,) for n in range(153))
    assert (clips.crop.scale, clips.labels) == ((1.3, 1.3), ())


def test_a_batch_has_48_original_and_16_generated_pictures_or_64_original_ones():
    made = make(DUM, "paper", {})
    (stage,) = made.stages()
    whole = stage.clips_of(SHOWN, "generated")
    assert (whole.crop.faces, whole.crop.size) == ("none", 256)
    assert whole.frames.clips(1) == ((0,),)
    assert whole.labels == stage.bona_fide.labels == (("depth", 32),)
    items = [Item(SHOWN, 64) for _ in range(100)]
    items += [Item(SHOWN, 1, origin="generated") for _ in range(20)]
    batches = plan_epoch(items, stage.sampling, stage.batch_size, [0])
    origins = [[items[draw.pick.item].origin for draw in each] for each in batches]
    assert origins[:2] == [[""] * 48 + ["generated"] * 16] * 2
    assert origins[2:] == [[""] * 4 + ["generated"] * 16]
    alone = plan_epoch(items[:100], stage.sampling, stage.batch_size, [0])
    assert [len(each) for each in alone] == [64, 36]


@pytest.mark.parametrize(("name", "side"), [("cdcn", 32), ("resnet18", 32), ("sgtd", 4)])
def test_training_lowers_the_loss(name, side):
    made, clips = method(network=name), batch(generated=1, side=side)
    assert made.stages()[0].bona_fide.labels == (("depth", side),)
    net = network(made)
    (stage,) = made.stages()
    (adam,) = made.optimizers(stage, net)
    losses = []
    for _ in range(25):
        adam.zero_grad()
        found = made.losses(stage, net, clips, {})
        assert set(found) == {"total", "square", "contrast", "divergence"}
        found["total"].backward()
        adam.step()
        losses.append(found["total"].item())
    assert losses[-1] < 0.8 * losses[0]


def test_the_noise_is_drawn_from_torchs_generator_and_the_parts_by_origin():
    made, clips = method(), batch(generated=1)
    net = network(made)
    (stage,) = made.stages()
    torch.manual_seed(5)
    found = made.losses(stage, net, clips, {})
    torch.manual_seed(5)
    noise = torch.randn(4, 32, 32)
    label = clips.labels["depth"][:, 0]
    expected = mixed_losses(net(normalise(clips.rgb[:, 0])), label, noise, own=3)
    torch.testing.assert_close(dict(found), expected._asdict())
    assert made.losses(stage, net, clips, {})["total"] != found["total"]


def test_losses_are_float32_under_half_precision():
    made, clips = method(), batch()
    with torch.autocast("cpu", torch.bfloat16):
        found = made.losses(made.stages()[0], network(made), clips, {})
    assert {value.dtype for value in found.values()} == {torch.float32}


def test_a_score_is_the_mean_of_mu_and_draws_nothing():
    made, clips = method(), batch()
    net = network(made).eval()
    with torch.no_grad():
        scores, again = made.score(None, net, clips), made.score(None, net, clips)
        mu = net(normalise(clips.rgb[:, 0])).mu
        one = Batch({RGB: clips.rgb[1:2]}, {}, clips.bona_fide[1:2], [SHOWN], [""])
        torch.testing.assert_close(made.score(None, net, one), scores[1:2])
        torch.testing.assert_close(made.maps(net, clips), mu.clamp(0, 1))
    assert torch.equal(scores, again)
    torch.testing.assert_close(scores, mu.mean((1, 2)))


def test_the_published_score_divides_by_the_raw_depth():
    made, clips = method(compat="true"), batch()
    assert made.scoring_clips().labels == (("raw-depth", 32),)
    net = network(made).eval()
    clips.labels["raw-depth"][3] = 0
    with torch.no_grad():
        scores, mu = made.score(None, net, clips), net(normalise(clips.rgb[:, 0])).mu
    expected = mu[0].sum() / (255 * clips.labels["raw-depth"][0]).sum()
    assert scores[0].item() == pytest.approx(expected.item())
    assert not scores[3].isfinite()  # a failure, as nothing can be divided by


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": "vit"}, "network must be cdcn or depthnet or resnet18 or sgtd, got 'vit'"),
        ({"network": "sgtd", "size": "60"}, "network sgtd needs a size that is a multiple of 8"),
        ({"network": "sgtd", "recompute": "true"}, "network sgtd needs .* no recompute"),
        ({"size": "4"}, "size must be at least 8"),
        ({"theta": "1.5"}, r"theta must be in \[0, 1\]"),
        ({"batch": "0"}, "batch must be at least 1"),
        ({"width": "0.01"}, r"width must be in \[0.03125, 4\]"),
        ({"rate": "nan"}, "rate must be in"),
        ({"weight_decay": "-1"}, "weight_decay must not be negative"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        method(**options)


def test_an_unknown_option_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'recompute'"):
        method(recompile="true")
