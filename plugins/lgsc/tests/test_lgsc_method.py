"""LGSC as a method of the harness: options, its stage, what trains, what is scored."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import fasharness
from fasharness.clips import Sampling
from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.engine.checkpoint import card_of, save_model
from fasharness.errors import OptionError, UnknownNameError
from fasharness.method import At, make
from fasharness_lgsc.layers import PaddleBatchNorm2d, PaddleDropout
from fasharness_lgsc.method import LGSCMethod, Options, normalise

SMALL = {"size": "32", "width": "0.1", "pretrained": "false"}
SHOWN = Presentation("x", rgb(Path("x.avi")))


def method(preset="paper", **options):
    return make(LGSCMethod, preset, {**SMALL, **options})


def batch(bona_fide=(True, False) * 3):
    generator = torch.Generator().manual_seed(1)
    count = len(bona_fide)
    pixels = torch.randint(0, 256, (count, 1, 3, 32, 32), generator=generator, dtype=torch.uint8)
    return Batch({RGB: pixels}, {}, torch.tensor(bona_fide), [SHOWN] * count, [""] * count)


def network(made):
    torch.manual_seed(0)
    return made.network({})


def test_the_published_recipe():
    made = make(LGSCMethod, "paper", {})
    assert made.options == Options()
    assert made.weights() == ("resnet18-imagenet",)
    (stage,) = made.stages()
    assert (stage.epochs, stage.batch_size, stage.drop_last) == (15, 96, True)
    assert stage.sampling == Sampling(balance="class", length="largest")
    assert stage.bona_fide == stage.attack
    assert (stage.bona_fide.crop.size, stage.bona_fide.crop.faces) == (224, "found")
    assert stage.bona_fide.frames.clips(151) == tuple((n,) for n in range(151))
    (adam,) = made.optimizers(stage, network(method()))
    assert (adam.defaults["lr"], adam.defaults["weight_decay"]) == (5e-4, 5e-4)
    assert adam.defaults["betas"] == (0.9, 0.999)


def test_the_published_rates():
    """Linear over 1000 steps from the first on, then 0.3 of it after epochs 5, 8 and 12."""
    made = make(LGSCMethod, "paper", {})
    (stage,) = made.stages()
    warm = [made.rate(stage, At(step, 9000, 0, 15)) for step in (0, 499, 999, 1000)]
    assert warm == pytest.approx([0.001, 0.5, 1, 1])
    later = [made.rate(stage, At(5000, 9000, epoch, 15)) for epoch in (4, 5, 7, 8, 12, 14)]
    assert later == pytest.approx([1, 0.3, 0.3, 0.09, 0.027, 0.027])


def test_a_rate_without_drops_is_read_back_from_the_model_file(tmp_path):
    made = make(LGSCMethod, "demo", {"width": "0.05", "size": "32", "drops": ""})
    (stage,) = made.stages()
    assert {made.rate(stage, At(500, 1000, epoch, 20)) for epoch in range(1, 20)} == {1}
    path = tmp_path / "model.safetensors"
    save_model(path, card_of(made), network(made))
    assert fasharness.load(path, device="cpu").method.options == made.options


def test_the_sixth_frame_is_scored_or_frames_over_the_whole_video():
    assert make(LGSCMethod, "paper", {}).scoring_clips().frames.clips(153) == ((5,),)
    assert method(score_frames="2").scoring_clips().frames.clips(8) == ((2,), (6,))


def test_whole_frames_by_option():
    made = method(whole="true")
    assert made.scoring_clips().crop.faces == made.stages()[0].bona_fide.crop.faces == "none"


def test_paddles_rules_by_option():
    kinds = [{type(m) for m in network(method(compat=c)).modules()} for c in ("true", "false")]
    assert [PaddleBatchNorm2d in kind for kind in kinds] == [True, False]
    assert [PaddleDropout in kind for kind in kinds] == [True, False]


def test_training_lowers_the_loss():
    made, shown = method(rate="0.003"), batch()
    net = network(made)
    (stage,) = made.stages()
    (adam,) = made.optimizers(stage, net)
    totals = []
    for _ in range(8):
        adam.zero_grad()
        found = made.losses(stage, net, shown, {})
        parts = [found[name].item() for name in ("classification", "regression", "triplet")]
        assert found["total"].item() == pytest.approx(sum(parts), rel=1e-6)
        found["total"].backward()
        adam.step()
        totals.append(found["total"].item())
    assert totals[-1] < 0.7 * totals[0]


@pytest.mark.parametrize("classes", [(False,) * 4, (True,) * 4, (True, False, False, False)])
def test_a_batch_of_one_class_trains_without_nan(classes):
    made, net = method(), network(method())
    found = made.losses(made.stages()[0], net, batch(classes), {})
    found["total"].backward()
    assert found["triplet"].item() == 0
    assert (found["regression"].item() == 0) == (not any(classes))
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


def test_a_score_is_one_minus_the_mean_cue_and_independent_of_the_batch():
    made, shown = method(), batch()
    net = network(made).eval()
    with torch.no_grad():
        scores = made.score(None, net, shown)
        cue = net(normalise(shown.rgb[:, 0])).cue
        one = Batch({RGB: shown.rgb[1:2]}, {}, shown.bona_fide[1:2], [SHOWN], [""])
        torch.testing.assert_close(made.score(None, net, one), scores[1:2])
        maps = made.maps(net, shown)
    torch.testing.assert_close(scores, 1 - cue.abs().mean((1, 2, 3)))
    torch.testing.assert_close(maps, 1 - cue.abs().mean(1))


def test_the_classifier_is_not_run_in_scoring():
    made, shown = method(), batch()
    net = network(made).eval()
    net.classifier = net.head = None
    with torch.no_grad():
        assert made.score(None, net, shown).shape == (6,)


def test_normalising():
    pixels = torch.tensor([0, 100, 255], dtype=torch.uint8)
    assert normalise(pixels).tolist() == [-1.25, 0, 1.9375]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": "100"}, "size must be a multiple of 32, got 100"),
        ({"size": "0"}, "size must be at least 1"),
        ({"pretrained": "true"}, "ImageNet's weights have width 1, got 0.1: pretrained=false"),
        ({"width": "nan"}, "width must be in"),
        ({"rate": "0"}, "rate must be in"),
        ({"drops": "5,0"}, r"drops must be epochs from 1 on, got \(5, 0\)"),
        ({"warmup": "-1"}, "warmup must not be negative"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        method(**options)


def test_an_unknown_option_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'warmup'"):
        method(warmups="5")
