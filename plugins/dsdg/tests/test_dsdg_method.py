"""DSDG as a method of the harness: options, its stage, what trains, what is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fasharness.clips import Sampling
from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.errors import OptionError, UnknownNameError
from fasharness.method import At, make
from fasharness_dsdg.losses import WARM_UP
from fasharness_dsdg.method import DSDG, SOURCES, Options

SMALL = {"size": "16", "width": "0.03", "latent": "6", "identity": "simulated"}


class Mean(nn.Module):
    """Identity by mean colour."""

    def forward(self, pictures):
        return F.normalize(pictures.mean(dim=(2, 3)))


COMPANIONS = {"identity": Mean()}


def method(preset="paper", **options):
    return make(DSDG, preset, {**SMALL, **options})


def network(made):
    torch.manual_seed(0)
    return made.network({})


def batch(species=("print1", "display2") * 2):
    generator = torch.Generator().manual_seed(1)

    def clips(kinds):
        shape = (len(kinds), 1, 3, 16, 16)
        pixels = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        shown = [Presentation(f"v{n}", rgb(Path("x")), species=k) for n, k in enumerate(kinds)]
        origins = [""] * len(kinds)
        return Batch({RGB: pixels}, {}, torch.tensor([not k for k in kinds]), shown, origins)

    attacks = clips(species)
    attacks.partner = clips([None] * len(species))
    return attacks


def test_the_published_recipe():
    made = make(DSDG, "paper", {})
    assert made.options == Options()
    assert made.weights() == ("lightcnn-29v2",)
    (stage,) = made.stages()
    assert (stage.epochs, stage.batch_size, stage.validations) == (200, 240, 0)
    assert stage.sampling == Sampling(classes="attack", partner="bona fide of subject")
    assert (stage.bona_fide.crop.size, stage.bona_fide.crop.scale) == (256, (1.0, 1.0))
    assert len(stage.attack.frames.clips(150)) == 50
    (adam,) = made.optimizers(stage, network(method()))
    assert (adam.defaults["lr"], adam.defaults["betas"]) == (2e-4, (0.9, 0.999))
    assert adam.defaults["weight_decay"] == 0
    assert {made.rate(stage, At(step, 9, 0, 3)) for step in range(9)} == {1.0}


@pytest.mark.parametrize(
    ("identity", "names"),
    [("faceres", ("faceres", "faceres-graph")), ("simulated", ())],
)
def test_the_identity_network_and_its_weights_are_an_option_that_is_told(identity, names):
    made = method(identity=identity)
    assert made.weights() == names
    assert made.notes() == (f"identities were compared by {SOURCES[identity]}",)


def test_only_the_reconstruction_counts_in_full_in_the_first_epoch():
    made, shown = method(), batch()
    (stage,) = made.stages()
    net = network(made)
    for step, share in ((0, WARM_UP), (1, WARM_UP), (2, WARM_UP), (3, 1.0), (4, 1.0)):
        if step:
            made.after_step(stage, net, At(step, 9, 0, 3))
        assert net.share.item() == pytest.approx(share)
        found = made.losses(stage, net, shown, COMPANIONS)
        rest = sum(v for k, v in found.items() if k not in ("total", "reconstruction"))
        expected = found["reconstruction"] + share * rest
        assert found["total"].item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize(("compat", "trained"), [("false", True), ("true", False)])
def test_the_type_head_trains_unless_compat(compat, trained):
    made, shown = method(compat=compat, rate="0.003"), batch()
    net = network(made)
    (stage,) = made.stages()
    (adam,) = made.optimizers(stage, net)
    before, totals = net.types.weight.clone(), []
    for number in range(12):
        torch.manual_seed(number)
        adam.zero_grad()
        found = made.losses(stage, net, shown, COMPANIONS)
        found["total"].backward()
        adam.step()
        totals.append(found["total"].item())
    # Of noise nothing but its mean can be learnt: 64 times 256 of the reconstruction remain.
    assert totals[-1] < totals[0] - 3 * 256
    assert torch.equal(net.types.weight, before) is not trained


def test_attacks_are_paired_with_their_partners():
    made, shown = method(), batch()
    net = network(made)
    seen = {}
    for name in ("attack", "bona_fide"):
        part = getattr(net, name)
        part.register_forward_pre_hook(lambda m, args, name=name: seen.update({name: args[0]}))
    made.losses(made.stages()[0], net, shown, COMPANIONS)
    assert torch.equal(seen["attack"], shown.rgb[:, 0].float() / 255)
    assert torch.equal(seen["bona_fide"], shown.partner.rgb[:, 0].float() / 255)


def test_losses_are_float32_where_convolutions_are_bfloat16():
    made, shown = method(), batch()
    net = network(made)
    pairs = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            (code,) = net.bona_fide(shown.rgb[:, 0].float() / 255)
            pairs.append(net(torch.cat([code.mu] * 3, dim=1)))
            losses = made.losses(made.stages()[0], net, shown, COMPANIONS)
        tensors = [code.mu, code.logvar, pairs[-1], *losses.values()]
        assert {tensor.dtype for tensor in tensors} == {torch.float32}
    assert not torch.equal(*pairs)  # the convolutions were bfloat16


def test_an_unknown_species_is_named_with_the_option():
    made = method()
    words = r"v1: its species 'mask' is none of dsdg's spoof types \(print1, .*--option species="
    shown = batch(("print1", "mask"))
    with pytest.raises(ValueError, match=words):
        made.check_training([*shown.partner.presentations, *shown.presentations])
    own = method(species="mask,print1")
    own.check_training([*shown.partner.presentations, *shown.presentations])
    net = network(own)
    with torch.no_grad():
        net.types.weight.zero_()
        net.types.bias.copy_(torch.tensor([0.0, 9.0]))  # sure of print1
        kinds = (("print1", "print1"), ("mask", "mask"))
        right, wrong = (
            own.losses(own.stages()[0], net, batch(kind), COMPANIONS)["type"] for kind in kinds
        )
    assert right < 0.01 < 89 < wrong


def test_pairs_depend_on_seed_and_number_alone():
    made = method()
    net = network(made).eval()
    with torch.inference_mode():
        first, again, other, seeded = (
            made.generate(net, number, seed) for number, seed in ((3, 5), (3, 5), (4, 5), (3, 6))
        )
    live, attack = first
    assert (live.species, live.subject, live.pair) == (None, "000003", "000003")
    assert (attack.subject, attack.pair) == ("000003", "000003")
    assert live.picture.shape == attack.picture.shape == (16, 16, 3)
    assert live.picture.dtype == np.uint8
    assert np.array_equal(live.picture, again[0].picture)
    for unlike in (other[0], seeded[0], attack):
        assert not np.array_equal(live.picture, unlike.picture)


def test_one_identity_code_serves_both_pictures_and_the_head_names_the_species():
    made = method()
    net = network(made).eval()
    seen = []
    net.decoder.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    with torch.inference_mode():
        species = [made.generate(net, number, 0)[1].species for number in range(12)]
        expected = [made.options.species[int(net.types(codes[:, :6]).argmax())] for codes in seen]
    assert species == expected
    assert len(set(species)) > 1
    for codes in seen:
        spoof, attack, bona_fide = codes.split(6, dim=1)
        assert torch.equal(attack, bona_fide)
        assert not torch.equal(spoof, attack)


def test_without_a_trained_head_no_species_is_claimed():
    made = method(compat="true")
    assert made.generate(network(made).eval(), 0, 0)[1].species == "generated"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": "100"}, "size must be 16, 32, 64, 128 or 256, got 100"),
        ({"identity": "arcface"}, "identity must be lightcnn or faceres or simulated"),
        ({"species": "print1,print1"}, "species must be different names"),
        ({"species": "print1,"}, "species must be different names"),
        ({"species": ""}, "species must be different names"),
        ({"schedule": "steps"}, "schedule must be constant or cosine"),
        ({"latent": "0"}, "latent must be at least 1"),
        ({"width": "nan"}, "width must be in"),
        ({"rate": "0"}, "rate must be in"),
        ({"clip_norm": "-1"}, "clip_norm must not be negative"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        method(**options)


def test_an_unknown_option_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'identity'"):
        method(identities="faceres")
