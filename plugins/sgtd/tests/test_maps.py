"""The maps that a report shows: the network's own predicted depth, in either stage."""

from pathlib import Path

import pytest
import torch

from fasharness.data import RGB, Batch, Presentation, rgb
from fasharness.method import make
from fasharness_sgtd.method import SGTD, normalise


@pytest.mark.parametrize("frames", ["single", "multi"])
def test_maps_are_the_predicted_depth(frames: str) -> None:
    options = {"size": "16", "width": "0.1", "momentum": "0.1", "frames": frames}
    made = make(SGTD, "paper", options)
    generator = torch.Generator().manual_seed(1)
    length = made.scoring_clips().frames.length
    pixels = torch.randint(0, 256, (3, length, 3, 16, 16), generator=generator, dtype=torch.uint8)
    shown = [Presentation(name, rgb(Path(name))) for name in "abc"]
    batch = Batch({RGB: pixels}, {}, torch.ones(3, dtype=torch.bool), shown, [""] * 3)
    torch.manual_seed(0)
    network = made.network({}).eval()
    with torch.inference_mode():
        maps = made.maps(network, batch)
        assert maps is not None
        assert maps.shape == (3, 2, 2)
        if frames == "single":
            assert torch.equal(maps, network(normalise(pixels[:, 0])).depth)
            assert torch.equal(maps.mean(dim=(1, 2)).clamp(0, 1), made.score(None, network, batch))
        else:
            found = network(normalise(pixels))
            expected = torch.stack([fused.mean(dim=0) for fused in found.fused])
            assert torch.allclose(maps, expected, atol=1e-6)
