"""SGTD as a method of the harness: options, stages, what is trained, what is scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fasharness.data import RGB, Batch, Clip, Presentation, rgb
from fasharness.errors import OptionError, UnknownNameError
from fasharness.method import make
from fasharness_sgtd.method import SGTD, Options

SMALL = {"size": "16", "width": "0.1", "momentum": "0.1"}


def method(**options):
    return make(SGTD, "paper", {**SMALL, **options})


def batch(count=4, frames=5, size=16):
    generator = torch.Generator().manual_seed(1)
    bona_fide = torch.arange(count) % 2 == 0
    depth = torch.rand(count, frames, size // 8, size // 8, generator=generator)
    pixels = torch.randint(
        0, 256, (count, frames, 3, size, size), generator=generator, dtype=torch.uint8
    )
    mask = torch.ones(count, frames, size // 8, size // 8, dtype=torch.bool)
    labels = {"depth": depth * bona_fide.view(-1, 1, 1, 1), "mask": mask}
    return Batch({RGB: pixels}, labels, bona_fide, [SHOWN] * count, [""] * count)


SHOWN = Presentation("x", rgb(Path("x.avi")))


def network(made):
    torch.manual_seed(0)
    return made.network({})


def changed(before, after):
    return {n.split(".")[0] for n, t in after.items() if not torch.equal(t, before[n])}


def train(made, stage, net, steps=1):
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    (optimizer,) = made.optimizers(stage, net)
    made.train_mode(stage, net)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = made.losses(stage, net, batch(), {})["total"]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return changed(before, net.state_dict()), losses


@pytest.mark.parametrize("compat", ["false", "true"])
def test_each_stage_trains_its_own_part(compat):
    made = method(compat=compat)
    net = network(made)
    single, multi = made.stages()
    assert train(made, single, net)[0] == {"faces"}
    assert train(made, multi, net)[0] == {"motion", "recurrence", "classifier"}


@pytest.mark.parametrize("stage", [0, 1])
def test_training_lowers_the_loss(stage):
    made = method(multi_optimizer="adam", single_rate="0.003", multi_rate="0.003")
    net = network(made)
    # The second stage stands on the first one's running statistics.
    runs = [train(made, earlier, net, steps=30)[1] for earlier in made.stages()[: stage + 1]]
    assert runs[-1][-1] < 0.8 * runs[-1][0]


def test_published_optimisers():
    made = method()
    net = network(made)
    first, second = (made.optimizers(stage, net)[0] for stage in made.stages())
    assert isinstance(first, torch.optim.Adam)
    assert isinstance(second, torch.optim.Adadelta)
    assert [len(g["params"]) for g in first.param_groups] == [25, 49]
    assert [len(g["params"]) for g in second.param_groups] == [11, 25]
    assert [g["weight_decay"] for g in second.param_groups] == [5e-4, 0]
    assert (first.defaults["lr"], second.defaults["lr"]) == (1e-4, 0.01)


def test_training_clips_follow_the_published_selection():
    single, multi = make(SGTD, "paper", {}).stages()
    frames = 150
    assert multi.bona_fide.frames.clips(frames)[:2] == ((0, 3, 6, 9, 12), (10, 13, 16, 19, 22))
    counts = [len(s.frames.clips(frames)) for s in (single.bona_fide, single.attack)]
    assert counts == [17, 5]
    assert [len(s.frames.clips(frames)) for s in (multi.bona_fide, multi.attack)] == [14, 2]
    assert multi.bona_fide.crop.scale == (1.1, 1.4)


@pytest.mark.parametrize("compat", ["false", "true"])
@pytest.mark.parametrize("kind", ["single", "multi"])
def test_scores_are_one_number_a_clip_and_independent_of_the_batch(compat, kind):
    made = method(compat=compat, frames=kind)
    net = network(made).eval()
    clips = batch(frames=made.scoring_clips().frames.length)
    with torch.no_grad():
        scores = made.score(None, net, clips)
        again = made.score(None, net, _second(clips))
    assert scores.shape == (4,)
    assert ((scores >= 0) & (scores <= 1)).all()
    torch.testing.assert_close(again, scores[1:2])


def _second(clips):
    images, labels = ({k: v[1:2] for k, v in each.items()} for each in (clips.images, clips.labels))
    return Batch(images, labels, clips.bona_fide[1:2], [SHOWN], [""])


def test_default_score_needs_neither_depth_nor_mask():
    made = method()
    net, clips = network(made).eval(), batch()
    blind = Batch(clips.images, {}, torch.zeros_like(clips.bona_fide), [SHOWN] * 4, [""] * 4)
    assert made.scoring_clips().labels == ()
    assert method(compat="true").scoring_clips().labels == (("mask", 2),)
    with torch.no_grad():
        assert torch.equal(made.score(None, net, clips), made.score(None, net, blind))


def test_single_stage_scores_with_the_single_frame_network():
    made = method(momentum="0.9")
    net, clips = network(made), batch()
    train(made, made.stages()[0], net, steps=12)
    net.eval()
    with torch.no_grad():
        scores = made.score(made.stages()[0], net, clips)
        depth = net.faces((clips.rgb[:, 0].float() - 127.5) / 255).depth
    assert 0 < scores.min() < scores.max() < 1
    torch.testing.assert_close(scores, depth.mean((1, 2)))


def test_presets_fit_and_the_demo_is_smaller():
    demo, paper = (make(SGTD, name, {}).options for name in ("demo", "paper"))
    assert paper == Options()
    assert demo.size < paper.size
    assert demo.width < paper.width


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "30"}, "size must be a positive multiple of 8, got 30"),
        ({"frames": "both"}, "frames must be single or multi, got 'both'"),
        ({"length": "1"}, "length must be at least 2, got 1"),
        ({"width": "0"}, r"width must be in \(0, 4\], got 0.0"),
        ({"multi_optimizer": "sgd"}, "multi_optimizer must be adadelta or adam"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        method(**options)


def test_unknown_option_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'compat'"):
        method(compact="true")


def test_augmentation_follows_compat(monkeypatch):
    rng = np.random.default_rng(0)
    depth = rng.random((2, 2, 2), dtype=np.float32)
    clip = Clip(SHOWN, {RGB: np.zeros((2, 16, 16, 3), np.uint8)}, {"depth": depth})
    for compat, mirrors in (("false", True), ("true", False)):
        made = method(compat=compat)
        depths = [
            made.augment(made.stages()[0], clip, np.random.default_rng(seed)).labels["depth"]
            for seed in range(12)
        ]
        assert any(not np.array_equal(d, depth) for d in depths) is mirrors
